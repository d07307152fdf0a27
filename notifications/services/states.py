"""Where a message stands once something has been decided about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from notifications.copying import copy_rows
from notifications.models import Message, Timer
from notifications.providers.base import Envelope
from notifications.rules import Decision

STATUS = Message.Status
# Who wants to be left alone is not told in another way.
RESTS = {"do_not_disturb", "quiet_hours", "event_paused"}


@dataclass(frozen=True, slots=True)
class State:
    status: str
    reason: str = ""
    # When it is to be taken up again, if it is.
    due_at: datetime | None = None


def state_of(decision: Decision, *, expires_at: datetime) -> State:
    """Return the state of a message that is not to be sent now."""
    reason, due_at = decision
    if due_at is None:
        return State(STATUS.SUPPRESSED, reason)
    if due_at >= expires_at:
        return State(STATUS.EXPIRED, reason)
    return State(STATUS.READY, reason, due_at)


def write_states(
    states: Sequence[tuple[Envelope, State]], *, now: datetime, not_attempted: bool
) -> None:
    """Write the states of messages that the caller holds, and set their timers.

    `not_attempted` takes back the attempt that claiming them had counted.
    """
    if not states:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE notifications_message m
               SET status = v.status, reason = v.reason,
                   attempt_count = attempt_count - %s,
                   ended_at = CASE WHEN v.status = 'ready' THEN NULL ELSE %s END
              FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS v(id, status, reason)
             WHERE m.id = v.id AND m.status = 'leased'
            """,
            [
                int(not_attempted),
                now,
                [envelope.message_id for envelope, _ in states],
                [state.status for _, state in states],
                [state.reason for _, state in states],
            ],
        )
    copy_rows(
        "timer",
        ["message_id", "lane", "provider", "due_at"],
        (
            (
                envelope.message_id,
                envelope.subject.lane,
                envelope.provider,
                state.due_at,
            )
            for envelope, state in states
            if state.due_at is not None
        ),
    )


def start_anew(
    messages: Sequence[Message], *, expires_at: datetime, now: datetime
) -> None:
    """Make messages that have ended due now; the caller holds their rows.

    They must come with their notification's event, whose lane they take.
    """
    Message.objects.filter(pk__in=[message.pk for message in messages]).update(
        status=STATUS.READY, reason="", expires_at=expires_at, ended_at=None
    )
    Timer.objects.bulk_create(
        Timer(
            message_id=message.pk,
            lane=message.notification.event.lane,
            provider=message.provider,
            due_at=now,
        )
        for message in messages
    )


def set_fallbacks(states: Sequence[tuple[Envelope, State]], *, now: datetime) -> None:
    """See to it that the next channel of a chain is tried where this one has not done.

    At once where it has ended, else when the topic says.
    """
    due: dict[int, tuple[str, datetime]] = {}
    for envelope, state in states:
        topic = envelope.subject.topic
        if envelope.channel not in topic.chain[:-1] or state.reason in RESTS:
            continue
        at = now
        if state.status == STATUS.READY:
            at = max(now, envelope.subject.published_at + topic.fallback_after)
        due[envelope.notification_id] = (envelope.subject.lane, at)
    if not due:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO notifications_timer AS timer
                   (message_id, lane, provider, due_at)
            SELECT id, lane, %s, due_at
              FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[])
                AS due(id, lane, due_at)
             ORDER BY id
                ON CONFLICT (message_id)
                DO UPDATE SET due_at = least(timer.due_at, excluded.due_at)
            """,
            [
                Timer.FALLBACK,
                list(due),
                [lane for lane, _ in due.values()],
                [at for _, at in due.values()],
            ],
        )
