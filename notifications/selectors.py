from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet, Sum

from notifications.models import Chunk, Event, Message, Notification, UnreadCount


def list_notifications_for_recipient(
    *, recipient_pk: int, before: int | None = None, limit: int = 20
) -> list[Notification]:
    """Return a person's inbox, newest first; `before` is the last one's pk."""
    notifications: QuerySet[Notification] = Notification.objects.filter(
        recipient=recipient_pk, in_inbox=True, archived_at__isnull=True
    ).select_related("wording")
    if before is not None:
        notifications = notifications.filter(pk__lt=before)
    return list(notifications.order_by("-pk")[:limit])


def get_notification_for_recipient(*, recipient_pk: int, pk: int) -> Notification:
    return Notification.objects.select_related("wording").get(
        recipient=recipient_pk, pk=pk, in_inbox=True
    )


def count_unread(*, recipient_pk: int) -> int:
    """Return how many notifications in somebody's inbox are unread."""
    counter = UnreadCount.objects.filter(user=recipient_pk).first()
    return counter.unread if counter else 0


def list_rejected_chunks() -> QuerySet[Chunk]:
    """Return the recipients that planning gave up on, with their events."""
    return (
        Chunk.objects.filter(due_at__isnull=True)
        .exclude(rejected_because="")
        .select_related("event")
    )


@dataclass(frozen=True)
class Accounting:
    """Where every message of a set of events stands."""

    events: int
    unplanned: int
    # Planning gave them up; an operator can plan them again.
    rejected: int
    recipients: int
    notifications: int
    messages: Mapping[str, int]

    @property
    def is_settled(self) -> bool:
        return not self.unplanned and not (
            self.messages.get(Message.Status.READY)
            or self.messages.get(Message.Status.LEASED)
        )


def get_accounting(**event_filter: Any) -> Accounting:
    """Count events, notifications and messages by state, for matching events."""
    events = Event.objects.filter(**event_filter).order_by()
    chunks = Chunk.objects.filter(event__in=events).order_by()
    messages = Message.objects.filter(notification__event__in=events)
    waiting = chunks.filter(due_at__isnull=False)
    return Accounting(
        events=events.count(),
        unplanned=waiting.aggregate(count=Count("event", distinct=True))["count"],
        rejected=list_rejected_chunks().filter(event__in=events).count(),
        recipients=events.aggregate(count=Sum("recipient_count", default=0))["count"],
        notifications=Notification.objects.filter(event__in=events).count(),
        messages=dict(
            messages.order_by()
            .values_list("status")
            .annotate(count=Count("pk"))
            .values_list("status", "count")
        ),
    )
