"""What a customer ordered: filtered, searched, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy

from customers.models import User
from notifications.prepared import fetch_rows
from orders.models import Order, OrderLine
from orders.selectors.orders import NUMBER_DIGITS, SEPARATORS, with_lines_only
from orders.selectors.paging import PAGE, read_cursor, write_cursor
from restaurants.models import Restaurant


class Summary(NamedTuple):
    """What a list tells of an order; its fields are those of SUMMARIES."""

    pk: int
    public_id: str
    number: int
    status: str
    end_reason: str
    fulfilment: str
    is_test: bool
    customer_id: int | None
    placed_at: datetime
    scheduled_for: datetime | None
    current_from: datetime
    current_until: datetime
    ended_at: datetime | None
    currency: str
    total: Decimal
    refunded: Decimal
    restaurant_name: str
    restaurant_id: str
    time_zone: str
    food_rating: int | None
    claim_status: str | None
    lines: list[dict[str, Any]]


# By hand: it would take longer to be made of models than to be answered.
SUMMARIES = """
    SELECT o.id, o.public_id::text, o.number, o.status, o.end_reason, o.fulfilment,
           o.is_test, o.customer_id, o.placed_at, o.scheduled_for, o.current_from,
           o.current_until, o.ended_at, o.currency, o.total, o.refunded,
           o.restaurant_name, r.public_id::text, r.time_zone, v.food_rating,
           c.status,
           (SELECT coalesce(json_agg(json_build_object(
                       'name', l.name, 'quantity', l.quantity) ORDER BY l.id), '[]')
              FROM orders_orderline l WHERE l.order_id = o.id)
      FROM orders_order o
      JOIN restaurants_restaurant r ON r.id = o.restaurant_id
      LEFT JOIN orders_review v ON v.order_id = o.id
      LEFT JOIN orders_claim c ON c.order_id = o.id
     WHERE o.id IN (%(page)s)
     ORDER BY o.placed_at DESC, o.id DESC
"""
# The page that is asked for most, as _read(_find()) makes it: it is known what to ask.
NEWEST = """
    SELECT id FROM orders_order WHERE customer_id = %s
     ORDER BY placed_at DESC, id DESC LIMIT {}
"""


@dataclass(frozen=True)
class SummaryPage:
    results: list[Summary]
    next_cursor: str | None


@dataclass(frozen=True)
class OrderPage:
    results: list[Order]
    next_cursor: str | None


class HistoryState(TextChoices):
    OPEN = "open", gettext_lazy("Under way")
    ENDED = "ended", gettext_lazy("Over")
    COMPLETED = "completed", gettext_lazy("Delivered or collected")
    CANCELLED = "cancelled", gettext_lazy("Cancelled or rejected")


STATE_CONDITIONS = {
    HistoryState.OPEN: ~Q(status__in=Order.ENDED),
    HistoryState.ENDED: Q(status__in=Order.ENDED),
    HistoryState.COMPLETED: Q(status__in=Order.COMPLETED),
    HistoryState.CANCELLED: Q(status__in=set(Order.ENDED) - set(Order.COMPLETED)),
}


@dataclass(frozen=True)
class HistoryFilters:
    """What of a customer's orders is wanted; "" is all."""

    text: str = ""
    state: str = ""
    fulfilment: str = ""


def list_orders_for_customer(
    *,
    customer: User,
    filters: HistoryFilters | None = None,
    cursor: str | None = None,
    limit: int = PAGE,
) -> OrderPage:
    """Return a customer's orders, newest first; the cursor is that of the last page.

    Restaurant, lines, review and claim are loaded.
    """
    orders = _find(customer, filters or HistoryFilters())
    loaded = orders.select_related("restaurant", "review", "claim").defer(
        "restaurant__search_document"
    )
    return _page(loaded.prefetch_related("lines"), cursor, limit)


def list_order_summaries_for_customer(
    *,
    customer: User,
    filters: HistoryFilters | None = None,
    cursor: str | None = None,
    limit: int = PAGE,
) -> SummaryPage:
    """Return of each of a customer's orders what a list tells of it.

    As list_orders_for_customer, but rows rather than orders, in one query.
    """
    filters = filters or HistoryFilters()
    parameters: Sequence[object] = [customer.pk]
    if cursor or filters != HistoryFilters():
        page = _read(_find(customer, filters), cursor, limit).values("pk")
        query, parameters = page.query.sql_with_params()
    else:
        query = NEWEST.format(limit + 1)
    rows = fetch_rows(SUMMARIES % {"page": query}, parameters)
    results = [Summary._make(row) for row in rows]
    last = results[limit - 1] if len(results) > limit else None
    return SummaryPage(
        results[:limit], write_cursor(last.placed_at, last.pk) if last else None
    )


def _find(customer: User, filters: HistoryFilters) -> QuerySet[Order]:
    orders = Order.objects.filter(customer=customer)
    if filters.state:
        orders = orders.filter(STATE_CONDITIONS[HistoryState(filters.state)])
    if filters.fulfilment:
        orders = orders.filter(fulfilment=filters.fulfilment)
    if text := filters.text.strip():
        # Few rows a customer: their own index leads, and the words are looked for.
        lines = OrderLine.objects.filter(order=OuterRef("pk"), name__icontains=text)
        found = Q(restaurant_name__icontains=text) | Q(Exists(lines))
        digits = SEPARATORS.sub("", text)
        if digits.isascii() and digits.isdigit() and len(digits) <= NUMBER_DIGITS:
            found |= Q(number=int(digits))
        orders = orders.filter(found)
    return orders


def list_recent_orders(*, customer: User, limit: int) -> list[Order]:
    """Return the newest completed order of each restaurant, newest first, with lines.

    Only what can be ordered again: of live restaurants, and among the last few orders.
    """
    done = Order.objects.filter(
        customer=customer,
        status__in=Order.COMPLETED,
        is_test=False,
        restaurant__status=Restaurant.Status.LIVE,
    )
    newest: dict[int, int] = {}
    rows = done.order_by("-placed_at", "-pk").values_list("restaurant_id", "pk")
    for restaurant_pk, pk in rows[:PAGE]:
        newest.setdefault(restaurant_pk, pk)
    orders = with_lines_only(Order.objects.filter(pk__in=list(newest.values())[:limit]))
    return list(orders.select_related("restaurant").order_by("-placed_at", "-pk"))


def _page(orders: QuerySet[Order], cursor: str | None, limit: int) -> OrderPage:
    found = list(_read(orders, cursor, limit))
    last = found[limit - 1] if len(found) > limit else None
    return OrderPage(
        found[:limit], write_cursor(last.placed_at, last.pk) if last else None
    )


def _read(orders: QuerySet[Order], cursor: str | None, limit: int) -> QuerySet[Order]:
    """Return a page and one more, from which it is seen whether there are more."""
    if cursor:
        at, pk = read_cursor(cursor)
        # The first condition is implied; it lets the index find the start.
        orders = orders.filter(placed_at__lte=at).filter(
            Q(placed_at__lt=at) | Q(pk__lt=pk)
        )
    return orders.order_by("-placed_at", "-pk")[: limit + 1]
