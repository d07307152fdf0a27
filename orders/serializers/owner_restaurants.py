"""What the API answers of a restaurant to those who run it: its state, its kitchen."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rest_framework import serializers

from menus.models import Item, Modifier
from notifications.fields import (
    Code,
    Flag,
    Money,
    Page,
    Strict,
    present_moment,
    present_money,
)
from orders.services.kitchen import BUSY_FOR, BUSY_MINUTES, PAUSE_FOR, SOLD_OUT_FOR
from restaurants.availability import Until
from restaurants.models import (
    UNTIL_FURTHER_NOTICE,
    Duty,
    Membership,
    Restaurant,
)
from restaurants.serializers.addresses import (
    PostalAddressSerializer,
    present_postal_address,
)

HOW_LONG = {
    Until.MINUTES_15: "A quarter of an hour.",
    Until.MINUTES_30: "Half an hour.",
    Until.HOUR: "An hour.",
    Until.SERVICE: "To the end of the opening hours of now, or of the next ones.",
    Until.NEXT_SERVICE: "Until it opens the next time.",
    Until.TOMORROW: "Until it first opens on a later day.",
    Until.NOTICE: "Until it is taken back.",
}


def _choices(allowed: Iterable[Until]) -> list[tuple[str, str]]:
    return [(until.value, HOW_LONG[until]) for until in allowed]


class NumberChoice(serializers.ChoiceField):
    """One of a few integers, and nothing that could be made one."""

    def to_internal_value(self, data: Any) -> Any:
        if type(data) is not int:
            self.fail("invalid_choice", input=data)
        return super().to_internal_value(data)


class PauseSerializer(Strict):
    """No orders are taken."""

    reason = Code(Restaurant.PauseReason)
    until = serializers.DateTimeField(
        allow_null=True, help_text="Null: until somebody resumes."
    )


class BusySerializer(Strict):
    """Orders take longer than usual."""

    minutes = serializers.IntegerField(help_text="By how much.")
    until = serializers.DateTimeField()


class OwnRestaurantSerializer(Strict):
    """A restaurant as those see it who run it."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    status = Code(Restaurant.Status)
    role = Code(
        Membership.Role,
        allow_null=True,
    )
    duties = serializers.ListField(
        child=Code(Duty), help_text="What the user may do here."
    )
    currency = serializers.CharField(help_text="ISO 4217.")
    time_zone = serializers.CharField(help_text="A name of the IANA database.")
    phone = serializers.CharField(allow_null=True, help_text="E.164.")
    address = PostalAddressSerializer()
    offers_delivery = serializers.BooleanField()
    offers_pickup = serializers.BooleanField()
    is_open = serializers.BooleanField(help_text="By its hours; a pause aside.")
    can_order = serializers.BooleanField(
        help_text="Whether a customer nearby can order for right now."
    )
    customers_text = serializers.CharField(help_text="What customers read, in words.")
    hours_text = serializers.CharField(help_text="Open until 22:30, for people.")
    pause = PauseSerializer(allow_null=True)
    busy = BusySerializer(allow_null=True)
    unattended_since = serializers.DateTimeField(
        allow_null=True,
        help_text="No board was open, so orders for right now are not taken since.",
    )
    sold_out_count = serializers.IntegerField(
        help_text="Items and modifiers that are sold out."
    )


class OwnRestaurantPageSerializer(Page):
    results = OwnRestaurantSerializer(many=True)


def present_own_restaurant(
    restaurant: Restaurant,
    *,
    now: datetime,
    role: str | None,
    duties: Iterable[Duty],
    stands: dict[str, Any],
) -> dict[str, Any]:
    """Return a restaurant for its people; `stands` is what its switches say."""
    is_paused = restaurant.paused_until is not None and restaurant.paused_until > now
    busy_minutes = restaurant.busy_minutes_at(now)
    return {
        "id": str(restaurant.public_id),
        "name": restaurant.name,
        "status": restaurant.status,
        "role": role,
        "duties": sorted(duty.value for duty in duties),
        "currency": restaurant.currency,
        "time_zone": restaurant.time_zone,
        "phone": str(restaurant.phone) or None,
        "address": present_postal_address(restaurant),
        "offers_delivery": restaurant.offers_delivery,
        "offers_pickup": restaurant.offers_pickup,
        **stands,
        "pause": {
            "reason": restaurant.pause_reason or Restaurant.PauseReason.OWNER.value,
            "until": present_until(restaurant.paused_until),
        }
        if is_paused
        else None,
        "busy": {
            "minutes": busy_minutes,
            "until": present_moment(restaurant.busy_until),
        }
        if busy_minutes
        else None,
        "unattended_since": present_moment(restaurant.unattended_since),
    }


