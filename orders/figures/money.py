"""What was sold: orders, revenue, delivery sales; by day, hour, region, restaurant."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision, list_currencies
from django.db.models import (
    Aggregate,
    Case,
    Count,
    DecimalField,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Least, Round

from orders.figures.periods import Period
from orders.models import Order, OrderEvent
from orders.pricing import round_amount
from restaurants.models import Fulfilment, Restaurant

Status = Order.Status
WEEK = timedelta(days=7)
AMOUNT = DecimalField(max_digits=14, decimal_places=2)
# What items and modifiers came to with their tax, never zero.
GROSS = Case(
    When(prices_include_tax=True, then=F("subtotal")),
    default=F("subtotal") + F("tax"),
    output_field=AMOUNT,
)
WHOLE_CURRENCIES = sorted(
    code for code in list_currencies() if get_currency_precision(code) == 0
)
TAX_SHARE = F("refunded") * F("tax") / GROSS
# What orders.pricing.tax_in_refund says, in SQL.
REFUNDED_TAX = Case(
    When(Q(refunded=0) | Q(tax=0), then=Value(Decimal(0))),
    When(
        currency__in=WHOLE_CURRENCIES,
        then=Least(Round(TAX_SHARE, output_field=AMOUNT), F("tax")),
    ),
    default=Least(Round(TAX_SHARE, 2, output_field=AMOUNT), F("tax")),
    output_field=AMOUNT,
)
TAX = ExpressionWrapper(F("tax") - REFUNDED_TAX, output_field=AMOUNT)
# What items and modifiers came to, without tax, less what was given back.
NET = ExpressionWrapper(
    Case(
        When(prices_include_tax=True, then=F("subtotal") - F("tax")),
        default=F("subtotal"),
        output_field=AMOUNT,
    )
    - F("refunded")
    + REFUNDED_TAX,
    output_field=AMOUNT,
)
KEPT = ExpressionWrapper(F("total") - F("refunded"), output_field=AMOUNT)
DELIVERED = Q(fulfilment=Fulfilment.DELIVERY)
COMPLETED = Q(status__in=Order.COMPLETED)
MISSED = Q(status=Status.CANCELLED, end_reason=OrderEvent.Reason.NO_RESPONSE)
# The restaurant said no, whichever button it used for it.
REFUSED = Q(status=Status.REJECTED) | Q(
    status=Status.CANCELLED,
    end_actor=OrderEvent.Actor.RESTAURANT,
    accepted_at__isnull=True,
)
SUMS: Mapping[str, Aggregate] = {
    "order_count": Count("pk"),
    "revenue": Sum(NET),
    "delivery_count": Count("pk", filter=DELIVERED),
    "delivery_sales": Sum(NET, filter=DELIVERED),
    "taxes": Sum(TAX),
    "fees": Sum("delivery_fee"),
    "tips": Sum("tip"),
    "refunds": Sum("refunded"),
    "totals": Sum(KEPT),
}


class HourOfWeek(Func):
    """The local hour of the week of a moment, from Monday 00:00.

    One conversion and one division: extracting day and hour takes three times as long.
    """

    # Local hours since 1970, which began on a Thursday.
    template = (
        "((floor(date_part('epoch', %(expressions)s) / 3600)::bigint + 72) %%%% 168)"
    )
    arg_joiner = " AT TIME ZONE "
    output_field = IntegerField()

    def __init__(self, moment: str, *, time_zone: str) -> None:
        super().__init__(moment, Value(time_zone))


@dataclass(frozen=True, kw_only=True)
class FiguresTotal:
    """The sums over delivered and collected orders; never across currencies.

    Revenue is what the items and modifiers came to, without tax and less refunds;
    delivery sales are the part of it that was delivered. Revenue, tax (less that in
    refunds), fees and tips make up the total, which is what customers paid and did not
    get back. A refund counts on its order's day.
    """

    currency: str
    orders: int = 0
    revenue: Decimal = Decimal(0)
    delivery_orders: int = 0
    delivery_sales: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    delivery_fees: Decimal = Decimal(0)
    tips: Decimal = Decimal(0)
    refunds: Decimal = Decimal(0)
    total: Decimal = Decimal(0)

    @property
    def average(self) -> Decimal | None:
        """Revenue by order, rounded half up once; None without orders."""
        if not self.orders:
            return None
        return round_amount(self.revenue / self.orders, self.currency)


@dataclass(frozen=True, kw_only=True)
class DayFigures(FiguresTotal):
    """The figures of one restaurant's day."""

    day: date
    restaurant_pk: int
    restaurant_name: str


