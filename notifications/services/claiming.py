"""Taking up messages whose moment has come: again, later, or slowly."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.utils import timezone

from notifications.models import Channel, Message, Priority
from notifications.people import Person, fetch_people
from notifications.providers import get_providers
from notifications.providers.base import Envelope, Subject
from notifications.services.leasing import Batch, lease
from notifications.services.planning import read_subject
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
RETURNING message_id
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
SELECT id, key, topic, lane, context::text, published_at FROM notifications_event
 WHERE id = ANY(%s)
"""
END = """
UPDATE notifications_message m
   SET status = ended.status, reason = ended.reason, ended_at = %s,
       attempt_count = attempt_count - 1
  FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS ended(id, status, reason)
 WHERE m.id = ended.id
"""
STATUS = Message.Status


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
                "lanes": Priority.values,
                "providers": sorted(get_providers().names),
                "now": now or timezone.now(),
            },
        )
        return [lane for (lane,) in cursor.fetchall()]


def claim_next_batch(
    *, lane: str, provider: str, limit: int, now: datetime | None = None
) -> Batch:
    """Lease up to `limit` due messages of a provider to the caller, who sends them.

    What has changed since they were planned counts: the expired, and those whose
    recipient or device has gone, end here.
    """
    now = now or timezone.now()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(TAKE, [lane, provider, now, limit])
            due = [pk for (pk,) in cursor.fetchall()]
            if not due:
                return Batch()
            cursor.execute(HOLD, [due])
            held = [pk for (pk,) in cursor.fetchall()]
        envelopes = _end_stale(read_envelopes(held), held, now=now)
        batch = lease(envelopes, lane=lane, now=now)
        batch.taken = len(due)
        return batch


def read_envelopes(message_ids: Sequence[int]) -> list[Envelope]:
    """Return messages as they are sent; without an address where it has gone.

    Messages of topics that no app declares any more are left out.
    """
    with connection.cursor() as cursor:
        cursor.execute(READ, [list(message_ids)])
        rows = cursor.fetchall()
        cursor.execute(SUBJECTS, [list({row[3] for row in rows})])
        subjects = {
            row[0]: read_subject(row) for row in cursor.fetchall() if has_topic(row[2])
        }
    rows = [row for row in rows if row[3] in subjects]
    people = fetch_people(
        sorted({row[2] for row in rows}), {Channel(row[4]) for row in rows}
    )
    envelopes = [_envelope(row, subjects[row[3]], people.get(row[2])) for row in rows]
    mails = [envelope for envelope in envelopes if envelope.provider == "email"]
    if mails:
        users = get_user_model().objects.in_bulk({mail.recipient_id for mail in mails})
        for mail in mails:
            mail.recipient = users.get(mail.recipient_id)
    return envelopes


def _envelope(
    row: tuple[Any, ...], subject: Subject, person: Person | None
) -> Envelope:
    (pk, notification_id, recipient_id, _event, channel, provider, endpoint, number) = (
        row[:8]
    )
    address, keys = "", None
    if person is not None and channel == Channel.PUSH:
        for device in person.devices:
            if (device.provider, device.pk) == (provider, endpoint):
                address, keys = device.address, device.keys
    elif person is not None:
        address = endpoint
    return Envelope(
        pk,
        notification_id,
        recipient_id,
        subject,
        provider,
        endpoint,
        address,
        keys,
        title=row[9],
        body=row[10],
        url=row[11],
        locale=person.locale if person else "",
        time_zone=person.time_zone if person else "",
        attempt_number=number,
        expires_at=row[8],
    )


def _end_stale(
    envelopes: Sequence[Envelope], held: Sequence[int], *, now: datetime
) -> list[Envelope]:
    """End what need not be sent any more; return the rest."""
    ended = dict.fromkeys(held, (STATUS.FAILED, "no_topic"))
    going = []
    for envelope in envelopes:
        if envelope.expires_at <= now:
            ended[envelope.message_id] = (STATUS.EXPIRED, "expired")
        elif not envelope.address:
            ended[envelope.message_id] = (STATUS.SUPPRESSED, "no_endpoint")
        else:
            del ended[envelope.message_id]
            going.append(envelope)
    if ended:
        statuses, reasons = zip(*ended.values(), strict=True)
        with connection.cursor() as cursor:
            cursor.execute(END, [now, list(ended), list(statuses), list(reasons)])
    return going
