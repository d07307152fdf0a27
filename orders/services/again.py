"""A past order put into the cart once more, as it can be had now."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from menus.models import Item
from menus.pricing import Choice
from menus.selectors import load_items, say_sold_out
from orders.exceptions import ItemRefusedError
from orders.models import Cart, Order, OrderLine, OrderLineModifier
from orders.services.cart import Wish, have_lines
from restaurants.availability import check_orderability, say_moment
from restaurants.models import Restaurant


@dataclass(frozen=True)
class LeftOut:
    """A line that is not in the cart, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class Repriced:
    """A line of which one costs other than it did."""

    name: str
    before: Decimal
    after: Decimal


@dataclass(frozen=True)
class OrderedAgain:
    """What became of an order's lines; `closed` says why it has to wait, if it has."""

    added: int  # items, not lines
    left_out: list[LeftOut]
    repriced: list[Repriced]
    closed: str = ""


@transaction.atomic
def order_again(
    *, order: Order, cart: Cart, replace_restaurant: bool = False
) -> OrderedAgain:
    """Put an order's lines into the cart, all that can be had or, on an error, none.

    What is there already counts: asking twice doubles nothing. Amounts are in the
    restaurant's currency. OtherRestaurantError: the cart holds food
    from elsewhere and `replace_restaurant` is False.
    """
    now = timezone.now()
    lines = list(
        order.lines.select_related("item").prefetch_related("modifiers__modifier")
    )
    items = load_items([line.item_id for line in lines if line.item_id is not None])
    left_out: list[LeftOut] = []
    possible: list[tuple[OrderLine, Wish]] = []
    for line in lines:
        item = items.get(line.item_id or 0)
        why = _find_loss(line) or _say_gone(item, now)
        if why or item is None:
            left_out.append(LeftOut(line.name, why))
        else:
            wish = Wish(item, line.quantity, _choices(line), line.note)
            possible.append((line, wish))
    found = have_lines(
        cart=cart,
        wishes=[wish for _line, wish in possible],
        replace_restaurant=replace_restaurant,
    )
    added = 0
    repriced: list[Repriced] = []
    for (line, _wish), fresh in zip(possible, found, strict=True):
        if isinstance(fresh, ItemRefusedError):
            left_out.append(LeftOut(line.name, str(fresh.message)))
            continue
        added += line.quantity
        if fresh.unit_price_seen != line.unit_price:
            change = Repriced(line.name, line.unit_price, fresh.unit_price_seen)
            repriced.append(change)
    closed = _say_closed(order.restaurant, cart, now) if added else ""
    return OrderedAgain(added, left_out, repriced, closed)


def _find_loss(line: OrderLine) -> str:
    """Say what of a line exists no more.

    What somebody asked for is not dropped silently, nor for them: without it the dish
    is another one, and it may have been asked for because of an allergy.
    """
    if line.item is None:
        return _("It is no longer on the menu.")
    for row in line.modifiers.all():
        if row.modifier is None:
            return _("“%(modifier)s” is no longer offered with it.") % {
                "modifier": row.name
            }
    return ""


def _say_gone(item: Item | None, now: datetime) -> str:
    if (
        item is None
        or not (item.is_active and item.section.menu.is_active)
        or item.restaurant.status != Restaurant.Status.LIVE
    ):
        return _("It is no longer on the menu.")
    return say_sold_out(item, time_zone=item.restaurant.time_zone, moment=now)


def _choices(line: OrderLine) -> list[Choice]:
    rows = list(line.modifiers.all())
    return [
        Choice(row.modifier.public_id, _children(row, rows))
        for row in rows
        if row.parent_id is None and row.modifier
    ]


def _children(parent: OrderLineModifier, rows: list[OrderLineModifier]) -> list[Choice]:
    return [
        Choice(row.modifier.public_id)
        for row in rows
        if row.parent_id == parent.pk and row.modifier
    ]


def _say_closed(restaurant: Restaurant, cart: Cart, now: datetime) -> str:
    """Say that the restaurant takes no orders right now, and when it does again."""
    here = (restaurant.latitude, restaurant.longitude)
    answer = check_orderability(
        restaurant, moment=now, place=here, fulfilment=cart.fulfilment
    )
    if answer.can_order:
        return ""
    if answer.next_opening is None:
        return str(answer.message)
    return _("%(why)s It takes orders again %(moment)s; you can order for later.") % {
        "why": answer.message,
        "moment": say_moment(
            answer.next_opening, time_zone=restaurant.time_zone, now=now
        ),
    }
