"""Reads of carts and orders, for those who may see them."""

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import (
    Case,
    Count,
    DecimalField,
    F,
    Prefetch,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from customers.models import User
from menus.pricing import Choice
from orders.exceptions import InvalidCursorError
from orders.models import (
    Cart,
    CartLine,
    CartLineModifier,
    Order,
    OrderLine,
    OrderLineModifier,
)
from restaurants.models import Fulfilment, Restaurant

PAGE = 20


def get_cart(*, user: User | None, token: str | None) -> Cart | None:
    """Return the cart of a person, or of a signed-out visitor's token; None if none."""
    carts = Cart.objects.select_related("restaurant")
    if user is not None:
        return carts.filter(user=user).first()
    return carts.filter(token=token, user=None).first() if token else None


def list_cart_lines(*, cart: Cart) -> list[CartLine]:
    """Return the lines with items and modifiers loaded, in two queries."""
    modifiers = CartLineModifier.objects.select_related("modifier")
    return list(
        cart.lines.select_related("item").prefetch_related(
            Prefetch("modifiers", modifiers)
        )
    )


def choices_of(line: CartLine) -> list[Choice]:
    """Return what was chosen on a line from list_cart_lines, nested as it was."""
    rows = list(line.modifiers.all())
    children: dict[int, list[Choice]] = {}
    for row in rows:
        if row.parent_id is not None:
            children.setdefault(row.parent_id, []).append(
                Choice(row.modifier.public_id)
            )
    return [
        Choice(row.modifier.public_id, children.get(row.pk, []))
        for row in rows
        if row.parent_id is None
    ]


def count_cart_items(*, user: User | None, token: str | None) -> int:
    """Return how many items a cart holds, for the badge on every page."""
    owner = Q(cart__user=user) if user else Q(cart__token=token, cart__user=None)
    if user is None and not token:
        return 0
    total: int | None = CartLine.objects.filter(owner).aggregate(n=Sum("quantity"))["n"]
    return total or 0


def with_lines(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Load restaurant, lines, modifiers, events and review in a fixed number."""
    modifiers = OrderLineModifier.objects.all()
    lines = OrderLine.objects.prefetch_related(Prefetch("modifiers", modifiers))
    return orders.select_related("restaurant", "review").prefetch_related(
        Prefetch("lines", lines), "events"
    )


def get_order_for_customer(*, customer: User, public_id: UUID) -> Order:
    """Return a customer's own order with all it holds; DoesNotExist for others."""
    return with_lines(Order.objects.filter(customer=customer)).get(public_id=public_id)


@dataclass(frozen=True)
class OrderPage:
    results: list[Order]
    next_cursor: str | None


def list_orders_for_customer(
    *, customer: User, cursor: str | None = None, limit: int = PAGE
) -> OrderPage:
    """Return a customer's orders, newest first; the cursor is that of the last page."""
    return _page(Order.objects.filter(customer=customer), cursor, limit)


def list_open_orders_for_restaurants(
    *, restaurants: Iterable[Restaurant]
) -> list[Order]:
    """Return the orders in hand, the one expected first at the top."""
    orders = Order.objects.filter(restaurant__in=list(restaurants)).exclude(
        status__in=[*Order.ENDED, Order.Status.PENDING_PAYMENT]
    )
    return list(with_lines(orders).order_by("current_from", "pk"))


def _page(orders: QuerySet[Order], cursor: str | None, limit: int) -> OrderPage:
    if cursor:
        at, pk = _read_cursor(cursor)
        # The first condition is implied; it lets the index find the start.
        orders = orders.filter(placed_at__lte=at).filter(
            Q(placed_at__lt=at) | Q(pk__lt=pk)
        )
    found = list(with_lines(orders).order_by("-placed_at", "-pk")[: limit + 1])
    results = found[:limit]
    more = len(found) > limit
    return OrderPage(results, _write_cursor(results[-1]) if more else None)


def _write_cursor(order: Order) -> str:
    position = json.dumps([order.placed_at.isoformat(), order.pk])
    return base64.urlsafe_b64encode(position.encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, int]:
    try:
        at, pk = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        moment = datetime.fromisoformat(at)
        number = int(pk)
    except (ValueError, TypeError, OverflowError, binascii.Error) as error:
        raise InvalidCursorError(cursor) from error
    if moment.tzinfo is None or not 0 <= number < 2**63:
        raise InvalidCursorError(cursor)
    return moment, number


@dataclass(frozen=True)
class DayFigures:
    """The figures of one restaurant's day, over delivered and collected orders.

    Revenue is what the items and modifiers came to, without tax; delivery sales are
    the part of it that was delivered. Revenue, tax, fees and tips make up the total.
    """

    day: date
    restaurant_pk: int
    restaurant_name: str
    currency: str
    orders: int
    revenue: Decimal
    delivery_orders: int
    delivery_sales: Decimal
    tax: Decimal
    delivery_fees: Decimal
    tips: Decimal
    total: Decimal


@dataclass(frozen=True)
class FiguresTotal:
    """Days of restaurants added up; never across currencies."""

    currency: str
    orders: int
    revenue: Decimal
    delivery_orders: int
    delivery_sales: Decimal
    tax: Decimal
    delivery_fees: Decimal
    tips: Decimal
    total: Decimal


def get_daily_figures(
    *, restaurants: Iterable[Restaurant] | None, since: date, until: date
) -> list[DayFigures]:
    """Return figures per restaurant and day of [since, until], newest day first.

    `restaurants` None means the whole marketplace. A day is the restaurant's own.
    """
    orders = Order.objects.filter(
        status__in=Order.COMPLETED, service_day__range=(since, until)
    )
    if restaurants is not None:
        orders = orders.filter(restaurant__in=list(restaurants))
    net = Case(
        When(prices_include_tax=True, then=F("subtotal") - F("tax")),
        default=F("subtotal"),
        output_field=DecimalField(max_digits=12, decimal_places=2),
    )
    delivered = Q(fulfilment=Fulfilment.DELIVERY)
    nothing = Value(Decimal(0), DecimalField(max_digits=12, decimal_places=2))
    rows = (
        orders.values("service_day", "restaurant_id", "restaurant__name", "currency")
        .annotate(
            order_count=Count("pk"),
            revenue=Sum(net),
            delivery_count=Count("pk", filter=delivered),
            delivery_sales=Coalesce(Sum(net, filter=delivered), nothing),
            taxes=Sum("tax"),
            fees=Sum("delivery_fee"),
            tips=Sum("tip"),
            totals=Sum("total"),
        )
        .order_by("-service_day", "restaurant__name", "restaurant_id")
    )
    return [
        DayFigures(
            day=row["service_day"],
            restaurant_pk=row["restaurant_id"],
            restaurant_name=row["restaurant__name"],
            currency=row["currency"],
            orders=row["order_count"],
            revenue=row["revenue"],
            delivery_orders=row["delivery_count"],
            delivery_sales=row["delivery_sales"],
            tax=row["taxes"],
            delivery_fees=row["fees"],
            tips=row["tips"],
            total=row["totals"],
        )
        for row in rows
    ]


def add_up_figures(days: Iterable[DayFigures]) -> list[FiguresTotal]:
    """Return the sums of days, one for each currency."""
    by_currency: dict[str, list[DayFigures]] = {}
    for day in days:
        by_currency.setdefault(day.currency, []).append(day)
    return [
        FiguresTotal(
            currency=currency,
            orders=sum(row.orders for row in rows),
            revenue=sum((row.revenue for row in rows), Decimal(0)),
            delivery_orders=sum(row.delivery_orders for row in rows),
            delivery_sales=sum((row.delivery_sales for row in rows), Decimal(0)),
            tax=sum((row.tax for row in rows), Decimal(0)),
            delivery_fees=sum((row.delivery_fees for row in rows), Decimal(0)),
            tips=sum((row.tips for row in rows), Decimal(0)),
            total=sum((row.total for row in rows), Decimal(0)),
        )
        for currency, rows in sorted(by_currency.items())
    ]
