"""A restaurant's orders, past ones too: filtered, searched, a page at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from orders.models import Order
from orders.selectors.history import OrderPage
from orders.selectors.orders import search_orders
from orders.selectors.paging import PAGE, read_cursor, write_cursor
from restaurants.models import Restaurant

DAY = timedelta(days=1)
# Before it nothing was ordered, and at the calendar's very start no zone has a date.
EARLIEST = date(2000, 1, 1)


@dataclass(frozen=True)
class PastFilters:
    """What of a restaurant's orders is wanted; "" and None are all.

    The days are those of the restaurant's own calendar on which it was placed.
    """

    text: str = ""
    status: str = ""
    fulfilment: str = ""
    since: date | None = None
    until: date | None = None
    is_test: bool = False


def list_past_orders_for_restaurants(
    *,
    restaurants: Iterable[Restaurant],
    filters: PastFilters,
    cursor: str | None = None,
    limit: int = PAGE,
) -> OrderPage:
    """Return orders of these restaurants, newest first, in hand or over.

    The cursor is that of the last page; InvalidCursorError.
    """
    orders = (
        Order.objects.filter(_placed_on_days(restaurants, filters))
        .exclude(status=Order.Status.PENDING_PAYMENT)
        .filter(is_test=filters.is_test)
    )
    if filters.status:
        orders = orders.filter(status=filters.status)
    if filters.fulfilment:
        orders = orders.filter(fulfilment=filters.fulfilment)
    if filters.text.strip():
        orders = search_orders(orders, filters.text)
    if cursor:
        at, pk = read_cursor(cursor)
        orders = orders.filter(placed_at__lte=at).filter(
            Q(placed_at__lt=at) | Q(pk__lt=pk)
        )
    loaded = orders.select_related("restaurant").defer("restaurant__search_document")
    found = list(loaded.order_by("-placed_at", "-pk")[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    return OrderPage(
        found[:limit], write_cursor(last.placed_at, last.pk) if last else None
    )


def _placed_on_days(restaurants: Iterable[Restaurant], filters: PastFilters) -> Q:
    zones: dict[str, list[int]] = {}
    for restaurant in restaurants:
        zones.setdefault(restaurant.time_zone, []).append(restaurant.pk)
    found = Q(pk=None)
    for zone, pks in zones.items():
        days = placed_within(ZoneInfo(zone), filters.since, filters.until)
        found |= days & Q(restaurant__in=pks)
    return found


def placed_within(zone: ZoneInfo, since: date | None, until: date | None) -> Q:
    """Return what is true of orders placed on these days, both among them."""
    found = Q()
    if since is not None:
        found &= Q(placed_at__gte=_midnight(since, zone))
    if until is not None and until < date.max:
        found &= Q(placed_at__lt=_midnight(until + DAY, zone))
    return found


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(max(day, EARLIEST), time(), zone)
