"""Planning in one statement all those of whom nothing special is known.

Most people have chosen nothing, have no quiet hours and a good address: what holds for
one of them holds for all. They are decided about once, and their rows never leave the
database but to be sent. The others are planned one by one.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from push_notifications.models import APNSDevice, GCMDevice, WebPushDevice

from notifications.copying import as_array
from notifications.ids import lowest_id
from notifications.models import Channel
from notifications.people import Person
from notifications.providers.base import Envelope, Subject
from notifications.rules import SEND, decide

# Below this, one by one is as quick.
FEWEST = 100
CHANNELS = {Channel.IN_APP, Channel.PUSH, Channel.EMAIL}
# A wording's id, its title, body and URL.
Words = tuple[int, str, str, str]

PEOPLE = """
SELECT u.id, u.locale, u.time_zone,
       EXISTS (SELECT FROM notifications_preference p WHERE p.user_id = u.id)
       OR EXISTS (SELECT FROM notifications_recipientsettings r WHERE r.user_id = u.id)
       {suppressed} AS is_remarkable
  FROM {users} u WHERE u.id = ANY(%s::bigint[]) AND u.is_active
"""
SUPPRESSED = """
       OR EXISTS (SELECT FROM notifications_suppression s
                   WHERE s.channel = 'email' AND s.address = lower(u.email))
"""
# The other half of the ids of a millisecond is `stream_ids`'.
NEXT_ID = "%(base)s | 524288 | (nextval('notifications_row_seq') & 524287)"
PLAN = """
WITH people AS (
    SELECT recipient_id, wording_id, {next_id} AS notification_id
      FROM unnest(%(pks)s::bigint[], %(wordings)s::bigint[])
        AS people(recipient_id, wording_id)
), told AS (
    INSERT INTO notifications_notification
           (id, event_id, recipient_id, wording_id, in_inbox)
    SELECT notification_id, %(event)s, recipient_id, wording_id, %(in_inbox)s
      FROM people
), places (notification_id, recipient_id, channel, provider, endpoint, address, p256dh,
          auth) AS (
    {places}
), messages AS (
    SELECT {next_id} AS id, notification_id, recipient_id, channel, provider, endpoint,
           address, p256dh, auth,
           CASE WHEN address = '' THEN 'suppressed'
                WHEN provider = 'in_app' THEN 'accepted'
                WHEN provider = ANY(%(direct)s) THEN 'leased'
                ELSE 'ready' END AS status
      FROM (SELECT * FROM places
             UNION ALL
            SELECT notification_id, recipient_id, name, '', '', '', NULL, NULL
              FROM people CROSS JOIN unnest(%(channels)s::text[]) AS channel(name)
             WHERE (recipient_id, name)
                   NOT IN (SELECT recipient_id, channel FROM places)
           ) AS everything
), written AS (
    INSERT INTO notifications_message
           (id, notification_id, channel, provider, endpoint, status, reason,
            expires_at, attempt_count, ended_at)
    SELECT id, notification_id, channel, provider, endpoint, status,
           CASE status WHEN 'suppressed' THEN 'no_endpoint' ELSE '' END, %(expires_at)s,
           CASE status WHEN 'leased' THEN 1 ELSE 0 END,
           CASE WHEN status IN ('leased', 'ready') THEN NULL ELSE %(now)s END
      FROM messages
), timed AS (
    INSERT INTO notifications_timer (message_id, lane, provider, due_at)
    SELECT id, %(lane)s, provider, %(now)s FROM messages WHERE status = 'ready'
)
SELECT id, notification_id, recipient_id, channel, provider, endpoint, address, p256dh,
       auth
  FROM messages WHERE status = 'leased'
"""
DEVICES = """
SELECT people.notification_id, people.recipient_id, 'push', '{provider}',
       d.id::text, d.registration_id, {keys}
  FROM people JOIN {table} d ON d.user_id = people.recipient_id
 WHERE d.active {only}
"""
MAILBOXES = """
SELECT people.notification_id, people.recipient_id, 'email', 'email', u.email,
       u.email, NULL, NULL
  FROM people JOIN {users} u ON u.id = people.recipient_id
