"""Campaigns in the operators' site: compose, look, schedule, watch, stop."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin

from notifications.campaign_forms import CampaignForm, name_audience
from notifications.exceptions import NotificationError
from notifications.models import Campaign, Message
from notifications.segments import has_segment
from notifications.selectors import get_progress
from notifications.services.campaigns import (
    CANCELLABLE,
    cancel_campaign,
    pause_campaign,
    resume_campaign,
    schedule_campaign,
    select_audience,
    send_test,
)
from notifications.services.previewing import Preview, preview_campaign
from notifications.topics import get_topic, has_topic

Status = Campaign.Status
WORDS = ["title", "body", "url"]
PACE = ["starts_at", "is_local_time", "per_second"]
NOT_ENDED = (Status.SCHEDULED, Status.RUNNING, Status.PAUSED)


def say_when(campaign: Campaign) -> str:
    """Say when a campaign starts."""
    if campaign.starts_at is None:
        return _("at once")
    moment = date_format(timezone.localtime(campaign.starts_at), "j F Y, H:i")
    if campaign.is_local_time:
        return _("%(moment)s in each recipient's own time") % {"moment": moment}
    zone = timezone.get_current_timezone_name()
    return _("%(moment)s %(zone)s") % {"moment": moment, "zone": zone}


def say_how_long(campaign: Campaign, count: int) -> str:
    """Say how long it takes to tell so many people, from the first to the last."""
    if not campaign.per_second:
        at_pace = _("as fast as it goes")
    elif count < campaign.per_second * 60:
        at_pace = _("less than a minute")
    else:
        now = timezone.now()
        since = now - timedelta(seconds=count / campaign.per_second)
        at_pace = _("about %(time)s") % {"time": timesince(since, now)}
    if campaign.is_local_time:
        return _("%(time)s, and until the last clocks show it") % {"time": at_pace}
    return at_pace


@admin.register(Campaign)
class CampaignAdmin(ModelAdmin[Campaign]):
    form = CampaignForm
    list_display = ["name", "status", "audience", "count", "starts_at", "created_by"]
    list_filter = ["status"]
    list_select_related = ["event", "created_by"]
    search_fields = ["name", "title"]
    show_full_result_count = False
    actions: Any = []
    conditional_fields = {
        # The choices that need a value end so.
        "segment_value": "audience && audience.endsWith(':')"
    }

    @admin.display(description=gettext_lazy("recipients"))
    def audience(self, campaign: Campaign) -> str:
        return name_audience(campaign)

    @admin.display(description=gettext_lazy("people"))
    def count(self, campaign: Campaign) -> str:
        return str(campaign.event.recipient_count) if campaign.event else "—"

    @admin.display(description=gettext_lazy("kind"))
    def kind(self, campaign: Campaign) -> str:
        if not has_topic(campaign.topic):
            return campaign.topic
        return str(get_topic(campaign.topic).category.label)

    def get_fieldsets(self, request: HttpRequest, obj: Campaign | None = None) -> Any:
        is_open = self.has_change_permission(request, obj) if obj else True
        whom = (
            ["topic", "audience", "segment_value"] if is_open else ["kind", "audience"]
        )
        return [
            (None, {"fields": ["name", *whom]}),
            (_("What they read"), {"fields": WORDS}),
            (_("When"), {"fields": PACE}),
        ]

    def has_change_permission(
        self, request: HttpRequest, obj: Campaign | None = None
    ) -> bool:
        return self._may_act(request) and (obj is None or obj.is_draft)

    def has_delete_permission(
        self, request: HttpRequest, obj: Campaign | None = None
    ) -> bool:
        may = bool(super().has_delete_permission(request, obj))
        return may and (obj is None or obj.is_draft)

    def _may_act(self, request: HttpRequest) -> bool:
        return bool(super().has_change_permission(request))

    def save_model(
        self, request: HttpRequest, obj: Campaign, form: Any, change: Any
    ) -> None:
        if obj.created_by_id is None:
            assert request.user.pk is not None
            obj.created_by_id = request.user.pk
        super().save_model(request, obj, form, change)

    def response_post_save_add(
        self, request: HttpRequest, obj: Campaign
    ) -> HttpResponse:
        """Stay on the page, which shows how it will be read."""
        return self._back(obj)

    def response_post_save_change(
        self, request: HttpRequest, obj: Campaign
    ) -> HttpResponse:
        return self._back(obj)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        steps: dict[str, Callable[..., HttpResponse]] = {
            "schedule": self.schedule,
            "cancel": self.cancel,
            "pause": require_POST(self.pause),
            "resume": require_POST(self.resume),
            "test": require_POST(self.test),
            "progress": self.progress,
        }
        return [
            *(
                path(
                    f"<int:pk>/{name}/",
                    view(step),
                    name=f"notifications_campaign_{name}",
                )
                for name, step in steps.items()
            ),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        campaign = self.get_object(request, object_id)
        context = extra_context or {}
        if campaign is not None and self.has_view_permission(request, campaign):
            context = {
                **context,
                **self._page(request, campaign),
                "preview": self._preview(request, campaign),
                "languages": settings.LANGUAGES,
                "language": self._language(request),
            }
        page: HttpResponse = super().change_view(
            request, object_id, form_url, extra_context=context
        )
        return page

    def _page(self, request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
        """Return what the part of the page shows that changes by itself."""
        progress = get_progress(campaign)
        count = None
        is_to_come = campaign.status in {Status.DRAFT, Status.SCHEDULED}
        if is_to_come and has_segment(campaign.segment):
            count = select_audience(campaign).count()
        status = campaign.status
        has_waiting = progress is not None and progress.waiting > 0
        total = progress.total if progress else count or 0
        return {
            "campaign": campaign,
            "audience": name_audience(campaign),
            "count": count,
            "when": say_when(campaign),
            "how_long": say_how_long(campaign, total),
            "progress": progress,
            "states": [
                (label, progress.messages[value])
                for value, label in Message.Status.choices
                if value in progress.messages
            ]
            if progress
            else [],
            "is_live": status in NOT_ENDED or has_waiting,
            "may_act": self._may_act(request),
            "can_cancel": status in CANCELLABLE
            and (status != Status.DONE or has_waiting),
        }

    def _language(self, request: HttpRequest) -> str:
        wanted = request.GET.get("language", "")
        return wanted if wanted in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE

    def _preview(self, request: HttpRequest, campaign: Campaign) -> Preview | None:
        if not has_topic(campaign.topic):
            return None
        return preview_campaign(
            campaign, reader=request.user, locale=self._language(request)
        )

    def progress(self, request: HttpRequest, pk: int) -> HttpResponse:
        campaign = self._get(request, pk)
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            "admin/notifications/campaign/_progress.html",
            self._page(request, campaign),
        )

    def schedule(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Name how many it is for, and when; then schedule it."""
        return self._ask(
            request,
            pk,
            schedule_campaign,
            "schedule",
            _("“%(campaign)s” is scheduled."),
        )

    def cancel(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._ask(
            request, pk, cancel_campaign, "cancel", _("“%(campaign)s” is cancelled.")
        )

    def pause(self, request: HttpRequest, pk: int) -> HttpResponse:
        campaign = self._get_to_act(request, pk)
        done = _("“%(campaign)s” is paused.")
        return self._take(request, campaign, pause_campaign, done)

    def resume(self, request: HttpRequest, pk: int) -> HttpResponse:
        campaign = self._get_to_act(request, pk)
        done = _("“%(campaign)s” goes on.")
        return self._take(request, campaign, resume_campaign, done)

    def test(self, request: HttpRequest, pk: int) -> HttpResponse:
        campaign = self._get_to_act(request, pk)
        assert request.user.pk is not None
        send_test(campaign=campaign, recipient_pk=request.user.pk)
        messages.success(
            request,
            _(
                "A test is on its way to you. Your own preferences, quiet hours and"
                " daily limit apply."
            ),
        )
        return self._back(campaign)

    def _get(self, request: HttpRequest, pk: int) -> Campaign:
        rows: QuerySet[Campaign] = self.get_queryset(request).select_related("event")
        campaign = get_object_or_404(rows, pk=pk)
        if not self.has_view_permission(request, campaign):
            raise PermissionDenied
        return campaign

    def _get_to_act(self, request: HttpRequest, pk: int) -> Campaign:
        if not self._may_act(request):
            raise PermissionDenied
        return self._get(request, pk)

    def _ask(
        self,
        request: HttpRequest,
        pk: int,
        act: Callable[..., Campaign],
        step: str,
        done: str,
    ) -> HttpResponse:
        campaign = self._get_to_act(request, pk)
        if request.method == "POST":
            return self._take(request, campaign, act, done)
        request.current_app = self.admin_site.name
        title = (
            _("Schedule %(campaign)s")
            if step == "schedule"
            else _("Cancel %(campaign)s")
        )
        context = {
            **self.admin_site.each_context(request),
            **self._page(request, campaign),
            "title": title % {"campaign": campaign},
            "opts": self.opts,
            "step": step,
        }
        return TemplateResponse(
            request, "admin/notifications/campaign/confirm.html", context
        )

    def _take(
        self,
        request: HttpRequest,
        campaign: Campaign,
        act: Callable[..., Campaign],
        done: str,
    ) -> HttpResponse:
        try:
            act(campaign_pk=campaign.pk)
        except NotificationError as error:
            messages.error(request, str(error))
        else:
            said = done % {"campaign": campaign}
            self.log_change(request, campaign, capfirst(said))
            messages.success(request, said)
        return self._back(campaign)

    def _back(self, campaign: Campaign) -> HttpResponse:
        return redirect(
            reverse("admin:notifications_campaign_change", args=[campaign.pk])
        )
