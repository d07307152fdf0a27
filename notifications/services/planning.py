"""The validator and prioritizer: who is told what, over which channel."""

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from notifications.copying import copy_rows
from notifications.ids import stream_ids
from notifications.models import Channel, Chunk, Message
from notifications.people import IN_APP, Endpoint, Person, fetch_people
from notifications.providers import get_providers
from notifications.providers.base import Envelope, Subject
from notifications.rendering import render_words
from notifications.rules import SEND, Decision, decide
from notifications.services.inbox import count_as_unread
from notifications.services.leasing import Batch, lease
from notifications.services.states import state_of
from notifications.topics import get_topic

logger = logging.getLogger(__name__)

# Small events are planned together, up to about so many recipients.
RECIPIENTS = 1000
CHUNKS = 100

TAKE = """
WITH due AS (
    SELECT id, due_at, cardinality(recipient_ids) AS size
      FROM notifications_chunk
     WHERE lane = %s AND due_at <= %s
     ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED
), counted AS (
    SELECT id, sum(size) OVER (ORDER BY due_at, id) - size AS before FROM due
)
SELECT c.id, c.recipient_ids, e.id, e.key, e.topic, e.lane, e.context::text,
       e.published_at
  FROM counted
  JOIN notifications_chunk c ON c.id = counted.id
  JOIN notifications_event e ON e.id = c.event_id
 WHERE counted.before < %s
"""
MESSAGE_COLUMNS = (
    "id",
    "notification_id",
    "channel",
    "provider",
    "endpoint",
    "status",
    "reason",
    "expires_at",
    "attempt_count",
    "ended_at",
)
STATUS = Message.Status
UNDER_WAY = {STATUS.READY, STATUS.LEASED}
NOWHERE = Endpoint("", "", "")

# A wording's id, its title, body and URL.
Words = tuple[int, str, str, str]


@dataclass(slots=True)
class Taken:
    """A chunk that this transaction has locked."""

    pk: int
    recipient_ids: list[int]
    event: tuple[Any, ...]


@dataclass(slots=True)
class Rows:
    """What one pass writes."""

    ids: Iterator[int]
    now: datetime
    # Whose messages are sent by whoever plans them.
    http: frozenset[str]
    wordings: list[tuple[Any, ...]] = field(default_factory=list)
    notifications: list[tuple[Any, ...]] = field(default_factory=list)
    messages: list[tuple[Any, ...]] = field(default_factory=list)
    timers: list[tuple[Any, ...]] = field(default_factory=list)
    # Whose inbox has one more, once for each.
    unread: list[int] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)


def plan_next_batch(*, lane: str, now: datetime | None = None) -> Batch:
    """Plan about a thousand recipients of the lane's oldest events.

    Notifications and messages are written, and their chunks deleted, in one
    transaction: a planner killed half-way leaves nothing lost and nothing doubled.
    What can be sent at once is leased to the caller, who must send it.
    """
    now = now or timezone.now()
    with transaction.atomic():
        chunks = _take(lane, now)
        if not chunks:
            return Batch()
        batch = lease(_plan_or_reject(chunks, now=now), lane=lane, now=now)
        batch.taken = sum(max(len(chunk.recipient_ids), 1) for chunk in chunks)
    return batch


def _take(lane: str, now: datetime) -> list[Taken]:
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [lane, now, CHUNKS, RECIPIENTS])
        return [Taken(row[0], row[1], row[2:]) for row in cursor.fetchall()]


def _plan_or_reject(chunks: Sequence[Taken], *, now: datetime) -> list[Envelope]:
    try:
        with transaction.atomic():
            envelopes = _plan(chunks, now=now)
            _delete(chunks)
            return envelopes
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # The outermost boundary: one event's fault is its own.
        if len(chunks) == 1:
            logger.exception("Chunk %s cannot be planned.", chunks[0].pk)
            _reject(chunks[0], error)
            return []
    return [
        envelope for chunk in chunks for envelope in _plan_or_reject([chunk], now=now)
    ]


def _reject(chunk: Taken, error: Exception) -> None:
    """Put a chunk aside; `replan_chunks` takes it up again."""
    Chunk.objects.filter(pk=chunk.pk).update(
        due_at=None, rejected_because=f"{type(error).__name__}: {error}"[:300]
    )


def _delete(chunks: Sequence[Taken]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM notifications_chunk WHERE id = ANY(%s)",
            [[chunk.pk for chunk in chunks]],
        )


