"""How it was done: answers, times, promises, what was turned down, and why."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    Aggregate,
    BooleanField,
    Case,
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    Q,
    Value,
    When,
)
from django.db.models.functions import Greatest
from django.utils import timezone

from orders.figures.money import (
    COMPLETED,
    MISSED,
    REFUSED,
    HourOfWeek,
    counted_orders,
    in_periods,
)
from orders.figures.periods import Period
from orders.models import Order
from restaurants.estimating import STEP_MINUTES, Suggestion
from restaurants.models import Restaurant

Status = Order.Status
SUGGESTED_FROM = timedelta(days=28)
# Fewer orders in an hour of the week say nothing about it.
FEWEST = 3
LATE = Q(ended_at__gt=F("promised_until"))


class Seconds(Func):
    """A span of time in whole seconds, never below zero; zero of nothing."""

    template = "GREATEST(0, date_part('epoch', %(expressions)s)::int)"
    output_field = IntegerField()


class MedianAndNinety(Aggregate):
    """The median and the 90th percentile; nothing of nothing."""

    template = (
        "percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY %(expressions)s)"
    )
    output_field = ArrayField(IntegerField())


class ThreeQuarters(Aggregate):
    """What three quarters of the values do not exceed."""

    template = "percentile_disc(0.75) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = IntegerField()


@dataclass(frozen=True)
class Spread:
    """Half took no longer than `median`, nine in ten no longer than `ninety`."""

    median: timedelta | None = None
    ninety: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Service:
    accepted: int = 0
    refused: int = 0
    missed: int = 0
    completed: int = 0
    kept: int = 0
    answering: Spread = field(default_factory=Spread)
    preparing: Spread = field(default_factory=Spread)
    delivering: Spread = field(default_factory=Spread)
    late: Spread = field(default_factory=Spread)

    @property
    def acceptance(self) -> float | None:
        asked = self.accepted + self.refused + self.missed
        return self.accepted / asked if asked else None

    @property
    def promise(self) -> float | None:
        """The part of the completed orders that came within the promised window."""
        return self.kept / self.completed if self.completed else None


@dataclass(frozen=True)
class EndReason:
    """How often orders ended uneaten in one way, and in the period before."""

    status: str
    actor: str
    reason: str
    orders: int
    orders_before: int


def get_service(
    *,
    restaurants: Iterable[Restaurant] | None,
    period: Period,
    before: Period,
    minutes_to_answer: int | None = None,
) -> tuple[Service, Service]:
    """Return how a period's orders were answered, cooked and brought, and before it.

    `minutes_to_answer` is the restaurant's; None reads each restaurant's own.
    """
    rows = (
        counted_orders(restaurants)
        .filter(in_periods(period, before))
        .annotate(is_current=_within(period))
        .values("is_current")
        .annotate(
            accepted_count=Count("accepted_at"),
            refused_count=Count("pk", filter=REFUSED),
            missed_count=Count("pk", filter=MISSED),
            completed_count=Count("pk", filter=COMPLETED),
            kept_count=Count("pk", filter=COMPLETED & ~LATE),
            **_spreads(minutes_to_answer),
        )
        .order_by()
    )
    found = {row["is_current"]: _service(row) for row in rows}
    return found.get(True, Service()), found.get(False, Service())


def list_end_reasons(
    *, restaurants: Iterable[Restaurant] | None, period: Period, before: Period
) -> list[EndReason]:
    """Return how rejected and cancelled orders ended, the most frequent way first."""
    ways = ("status", "end_actor", "end_reason")
    within = in_periods(period)
    rows = (
        counted_orders(restaurants)
        .filter(
            in_periods(period, before),
            status__in=[Status.REJECTED, Status.CANCELLED],
        )
        .values_list(*ways)
        .annotate(now=Count("pk", filter=within), then=Count("pk", filter=~within))
        .order_by("-now", "-then", *ways)
    )
    return [EndReason(*row) for row in rows]


def suggest_preparation(
    restaurant: Restaurant, now: datetime | None = None
) -> dict[int, Suggestion]:
    """Return preparation times by the hour of the local week, from Monday 00:00.

    Of the last 28 days' completed orders that were wanted at once: what three quarters
    were ready in after they were accepted, rounded up to five minutes. Hours with fewer
    than three such orders have none.
    """
    now = now or timezone.now()
    today = now.astimezone(ZoneInfo(restaurant.time_zone)).date()
    rows = (
        counted_orders([restaurant])
        .filter(
            COMPLETED,
            service_day__range=(today - SUGGESTED_FROM, today),
            accepted_at__gte=now - SUGGESTED_FROM,
            scheduled_for=None,
            ready_at__isnull=False,
        )
        .annotate(hour=HourOfWeek("accepted_at", time_zone=restaurant.time_zone))
        .values_list("hour")
        .annotate(
            order_count=Count("pk"),
            seconds=ThreeQuarters(_seconds("ready_at", F("accepted_at"))),
        )
        .filter(order_count__gte=FEWEST)
        .order_by("hour")
    )
    return {
        hour: Suggestion(_up_to_step(seconds), count) for hour, count, seconds in rows
    }


def _up_to_step(seconds: int) -> int:
    step = STEP_MINUTES * 60
    return max(1, math.ceil(seconds / step)) * STEP_MINUTES


def _within(period: Period) -> Case:
    return Case(
        When(in_periods(period), then=Value(value=True)),
        default=Value(value=False),
        output_field=BooleanField(),
    )


def _seconds(end: str, start: F | Case) -> Seconds:
    return Seconds(ExpressionWrapper(F(end) - start, output_field=DurationField()))


def _spreads(minutes_to_answer: int | None) -> dict[str, MedianAndNinety]:
    minute = timedelta(minutes=1)
    to_answer: Any = F("restaurant__answer_minutes") * Value(minute)
    if minutes_to_answer is not None:
        to_answer = Value(minutes_to_answer * minute)
    # What is ordered for later is to be answered once the restaurant opens.
    asked_at = Case(
        When(scheduled_for=None, then=F("placed_at")),
        default=Greatest(
            F("placed_at"),
            ExpressionWrapper(F("answer_by") - to_answer, DateTimeField()),
        ),
        output_field=DateTimeField(),
    )
    # The kitchen lets what is ordered for later wait, so that says nothing of it.
    at_once = Q(scheduled_for=None)
    return {
        "answering": MedianAndNinety(
            _seconds("accepted_at", asked_at), filter=Q(accepted_at__isnull=False)
        ),
        "preparing": MedianAndNinety(
            _seconds("ready_at", F("accepted_at")),
            filter=at_once & Q(accepted_at__isnull=False, ready_at__isnull=False),
        ),
        "delivering": MedianAndNinety(
            _seconds("ended_at", F("out_at")),
            filter=Q(status=Status.DELIVERED, out_at__isnull=False),
        ),
        "late": MedianAndNinety(
            _seconds("ended_at", F("promised_until")), filter=COMPLETED & LATE
        ),
    }


def _service(row: Mapping[str, Any]) -> Service:
    return Service(
        accepted=row["accepted_count"],
        refused=row["refused_count"],
        missed=row["missed_count"],
        completed=row["completed_count"],
        kept=row["kept_count"],
        answering=_spread(row["answering"]),
        preparing=_spread(row["preparing"]),
        delivering=_spread(row["delivering"]),
        late=_spread(row["late"]),
    )


def _spread(seconds: list[int] | None) -> Spread:
    if not seconds or seconds[0] is None:
        return Spread()
    return Spread(*(timedelta(seconds=value) for value in seconds))
