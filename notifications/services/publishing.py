"""The trigger: an event in the caller's transaction, a doorbell after commit."""

import json
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from notifications.doorbell import ring
from notifications.models import Event
from notifications.topics import Topic

# How many recipients are planned in one transaction.
CHUNK = 1000

INSERT_LIST = """
INSERT INTO notifications_chunk
       (event_id, lane, recipient_ids, due_at, rejected_because)
SELECT %(event)s, %(lane)s, (%(people)s::bigint[])[n + 1 : n + %(size)s], %(now)s, ''
  FROM generate_series(0, %(count)s - 1, %(size)s) n
"""
INSERT_AUDIENCE = """
WITH chunks AS (
    INSERT INTO notifications_chunk
           (event_id, lane, recipient_ids, due_at, rejected_because)
    SELECT %s, %s, array_agg(pk ORDER BY pk), %s, ''
      FROM (SELECT pk, (row_number() OVER (ORDER BY pk) - 1) / %s AS number
              FROM ({people}) AS people(pk)) AS numbered
     GROUP BY number
    RETURNING cardinality(recipient_ids) AS size
)
UPDATE notifications_event
   SET recipient_count = (SELECT coalesce(sum(size), 0) FROM chunks)
 WHERE id = %s
RETURNING recipient_count
"""


def publish(
    topic: Topic,
    *,
    recipients: Iterable[int] | QuerySet[Any],
    key: str,
    context: Mapping[str, object],
) -> Event:
    """Record that `recipients` are to be told; return the event.

    They are pks of users, or a queryset of users, who are settled now (a million take
    seconds). Belongs to the caller's transaction: it commits or rolls back with it.
    The same key is the same event, however often it is published. `context` is JSON
    for the topic's templates; its "url" is a path of this site.
    """
    event = Event(
        key=key,
        topic=topic.name,
        lane=topic.priority,
        context=dict(context),
        published_at=timezone.now(),
    )
    people = [] if isinstance(recipients, QuerySet) else sorted(set(recipients))
    event.recipient_count = len(people)
    with transaction.atomic():
        if not _insert(event):
            return Event.objects.get(key=key)
        if isinstance(recipients, QuerySet):
            _insert_audience(event, recipients)
        else:
            _insert_list(event, people)
        # Robust: whatever befalls the doorbell, what the caller committed stands.
        transaction.on_commit(partial(ring, event.lane), robust=True)
    return event


def _insert(event: Event) -> bool:
    """Insert the event; tell whether its key is new."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO notifications_event
                   (key, topic, lane, recipient_count, context, published_at)
            VALUES (%s, %s, %s, %s, %s, %s)
                ON CONFLICT (key) DO NOTHING RETURNING id
            """,
            [
                event.key,
                event.topic,
                event.lane,
                event.recipient_count,
                json.dumps(event.context),
                event.published_at,
            ],
        )
        row = cursor.fetchone()
    if row is not None:
        event.pk = row[0]
    return row is not None


def _insert_list(event: Event, people: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT_LIST,
            {
                "event": event.pk,
                "lane": event.lane,
                "people": people,
                "count": len(people),
                "size": CHUNK,
                "now": event.published_at,
            },
        )


def _insert_audience(event: Event, audience: QuerySet[Any]) -> None:
    people, parameters = audience.values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT_AUDIENCE.format(people=people),
            [event.pk, event.lane, event.published_at, CHUNK, *parameters, event.pk],
        )
        [event.recipient_count] = cursor.fetchone()
