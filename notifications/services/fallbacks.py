"""Trying the next channel where one has not done."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from notifications.ids import stream_ids
from notifications.models import Channel, Message, Notification, Timer
from notifications.people import fetch_people
from notifications.services.claiming import TAKE, read_subjects
from notifications.services.planning import Draft, Rows, plan_channel, write_rows
from notifications.topics import Topic

STATUS = Message.Status
ARRIVED = {STATUS.ACCEPTED, STATUS.DELIVERED}
UNDER_WAY = {STATUS.READY, STATUS.LEASED}
BATCH = 500


def fall_back(*, lane: str, now: datetime | None = None) -> int:
    """Plan the next channel of chains whose time has come; return how many were due."""
    now = now or timezone.now()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(TAKE, [lane, Timer.FALLBACK, now, BATCH])
            due = dict(cursor.fetchall())
        notifications = list(
            Notification.objects.select_for_update(of=("self",))
            .filter(pk__in=list(due))
            .select_related("wording")
            .order_by("pk")
        )
        _plan_next(notifications, now=now)
    return len(due)


def _plan_next(notifications: Sequence[Notification], *, now: datetime) -> None:
    subjects = read_subjects({one.event_id for one in notifications})
    channels = {c for subject in subjects.values() for c in subject.topic.chain}
    people = fetch_people([one.recipient_id for one in notifications], channels)
    sent: dict[int, list[Message]] = {}
    for message in Message.objects.filter(notification__in=notifications):
        sent.setdefault(message.notification_id, []).append(message)
    rows = Rows(ids=stream_ids(now=now), now=now, direct=frozenset())
    for one in notifications:
        subject, person = subjects.get(one.event_id), people.get(one.recipient_id)
        if subject is None or person is None:
            continue
        tried = [m for m in sent.get(one.pk, []) if m.channel in subject.topic.chain]
        if _is_hopeful(tried, subject.topic, now):
            continue
        words = one.wording
        draft = Draft(
            one.pk,
            subject,
            person,
            (words.pk, words.title, words.body, words.url),
            now,
            max((m.expires_at for m in tried), default=subject.expires_at),
        )
        used = {message.channel for message in tried}
        for channel in subject.topic.chain:
            if channel not in used and plan_channel(rows, draft, channel):
                _give_up(tried, now)
                break
    write_rows(rows)


def _is_hopeful(tried: Sequence[Message], topic: Topic, now: datetime) -> bool:
    """Tell whether a message has arrived, or may yet within its time."""
    latest = max((topic.chain.index(Channel(m.channel)) for m in tried), default=0)
    return any(
        message.status in ARRIVED
        or (
            message.channel == topic.chain[latest]
            and message.status in UNDER_WAY
            and message.created_at + topic.fallback_after > now
        )
        for message in tried
    )


def _give_up(messages: Sequence[Message], now: datetime) -> None:
    """Send no more what waits over a channel that was too slow."""
    waiting = [message.pk for message in messages if message.status == STATUS.READY]
    stopped = Message.objects.filter(pk__in=waiting, status=STATUS.READY)
    stopped.update(status=STATUS.CANCELLED, reason="fell_back", ended_at=now)
    # A message whose timer somebody else has taken is on its way.
    Timer.objects.filter(message_id__in=waiting).delete()
