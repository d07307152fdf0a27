"""What was liked: items by what they sold, guests new and returning, ratings."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from django.db.models import (
    Case,
    Count,
    F,
    Min,
    Q,
    QuerySet,
    Sum,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Lower, NullIf

from menus.models import Item
from orders.figures.money import COMPLETED, counted_orders, in_periods
from orders.figures.periods import DAY, Period
from orders.models import OrderLine, Review
from restaurants.models import Restaurant

STARS = range(5, 0, -1)
ITEM_FIELDS = ("pk", "name", "is_on_menu")


@dataclass(frozen=True, kw_only=True)
class ItemSales:
    """What an item sold; `amount` is its lines' as the customers saw them."""

    name: str
    quantity: int
    amount: Decimal
    quantity_before: int
    is_on_menu: bool


@dataclass(frozen=True)
class Guests:
    """Customers with a completed order in the period.

    `new` are those whose first completed order at the restaurant lies in it.
    """

    new: int = 0
    returning: int = 0

    @property
    def all(self) -> int:
        return self.new + self.returning


@dataclass(frozen=True)
class Ratings:
    """How many gave each number of stars, to the food and to the delivery."""

    food: Counter[int]
    delivery: Counter[int]


def list_item_sales(
    *, restaurant: Restaurant, period: Period, before: Period
) -> list[ItemSales]:
    """Return each item sold or on the menu, what sold most first.

    Their amounts add up to the subtotals of the period's completed orders.
    """
    shown = Q(is_active=True, section__menu__is_active=True)
    items = Item.objects.filter(restaurant=restaurant, is_draft=False).annotate(
        is_on_menu=Case(When(shown, then=Value(value=True)), default=Value(value=False))
    )
    menu = {pk: (name, on) for pk, name, on in items.values_list(*ITEM_FIELDS)}
    sales = [
        ItemSales(
            name=menu.get(pk, (name, False))[0],
            quantity=quantity,
            amount=amount,
            quantity_before=quantity_before,
            is_on_menu=menu.pop(pk, (name, False))[1],
        )
        for pk, name, quantity, amount, quantity_before in _sold(
            restaurant, period, before
        )
    ]
    sales += [
        ItemSales(
            name=name,
            quantity=0,
            amount=Decimal(0),
            quantity_before=0,
            is_on_menu=True,
        )
        for name, is_on_menu in menu.values()
        if is_on_menu
    ]
    return sorted(sales, key=lambda item: (-item.quantity, -item.amount, item.name))


def _sold(
    restaurant: Restaurant, period: Period, before: Period
) -> QuerySet[OrderLine, tuple[int | None, str, int, Decimal, int]]:
    orders = counted_orders([restaurant]).filter(
        in_periods(period, before), COMPLETED, currency=restaurant.currency
    )
    now = Q(order__service_day__range=(period.since, period.until))
    # A line whose item is gone goes by the name it was sold under.
    gone = Case(When(item=None, then=F("name")), default=Value(""))
    return (
        OrderLine.objects.filter(order__in=orders)
        .annotate(gone=gone)
        .values_list("item_id", "gone")
        .annotate(
            quantity_now=Coalesce(Sum("quantity", filter=now), 0),
            amount_now=Coalesce(Sum("amount", filter=now), Value(Decimal(0))),
            quantity_then=Coalesce(Sum("quantity", filter=~now), 0),
        )
        .order_by()
    )


def count_guests(
    *, restaurant: Restaurant, period: Period, before: Period
) -> tuple[Guests, Guests]:
    """Return the customers of a period, and of the one before it.

    Who orders without an account is another row each time: they are known by email.
    """
    email = NullIf(Lower("customer__email"), Value(""))
    person = Coalesce(email, Cast("customer", TextField()), output_field=TextField())
    firsts = (
        counted_orders([restaurant])
        .filter(COMPLETED, customer__isnull=False, service_day__lte=period.until)
        .values(person=person)
        .annotate(
            first=Min("service_day"),
            now=Count("pk", filter=in_periods(period)),
            then=Count("pk", filter=in_periods(before)),
        )
        .filter(Q(now__gt=0) | Q(then__gt=0))
    )
    counts = firsts.aggregate(
        now_all=Count("person", filter=Q(now__gt=0)),
        now_new=Count("person", filter=Q(now__gt=0, first__gte=period.since)),
        then_all=Count("person", filter=Q(then__gt=0)),
        then_new=Count("person", filter=Q(then__gt=0, first__gte=before.since)),
    )
    return (
        Guests(counts["now_new"], counts["now_all"] - counts["now_new"]),
        Guests(counts["then_new"], counts["then_all"] - counts["then_new"]),
    )


def get_ratings(*, restaurant: Restaurant, period: Period) -> Ratings:
    """Return the stars of the reviews written on a period's days."""
    zone = ZoneInfo(restaurant.time_zone)
    rows = (
        Review.objects.filter(
            restaurant=restaurant,
            order__is_test=False,
            created_at__gte=datetime.combine(period.since, time(), zone),
            created_at__lt=datetime.combine(period.until + DAY, time(), zone),
        )
        .values_list("food_rating", "delivery_rating")
        .annotate(review_count=Count("pk"))
        .order_by()
    )
    ratings = Ratings(Counter(), Counter())
    for food, delivery, count in rows:
        ratings.food[food] += count
        if delivery is not None:
            ratings.delivery[delivery] += count
    return ratings


def average_stars(stars: Counter[int]) -> Decimal | None:
    """Return the average to one decimal place; None of none."""
    count = stars.total()
    if not count:
        return None
    total = sum(number * given for number, given in stars.items())
    return (Decimal(total) / count).quantize(Decimal("0.1"), ROUND_HALF_UP)
