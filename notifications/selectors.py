from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from notifications.models import Event, Message, Notification, Priority


def list_notifications_for_recipient(
    *, recipient_pk: int, before: tuple[datetime, int] | None = None, limit: int = 20
) -> list[Notification]:
    """Return a person's notifications, newest first; `before` is the last seen."""
    notifications: QuerySet[Notification] = Notification.objects.filter(
        recipient=recipient_pk
    )
    if before is not None:
        at, pk = before
        notifications = notifications.filter(
            Q(created_at__lt=at) | Q(created_at=at, pk__lt=pk)
        )
    return list(notifications.order_by("-created_at", "-pk")[:limit])


def get_notification_for_recipient(
    *, recipient_pk: int, public_id: UUID
) -> Notification:
    return Notification.objects.get(recipient=recipient_pk, public_id=public_id)


def count_unread(*, recipient_pk: int) -> int:
    return Notification.objects.filter(
        recipient=recipient_pk, read_at__isnull=True
    ).count()


def lanes_with_work(*, now: datetime | None = None) -> list[str]:
    """Return the priorities that have an event to plan or a message due."""
    now = now or timezone.now()
    events = Event.objects.filter(planned_at__isnull=True)
    messages = Message.objects.filter(status=Message.Status.READY, due_at__lte=now)
    return [
        priority
        for priority in Priority.values
        if events.filter(priority=priority).exists()
        or messages.filter(priority=priority).exists()
    ]


def list_rejected_events() -> QuerySet[Event]:
    """Return the events that planning gave up on: ended short of all recipients."""
    return Event.objects.filter(
        planned_at__isnull=False, recipient_ids__len__gt=F("cursor")
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
    events = Event.objects.filter(**event_filter)
    messages = Message.objects.filter(notification__event__in=events)
    return Accounting(
        events=events.count(),
        unplanned=events.filter(planned_at__isnull=True).count(),
        rejected=list_rejected_events().filter(**event_filter).count(),
        recipients=sum(events.order_by().values_list("recipient_ids__len", flat=True)),
        notifications=Notification.objects.filter(event__in=events).count(),
        messages=dict(
            messages.order_by()
            .values_list("status")
            .annotate(count=Count("pk"))
            .values_list("status", "count")
        ),
    )