"""
INBOXES = """
SELECT notification_id, recipient_id, 'in_app', 'in_app', recipient_id::text,
       recipient_id::text, NULL, NULL
  FROM people
"""


def can_plan_together(subject: Subject, count: int, *, now: datetime) -> bool:
    """Tell whether whoever is not special is simply sent all that a topic sends."""
    topic = subject.topic
    anybody = Person(0, "", "", "", "")
    return (
        count >= FEWEST
        and not subject.only_channel
        and not topic.chain
        and topic.digest_window is None
        and CHANNELS.issuperset(topic.channels)
        and all(decide(topic, one, anybody, now) is SEND for one in topic.channels)
    )


def plan_together(
    subject: Subject,
    pks: Sequence[int],
    *,
    word: Callable[[str, str], Words],
    due_at: datetime,
    expires_at: datetime,
    direct: frozenset[str],
    now: datetime,
) -> tuple[list[Envelope], list[int], list[int]]:
    """Write the rows of those of whom nothing special is known.

    Return what the caller is to send over the `direct` providers, who was told, and
    who needs a look of their own. `word` gives the words in a language and time zone.
    """
    channels = subject.topic.channels
    people, remarkable = _read_people(pks, channels)
    words = {place: word(*place) for place in set(people.values())}
    with connection.cursor() as cursor:
        cursor.execute(
            PLAN.format(next_id=NEXT_ID, places=_places(channels)),
            {
                "base": lowest_id(now),
                "pks": as_array(people),
                "wordings": as_array(words[place][0] for place in people.values()),
                "event": subject.event_id,
                "in_inbox": Channel.IN_APP in channels,
                "channels": list(channels),
                "direct": list(direct),
                "expires_at": expires_at,
                "now": now,
                "lane": subject.lane,
            },
        )
        rows = cursor.fetchall()
    envelopes = []
    for pk, notification_id, person_pk, channel, provider, endpoint, *where in rows:
        place = people[person_pk]
        _wording, title, body, url = words[place]
        address, p256dh, auth = where
        envelopes.append(
            Envelope(
                pk,
                notification_id,
                subject,
                Person(person_pk, "", "", *place),
                channel,
                provider,
                endpoint,
                address,
                (p256dh, auth) if p256dh else None,
                title,
                body,
                url,
                1,
                expires_at,
                due_at,
            )
        )
    return envelopes, list(people), remarkable


def _users() -> str:
    table: str = get_user_model()._meta.db_table  # noqa: SLF001 - documented by Django
    return table


def _read_people(
    pks: Sequence[int], channels: Sequence[str]
) -> tuple[dict[int, tuple[str, str]], list[int]]:
    """Return language and time zone of the active ones, and the remarkable of them.

    Those have said something, or their mail address is suppressed.
    """
    suppressed = SUPPRESSED if Channel.EMAIL in channels else ""
    with connection.cursor() as cursor:
        cursor.execute(
            PEOPLE.format(users=_users(), suppressed=suppressed), [as_array(pks)]
        )
        rows = cursor.fetchall()
    people = {pk: (locale, zone) for pk, locale, zone, is_odd in rows if not is_odd}
    return people, [pk for pk, _locale, _zone, is_odd in rows if is_odd]


def _places(channels: Sequence[str]) -> str:
    selects = []
    if Channel.PUSH in channels:
        for provider, model, keys, only in (
            ("fcm", GCMDevice, None, "AND d.cloud_message_type = 'FCM'"),
            ("apns", APNSDevice, None, ""),
            ("webpush", WebPushDevice, "d.p256dh, d.auth", ""),
        ):
            device: Any = model
            selects.append(
                DEVICES.format(
                    provider=provider,
                    table=device._meta.db_table,  # noqa: SLF001
                    keys=keys or "NULL, NULL",
                    only=only,
                )
            )
    if Channel.EMAIL in channels:
        selects.append(MAILBOXES.format(users=_users()))
    if Channel.IN_APP in channels:
        selects.append(INBOXES)
    return " UNION ALL ".join(selects)