def replan_chunks(*, chunk_pks: Iterable[int], now: datetime | None = None) -> int:
    """Plan rejected recipients again; return how many chunks of them."""
    rejected = Chunk.objects.filter(pk__in=list(chunk_pks), due_at__isnull=True)
    return rejected.exclude(rejected_because="").update(
        due_at=now or timezone.now(), rejected_because=""
    )


def _plan(chunks: Sequence[Taken], *, now: datetime) -> list[Envelope]:
    subjects = {chunk.event[0]: read_subject(chunk.event) for chunk in chunks}
    everybody = {pk for chunk in chunks for pk in chunk.recipient_ids}
    channels = {c for subject in subjects.values() for c in subject.topic.channels}
    people = fetch_people(sorted(everybody), channels)
    rows = Rows(ids=stream_ids(now=now), now=now, http=frozenset(get_providers().http))
    for chunk in chunks:
        subject = subjects[chunk.event[0]]
        _plan_chunk(rows, subject, [people.get(pk) for pk in chunk.recipient_ids])
    _write(rows)
    return rows.envelopes


def read_subject(event: Sequence[Any]) -> Subject:
    """Return the subject of (id, key, topic, lane, context as text, published_at)."""
    pk, key, topic, lane, context, published_at = event
    return Subject(
        event_id=pk,
        key=key,
        topic=get_topic(topic),
        lane=lane,
        context=json.loads(context),
        published_at=published_at,
    )


def _plan_chunk(rows: Rows, subject: Subject, people: Iterable[Person | None]) -> None:
    # The words depend on language and time zone only: rendered once for each.
    words: dict[tuple[str, str], Words] = {}
    for person in people:
        if person is None:
            continue
        place = (person.locale, person.time_zone)
        wording = words.get(place)
        if wording is None:
            wording = words[place] = _word(rows, subject, *place)
        _plan_person(rows, subject, person, wording)


def _word(rows: Rows, subject: Subject, locale: str, time_zone: str) -> Words:
    title, body = render_words(
        subject.topic.name, subject.context, locale=locale, time_zone=time_zone
    )
    wording = (next(rows.ids), title, body, str(subject.context.get("url", "")))
    rows.wordings.append(wording)
    return wording


def _plan_person(rows: Rows, subject: Subject, person: Person, wording: Words) -> None:
    notification_id = next(rows.ids)
    in_inbox = False
    for channel in subject.topic.channels:
        decision = decide(subject.topic, channel, person, rows.now)
        if decision is SEND and channel == Channel.IN_APP:
            in_inbox = True
            rows.unread.append(person.pk)
        places = person.endpoints(channel) or [NOWHERE]
        for place in places:
            envelope = Envelope(
                next(rows.ids),
                notification_id,
                subject,
                person,
                channel,
                place.provider,
                place.pk,
                place.address,
                place.keys,
                wording[1],
                wording[2],
                wording[3],
                1,
                subject.expires_at,
            )
            _plan_message(rows, envelope, decision)
    rows.notifications.append(
        (notification_id, subject.event_id, person.pk, wording[0], in_inbox)
    )


def _plan_message(rows: Rows, envelope: Envelope, decision: Decision) -> None:
    status: str = STATUS.READY
    reason, due_at = "", None
    if not envelope.address:
        status, reason = STATUS.SUPPRESSED, "no_endpoint"
    elif decision is not SEND:
        state = state_of(decision, expires_at=envelope.expires_at)
        status, reason, due_at = state.status, state.reason, state.due_at
    elif envelope.provider in rows.http:
        status = STATUS.LEASED
        rows.envelopes.append(envelope)
    elif envelope.provider == IN_APP:
        # The inbox shows the notification's own row: it has arrived.
        status = STATUS.ACCEPTED
    else:
        due_at = rows.now
    if due_at is not None:
        rows.timers.append(
            (
                envelope.message_id,
                envelope.subject.lane,
                envelope.provider,
                due_at,
            )
        )
    rows.messages.append(
        (
            envelope.message_id,
            envelope.notification_id,
            envelope.channel,
            envelope.provider,
            envelope.endpoint,
            status,
            reason,
            envelope.expires_at,
            1 if status == STATUS.LEASED else 0,
            None if status in UNDER_WAY else rows.now,
        )
    )


def _write(rows: Rows) -> None:
    copy_rows("wording", ["id", "title", "body", "url"], rows.wordings)
    copy_rows(
        "notification",
        ["id", "event_id", "recipient_id", "wording_id", "in_inbox"],
        rows.notifications,
    )
    copy_rows("message", MESSAGE_COLUMNS, rows.messages)
    copy_rows("timer", ["message_id", "lane", "provider", "due_at"], rows.timers)
    count_as_unread(rows.unread)
