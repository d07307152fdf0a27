"""The quarter hours in which a kitchen can start an order, and how many it has then."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from menus.models import Item, Menu, Modifier
from notifications.prepared import fetch_rows
from orders.models import CartLine
from restaurants.availability import SLOT, list_order_slots
from restaurants.estimating import Window, estimate_window
from restaurants.models import Restaurant
from restaurants.opening import Span, WeeklySpan, opening_spans, span_at

BOOKING_HORIZON = timedelta(days=2)
# Of moments that can be reckoned with.
YEARS = range(2000, 2200)


@dataclass(frozen=True)
class Slot:
    """When the kitchen would start, and when it would arrive or can be collected."""

    start: datetime
    window: Window


@dataclass(frozen=True)
class Wanted:
    """A line's item, loaded with its menu, and the modifiers chosen on it."""

    item: Item
    modifiers: Collection[Modifier]

    @classmethod
    def of(cls, line: CartLine, item: Item) -> "Wanted":
        """Read a line from list_cart_lines."""
        chosen = [row.modifier for row in line.modifiers.all()]
        return cls(item, chosen)


def quarter_of(moment: datetime) -> datetime:
    """Return the start of the quarter hour that holds a moment."""
    return moment.replace(
        minute=moment.minute - moment.minute % 15, second=0, microsecond=0
    )


# The quarter hours are those of quarter_of.
STARTS = """
SELECT quarter, count(*)
  FROM orders_order, LATERAL (
       SELECT date_bin('15 minutes', coalesce(scheduled_for, placed_at),
                       TIMESTAMPTZ '2000-01-01 UTC')) AS start(quarter)
 WHERE restaurant_id = %s AND placed_at >= %s AND NOT is_test
   AND status NOT IN ('rejected', 'cancelled') AND quarter >= %s
 GROUP BY quarter
"""


def count_starts(restaurant: Restaurant, *, now: datetime) -> Counter[datetime]:
    """Return how many orders the kitchen starts in each quarter hour from now on.

    One query; none where the restaurant has no limit. What was placed long ago is left
    out: nobody books farther ahead than the horizon.
    """
    if restaurant.slot_capacity is None:
        return Counter()
    earliest = now - BOOKING_HORIZON - SLOT
    rows = fetch_rows(STARTS, [restaurant.pk, earliest, quarter_of(now)])
    return Counter(dict(rows))


def is_full(
    restaurant: Restaurant, starts: Mapping[datetime, int], moment: datetime
) -> bool:
    """Tell whether the kitchen starts as many orders then as it can."""
    capacity = restaurant.slot_capacity
    return capacity is not None and starts.get(quarter_of(moment), 0) >= capacity


def list_free_slots(
    restaurant: Restaurant,
    *,
    now: datetime,
    starts: Mapping[datetime, int],
    wanted: Sequence[Wanted],
) -> list[datetime]:
    """Return the starts at which the kitchen is open and free and serves every line.

    No query: `starts` comes from count_starts, and the items have their menus loaded.
    """
    menus = {one.item.section.menu for one in wanted}
    if not all(menu.is_active for menu in menus) or not all(
        one.item.is_active for one in wanted
    ):
        return []
    served = [
        spans
        for menu in menus
        if (spans := _served_spans(menu, restaurant, now)) is not None
    ]
    gone: list[Item | Modifier] = []
    for one in wanted:
        gone += [one.item, *one.modifiers]
    gone = [part for part in gone if part.sold_out_until is not None]
    return [
        slot
        for slot in list_order_slots(restaurant, now=now, days=BOOKING_HORIZON.days)
        if not is_full(restaurant, starts, slot)
        and all(span_at(spans, slot) for spans in served)
        and not any(part.is_sold_out_at(slot) for part in gone)
    ]


def is_served_later(menu: Menu, restaurant: Restaurant, *, now: datetime) -> bool:
    """Tell whether a menu can be ordered from for one of the times to come; no query.

    Its hours must be loaded. Whether the kitchen is full then is not looked at.
    """
    spans = _served_spans(menu, restaurant, now)
    slots = list_order_slots(restaurant, now=now, days=BOOKING_HORIZON.days)
    return any(spans is None or span_at(spans, slot) for slot in slots)


def slot_at(restaurant: Restaurant, start: datetime, distance: float | None) -> Slot:
    """Return a slot with its window; `distance` in metres is None for pickup."""
    preparation = timedelta(minutes=restaurant.preparation_minutes_at(start))
    window = estimate_window(ready_at=start + preparation, distance=distance)
    return Slot(start, window)


def _served_spans(
    menu: Menu, restaurant: Restaurant, now: datetime
) -> list[Span] | None:
    """Return when a menu is served in the days to come; None for always."""
    hours = list(menu.hours.all())
    if not hours:
        return None
    return opening_spans(
        [WeeklySpan(row.weekday, row.opens_at, row.closes_at) for row in hours],
        [],
        time_zone=restaurant.time_zone,
        since=now - timedelta(days=1),
        until=now + BOOKING_HORIZON + timedelta(days=1),
    )
