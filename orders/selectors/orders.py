"""Reads of orders, one or many, for those who may see them."""

import re
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone

from customers.models import User
from menus.models import Item, Menu
from menus.selectors import is_served
from orders.models import Order, OrderLine, OrderLineModifier
from orders.selectors.rows import remember
from restaurants.models import Restaurant

SEPARATORS = re.compile(r"[\s()./+#-]")
# Numbers are integers of the database, and short ones have three digits.
NUMBER_DIGITS = 9
SHORT_DIGITS = 3
PHONE_DIGITS = 4


def with_lines(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Load restaurant, lines, modifiers, events and review in a fixed number."""
    modifiers = OrderLineModifier.objects.all()
    lines = OrderLine.objects.prefetch_related(Prefetch("modifiers", modifiers))
    return orders.select_related("restaurant", "review").prefetch_related(
        Prefetch("lines", lines), "events"
    )


def with_lines_only(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Load lines and modifiers in a fixed number of queries."""
    lines = OrderLine.objects.prefetch_related(
        Prefetch("modifiers", OrderLineModifier.objects.all())
    )
    return orders.prefetch_related(Prefetch("lines", lines))


def orders_of_visitor(
    *, user_pk: int | None, guest_orders: Collection[str]
) -> QuerySet[Order]:
    """Return a visitor's orders: those they placed signed in, and guests' orders.

    The latter are those whose public ids their session holds.
    """
    own = Q(customer=user_pk) if user_pk else Q(pk=None)
    as_guest = Q(public_id__in=guest_orders, guest_token__isnull=False)
    return Order.objects.filter(own | as_guest)


def get_order_now_for_visitor(
    *, user: User | None, guest_orders: Collection[str], public_id: UUID
) -> Order:
    """Return what tells how a visitor's order stands; DoesNotExist for others'."""
    user_pk = user.pk if user else None
    orders = orders_of_visitor(user_pk=user_pk, guest_orders=guest_orders)
    return (
        orders.select_related("restaurant", "customer")
        .prefetch_related("events", "line_changes")
        .get(public_id=public_id)
    )


def get_order_for_visitor(
    *, user: User | None, guest_orders: Collection[str], public_id: UUID
) -> Order:
    """Return a visitor's order with all it holds; DoesNotExist for others'."""
    user_pk = user.pk if user else None
    orders = with_lines(orders_of_visitor(user_pk=user_pk, guest_orders=guest_orders))
    return (
        orders.select_related("restaurant", "review", "customer")
        .prefetch_related("line_changes")
        .get(public_id=public_id)
    )


def load_written(order: Order) -> Order:
    """Have a new order read like one from get_order_for_customer, without a query.

    What happens to it later is not seen in it.
    """
    assert order.written is not None
    event, lines = order.written.event, order.written.lines
    for line, modifiers in zip(lines, order.written.modifiers, strict=True):
        remember(line, modifiers=modifiers)
    remember(order, lines=lines, events=[event], line_changes=[])
    order._state.fields_cache.update(review=None, claim=None)  # noqa: SLF001
    return order


def get_guest_order_under_way(*, guest_orders: Collection[str]) -> Order | None:
    """Return the newest guest's order of a session that has not ended."""
    if not guest_orders:
        return None
    orders = Order.objects.filter(
        public_id__in=guest_orders, guest_token__isnull=False, customer__is_guest=True
    )
    return orders.exclude(status__in=Order.ENDED).order_by("-placed_at").first()


def search_orders(orders: QuerySet[Order], text: str) -> QuerySet[Order]:
    """Find orders by number, by the end of a phone number, or by a part of a name."""
    digits = SEPARATORS.sub("", text)
    if not (digits.isascii() and digits.isdigit()):
        return orders.filter(customer_name__icontains=text.strip())
    found = Q()
    if len(digits) <= NUMBER_DIGITS:
        found |= Q(number=int(digits))
    if len(digits) == SHORT_DIGITS:
        # What the kitchen calls it.
        found |= Q(number__endswith=digits)
    # Stored with the country's code; typed with a zero before it, or without it.
    national = digits.lstrip("0")
    if len(national) >= PHONE_DIGITS:
        found |= Q(customer_phone__endswith=national)
    return orders.filter(found) if found else orders.none()


def list_replacements(
    *, restaurant: Restaurant, quantity: int = 1, moment: datetime | None = None
) -> list[Item]:
    """Return what can be had now instead of a line, in the menu's order.

    Items that ask for a choice are not among them: nobody chooses for the customer.
    """
    moment = moment or timezone.now()
    menus = Menu.objects.filter(restaurant=restaurant, is_active=True, draft_of=None)
    served = [
        menu.pk
        for menu in menus.prefetch_related("hours")
        if is_served(menu, time_zone=restaurant.time_zone, moment=moment)
    ]
    items = (
        Item.objects.filter(
            restaurant=restaurant,
            section__menu__in=served,
            is_active=True,
            is_draft=False,
        )
        .filter(Q(portions_left=None) | Q(portions_left__gte=quantity))
        .exclude(modifier_groups__min_choices__gt=0)
        .select_related("section")
        .order_by("section__menu__position", "section__position", "position", "pk")
    )
    return [item for item in items if not item.is_sold_out_at(moment)]


def has_completed_test_order(restaurant: Restaurant) -> bool:
    """Tell whether a restaurant has tried the way of an order to its end."""
    return Order.objects.filter(
        restaurant=restaurant, is_test=True, status__in=Order.COMPLETED
    ).exists()
