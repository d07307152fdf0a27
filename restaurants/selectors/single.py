"""Reads about one restaurant."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from restaurants.models import Restaurant, SpecialHours
from restaurants.opening import WeeklySpan

# How far ahead it is told that hours differ.
AHEAD = timedelta(days=14)


@dataclass(frozen=True)
class FeeStep:
    """The fee from a distance in metres on, up to the next step or the radius."""

    until: float
    fee: Decimal
    is_here: bool


def get_restaurant(*, slug: str) -> Restaurant:
    """Return a live restaurant with cuisines and hours loaded; DoesNotExist if none."""
    return (
        Restaurant.objects.live()
        .prefetch_related("cuisines", "opening_hours", "special_hours")
        .get(slug=slug)
    )


def get_live_restaurant(*, public_id: UUID) -> Restaurant:
    """Return the same as get_restaurant by its public id."""
    return (
        Restaurant.objects.live()
        .defer("search_document")
        .prefetch_related("cuisines", "opening_hours", "special_hours")
        .get(public_id=public_id)
    )


def list_week(restaurant: Restaurant) -> list[WeeklySpan]:
    """Return the weekly opening hours as they are in the database now, in order."""
    rows = restaurant.opening_hours.order_by("weekday", "opens_at")
    return [WeeklySpan(row.weekday, row.opens_at, row.closes_at) for row in rows]


def list_special_hours(
    restaurant: Restaurant, *, moment: datetime
) -> list[SpecialHours]:
    """Return what differs from the week in the days ahead; hours must be loaded."""
    today = moment.astimezone(ZoneInfo(restaurant.time_zone)).date()
    rows = restaurant.special_hours.all()
    return [row for row in rows if today <= row.date <= today + AHEAD]


def list_fee_steps(restaurant: Restaurant, distance: float | None) -> list[FeeStep]:
    """Return the delivery fees by distance, and which one holds at a distance."""
    radius = restaurant.delivery_radius
    starts = [0.0, *restaurant.fee_step_metres]
    fees = [restaurant.delivery_fee, *restaurant.fee_step_fees]
    steps = []
    for number, (start, fee) in enumerate(zip(starts, fees, strict=True)):
        until = min(radius, starts[number + 1]) if number + 1 < len(starts) else radius
        if start < radius:
            # As Restaurant.delivery_fee_at: a step begins at its own distance.
            is_last = until == radius
            is_here = distance is not None and (
                start <= distance < until or (is_last and distance == radius)
            )
            steps.append(FeeStep(until, fee, is_here))
    return steps