@dataclass(frozen=True, kw_only=True)
class PartFigures(FiguresTotal):
    """The figures of one part of the whole: a day, an hour, a region, a restaurant."""

    key: Any
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Glance:
    """A day so far; money in the restaurant's own currency."""

    day: date
    figures: FiguresTotal
    accepted: int
    asked: int

    @property
    def acceptance(self) -> float | None:
        """The accepted part of the orders that were to be answered; None of none."""
        return self.accepted / self.asked if self.asked else None


def in_periods(*periods: Period) -> Q:
    """Return the condition of being an order of one of the periods' service days."""
    days = Q()
    for period in periods:
        days |= Q(service_day__range=(period.since, period.until))
    return days


def counted_orders(restaurants: Iterable[Restaurant] | None) -> QuerySet[Order]:
    """Return the orders that figures know of: paid for or in cash, and no tests.

    `restaurants` None means the whole marketplace.
    """
    orders = Order.objects.filter(is_test=False).exclude(status=Status.PENDING_PAYMENT)
    if restaurants is None:
        return orders
    return orders.filter(restaurant__in=[restaurant.pk for restaurant in restaurants])


def completed_in(
    restaurants: Iterable[Restaurant] | None, period: Period
) -> QuerySet[Order]:
    """Return the delivered and collected orders of a period's service days."""
    return counted_orders(restaurants).filter(
        COMPLETED, service_day__range=(period.since, period.until)
    )


def get_daily_figures(
    *, restaurants: Iterable[Restaurant] | None, since: date, until: date
) -> list[DayFigures]:
    """Return figures per restaurant and day of [since, until], newest day first.

    `restaurants` None means the whole marketplace. A day is the restaurant's own.
    """
    keys = ("service_day", "restaurant_id", "restaurant__name")
    rows = _sum_by(completed_in(restaurants, Period(since, until)), *keys)
    return [
        DayFigures(
            day=row["service_day"],
            restaurant_pk=row["restaurant_id"],
            restaurant_name=row["restaurant__name"],
            **_figures(row),
        )
        for row in rows.order_by("-service_day", "restaurant__name", "restaurant_id")
    ]


def list_figures_by_day(
    *, restaurants: Iterable[Restaurant] | None, periods: Iterable[Period]
) -> list[PartFigures]:
    """Return the figures per service day of all the periods, oldest first."""
    orders = counted_orders(restaurants).filter(COMPLETED, in_periods(*periods))
    rows = _sum_by(orders, "service_day")
    return _parts(rows.order_by("service_day", "currency"), "service_day")


def list_figures_by_hour_of_week(
    *, restaurant: Restaurant, period: Period
) -> list[PartFigures]:
    """Return the figures per local hour of the week in which orders were placed.

    Their keys count the hours from Monday 00:00.
    """
    hour = HourOfWeek("placed_at", time_zone=restaurant.time_zone)
    orders = completed_in([restaurant], period).annotate(hour=hour)
    return _parts(_sum_by(orders, "hour").order_by("hour", "currency"), "hour")


def list_figures_by_region(*, period: Period) -> list[PartFigures]:
    """Return the marketplace's figures per region, the most orders first."""
    rows = _sum_by(completed_in(None, period), "region__name")
    rows = rows.order_by("-order_count", "region__name", "currency")
    return _parts(rows, "region__name", name="region__name")


def list_figures_by_restaurant(
    *,
    restaurants: Iterable[Restaurant] | None,
    period: Period,
    limit: int | None = None,
) -> list[PartFigures]:
    """Return the figures per restaurant, the most orders first."""
    keys = ("restaurant_id", "restaurant__name")
    rows = _sum_by(completed_in(restaurants, period), *keys)
    rows = rows.order_by("-order_count", "restaurant__name", "restaurant_id")
    return _parts(rows[:limit], "restaurant_id", name="restaurant__name")


