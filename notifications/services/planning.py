"""The validator and prioritizer: who is told what, over which channel."""

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from notifications.copying import copy_rows
from notifications.ids import stream_ids
from notifications.models import Channel, Chunk, Message
from notifications.people import IN_APP, Endpoint, Person, fetch_people
from notifications.providers.base import Envelope, Subject
from notifications.rendering import render_words
from notifications.rules import SEND, Decision, decide
from notifications.services.digests import collect
from notifications.services.inbox import count_as_unread
from notifications.services.leasing import Batch, lease
from notifications.services.planning_together import (
    Words,
    can_plan_together,
    plan_together,
)
from notifications.services.states import State, set_fallbacks, state_of
from notifications.topics import get_topic

logger = logging.getLogger(__name__)

# Small events are planned together, up to about so many recipients.
RECIPIENTS = 2000
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
SELECT c.id, c.recipient_ids, c.due_at, e.id, e.key, e.topic, e.lane, e.context::text,
       e.published_at, e.only_channel, e.cancelled_at IS NOT NULL,
       e.paused_at IS NOT NULL
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
HOPEFUL = {*UNDER_WAY, STATUS.ACCEPTED, STATUS.DIGESTED}
NOWHERE = Endpoint("", "", "")
NO_ENDPOINT = State(STATUS.SUPPRESSED, "no_endpoint")
ARRIVED = State(STATUS.ACCEPTED)
DIGESTED = State(STATUS.DIGESTED)
LEASED = State(STATUS.LEASED)


@dataclass(slots=True)
class Taken:
    """A chunk that this transaction has locked."""

    pk: int
    recipient_ids: list[int]
    due_at: datetime
    event: tuple[Any, ...]


@dataclass(slots=True)
class Rows:
    """What one pass writes."""

    ids: Iterator[int]
    now: datetime
    # The providers whose messages are sent by whoever plans them.
    direct: frozenset[str]
    wordings: list[tuple[Any, ...]] = field(default_factory=list)
    notifications: list[tuple[Any, ...]] = field(default_factory=list)
    messages: list[tuple[Any, ...]] = field(default_factory=list)
    timers: list[tuple[Any, ...]] = field(default_factory=list)
    digested: list[Envelope] = field(default_factory=list)
    waiting: list[tuple[Envelope, State]] = field(default_factory=list)
    # Whose inbox has one more, once for each.
    unread: list[int] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Draft:
    """One person's notification."""

    notification_id: int
    subject: Subject
    person: Person
    words: Words
    due_at: datetime
    expires_at: datetime


def plan_next_batch(
    *,
    lane: str,
    direct: frozenset[str] = frozenset(),
    now: datetime | None = None,
) -> Batch:
    """Plan about two thousand recipients of the lane's oldest events.

    Notifications and messages are written, and their chunks deleted, in one
    transaction: a planner killed half-way leaves nothing lost and nothing doubled.
    What goes over one of the `direct` providers now is leased to the caller, who must
    send it; the rest is due, and claimed by whoever has room.
    """
    now = now or timezone.now()
    with transaction.atomic():
        chunks = _take(lane, now)
        if not chunks:
            return Batch()
        taken = sum(max(len(chunk.recipient_ids), 1) for chunk in chunks)
        batch = lease(_plan_or_reject(chunks, direct, now=now), lane=lane, now=now)
        batch.taken = taken
    return batch


def _take(lane: str, now: datetime) -> list[Taken]:
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [lane, now, CHUNKS, RECIPIENTS])
        return [Taken(row[0], row[1], row[2], row[3:]) for row in cursor.fetchall()]


def _plan_or_reject(
    chunks: Sequence[Taken], direct: frozenset[str], *, now: datetime
) -> list[Envelope]:
    try:
        with transaction.atomic():
            envelopes = _plan(chunks, direct, now=now)
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
        envelope
        for chunk in chunks
        for envelope in _plan_or_reject([chunk], direct, now=now)
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
    now = now or timezone.now()
    rejected = Chunk.objects.filter(
        pk__in=list(chunk_pks), due_at__isnull=True
    ).exclude(rejected_because="")
    is_paused = Q(event__paused_at__isnull=False)
    waiting = rejected.filter(is_paused).update(resumes_at=now, rejected_because="")
    return waiting + rejected.exclude(is_paused).update(due_at=now, rejected_because="")


def _plan(
    chunks: Sequence[Taken], direct: frozenset[str], *, now: datetime
) -> list[Envelope]:
    subjects = {chunk.event[0]: read_subject(chunk.event) for chunk in chunks}
    rows = Rows(ids=stream_ids(now=now), now=now, direct=direct)
    for chunk in chunks:
        _plan_most(rows, subjects[chunk.event[0]], chunk)
    everybody = {pk for chunk in chunks for pk in chunk.recipient_ids}
    channels = {c for subject in subjects.values() for c in subject.all_channels}
    people = fetch_people(sorted(everybody), channels)
    for chunk in chunks:
        subject = subjects[chunk.event[0]]
        if not subject.is_cancelled:
            recipients = [people.get(pk) for pk in chunk.recipient_ids]
            _plan_chunk(rows, subject, recipients, chunk.due_at)
    write_rows(rows)
    return rows.envelopes


