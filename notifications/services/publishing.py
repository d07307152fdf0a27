"""The trigger: an event in the caller's transaction, a doorbell after commit."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import available_timezones

from django.contrib.auth import get_user_model
from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from notifications.doorbell import ring
from notifications.lanes import lane_of
from notifications.models import Event
from notifications.prepared import fetch_rows
from notifications.quiet_hours import moment_at, zone_of
from notifications.topics import Topic

# How many recipients are planned in one transaction.
CHUNK = 2000
# What is paced goes in chunks of no more than so many seconds' worth.
BURST_SECONDS = 10

INSERT_EVENT = """
INSERT INTO notifications_event
       (key, topic, lane, recipient_count, context, published_at, only_channel)
VALUES (%(key)s, %(topic)s, %(lane)s, %(count)s, %(context)s, %(start)s, %(channel)s)
    ON CONFLICT (key) DO NOTHING RETURNING id
"""
INSERT_LIST = f"""
WITH event AS ({INSERT_EVENT}), chunks AS (
    INSERT INTO notifications_chunk
           (event_id, lane, recipient_ids, due_at, rejected_because)
    SELECT event.id, %(lane)s, (%(people)s::bigint[])[n + 1 : n + %(size)s],
           %(start)s + n * %(pause)s * interval '1 second', ''
      FROM event CROSS JOIN unnest(%(starts)s::bigint[]) n
)
SELECT id FROM event
"""  # noqa: S608 - of nothing but the text above
# A chunk is due when the start of its people has come, and not before a pause after the
# one before it.
INSERT_AUDIENCE = """
WITH numbered AS (
    SELECT pk, start, (row_number() OVER (PARTITION BY start ORDER BY pk) - 1) / %s
           AS number
      FROM ({people}) AS people(pk, start)
), parts AS (
    SELECT start, array_agg(pk ORDER BY pk) AS pks,
           (row_number() OVER (ORDER BY start, number) - 1) * %s * interval '1 second'
           AS wait
      FROM numbered GROUP BY start, number
), chunks AS (
    INSERT INTO notifications_chunk
           (event_id, lane, recipient_ids, due_at, rejected_because)
    SELECT %s, %s, pks, max(start - wait) OVER (ORDER BY wait, start) + wait, ''
      FROM parts
    RETURNING cardinality(recipient_ids) AS size
)
UPDATE notifications_event
   SET recipient_count = (SELECT coalesce(sum(size), 0) FROM chunks)
 WHERE id = %s
RETURNING recipient_count
"""
AT_ONCE = "SELECT pk, %s::timestamptz FROM ({audience}) AS audience(pk)"
# Who has a time zone that is no more reads UTC, as in `zone_of`.
BY_ZONE = """
SELECT audience.pk, coalesce(starts.start, %s)
  FROM ({audience}) AS audience(pk)
  JOIN {users} AS users ON users.id = audience.pk
  LEFT JOIN unnest(%s::text[], %s::timestamptz[]) AS starts(zone, start)
         ON starts.zone = users.time_zone
"""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """When an event's recipients are told: nobody before `starts_at`.

    No more than about `per_second` of them from then. `local_start` is naive: each is
    told when the clocks where they are show it; who is past it, at once.
    """

    starts_at: datetime | None = None
    per_second: int | None = None
    local_start: datetime | None = None


def publish(
    topic: Topic,
    *,
    recipients: Iterable[int] | QuerySet[Any],
    key: str,
    context: Mapping[str, object],
    region: str = "",
    only_channel: str = "",
    timing: Timing | None = None,
) -> Event:
    """Record that `recipients` are to be told; return the event.

    They are pks of users, or a queryset of users, who are settled now (a million take
    seconds). Belongs to the caller's transaction: it commits or rolls back with it.
    The same key is the same event, however often it is published. `context` is JSON
    for the topic's templates; its "url" is a path of this site, and its "subject" what
    apps open (see `read_about`). A `region` that has lanes of its own uses them.
    """
    timing = timing or Timing()
    event = Event(
        key=key,
        topic=topic.name,
        lane=lane_of(topic.priority, region),
        context=dict(context),
        published_at=timing.starts_at or timezone.now(),
        only_channel=only_channel,
    )
    people = [] if isinstance(recipients, QuerySet) else sorted(set(recipients))
    if timing.local_start is not None and not isinstance(recipients, QuerySet):
        recipients = get_user_model().objects.filter(pk__in=people)
    event.recipient_count = len(people)
    # Within the caller's, whose way back it shares: a savepoint would gain nothing.
    with transaction.atomic(savepoint=False):
        listed = [] if isinstance(recipients, QuerySet) else people
        if not _insert(event, listed, timing.per_second):
            return Event.objects.get(key=key)
        if isinstance(recipients, QuerySet):
            _insert_audience(event, recipients, timing.per_second, timing.local_start)
        # Robust: whatever befalls the doorbell, what the caller committed stands.
        transaction.on_commit(partial(ring, event.lane), robust=True)
    return event


def _insert(event: Event, people: list[int], per_second: int | None) -> bool:
    """Insert the event with the chunks of a list; tell whether its key is new."""
    size = _size(per_second)
    rows = fetch_rows(
        INSERT_LIST if people else INSERT_EVENT,
        {
            "key": event.key,
            "topic": event.topic,
            "lane": event.lane,
            "context": json.dumps(event.context),
            "channel": str(event.only_channel),
            "people": people,
            "count": event.recipient_count,
            "size": size,
            "starts": list(range(0, len(people), size)),
            "start": event.published_at,
            "pause": pause_of(per_second).total_seconds() / size,
        },
    )
    if rows:
        event.pk = rows[0][0]
    return bool(rows)


def _insert_audience(
    event: Event,
    audience: QuerySet[Any],
    per_second: int | None,
    local_start: datetime | None,
) -> None:
    try:
        people, parameters = audience.values("pk").query.sql_with_params()
    except EmptyResultSet:
        return
    if local_start is None:
        people = AT_ONCE.format(audience=people)
        parameters = (event.published_at, *parameters)
    else:
        users = get_user_model()._meta.db_table  # noqa: SLF001 - documented by Django
        starts = starts_by_zone(local_start, not_before=event.published_at)
        people = BY_ZONE.format(audience=people, users=users)
        parameters = (starts["UTC"], *parameters, list(starts), list(starts.values()))
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT_AUDIENCE.format(people=people),
            [
                _size(per_second),
                *parameters,
                pause_of(per_second).total_seconds(),
                event.pk,
                event.lane,
                event.pk,
            ],
        )
        [event.recipient_count] = cursor.fetchone()


def starts_by_zone(local: datetime, *, not_before: datetime) -> dict[str, datetime]:
    """Return when the clocks of each time zone show a wall-clock time."""
    return {
        name: max(not_before, moment_at(local, zone_of(name)))
        for name in sorted(available_timezones() | {"UTC"})
    }


def _size(per_second: int | None) -> int:
    """Return how many recipients a chunk has: of slow events, so many fewer."""
    return min(CHUNK, per_second * BURST_SECONDS) if per_second else CHUNK


def pause_of(per_second: int | None) -> timedelta:
    """Return the time between two chunks that holds a pace."""
    if not per_second:
        return timedelta(0)
    return timedelta(seconds=_size(per_second) / per_second)
