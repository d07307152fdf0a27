from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin, TabularInline

from notifications.models import Attempt, Event, Message, Notification
from notifications.services.planning import replan_events
from notifications.services.sending import redrive_messages


class ReadOnly:
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AttemptInline(ReadOnly, TabularInline[Attempt, Message]):
    model = Attempt
    fields = ["at", "outcome", "answer"]


@admin.register(Event)
class EventAdmin(ReadOnly, ModelAdmin[Event]):
    list_display = ["key", "topic", "priority", "published_at", "planned_at"]
    list_filter = ["priority", "topic"]
    search_fields = ["key"]
    show_full_result_count = False
    actions = ["replan"]

    @admin.action(description=_("Plan rejected events again"))
    def replan(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        count = replan_events(event_pks=queryset.values_list("pk", flat=True))
        messages.success(
            request,
            ngettext(
                "%(count)d event will be planned again.",
                "%(count)d events will be planned again.",
                count,
            )
            % {"count": count},
        )


@admin.register(Notification)
class NotificationAdmin(ReadOnly, ModelAdmin[Notification]):
    list_display = ["title", "recipient", "topic", "created_at", "read_at"]
    list_filter = ["topic"]
    list_select_related = ["recipient"]
    search_fields = ["recipient__email"]
    show_full_result_count = False


@admin.register(Message)
class MessageAdmin(ReadOnly, ModelAdmin[Message]):
    list_display = [
        "endpoint",
        "channel",
        "priority",
        "status",
        "reason",
        "attempt_count",
        "due_at",
        "ended_at",
    ]
    list_filter = ["status", "channel", "priority"]
    search_fields = ["endpoint"]
    show_full_result_count = False
    inlines = [AttemptInline]
    actions = ["redrive"]

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
