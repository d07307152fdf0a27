"""Reads of carts and orders, for those who may see them."""

import base64
import binascii
import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import (
    Prefetch,
    Q,
    QuerySet,
    Sum,
)
from django.utils import timezone

from customers.models import User
from menus.models import Item, Menu
from menus.pricing import Choice
from menus.selectors import is_served
from orders.exceptions import InvalidCursorError
from orders.models import (
    Cart,
    CartLine,
    CartLineModifier,
    LineChange,
    Order,
    OrderEvent,
    OrderLine,
    OrderLineModifier,
    Review,
)
from restaurants.models import Restaurant

PAGE = 20
SEPARATORS = re.compile(r"[\s()./+#-]")
# Numbers are integers of the database, and short ones have three digits.
NUMBER_DIGITS = 9
SHORT_DIGITS = 3
PHONE_DIGITS = 4
# In hand; the index of the board is of these.
# How long an order that has ended is still the kitchen's business.
JUST_ENDED = timedelta(hours=1)
ON_BOARD = (
    Order.Status.PLACED,
    Order.Status.ACCEPTED,
    Order.Status.PREPARING,
    Order.Status.READY,
    Order.Status.OUT_FOR_DELIVERY,
)


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


def with_lines_only(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Load lines and modifiers in a fixed number of queries."""
    lines = OrderLine.objects.prefetch_related(
        Prefetch("modifiers", OrderLineModifier.objects.all())
    )
    return orders.prefetch_related(Prefetch("lines", lines))


def get_order_for_visitor(
    *, user: User | None, guest_orders: Collection[str], public_id: UUID
) -> Order:
    """Return a visitor's order with all it holds; DoesNotExist for others'.

    Theirs are those they placed signed in, and the guests' orders whose public ids
    their session holds.
    """
    own = Q(customer=user) if user else Q(pk=None)
    as_guest = Q(public_id__in=guest_orders, guest_token__isnull=False)
    orders = with_lines(Order.objects.filter(own | as_guest))
    return (
        orders.select_related("restaurant", "review", "customer")
        .prefetch_related("line_changes")
        .get(public_id=public_id)
    )


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
    """Return the orders in hand with all a board shows of them, soonest due first."""
    proposed = LineChange.objects.filter(status=LineChange.Status.PROPOSED)
    orders = with_lines_only(
        Order.objects.filter(restaurant__in=list(restaurants), status__in=ON_BOARD)
    )
    return list(
        orders.select_related("restaurant", "pending_end__user")
        .prefetch_related(Prefetch("line_changes", proposed))
        .order_by("due_at", "pk")
    )


def is_of_now(now: datetime) -> Q:
    """Return what is true of orders in hand, and of those that have just ended."""
    return Q(status__in=ON_BOARD) | Q(ended_at__gte=now - JUST_ENDED)


def get_order_for_board(*, orders: QuerySet[Order], pk: int) -> Order:
    """Return one of these orders for its ticket; DoesNotExist for others."""
    return with_lines_only(orders).select_related("restaurant").get(pk=pk)


def list_lost_orders_for_restaurants(
    *, restaurants: Iterable[Restaurant], since: datetime
) -> list[Order]:
    """Return the orders that somebody else than the restaurant cancelled since then."""
    return list(
        Order.objects.filter(
            restaurant__in=list(restaurants),
            # The index leads to these days; nothing older can end now.
            service_day__gte=(since - timedelta(days=1)).date(),
            status=Order.Status.CANCELLED,
            ended_at__gte=since,
        )
        .exclude(end_actor=OrderEvent.Actor.RESTAURANT)
        .select_related("restaurant")
        .order_by("-ended_at", "-pk")[:PAGE]
    )


def list_answered_changes_for_restaurants(
    *, restaurants: Iterable[Restaurant], since: datetime
) -> list[LineChange]:
    """Return what customers said since then about changes of their orders' lines."""
    return list(
        LineChange.objects.filter(
            order__restaurant__in=list(restaurants),
            order__service_day__gte=(since - timedelta(days=1)).date(),
            status__in=[LineChange.Status.ACCEPTED, LineChange.Status.DECLINED],
            answered_at__gte=since,
        )
        .select_related("order__restaurant")
        .order_by("-answered_at", "-pk")[:PAGE]
    )


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
    last = results[-1] if more else None
    return OrderPage(results, _write_cursor(last.placed_at, last.pk) if last else None)


def _write_cursor(moment: datetime, pk: int) -> str:
    position = json.dumps([moment.isoformat(), pk])
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


@dataclass(frozen=True)
class ReviewPage:
    results: list[Review]
    next_cursor: str | None


def list_reviews(
    *,
    restaurant: Restaurant,
    stars: int | None = None,
    is_unanswered: bool = False,
    cursor: str | None = None,
    limit: int = PAGE,
) -> ReviewPage:
    """Return a restaurant's reviews with their orders, newest first."""
    reviews = Review.objects.filter(restaurant=restaurant)
    if stars is not None:
        reviews = reviews.filter(food_rating=stars)
    if is_unanswered:
        reviews = reviews.filter(answered_at=None)
    if cursor:
        at, pk = _read_cursor(cursor)
        reviews = reviews.filter(created_at__lte=at).filter(
            Q(created_at__lt=at) | Q(pk__lt=pk)
        )
    found = list(
        reviews.select_related("order").order_by("-created_at", "-pk")[: limit + 1]
    )
    last = found[limit - 1] if len(found) > limit else None
    return ReviewPage(
        found[:limit], _write_cursor(last.created_at, last.pk) if last else None
    )


def has_completed_test_order(restaurant: Restaurant) -> bool:
    """Tell whether a restaurant has tried the way of an order to its end."""
    return Order.objects.filter(
        restaurant=restaurant, is_test=True, status__in=Order.COMPLETED
    ).exists()
