"""Taking up messages whose moment has come: again, later, or slowly."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.utils import timezone

from notifications.lanes import list_lanes
from notifications.models import Channel, Message, Timer
from notifications.people import Person, fetch_people
from notifications.providers import get_providers
from notifications.providers.base import Envelope, Subject
from notifications.rules import SEND, decide
from notifications.services.leasing import Batch, lease
from notifications.services.planning import read_subject
from notifications.services.states import (
    State,
    set_fallbacks,
    state_of,
    write_states,
)
from notifications.topics import has_topic

# Which of a lane's providers have something due.
DUE = """
SELECT provider FROM unnest(%s::text[]) AS p(provider)
 WHERE EXISTS (SELECT 1 FROM notifications_timer t
                WHERE t.lane = %s AND t.provider = p.provider AND t.due_at <= %s)
"""
LANES = """
SELECT lane FROM unnest(%(lanes)s::text[]) AS lanes(lane)
 WHERE EXISTS (SELECT 1 FROM notifications_chunk c
                WHERE c.lane = lanes.lane AND c.due_at <= %(now)s)
    OR EXISTS (SELECT 1 FROM unnest(%(providers)s::text[]) AS p(provider),
                     LATERAL (SELECT 1 FROM notifications_timer t
                               WHERE t.lane = lanes.lane AND t.provider = p.provider
                                 AND t.due_at <= %(now)s LIMIT 1) AS due)