def present_until(moment: datetime | None) -> str | None:
    """Return when something ends; None for what ends when somebody says so."""
    if moment is None or moment >= UNTIL_FURTHER_NOTICE:
        return None
    return present_moment(moment)


class PauseInputSerializer(Strict):
    until = serializers.ChoiceField(choices=_choices(PAUSE_FOR))


class BusyInputSerializer(Strict):
    minutes = NumberChoice(
        choices=[(one, f"{one} minutes.") for one in BUSY_MINUTES],
        help_text="How much longer orders take from now on.",
    )
    until = serializers.ChoiceField(choices=_choices(BUSY_FOR))


class SoldOutInputSerializer(Strict):
    until = serializers.ChoiceField(choices=_choices(SOLD_OUT_FOR))


class KitchenItemSerializer(Strict):
    """An item of the menus that customers see, and whether it can be had."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    menu_name = serializers.CharField()
    section_name = serializers.CharField()
    price = Money()
    is_sold_out = Flag()
    sold_out_until = serializers.DateTimeField(
        allow_null=True,
        help_text="Null when it is not sold out, or until it is brought back.",
    )
    portions_left = serializers.IntegerField(
        allow_null=True, help_text="Null: nobody counts them."
    )
    modifier_ids = serializers.ListField(
        child=serializers.UUIDField(),
        help_text="Modifiers that are this item: sold out together with it.",
    )


class KitchenModifierSerializer(Strict):
    """A modifier that what is on sale asks for, and whether it can be had."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    group_name = serializers.CharField()
    price_difference = Money()
    is_sold_out = Flag()
    sold_out_until = serializers.DateTimeField(
        allow_null=True,
        help_text="Null when it is not sold out, or until it is brought back.",
    )
    item_id = serializers.UUIDField(
        allow_null=True, help_text="The item that it is: sold out together with it."
    )


class KitchenMenuSerializer(Strict):
    """All that can be sold out, in the order of the menus."""

    restaurant_id = serializers.UUIDField()
    time_zone = serializers.CharField(help_text="A name of the IANA database.")
    items = KitchenItemSerializer(many=True)
    modifiers = KitchenModifierSerializer(many=True)


def present_kitchen_menu(
    restaurant: Restaurant,
    *,
    items: list[Item],
    modifiers: list[Modifier],
    now: datetime,
) -> dict[str, Any]:
    """Return what list_items_on_sale and list_modifiers_on_sale found."""
    linked: dict[int, list[Modifier]] = {}
    for modifier in modifiers:
        if modifier.linked_item_id is not None:
            linked.setdefault(modifier.linked_item_id, []).append(modifier)
    return {
        "restaurant_id": str(restaurant.public_id),
        "time_zone": restaurant.time_zone,
        "items": [
            present_kitchen_item(item, linked.get(item.pk, []), restaurant, now)
            for item in items
        ],
        "modifiers": [
            present_kitchen_modifier(modifier, restaurant, now)
            for modifier in modifiers
        ],
    }


def present_kitchen_item(
    item: Item, linked: Iterable[Modifier], restaurant: Restaurant, now: datetime
) -> dict[str, Any]:
    """Return an item for its kitchen; section and menu are loaded."""
    return {
        "id": str(item.public_id),
        "name": item.name,
        "menu_name": item.section.menu.name,
        "section_name": item.section.name,
        "price": present_money(item.price, restaurant.currency),
        **_sold_out(item, now),
        "portions_left": item.portions_left,
        "modifier_ids": [str(modifier.public_id) for modifier in linked],
    }


def present_kitchen_modifier(
    modifier: Modifier, restaurant: Restaurant, now: datetime
) -> dict[str, Any]:
    """Return a modifier for its kitchen; group and linked item are loaded."""
    linked = modifier.linked_item
    return {
        "id": str(modifier.public_id),
        "name": modifier.name,
        "group_name": modifier.group.name,
        "price_difference": present_money(
            modifier.price_difference, restaurant.currency
        ),
        **_sold_out(modifier, now),
        "item_id": str(linked.public_id) if linked else None,
    }


def _sold_out(thing: Item | Modifier, now: datetime) -> dict[str, Any]:
    until = thing.sold_out_until
    is_over = until is None or until <= now
    return {
        "is_sold_out": thing.is_sold_out_at(now),
        "sold_out_until": None if is_over else present_until(until),
    }
