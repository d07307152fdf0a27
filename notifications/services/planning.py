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
from notifications.people import Endpoint, Person, fetch_people
from notifications.providers import get_providers
from notifications.providers.base import Envelope, Subject
from notifications.rendering import render_words
from notifications.services.leasing import Batch, lease
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
IN_APP = "in_app"


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
    words: dict[tuple[str, str], tuple[int, str, str, str]] = {}
    for person in people:
        if person is None:
            continue
        place = (person.locale, person.time_zone)
        wording = words.get(place)
        if wording is None:
            wording = words[place] = _word(rows, subject, *place)
        notification_id = next(rows.ids)
        rows.notifications.append(
            (notification_id, subject.event_id, person.pk, wording[0])
        )
        _plan_messages(rows, subject, person, notification_id, wording)


def _word(
    rows: Rows, subject: Subject, locale: str, time_zone: str
) -> tuple[int, str, str, str]:
    title, body = render_words(
        subject.topic.name, subject.context, locale=locale, time_zone=time_zone
    )
    wording = (next(rows.ids), title, body, str(subject.context.get("url", "")))
    rows.wordings.append(wording)
    return wording


def _plan_messages(
    rows: Rows,
    subject: Subject,
    person: Person,
    notification_id: int,
    wording: tuple[int, str, str, str],
) -> None:
    for channel in subject.topic.channels:
        endpoints = _endpoints(person, channel)
        for endpoint in endpoints:
            pk = next(rows.ids)
            status, attempt_count, ended_at = STATUS.READY, 0, None
            if endpoint.provider in rows.http:
                status, attempt_count = STATUS.LEASED, 1
                rows.envelopes.append(
                    Envelope(
                        pk,
                        notification_id,
                        person.pk,
                        subject,
                        endpoint.provider,
                        endpoint.pk,
                        endpoint.address,
                        endpoint.keys,
                        *wording[1:],
                        person.locale,
                        person.time_zone,
                        1,
                        subject.expires_at,
                    )
                )
            elif endpoint.provider == IN_APP:
                # The inbox shows the notification's own row: it has arrived.
                status, ended_at = STATUS.ACCEPTED, rows.now
            else:
                rows.timers.append((pk, subject.lane, endpoint.provider, rows.now))
            rows.messages.append(
                (
                    pk,
                    notification_id,
                    channel,
                    endpoint.provider,
                    endpoint.pk,
                    status,
                    "",
                    subject.expires_at,
                    attempt_count,
                    ended_at,
                )
            )
        if not endpoints:
            rows.messages.append(
                (
                    next(rows.ids),
                    notification_id,
                    channel,
                    "",
                    "",
                    STATUS.SUPPRESSED,
                    "no_endpoint",
                    subject.expires_at,
                    0,
                    rows.now,
                )
            )


def _endpoints(person: Person, channel: Channel) -> list[Endpoint]:
    match channel:
        case Channel.PUSH:
            return person.devices
        case Channel.EMAIL if person.email:
            return [Endpoint("email", person.email, person.email)]
        case Channel.IN_APP:
            return [Endpoint(IN_APP, str(person.pk), "")]
        case _:
            return []


def _write(rows: Rows) -> None:
    copy_rows("wording", ["id", "title", "body", "url"], rows.wordings)
    copy_rows(
        "notification",
        ["id", "event_id", "recipient_id", "wording_id"],
        rows.notifications,
    )
    copy_rows("message", MESSAGE_COLUMNS, rows.messages)
    copy_rows("timer", ["message_id", "lane", "provider", "due_at"], rows.timers)
