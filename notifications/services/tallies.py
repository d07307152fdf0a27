"""Counting attempts by the minute, for whoever watches the lanes."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone

from notifications.models import LATENCY_BOUNDS
from notifications.providers.base import Envelope, Outcome, Result

# Rows are updated in one order, so that two workers do not wait for each other; last
# in their transactions, so that they wait briefly.
COUNT_UP = """
INSERT INTO notifications_tally AS tally
       (minute, lane, provider, outcome, reason, count, latencies)
SELECT %s, lane, provider, outcome, reason, count, latencies::bigint[]
  FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[])
    AS news(lane, provider, outcome, reason, count, latencies)
 ORDER BY lane, provider, outcome, reason
    ON CONFLICT (minute, lane, provider, outcome, reason)
    DO UPDATE SET count = tally.count + excluded.count,
                  latencies = ARRAY(SELECT a + b
                                      FROM unnest(tally.latencies, excluded.latencies)
                                           WITH ORDINALITY AS pairs(a, b, n)
                                     ORDER BY n)
"""

# One statement: whoever adds up all tallies sees them before or after, never fewer.
FOLD = """
WITH old AS (
    DELETE FROM notifications_tally WHERE minute > %(beginning)s AND minute < %(before)s
    RETURNING lane, provider, outcome, reason, count, latencies
), counts AS (
    SELECT lane, provider, outcome, reason, sum(count)::bigint AS count
      FROM old GROUP BY 1, 2, 3, 4
), buckets AS (
    SELECT lane, provider, outcome, reason, array_agg(total ORDER BY n) AS latencies
      FROM (SELECT lane, provider, outcome, reason, n, sum(bucket)::bigint AS total
              FROM old, unnest(latencies) WITH ORDINALITY AS buckets(bucket, n)
             GROUP BY 1, 2, 3, 4, 5) AS totals
     GROUP BY 1, 2, 3, 4
)
INSERT INTO notifications_tally AS tally
       (minute, lane, provider, outcome, reason, count, latencies)
SELECT %(beginning)s, lane, provider, outcome, reason, count,
       coalesce(latencies, '{}')
  FROM counts LEFT JOIN buckets USING (lane, provider, outcome, reason)
 ORDER BY lane, provider, outcome, reason
    ON CONFLICT (minute, lane, provider, outcome, reason)
    DO UPDATE SET count = tally.count + excluded.count,
                  latencies = ARRAY(SELECT a + b
                                      FROM unnest(tally.latencies, excluded.latencies)
                                           WITH ORDINALITY AS pairs(a, b, n)
                                     ORDER BY n)
"""
# The minute of all tallies that are older than what the pages show.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
KEPT_BY_THE_MINUTE = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Done:
    """A message that was handed over, and what came of it."""

    envelope: Envelope
    outcome: Outcome
    lease_id: int
    at: datetime


def count_up(done: Sequence[Done], *, now: datetime) -> None:
    """Add attempts to the tallies of this minute, in the caller's transaction."""
    counts: Counter[tuple[str, str, str, str]] = Counter()
    latencies: dict[tuple[str, str, str, str], list[int]] = {}
    for each in done:
        envelope, outcome = each.envelope, each.outcome
        key = (envelope.subject.lane, envelope.provider, outcome.result, outcome.reason)
        counts[key] += 1
        if outcome.result is Result.ACCEPTED:
            seconds = (each.at - _since(envelope)).total_seconds()
            buckets = latencies.setdefault(key, [0] * (len(LATENCY_BOUNDS) + 1))
            buckets[bisect_left(LATENCY_BOUNDS, seconds)] += 1
    if not counts:
        return
    columns = [list(column) for column in zip(*counts, strict=True)]
    texts = [f"{{{','.join(map(str, latencies.get(key, ())))}}}" for key in counts]
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT_UP,
            [
                now.replace(second=0, microsecond=0),
                *columns,
                list(counts.values()),
                texts,
            ],
        )


def fold_tallies(*, now: datetime | None = None) -> None:
    """Add old tallies together, so that the sums over all of them never fall."""
    before = (now or timezone.now()) - KEPT_BY_THE_MINUTE
    with connection.cursor() as cursor:
        cursor.execute(FOLD, {"beginning": BEGINNING, "before": before})


def _since(envelope: Envelope) -> datetime:
    """Return from when on a message could have gone; retries count in."""
    if envelope.attempt_number > 1:
        return envelope.subject.published_at
    return envelope.due_at
