"""The validator and prioritizer: who is told what, over which channel."""

import logging
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model
from django.db import InterfaceError, OperationalError, transaction
from django.template import Context, Engine
from django.utils import timezone, translation

from notifications.models import Channel, Event, Message, Notification
from notifications.selectors import list_rejected_events
from notifications.topics import Topic, get_topic

logger = logging.getLogger(__name__)

CHUNK = 1000


def plan_next_chunk(*, priority: str, now: datetime | None = None) -> int:
    """Plan up to a thousand recipients of the lane's oldest event; return how many.

    Notifications, messages and the event's cursor are written in one transaction, so
    that a planner killed half-way leaves nothing lost and nothing doubled. Returns 0
    when no event of the lane waits that another planner does not hold.
    """
    now = now or timezone.now()
    with transaction.atomic():
        event = (
            Event.objects.select_for_update(skip_locked=True)
            .filter(priority=priority, planned_at__isnull=True)
            .order_by("pk")
            .first()
        )
        if event is None:
            return 0
        chunk = event.recipient_ids[event.cursor : event.cursor + CHUNK]
        if _plan(event, recipient_ids=chunk, now=now):
            event.cursor += len(chunk)
            if event.cursor >= len(event.recipient_ids):
                event.planned_at = now
        else:
            # Rejected: planned with the cursor short of the end. It must not stand in
            # the lane's way; `replan_events` takes it up again.
            event.planned_at = now
        event.save(update_fields=["cursor", "planned_at"])
        return max(len(chunk), 1)


def _plan(event: Event, *, recipient_ids: list[int], now: datetime) -> bool:
    try:
        with transaction.atomic():
            _write_notifications(event, recipient_ids=recipient_ids, now=now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # The outermost boundary: one event's fault stays its own.
        logger.exception("Event %s cannot be planned.", event.key)
        return False
    return True


def replan_events(*, event_pks: Iterable[int]) -> int:
    """Plan rejected events again from where they stopped; return how many."""
    return (
        list_rejected_events()
        .filter(pk__in=list(event_pks))
        .order_by()
        .update(planned_at=None)
    )


def _write_notifications(
    event: Event, *, recipient_ids: list[int], now: datetime
) -> None:
    topic = get_topic(event.topic)
    users = get_user_model().objects.filter(pk__in=recipient_ids, is_active=True)
    notifications = []
    endpoints = {}
    # The words depend on language and time zone only: rendered once for each.
    words: dict[tuple[str, str], tuple[str, str]] = {}
    for user in users:
        place = (user.locale, user.time_zone)
        if place not in words:
            words[place] = render_words(topic, event, *place)
        title, body = words[place]
        notifications.append(
            Notification(
                event=event,
                recipient=user,
                topic=event.topic,
                title=title,
                body=body,
                url=str(event.context.get("url", "")),
                created_at=now,
            )
        )
        endpoints[user.pk] = user.email
    Notification.objects.bulk_create(notifications)
    Message.objects.bulk_create(
        Message(
            notification=notification,
            channel=channel,
            priority=event.priority,
            endpoint=(
                endpoints[notification.recipient_id]
                if channel == Channel.EMAIL
                else str(notification.recipient_id)
            ),
            due_at=now,
            expires_at=event.published_at + topic.time_to_live,
        )
        for notification in notifications
        for channel in topic.channels
    )


def render_words(
    topic: Topic, event: Event, locale: str, time_zone: str
) -> tuple[str, str]:
    """Return title and body for the inbox, in a person's language and time zone."""
    with translation.override(locale), timezone.override(ZoneInfo(time_zone)):
        context = {**event.context, "event": event}
        title = _render(f"notifications/{topic.name}/title.txt", context)
        body = _render(f"notifications/{topic.name}/body.txt", context)
    return " ".join(title.split())[:200], body.strip()


def _render(name: str, context: dict[str, object]) -> str:
    """Render plain text: it is escaped where it is shown, not here."""
    template = Engine.get_default().get_template(name)
    return template.render(Context(context, autoescape=False))
