"""What operators and Prometheus are shown of the lanes: how much, how late, how well.

Every selector is a fixed number of queries, over the queues and tallies, which are
small, never over the messages of a day. Only what is stuck is looked for among those.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Func, IntegerField, Min, Q, QuerySet, Sum
from django.db.models.functions import TruncHour, TruncMinute
from django.utils import timezone

from notifications.ids import lowest_id
from notifications.lanes import list_lanes as all_lanes
from notifications.models import (
    LATENCY_BOUNDS,
    Chunk,
    Circuit,
    Event,
    Lease,
    Message,
    Notification,
    Suppression,
    Tally,
    Timer,
)

STATUS = Message.Status
# Nobody waits for a page that counts millions.
MOST_COUNTED = 10_000
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
RECENT = 5 * MINUTE
# The results of attempts that tallies count.
ACCEPTED = "accepted"
SHARES = (0.5, 0.95, 0.99)

# Each bucket of the latencies added up, by lane.
BUCKETS = """
SELECT lane, array_agg(total ORDER BY n)
  FROM (SELECT lane, n, sum(bucket)::bigint AS total
          FROM notifications_tally,
               unnest(latencies) WITH ORDINALITY AS buckets(bucket, n)
         WHERE minute >= %s GROUP BY lane, n) AS totals
 GROUP BY lane
"""
# From before any tally, those included that were folded together.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Cardinality(Func):
    """How many an array holds; unlike array_length, none is 0."""

    function = "cardinality"
    output_field = IntegerField()


@dataclass(frozen=True, slots=True)
class Lane:
    """What waits in a lane, and how fast it goes."""

    name: str
    # Recipients who are still to be planned.
    unplanned: int = 0
    # Messages that could go now, and channels of chains that are to be tried now.
    due: int = 0
    # Messages that wait for their moment: again, or not at night.
    waiting: int = 0
    # In the hands of senders.
    sending: int = 0
    # Seconds that the oldest of what is due, planned or not, has been due for.
    oldest_due_seconds: float = 0
    accepted_per_second: float = 0


def list_lanes(*, now: datetime | None = None) -> list[Lane]:
    """Return the lanes: those that there always are, and others that hold something."""
    now = now or timezone.now()
    facts: dict[str, dict[str, Any]] = {name: {} for name in all_lanes()}
    oldest: dict[str, datetime] = {}
    for rows in (
        _count_unplanned(now),
        _count_timers(now),
        _count_leased(),
        _rates(now),
    ):
        for lane, since, counts in rows:
            facts.setdefault(lane, {}).update(counts)
            if since is not None:
                oldest[lane] = min(since, oldest.get(lane, since))
    return [
        Lane(
            name,
            oldest_due_seconds=(now - oldest.get(name, now)).total_seconds(),
            **counts,
        )
        for name, counts in facts.items()
    ]


# A lane, the oldest moment at which something of it was due, and counts of it.
Row = tuple[str, datetime | None, dict[str, float]]


def _count_unplanned(now: datetime) -> list[Row]:
    due = Chunk.objects.filter(due_at__lte=now).order_by()
    rows = due.values_list("lane").annotate(
        since=Min("due_at"), count=Sum(Cardinality("recipient_ids"))
    )
    return [(lane, since, {"unplanned": count}) for lane, since, count in rows]


def _count_timers(now: datetime) -> list[Row]:
    is_due = Q(due_at__lte=now)
    # Where a channel of a chain is waited for, no message waits.
    is_waiting = Q(due_at__gt=now) & ~Q(provider=Timer.FALLBACK)
    rows = Timer.objects.values_list("lane").annotate(
        since=Min("due_at", filter=is_due),
        due=Count("pk", filter=is_due),
        waiting=Count("pk", filter=is_waiting),
    )
    return [
        (lane, since, {"due": due, "waiting": waiting})
        for lane, since, due, waiting in rows
    ]


def _count_leased() -> list[Row]:
    rows = Lease.objects.values_list("lane").annotate(
        count=Sum(Cardinality("message_ids"))
    )
    return [(lane, None, {"sending": count}) for lane, count in rows]


def _rates(now: datetime) -> list[Row]:
    """Return how many messages a second each lane had accepted lately."""
    since = now.replace(second=0, microsecond=0) - RECENT
    accepted = Tally.objects.filter(minute__gte=since, outcome=ACCEPTED)
    seconds = (now - since).total_seconds()
    return [
        (lane, None, {"accepted_per_second": count / seconds})
        for lane, count in accepted.values_list("lane").annotate(Sum("count"))
    ]


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How many attempts of a minute or an hour ended how at a provider."""

    at: datetime
    provider: str
    outcome: str
    reason: str
    count: int


