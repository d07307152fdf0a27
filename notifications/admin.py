from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin

from notifications import campaign_admin, webhook_admin  # noqa: F401 - register theirs
from notifications.admin_lists import (
    CappedPaginator,
    LaneFilter,
    ProviderFilter,
    TopicFilter,
)
from notifications.models import (
    Chunk,
    Event,
    Message,
    Notification,
    ServiceToken,
    Suppression,
)
from notifications.monitoring import MOST_COUNTED, get_progress
from notifications.operator_forms import SuppressionForm
from notifications.services.planning import replan_chunks
from notifications.services.recording import redrive_messages
from notifications.services.suppression import lift_suppression, suppress
from notifications.services.tokens import issue_service_token, revoke_service_tokens


class ReadOnly:
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Event)
class EventAdmin(ReadOnly, ModelAdmin[Event]):
    list_display = ["key", "topic", "lane", "recipient_count", "published_at"]
    list_filter = [LaneFilter, TopicFilter]
    # From its beginning: an index finds it.
    search_fields = ["key__startswith"]
    paginator = CappedPaginator
    show_full_result_count = False
    readonly_fields = ["progress"]

    @admin.display(description=_("progress"))
    def progress(self, event: Event) -> SafeString:
        progress = get_progress(event)
        lines = [
            _("%(planned)d of %(recipients)d recipients planned")
            % {"planned": progress.planned, "recipients": progress.recipients}
        ]
        if progress.rejected:
            lines.append(
                _("%(count)d could not be planned") % {"count": progress.rejected}
            )
        if progress.is_part:
            lines.append(_("Of the first %(count)d:") % {"count": MOST_COUNTED})
        lines.extend(
            format_html("{}: {}", Message.Status(status).label, count)
            for status, count in progress.messages.items()
        )
        return format_html_join("", "<div>{}</div>", ((line,) for line in lines))


@admin.register(Chunk)
class ChunkAdmin(ReadOnly, ModelAdmin[Chunk]):
    list_display = ["event", "lane", "due_at", "rejected_because"]
    list_filter = [LaneFilter, ("due_at", admin.EmptyFieldListFilter)]
    paginator = CappedPaginator
    list_select_related = ["event"]
    show_full_result_count = False
    actions = ["replan"]

    def has_replan_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.change_chunk")

    @admin.action(
        description=_("Plan rejected recipients again"), permissions=["replan"]
    )
    def replan(self, request: HttpRequest, queryset: QuerySet[Chunk]) -> None:
        count = replan_chunks(chunk_pks=queryset.values_list("pk", flat=True))
        messages.success(
            request,
            ngettext(
                "%(count)d chunk of recipients will be planned again.",
                "%(count)d chunks of recipients will be planned again.",
                count,
            )
            % {"count": count},
        )


@admin.register(Notification)
class NotificationAdmin(ReadOnly, ModelAdmin[Notification]):
    list_display = ["wording", "recipient", "event", "created_at", "read_at"]
    list_select_related = ["recipient", "wording", "event"]
    search_fields = ["recipient__email"]
    paginator = CappedPaginator
    show_full_result_count = False


@admin.register(Message)
class MessageAdmin(ReadOnly, ModelAdmin[Message]):
    list_display = [
        "endpoint",
        "channel",
        "provider",
        "status",
        "reason",
        "attempt_count",
        "created_at",
        "ended_at",
    ]
    list_filter = ["status", "channel", ProviderFilter]
    paginator = CappedPaginator
    show_full_result_count = False
    readonly_fields = ["attempts"]
    actions = ["redrive"]

    @admin.display(description=_("attempts"))
    def attempts(self, message: Message) -> SafeString:
        return format_html_join(
            "",
            "<div>{} · {} · {}</div>",
            (
                (attempt.at, attempt.outcome, attempt.answer)
                for attempt in message.attempts.all()
            ),
        )

    def has_redrive_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.change_message")

    @admin.action(
        description=_("Send dead and unknown messages again"), permissions=["redrive"]
    )
    def redrive(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        count = redrive_messages(message_pks=queryset.values_list("pk", flat=True))
        messages.success(
            request,
            ngettext(
                "%(count)d message will be sent again.",
                "%(count)d messages will be sent again.",
                count,
            )
            % {"count": count},
        )


@admin.register(Suppression)
class SuppressionAdmin(ModelAdmin[Suppression]):
    """Who is not written to: they are put on the list or taken off, never changed."""

    form = SuppressionForm
    list_display = ["address", "channel", "reason", "detail", "created_at"]
    list_filter = ["reason", "channel"]
    search_fields = ["address"]
    ordering = ["-pk"]
    show_full_result_count = False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: Suppression, form: Any, change: Any
    ) -> None:
        obj.reason = Suppression.Reason.OPERATOR
        obj.pk = suppress(
            channel=obj.channel,
            address=obj.address,
            reason=obj.reason,
            detail=obj.detail,
        ).pk

    def delete_model(self, request: HttpRequest, obj: Suppression) -> None:
        lift_suppression(channel=obj.channel, address=obj.address, reason=obj.reason)

    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[Suppression]
    ) -> None:
        for suppression in queryset:
            self.delete_model(request, suppression)


@admin.register(ServiceToken)
class ServiceTokenAdmin(ReadOnly, ModelAdmin[ServiceToken]):
    list_display = ["name", "prefix", "created_at", "last_used_at", "revoked_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "prefix"]
    fields = ["name"]
    actions = ["revoke"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(ModelAdmin.has_add_permission(self, request))

    def save_model(
        self, request: HttpRequest, obj: ServiceToken, form: Any, change: Any
    ) -> None:
        token, secret = issue_service_token(name=obj.name)
        obj.pk, obj.prefix = token.pk, token.prefix
        messages.warning(
            request,
            _("Keep this now, it is not shown again: %(secret)s") % {"secret": secret},
        )

    @admin.action(description=_("Revoke"), permissions=["add"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ServiceToken]) -> None:
        count = revoke_service_tokens(
            token_pks=list(queryset.values_list("pk", flat=True))
        )
        messages.success(
            request,
            ngettext(
                "%(count)d token opens nothing any more.",
                "%(count)d tokens open nothing any more.",
                count,
            )
            % {"count": count},
        )
