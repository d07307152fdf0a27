from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin

from notifications.models import Chunk, Event, Message, Notification
from notifications.services.planning import replan_chunks
from notifications.services.recording import redrive_messages


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
    list_filter = ["lane", "topic"]
    search_fields = ["key"]
    show_full_result_count = False


@admin.register(Chunk)
class ChunkAdmin(ReadOnly, ModelAdmin[Chunk]):
    list_display = ["event", "lane", "due_at", "rejected_because"]
    list_filter = ["lane", ("due_at", admin.EmptyFieldListFilter)]
    list_select_related = ["event"]
    show_full_result_count = False
    actions = ["replan"]

    @admin.action(description=_("Plan rejected recipients again"))
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
    list_filter = ["status", "channel", "provider"]
    search_fields = ["endpoint"]
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

    @admin.action(description=_("Send dead and unknown messages again"))
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