def list_outcomes(
    *, is_by_hour: bool = False, now: datetime | None = None
) -> list[OutcomeCount]:
    """Return the outcomes of the last hour by the minute, or of a day by the hour.

    Oldest first; the last minute or hour is the one under way.
    """
    now = now or timezone.now()
    since = first_of(now, is_by_hour=is_by_hour)
    trunc = TruncHour if is_by_hour else TruncMinute
    rows = (
        Tally.objects.filter(minute__gte=since)
        .annotate(at=trunc("minute", tzinfo=UTC))
        .values_list("at", "provider", "outcome", "reason")
        .annotate(total=Sum("count"))
        .order_by("at", "provider", "outcome", "reason")
    )
    return [OutcomeCount(*row) for row in rows]


def first_of(now: datetime, *, is_by_hour: bool) -> datetime:
    """Return the first of the sixty minutes, or of the 24 hours, up to now."""
    if is_by_hour:
        return now.replace(minute=0, second=0, microsecond=0) - 23 * HOUR
    return now.replace(second=0, microsecond=0) - 59 * MINUTE


def list_latencies(*, since: datetime) -> dict[str, list[int]]:
    """Return by lane how many accepted messages took how long, from due to accepted.

    One number for each of LATENCY_BOUNDS, and one for what took longer.
    """
    with connection.cursor() as cursor:
        cursor.execute(BUCKETS, [since])
        return dict(cursor.fetchall())


def percentile(buckets: Sequence[int], share: float) -> float | None:
    """Return the seconds within which a share of the messages went; None if none did.

    Linear within a bucket. The last one is open: infinity if the share ends there.
    """
    wanted = share * sum(buckets)
    if not wanted:
        return None
    lower, before = 0.0, 0
    for upper, count in zip(LATENCY_BOUNDS, buckets, strict=False):
        if count and before + count >= wanted:
            return lower + (upper - lower) * (wanted - before) / count
        lower, before = upper, before + count
    return math.inf


@dataclass(frozen=True, slots=True)
class Counted:
    """A count that stops at MOST_COUNTED."""

    number: int

    def __str__(self) -> str:
        return f"{MOST_COUNTED:,}+" if self.is_more else f"{self.number:,}"

    @property
    def is_more(self) -> bool:
        return self.number > MOST_COUNTED


@dataclass(frozen=True, slots=True)
class StuckFilter:
    """Which of the dead letters and unknown messages; all, where nothing is said."""

    status: str = ""
    provider: str = ""
    reason: str = ""
    since: datetime | None = None


def list_stuck(only: StuckFilter) -> QuerySet[Message]:
    """Return dead letters and messages of unknown outcome, oldest first."""
    wanted = {"status": only.status, "provider": only.provider, "reason": only.reason}
    messages = Message.objects.filter(
        is_stuck=True, **{name: value for name, value in wanted.items() if value}
    )
    if only.since is not None:
        messages = messages.filter(pk__gte=lowest_id(only.since))
    return messages.order_by("pk")


