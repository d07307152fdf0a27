"""Partners' endpoints in the operators' site: what was sent, and sending it again."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.admin import ModelAdmin

from notifications.exceptions import NotReplayableError, WebhookInactiveError
from notifications.models import Message, WebhookEndpoint
from notifications.operator_forms import LONGEST_AGO
from notifications.services.webhooks import (
    MOST_REPLAYED,
    list_replayable,
    replay_message,
    replay_since,
    switch_off_endpoints,
)
from notifications.webhook_messages import WebhookMessage, list_webhook_messages

SHOWN = 50
LARGEST_PK = 2**63 - 1


class ReplayForm(forms.Form):
    """What is sent again: one message, or all since a moment."""

    message = forms.IntegerField(
        required=False, min_value=1, max_value=LARGEST_PK, widget=forms.HiddenInput
    )
    since = forms.DateTimeField(
        label=gettext_lazy("Made since (UTC)"),
        required=False,
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
        ),
    )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        since = found.get("since")
        if since is not None and abs(timezone.now() - since) > LONGEST_AGO:
            raise ValidationError({"since": _("That is too long ago.")})
        return found


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ModelAdmin[WebhookEndpoint]):
    list_display = ["url", "about", "owner", "is_active", "disabled_because"]
    list_filter = ["is_active", "disabled_because"]
    list_select_related = ["owner"]
    search_fields = ["about__startswith", "url__icontains", "owner__email"]
    show_full_result_count = False
    actions = ["switch_off"]
    # Never its secrets.
    fields = [
        *("url", "about", "owner", "description", "is_active", "disabled_because"),
        *("previous_until", "created_at", "messages_sent"),
    ]
    readonly_fields = ["created_at", "messages_sent"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_switch_off_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.change_webhookendpoint")

    @admin.action(description=gettext_lazy("Switch off"), permissions=["switch_off"])
    def switch_off(
        self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]
    ) -> None:
        count = switch_off_endpoints(endpoint_pks=queryset.values_list("pk", flat=True))
        text = ngettext(
            "%(count)d endpoint is switched off.",
            "%(count)d endpoints are switched off.",
            count,
        )
        messages.success(request, text % {"count": count})

    @admin.display(description=gettext_lazy("messages sent"))
    def messages_sent(self, endpoint: WebhookEndpoint) -> SafeString:
        replay = reverse(
            "admin:notifications_webhookendpoint_replay", args=[endpoint.pk]
        )
        rows = format_html_join(
            "",
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td>"
            '<td><a href="{}?message={}">{}</a></td></tr>',
            (
                (
                    each.message.created_at.strftime("%Y-%m-%d %H:%M:%S"),
                    each.payload.get("type", ""),
                    each.message.get_status_display(),
                    _attempts(each),
                    replay,
                    each.message.pk,
                    _("Send again"),
                )
                for each in list_webhook_messages(endpoint=endpoint, limit=SHOWN)
            ),
        )
        return format_html(
            '<p><a href="{}">{}</a></p><table>{}</table>',
            replay,
            _("Send all since a moment again"),
            rows,
        )

    def get_urls(self) -> list[URLPattern]:
        return [
            path(
                "<int:pk>/replay/",
                self.admin_site.admin_view(self.replay),
                name="notifications_webhookendpoint_replay",
            ),
            *super().get_urls(),
        ]

    def replay(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say how much would be sent again; send it when asked to."""
        if not request.user.has_perm("notifications.change_message"):
            raise PermissionDenied
        endpoint = get_object_or_404(WebhookEndpoint, pk=pk)
        form = ReplayForm(request.POST if request.method == "POST" else request.GET)
        count = _count(endpoint, form) if form.is_valid() else None
        if request.method == "POST" and count:
            _replay(request, endpoint, form)
            return redirect("admin:notifications_webhookendpoint_change", pk)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Send again"),
            "endpoint": endpoint,
            "form": form,
            "count": count,
            "most": MOST_REPLAYED,
        }
        return TemplateResponse(request, "admin/notifications/replay.html", context)


def _attempts(delivery: WebhookMessage) -> SafeString:
    return format_html_join(
        "",
        "<div>{} · {} · {}</div>",
        (
            (each.at.strftime("%H:%M:%S"), each.outcome, each.answer)
            for each in delivery.attempts
        ),
    )


def _count(endpoint: WebhookEndpoint, form: ReplayForm) -> int | None:
    """Return how many messages the form means; None before it says anything."""
    if form.cleaned_data["message"] is not None:
        own = Message.objects.filter(provider="webhook", endpoint=str(endpoint.pk))
        return own.filter(pk=form.cleaned_data["message"]).count()
    since = form.cleaned_data["since"]
    if since is None:
        return None
    found = list_replayable(endpoint=endpoint, since=since).order_by()
    return found[:MOST_REPLAYED].count()


def _replay(request: HttpRequest, endpoint: WebhookEndpoint, form: ReplayForm) -> None:
    count = 1
    try:
        if form.cleaned_data["message"] is not None:
            replay_message(endpoint=endpoint, message_pk=form.cleaned_data["message"])
        else:
            count = replay_since(endpoint=endpoint, since=form.cleaned_data["since"])
    except WebhookInactiveError:
        messages.error(request, _("The endpoint is switched off."))
    except NotReplayableError:
        messages.warning(request, _("It is being sent already."))
    else:
        text = ngettext(
            "%(count)d message will be sent again.",
            "%(count)d messages will be sent again.",
            count,
        )
        messages.success(request, text % {"count": count})