def add_up_figures(rows: Iterable[FiguresTotal]) -> list[FiguresTotal]:
    """Return the sums of figures, one for each currency."""
    by_currency: dict[str, list[FiguresTotal]] = {}
    for row in rows:
        by_currency.setdefault(row.currency, []).append(row)
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
            refunds=sum((row.refunds for row in rows), Decimal(0)),
            total=sum((row.total for row in rows), Decimal(0)),
        )
        for currency, rows in sorted(by_currency.items())
    ]


def figures_in(rows: Iterable[FiguresTotal], currency: str) -> FiguresTotal:
    """Return the sum in one currency; zeros when there is nothing in it."""
    for total in add_up_figures(row for row in rows if row.currency == currency):
        return total
    return FiguresTotal(currency=currency)


def count_orders_in_hand(*, restaurant: Restaurant) -> int:
    """Return how many orders are placed and not yet ended, whatever their day."""
    # Named, so that the board's own index serves it.
    on_board = [
        *(Status.PLACED, Status.ACCEPTED, Status.PREPARING, Status.READY),
        Status.OUT_FOR_DELIVERY,
    ]
    return counted_orders([restaurant]).filter(status__in=on_board).count()


def get_glances(*, restaurant: Restaurant, now: datetime) -> tuple[Glance, Glance]:
    """Return today so far, and the same weekday a week ago up to the same hour."""
    zone = ZoneInfo(restaurant.time_zone)
    local = now.astimezone(zone)
    today, then = local.date(), local.date() - WEEK
    cut = datetime.combine(then, local.time(), zone)
    by_now = Q(service_day=today)
    done = COMPLETED & (by_now | Q(ended_at__lte=cut))
    accepted = Q(accepted_at__isnull=False) & (by_now | Q(accepted_at__lte=cut))
    said_no = (REFUSED | MISSED) & (by_now | Q(ended_at__lte=cut))
    nothing = Value(Decimal(0), AMOUNT)
    rows = (
        counted_orders([restaurant])
        .filter(service_day__in=[today, then], currency=restaurant.currency)
        .values("service_day")
        .annotate(
            order_count=Count("pk", filter=done),
            revenue=Coalesce(Sum(NET, filter=done), nothing),
            delivery_sales=Coalesce(Sum(NET, filter=done & DELIVERED), nothing),
            accepted_count=Count("pk", filter=accepted),
            refused_count=Count("pk", filter=said_no),
        )
    )
    by_day = {row["service_day"]: row for row in rows}
    return (
        _glance(today, by_day, restaurant.currency),
        _glance(then, by_day, restaurant.currency),
    )


def _glance(day: date, by_day: Mapping[date, Any], currency: str) -> Glance:
    row = by_day.get(day)
    if row is None:
        empty = FiguresTotal(currency=currency)
        return Glance(day=day, figures=empty, accepted=0, asked=0)
    return Glance(
        day=day,
        figures=FiguresTotal(
            currency=currency,
            orders=row["order_count"],
            revenue=row["revenue"],
            delivery_sales=row["delivery_sales"],
        ),
        accepted=row["accepted_count"],
        asked=row["accepted_count"] + row["refused_count"],
    )


def _sum_by(orders: QuerySet[Any], *keys: str) -> QuerySet[Any, dict[str, Any]]:
    rows: QuerySet[Any, dict[str, Any]] = orders.values(*keys, "currency")
    return rows.annotate(**SUMS)  # type: ignore[no-any-return]


def _parts(
    rows: Iterable[Mapping[str, Any]], key: str, *, name: str = ""
) -> list[PartFigures]:
    return [
        PartFigures(key=row[key], name=row[name] if name else "", **_figures(row))
        for row in rows
    ]


def _figures(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "currency": row["currency"],
        "orders": row["order_count"],
        "revenue": row["revenue"],
        "delivery_orders": row["delivery_count"],
        "delivery_sales": row["delivery_sales"] or Decimal(0),
        "tax": row["taxes"],
        "delivery_fees": row["fees"],
        "tips": row["tips"],
        "refunds": row["refunds"],
        "total": row["totals"],
    }