def count_stuck(only: StuckFilter) -> Counted:
    some = list_stuck(only).values("pk")[: MOST_COUNTED + 1]
    return Counted(len(some))


@dataclass(frozen=True, slots=True)
class StuckCount:
    status: str
    provider: str
    reason: str
    count: int

    def get_status_display(self) -> str:
        return str(STATUS(self.status).label)


@dataclass(frozen=True)
class Trouble:
    """What waits for an operator."""

    dead: Counted
    unknown: Counted
    # Where those are stuck and why, of as many as are counted, the most first.
    stuck: list[StuckCount]
    rejected_chunks: Counted
    circuits: list[Circuit]
    # By reason, each with its label.
    suppressions: list[tuple[str, str, int]] = field(default_factory=list)


STUCK = """
SELECT status, provider, reason, count(*)
  FROM (SELECT status, provider, reason FROM notifications_message
         WHERE is_stuck AND status = 'dead' ORDER BY id DESC LIMIT %(most)s) AS dead
 GROUP BY 1, 2, 3
UNION ALL
SELECT status, provider, reason, count(*)
  FROM (SELECT status, provider, reason FROM notifications_message
         WHERE is_stuck AND status = 'unknown' ORDER BY id DESC LIMIT %(most)s) AS lost
 GROUP BY 1, 2, 3
 ORDER BY 4 DESC, 1, 2, 3
"""


def get_trouble() -> Trouble:
    """Return what waits for an operator, and who is not written to."""
    stuck = _count_stuck_by_reason()
    rejected = Chunk.objects.filter(due_at=None).exclude(rejected_because="")
    reasons = dict(
        Suppression.objects.values_list("reason").annotate(count=Count("pk"))
    )
    return Trouble(
        dead=_add_up(stuck, STATUS.DEAD),
        unknown=_add_up(stuck, STATUS.UNKNOWN),
        stuck=stuck,
        rejected_chunks=Counted(rejected[: MOST_COUNTED + 1].count()),
        circuits=list(Circuit.objects.order_by("provider")),
        suppressions=[
            (reason.value, str(reason.label), reasons.get(reason, 0))
            for reason in Suppression.Reason
        ],
    )


def _count_stuck_by_reason() -> list[StuckCount]:
    with connection.cursor() as cursor:
        cursor.execute(STUCK, {"most": MOST_COUNTED + 1})
        return [StuckCount(*row) for row in cursor.fetchall()]


def _add_up(stuck: Iterable[StuckCount], status: str) -> Counted:
    return Counted(sum(each.count for each in stuck if each.status == status))


@dataclass(frozen=True)
class Progress:
    """How far an event has come."""

    recipients: int
    unplanned: int
    rejected: int
    # Of its first recipients, up to MOST_COUNTED: how many messages are where.
    messages: Mapping[str, int]
    is_part: bool

    @property
    def planned(self) -> int:
        return self.recipients - self.unplanned - self.rejected


def get_progress(event: Event) -> Progress:
    """Return how many of an event's recipients are planned, and where they stand."""
    chunks = Chunk.objects.filter(event=event).order_by()
    size = Cardinality("recipient_ids")
    left = chunks.aggregate(
        all=Sum(size, default=0),
        rejected=Sum(size, filter=~Q(rejected_because=""), default=0),
    )
    oldest = lowest_id(event.published_at)
    found = list(
        Notification.objects.filter(event=event, pk__gte=oldest)
        .order_by()
        .values_list("pk", flat=True)[: MOST_COUNTED + 1]
    )
    messages = (
        Message.objects.filter(notification__in=found[:MOST_COUNTED], pk__gte=oldest)
        .order_by()
        .values_list("status")
        .annotate(count=Count("pk"))
    )
    return Progress(
        recipients=event.recipient_count,
        unplanned=left["all"] - left["rejected"],
        rejected=left["rejected"],
        messages=dict(messages.order_by("-count", "status")),
        is_part=len(found) > MOST_COUNTED,
    )
