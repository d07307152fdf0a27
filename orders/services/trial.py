"""A test order: a restaurant tries its own board before anybody orders.

It is an order like any other, marked so that no figure counts it.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import User
from menus.exceptions import ItemSoldOutError, MenuError
from menus.models import Item, ModifierGroup
from menus.pricing import Choice, ChosenModifier, unit_price, validate_choices
from menus.selectors import get_menu_for_customer
from menus.services import take_portions
from orders.exceptions import NotOrderableError
from orders.models import Order, OrderEvent
from orders.payments import get_provider
from orders.pricing import PricedLine, Totals, compute_totals
from orders.services.lifecycle import Actor, first_event
from orders.services.placing import next_number
from orders.services.telling import tell_step
from orders.services.writing import NewLine, write_order
from restaurants.estimating import estimate_window
from restaurants.models import Fulfilment, Restaurant

MOST_A_DAY = 10
ITEMS = 2
Dish = tuple[Item, list[ChosenModifier]]


@transaction.atomic
def place_test_order(*, restaurant_pk: int, user: User) -> Order:
    """Order the first items of a restaurant's menu from itself, to be collected.

    Whoever tries it is the customer. NotOrderableError: nothing can be ordered, ten
    were placed today, or the restaurant is neither setting up nor live.
    """
    restaurant = Restaurant.objects.get(pk=restaurant_pk)
    status = Restaurant.Status
    if restaurant.status not in (status.SETTING_UP, status.LIVE):
        raise NotOrderableError(
            _("%(name)s is now: %(status)s.")
            % {"name": restaurant.name, "status": restaurant.get_status_display()},
            code="wrong_status",
        )
    now = timezone.now()
    dishes = _find_dishes(restaurant, now)
    if not dishes:
        raise NotOrderableError(
            _("Nothing on the menu can be ordered now. Add items with prices first."),
            code="no_items",
        )
    try:
        take_portions(quantities={item.pk: 1 for item, _chosen in dishes})
    except ItemSoldOutError as error:
        raise NotOrderableError(error.message, code=error.code) from error
    order = _create(restaurant, user, dishes, now)
    event = first_event(order, actor=Actor(OrderEvent.Actor.CUSTOMER, user))
    write_order(order, event, [_new_line(restaurant, *dish) for dish in dishes])
    order.payment_status = get_provider(order.payment_method).authorize(order)
    order.save(update_fields=["payment_status"])
    tell_step(order, event)
    return order


def _find_dishes(restaurant: Restaurant, now: datetime) -> list[Dish]:
    """Return the first items that can be had, with what they ask to be chosen."""
    dishes: list[Dish] = []
    for menu in get_menu_for_customer(restaurant=restaurant, moment=now):
        for section in menu.sections.all():
            for item in section.items.all():
                if len(dishes) == ITEMS:
                    return dishes
                if not item.is_available:
                    continue
                try:
                    chosen = validate_choices(
                        item,
                        _least_choices(item.modifier_groups.all(), now),
                        moment=now,
                    )
                except MenuError:  # what it asks for is sold out
                    continue
                dishes.append((item, chosen))
    return dishes


def _least_choices(
    groups: Iterable[ModifierGroup], now: datetime, *, is_nested: bool = False
) -> list[Choice]:
    choices = []
    for group in groups:
        offered = [one for one in group.modifiers.all() if not one.is_sold_out_at(now)]
        for modifier in offered[: group.min_choices]:
            nested = [] if is_nested else modifier.nested_groups.all()
            children = _least_choices(nested, now, is_nested=True)
            choices.append(Choice(modifier.public_id, children))
    return choices


def _create(
    restaurant: Restaurant, user: User, dishes: list[Dish], now: datetime
) -> Order:
    # Taking the number locks it, so that the count below is exact.
    number = next_number(restaurant.pk)
    today = now.astimezone(ZoneInfo(restaurant.time_zone)).date()
    placed = Order.objects.filter(
        restaurant=restaurant, service_day=today, is_test=True
    )
    if placed.count() >= MOST_A_DAY:
        raise NotOrderableError(
            _("%(count)d test orders a day are enough. Try again tomorrow.")
            % {"count": MOST_A_DAY},
            code="too_many",
        )
    totals = _total(restaurant, dishes)
    minutes = restaurant.preparation_minutes_at(now)
    due_at = now + timedelta(minutes=minutes)
    window = estimate_window(ready_at=due_at, distance=None)
    return Order(
        number=number,
        region_id=restaurant.region_id,
        restaurant=restaurant,
        customer=user,
        idempotency_key=uuid.uuid4(),
        status=Order.Status.PLACED,
        fulfilment=Fulfilment.PICKUP,
        payment_method=Order.PaymentMethod.CASH,
        restaurant_name=restaurant.name,
        customer_name=(user.name or user.email)[:120],
        customer_phone=str(user.phone or restaurant.phone),
        kitchen_note=_("A test order: nobody comes for it."),
        currency=restaurant.currency,
        subtotal=totals.subtotal,
        tax=totals.tax,
        prices_include_tax=restaurant.prices_include_tax,
        total=totals.total,
        placed_at=now,
        answer_by=now + timedelta(minutes=restaurant.answer_minutes),
        preparation_minutes=minutes,
        due_at=due_at,
        promised_from=window.start,
        promised_until=window.end,
        current_from=window.start,
        current_until=window.end,
        is_test=True,
        service_day=today,
    )


def _tax_rate(restaurant: Restaurant, item: Item) -> Decimal:
    return restaurant.tax_rate if item.tax_rate is None else item.tax_rate


def _total(restaurant: Restaurant, dishes: list[Dish]) -> Totals:
    return compute_totals(
        [
            PricedLine(unit_price(item, chosen), 1, _tax_rate(restaurant, item))
            for item, chosen in dishes
        ],
        delivery_fee=Decimal(0),
        tip=Decimal(0),
        currency=restaurant.currency,
        prices_include_tax=restaurant.prices_include_tax,
    )


def _new_line(
    restaurant: Restaurant, item: Item, chosen: list[ChosenModifier]
) -> NewLine:
    return NewLine(
        item=item,
        chosen=chosen,
        quantity=1,
        unit_price=unit_price(item, chosen),
        tax_rate=_tax_rate(restaurant, item),
    )
