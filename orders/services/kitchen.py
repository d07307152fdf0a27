"""What a kitchen switches in its busy hours, with the carts it touches told."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from menus.models import Item, Modifier
from menus.services import Switched, mark_item_sold_out, mark_modifier_sold_out
from orders.services.carts import Touched, tell_carts
from restaurants.availability import Until, end_of
from restaurants.models import Restaurant
from restaurants.services import pause_restaurant, start_busy

# What a board offers: how much longer everything takes, and for how long what holds.
BUSY_MINUTES = (10, 20)
BUSY_FOR = (Until.MINUTES_30, Until.HOUR, Until.SERVICE)
PAUSE_FOR = (
    *(Until.MINUTES_15, Until.MINUTES_30, Until.HOUR),
    *(Until.NEXT_SERVICE, Until.TOMORROW),
)
SOLD_OUT_FOR = (Until.HOUR, Until.SERVICE, Until.TOMORROW, Until.NOTICE)
# Minutes that a kitchen can promise.
LONGEST_PREPARATION = 240


@dataclass(frozen=True)
class Switch:
    """Until when it holds, and the carts under way that it touched.

    What held already touches none: their owners have been told.
    """

    until: datetime
    touched: Touched
    # What was sold out together with the thing asked for.
    others: int = 0


@transaction.atomic
def sell_out_item(*, item_pk: int, until: Until) -> Switch:
    """86 an item and what is linked to it; Item.DoesNotExist."""
    restaurant = _restaurant(Item.objects.get(pk=item_pk).restaurant_id)
    end = end_of(until, restaurant, timezone.now())
    switched = mark_item_sold_out(item_pk=item_pk, until=end)
    return _sold_out(restaurant, switched, end)


@transaction.atomic
def sell_out_modifier(*, modifier_pk: int, until: Until) -> Switch:
    """86 a modifier and what is linked to it; Modifier.DoesNotExist."""
    modifier = Modifier.objects.select_related("group").get(pk=modifier_pk)
    restaurant = _restaurant(modifier.group.restaurant_id)
    end = end_of(until, restaurant, timezone.now())
    switched = mark_modifier_sold_out(modifier_pk=modifier_pk, until=end)
    return _sold_out(restaurant, switched, end)


@transaction.atomic
def pause_kitchen(*, restaurant_pk: int, until: Until) -> Switch:
    """Take no orders for now."""
    restaurant = _restaurant(restaurant_pk)
    end = end_of(until, restaurant, timezone.now())
    touched = Touched()
    if pause_restaurant(restaurant_pk=restaurant_pk, until=end):
        touched = tell_carts(restaurant=restaurant, what="paused")
    return Switch(end, touched)


@transaction.atomic
def make_busy(*, restaurant_pk: int, minutes: int, until: Until) -> Switch:
    """Promise `minutes` more for what is ordered from now on."""
    restaurant = _restaurant(restaurant_pk)
    end = end_of(until, restaurant, timezone.now())
    touched = Touched()
    if start_busy(restaurant_pk=restaurant_pk, minutes=minutes, until=end):
        touched = tell_carts(restaurant=restaurant, what="busy", minutes=minutes)
    return Switch(end, touched)


def _restaurant(pk: int) -> Restaurant:
    return Restaurant.objects.select_related("region").get(pk=pk)


def _sold_out(restaurant: Restaurant, switched: Switched, end: datetime) -> Switch:
    touched = Touched()
    if switched.new_item_pks or switched.new_modifier_pks:
        touched = tell_carts(
            restaurant=restaurant,
            what="sold_out",
            item=switched.name,
            item_pks=switched.new_item_pks,
            modifier_pks=switched.new_modifier_pks,
        )
    others = len(switched.item_pks) + len(switched.modifier_pks) - 1
    return Switch(end, touched, others)