"""
TAKE = """
DELETE FROM notifications_timer
 WHERE message_id IN (SELECT message_id FROM notifications_timer
                       WHERE lane = %s AND provider = %s AND due_at <= %s
                       ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING message_id, due_at
"""
HOLD = """
UPDATE notifications_message SET status = 'leased', attempt_count = attempt_count + 1
 WHERE id = ANY(%s) AND status = 'ready' RETURNING id
"""
READ = """
SELECT m.id, m.notification_id, n.recipient_id, n.event_id, m.channel, m.provider,
       m.endpoint, m.attempt_count, m.expires_at, w.title, w.body, w.url
  FROM notifications_message m
  JOIN notifications_notification n ON n.id = m.notification_id
  JOIN notifications_wording w ON w.id = n.wording_id
 WHERE m.id = ANY(%s) ORDER BY m.id
"""
SUBJECTS = """
SELECT id, key, topic, lane, context::text, published_at, only_channel,
       cancelled_at IS NOT NULL, paused_at IS NOT NULL
  FROM notifications_event WHERE id = ANY(%s)
"""
STATUS = Message.Status
# How soon it is looked at again whether an event goes on.
PAUSE = timedelta(seconds=30)


def find_due_providers(
    providers: Sequence[str], *, lane: str, now: datetime | None = None
) -> list[str]:
    """Return those of the providers that have messages due in a lane."""
    with connection.cursor() as cursor:
        cursor.execute(DUE, [list(providers), lane, now or timezone.now()])
        return [provider for (provider,) in cursor.fetchall()]


def find_lanes_with_work(*, now: datetime | None = None) -> list[str]:
    """Return the lanes that have recipients to plan or a message due."""
    with connection.cursor() as cursor:
        cursor.execute(
            LANES,
            {
                "lanes": list_lanes(),
                "providers": [*get_providers().names, Timer.FALLBACK],
                "now": now or timezone.now(),
            },
        )
        return [lane for (lane,) in cursor.fetchall()]


def claim_next_batch(
    *, lane: str, provider: str, limit: int, now: datetime | None = None
) -> Batch:
    """Lease up to `limit` due messages of a provider to the caller, who sends them.

    What has changed since they were planned counts: it is decided again whether they
    may go, and those whose recipient or device has gone end here.
    """
    now = now or timezone.now()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(TAKE, [lane, provider, now, limit])
            due = dict(cursor.fetchall())
            if not due:
                return Batch()
            cursor.execute(HOLD, [list(due)])
            held = [pk for (pk,) in cursor.fetchall()]
        going, stopped = _sort(read_envelopes(held, due), now=now)
        write_states(stopped, now=now, not_attempted=True)
        set_fallbacks(stopped, now=now)
        _end_orphans(set(held), [*going, *(envelope for envelope, _ in stopped)], now)
        batch = lease(going, lane=lane, now=now)
        batch.taken = len(due)
        return batch


def _end_orphans(held: set[int], found: Iterable[Envelope], now: datetime) -> None:
    """End messages whose topic no app declares any more."""
    orphans = held.difference(envelope.message_id for envelope in found)
    if orphans:
        Message.objects.filter(pk__in=orphans).update(
            status=STATUS.FAILED, reason="no_topic", ended_at=now
        )


def _sort(
    envelopes: Sequence[Envelope], *, now: datetime
) -> tuple[list[Envelope], list[tuple[Envelope, State]]]:
    """Decide again, as things are now, which of the messages go."""
    going: list[Envelope] = []
    stopped: list[tuple[Envelope, State]] = []
    for envelope in envelopes:
        if envelope.subject.is_cancelled:
            stopped.append((envelope, State(STATUS.CANCELLED, "event_cancelled")))
            continue
        if envelope.expires_at <= now:
            stopped.append((envelope, State(STATUS.EXPIRED, "expired")))
            continue
        if envelope.subject.is_paused:
            later = State(STATUS.READY, "event_paused", now + PAUSE)
            stopped.append((envelope, later))
            continue
        if envelope.person is None or not envelope.address:
            stopped.append((envelope, State(STATUS.SUPPRESSED, "no_endpoint")))
            continue
        topic = envelope.subject.topic
        decision = decide(topic, envelope.channel, envelope.person, now)
        if decision is SEND:
            going.append(envelope)
        else:
            state = state_of(decision, expires_at=envelope.expires_at)
            stopped.append((envelope, state))
    return going, stopped


def read_envelopes(
    message_ids: Sequence[int], due: Mapping[int, datetime]
) -> list[Envelope]:
    """Return messages as they are sent; without an address where it has gone.

    `due` says since when each could have gone; else since it was published. Messages
    of topics that no app declares any more are left out.
    """
    with connection.cursor() as cursor:
        cursor.execute(READ, [list(message_ids)])
        rows = cursor.fetchall()
    subjects = read_subjects({row[3] for row in rows})
    rows = [row for row in rows if row[3] in subjects]
    people = fetch_people(
        sorted({row[2] for row in rows}), {Channel(row[4]) for row in rows}
    )
    envelopes = []
    for row in rows:
        subject = subjects[row[3]]
        since = due.get(row[0], subject.published_at)
        envelopes.append(_envelope(row, subject, people.get(row[2]), since))
    _add_recipients([each for each in envelopes if each.channel == Channel.EMAIL])
    return envelopes


def read_subjects(event_pks: Iterable[int]) -> dict[int, Subject]:
    """Return the subjects of events; without those whose topic is no more."""
    with connection.cursor() as cursor:
        cursor.execute(SUBJECTS, [list(event_pks)])
        return {
            row[0]: read_subject(row) for row in cursor.fetchall() if has_topic(row[2])
        }


def _envelope(
    row: tuple[Any, ...], subject: Subject, person: Person | None, due_at: datetime
) -> Envelope:
    pk, notification_id, _recipient, _event, channel, provider, endpoint = row[:7]
    address, keys = "", None
    places = person.endpoints(channel, subject.context) if person else []
    for place in places:
        if (place.provider, place.pk) == (provider, endpoint):
            address, keys = place.address, place.keys
    return Envelope(
        pk,
        notification_id,
        subject,
        person,
        channel,
        provider,
        endpoint,
        address,
        keys,
        title=row[9],
        body=row[10],
        url=row[11],
        attempt_number=row[7],
        expires_at=row[8],
        due_at=due_at,
    )


def _add_recipients(mails: Sequence[Envelope]) -> None:
    """Load the users: their mail calls them by their names."""
    if mails:
        pks = {mail.person.pk for mail in mails if mail.person is not None}
        users = get_user_model().objects.in_bulk(pks)
        for mail in mails:
            mail.recipient = users.get(mail.person.pk) if mail.person else None
