"""When food arrives (pure): preparation, then the way, as a range people can trust."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

# Streets are longer than the straight line, and a courier parks, climbs and finds.
DETOUR = 1.3
METRES_PER_MINUTE = 300.0  # 18 km/h, a bicycle in a city
HANDLING_MINUTES = 5
STEP_MINUTES = 5
MINUTE = timedelta(minutes=1)
DELIVERY_SPREAD = timedelta(minutes=15)
PICKUP_SPREAD = timedelta(minutes=10)


@dataclass(frozen=True)
class Window:
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Suggestion:
    """A preparation time that a kitchen's own orders speak for, and how many did."""

    minutes: int
    orders: int


def travel_time(distance: float) -> timedelta:
    """Return the time on the way for a straight-line distance in metres."""
    return timedelta(minutes=_travel_minutes(distance))


def _travel_minutes(distance: float) -> int:
    return math.ceil(HANDLING_MINUTES + distance * DETOUR / METRES_PER_MINUTE)


def estimate_window(*, ready_at: datetime, distance: float | None) -> Window:
    """Return when it arrives, or with no distance when it can be collected.

    The start is rounded up to five minutes of the clock.
    """
    way = timedelta() if distance is None else travel_time(distance)
    start = round_up(ready_at + way)
    return Window(
        start, start + (PICKUP_SPREAD if distance is None else DELIVERY_SPREAD)
    )


def round_up(moment: datetime) -> datetime:
    """Return the next full five minutes at or after the moment."""
    floor = moment.replace(
        minute=moment.minute - moment.minute % STEP_MINUTES, second=0, microsecond=0
    )
    return floor if floor == moment else floor + timedelta(minutes=STEP_MINUTES)


def estimate_minutes(
    *, preparation_minutes: int, distance: float | None
) -> tuple[int, int]:
    """Return the range of minutes from ordering to eating, in steps of five."""
    minutes, spread = preparation_minutes, PICKUP_SPREAD
    if distance is not None:
        minutes, spread = minutes + _travel_minutes(distance), DELIVERY_SPREAD
    low = STEP_MINUTES * math.ceil(minutes / STEP_MINUTES)
    return low, low + spread // MINUTE