def _plan_most(rows: Rows, subject: Subject, chunk: Taken) -> None:
    """Plan together those of a large chunk who need no look of their own."""
    pks = chunk.recipient_ids
    if subject.is_cancelled or not can_plan_together(subject, len(pks), now=rows.now):
        return
    envelopes, told, remarkable = plan_together(
        subject,
        pks,
        word=partial(_word, rows, subject),
        due_at=chunk.due_at,
        expires_at=_expiry(subject, chunk.due_at),
        direct=rows.direct,
        now=rows.now,
    )
    rows.envelopes += envelopes
    if Channel.IN_APP in subject.topic.channels:
        rows.unread += told
    chunk.recipient_ids = remarkable


def _expiry(subject: Subject, due_at: datetime) -> datetime:
    return max(subject.published_at, due_at) + subject.topic.time_to_live


def read_subject(event: Sequence[Any]) -> Subject:
    """Return the subject of a row: the fields of a subject, in their order.

    The topic is its name, the context JSON. Raises KeyError for an unknown topic.
    """
    pk, key, topic, lane, context, *rest = event
    return Subject(pk, key, get_topic(topic), lane, json.loads(context), *rest)


def _plan_chunk(
    rows: Rows,
    subject: Subject,
    people: Iterable[Person | None],
    due_at: datetime,
) -> None:
    # The words depend on language and time zone only: rendered once for each.
    words: dict[tuple[str, str], Words] = {}
    expires_at = _expiry(subject, due_at)
    for person in people:
        if person is None:
            continue
        place = (person.locale, person.time_zone)
        wording = words.get(place)
        if wording is None:
            wording = words[place] = _word(rows, subject, *place)
        plan_person(
            rows,
            Draft(next(rows.ids), subject, person, wording, due_at, expires_at),
        )


def _word(rows: Rows, subject: Subject, locale: str, time_zone: str) -> Words:
    title, body = render_words(
        subject.topic.name,
        subject.context,
        locale=locale,
        time_zone=time_zone,
        is_summary=bool(subject.only_channel),
    )
    wording = (next(rows.ids), title, body, str(subject.context.get("url", "")))
    rows.wordings.append(wording)
    return wording


def plan_person(rows: Rows, draft: Draft) -> None:
    """Write one person's notification and its messages into the rows."""
    subject = draft.subject
    in_inbox = False
    if subject.only_channel:
        plan_channel(rows, draft, subject.only_channel)
    else:
        for channel in subject.topic.channels:
            is_going = plan_channel(rows, draft, channel)
            in_inbox = in_inbox or (is_going and channel == Channel.IN_APP)
        for channel in subject.topic.chain:
            if plan_channel(rows, draft, channel):
                break
    if in_inbox:
        rows.unread.append(draft.person.pk)
    rows.notifications.append(
        (
            draft.notification_id,
            subject.event_id,
            draft.person.pk,
            draft.words[0],
            in_inbox,
        )
    )


def plan_channel(rows: Rows, draft: Draft, channel: str) -> bool:
    """Write a person's messages over one channel; tell whether one may arrive."""
    subject, person, words = draft.subject, draft.person, draft.words
    decision = decide(subject.topic, channel, person, rows.now)
    is_going = False
    for place in person.endpoints(channel, subject.context) or [NOWHERE]:
        envelope = Envelope(
            next(rows.ids),
            draft.notification_id,
            subject,
            person,
            channel,
            place.provider,
            place.pk,
            place.address,
            place.keys,
            words[1],
            words[2],
            words[3],
            1,
            draft.expires_at,
            draft.due_at,
        )
        if _plan_message(rows, envelope, decision) in HOPEFUL:
            is_going = True
    return is_going


def _plan_message(rows: Rows, envelope: Envelope, decision: Decision) -> str:
    """Write one message; return its status."""
    state = _begin(rows, envelope, decision)
    status, due_at = state.status, state.due_at
    if status == STATUS.LEASED:
        rows.envelopes.append(envelope)
    elif status == STATUS.DIGESTED:
        rows.digested.append(envelope)
    elif due_at is not None:
        rows.timers.append(
            (envelope.message_id, envelope.subject.lane, envelope.provider, due_at)
        )
        rows.waiting.append((envelope, state))
    rows.messages.append(
        (
            envelope.message_id,
            envelope.notification_id,
            envelope.channel,
            envelope.provider,
            envelope.endpoint,
            status,
            state.reason,
            envelope.expires_at,
            1 if status == STATUS.LEASED else 0,
            None if status in UNDER_WAY else rows.now,
        )
    )
    return status


def _begin(rows: Rows, envelope: Envelope, decision: Decision) -> State:
    """Say where a new message starts."""
    is_going = decision is SEND
    if not envelope.address:
        return NO_ENDPOINT
    if is_going and envelope.provider == IN_APP:
        # The inbox shows the notification's own row: it has arrived.
        return ARRIVED
    if envelope.subject.is_collected and (is_going or decision.due_at is not None):
        return DIGESTED
    if not is_going:
        return state_of(decision, expires_at=envelope.expires_at)
    if envelope.provider in rows.direct:
        return LEASED
    return State(STATUS.READY, "", rows.now)


def write_rows(rows: Rows) -> None:
    """Insert what was planned, in the caller's transaction."""
    copy_rows("wording", ["id", "title", "body", "url"], rows.wordings)
    copy_rows(
        "notification",
        ["id", "event_id", "recipient_id", "wording_id", "in_inbox"],
        rows.notifications,
    )
    copy_rows("message", MESSAGE_COLUMNS, rows.messages)
    copy_rows("timer", ["message_id", "lane", "provider", "due_at"], rows.timers)
    collect(rows.digested, now=rows.now)
    set_fallbacks(rows.waiting, now=rows.now)
    count_as_unread(rows.unread)
