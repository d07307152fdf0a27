"""What a customer ordered: filtered, searched, a page at a time."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy

from customers.models import User
from orders.models import Order, OrderLine
from orders.selectors.orders import NUMBER_DIGITS, SEPARATORS, with_lines_only
from orders.selectors.paging import PAGE, read_cursor, write_cursor
from restaurants.models import Restaurant


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
    filters = filters or HistoryFilters()
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
    loaded = orders.select_related("restaurant", "review", "claim").defer(
        "restaurant__search_document"
    )
    return _page(loaded.prefetch_related("lines"), cursor, limit)


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
    if cursor:
        at, pk = read_cursor(cursor)
        # The first condition is implied; it lets the index find the start.
        orders = orders.filter(placed_at__lte=at).filter(
            Q(placed_at__lt=at) | Q(pk__lt=pk)
        )
    found = list(orders.order_by("-placed_at", "-pk")[: limit + 1])
    results = found[:limit]
    more = len(found) > limit
    last = results[-1] if more else None
    return OrderPage(results, write_cursor(last.placed_at, last.pk) if last else None)
