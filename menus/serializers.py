"""What the API answers about menus."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from rest_framework import serializers

from menus.models import Allergen, Diet
from menus.photos import photo_name
from menus.pricing import least_price
from menus.whole_menus import (
    GroupRow,
    ItemRow,
    MenuRow,
    ModifierRow,
    Reason,
    Serving,
    Unavailable,
    WholeMenu,
)
from notifications.fields import (
    Code,
    Money,
    PublicId,
    Strict,
    present_moment,
    present_money,
)
from notifications.opaque import opaque_id
from restaurants.models import Weekday
from restaurants.serializers import PICTURE_HELP, picture_url

PHOTO_WIDTH = 640
WEEKDAYS = [day.name.lower() for day in Weekday]
DIET_HELP = "What it is suited for, as the restaurant says."
ALLERGEN_HELP = "The fourteen of Regulation (EU) No 1169/2011 that it contains."


class UnavailableReasonSerializer(Strict):
    """Why something cannot be had."""

    code = Code(Reason)
    message = serializers.CharField(help_text="In the reader's language.")


class _OrderableSerializer(Strict):
    """What can be ordered, or cannot for now."""

    diets = serializers.ListField(child=Code(Diet), help_text=DIET_HELP)
    allergens = serializers.ListField(child=Code(Allergen), help_text=ALLERGEN_HELP)
    is_available = serializers.BooleanField()
    unavailable_reason = UnavailableReasonSerializer(
        allow_null=True, help_text="Null while it is available."
    )
    available_again_at = serializers.DateTimeField(
        allow_null=True,
        help_text="Null while it is available, and where nobody knows.",
    )


class NestedModifierSerializer(_OrderableSerializer):
    id = PublicId()
    name = serializers.CharField()
    price_difference = Money(help_text="Added to the price; may be below zero.")


class NestedModifierGroupSerializer(Strict):
    """What can be chosen with a modifier."""

    id = PublicId()
    name = serializers.CharField()
    min_choices = serializers.IntegerField()
    max_choices = serializers.IntegerField()
    modifiers = NestedModifierSerializer(many=True)


class ModifierSerializer(NestedModifierSerializer):
    modifier_groups = NestedModifierGroupSerializer(
        many=True, help_text="Asked further once it is chosen."
    )


class ModifierGroupSerializer(Strict):
    """A choice to be made: at least and at most so many of its modifiers, each once."""

    id = PublicId()
    name = serializers.CharField()
    min_choices = serializers.IntegerField()
    max_choices = serializers.IntegerField()
    modifiers = ModifierSerializer(many=True)


class ItemSerializer(_OrderableSerializer):
    id = PublicId()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    photo_url = serializers.URLField(allow_null=True, help_text=PICTURE_HELP)
    price = Money(help_text="Of one, without modifiers.")
    price_from = Money(help_text="The least one can cost with what must be chosen.")
    modifier_groups = ModifierGroupSerializer(many=True)


class SectionSerializer(Strict):
    """A part of a menu."""

    id = PublicId()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    items = ItemSerializer(many=True)


class MenuHoursSerializer(Strict):
    """A span of a weekday in the restaurant's time zone.

    One that ends at or before its start runs past midnight; equal times mean the whole
    day.
    """

    weekday = Code(WEEKDAYS)
    opens_at = serializers.CharField(help_text="As 11:00, local.")
    closes_at = serializers.CharField(help_text="As 14:30, local.")


class MenuSerializer(Strict):
    """A restaurant's menu."""

    id = PublicId()
    name = serializers.CharField()
    is_served_now = serializers.BooleanField()
    hours = MenuHoursSerializer(
        many=True, help_text="When it is served; empty means always."
    )
    sections = SectionSerializer(many=True, help_text="Those with items.")


class WholeMenuSerializer(Strict):
    """A menu with everything on it."""

    restaurant_id = PublicId()
    time_zone = serializers.CharField(help_text="A name of the IANA's database.")
    currency = serializers.CharField(help_text="ISO 4217.")
    menus = MenuSerializer(many=True)


# The same few thousand rows are asked for again and again.
@lru_cache(maxsize=16384)
def _id_of(kind: str, pk: int) -> str:
    return str(opaque_id(kind, pk))


def present_whole_menu(
    whole: WholeMenu, *, restaurant_id: str, moment: datetime
) -> dict[str, Any]:
    return {
        "restaurant_id": restaurant_id,
        "time_zone": whole.time_zone,
        "currency": whole.currency,
        "menus": [_Presented(whole, menu, moment).menu() for menu in whole.menus],
    }


class _Presented:
    """One menu, for a moment; what its items share is made once."""

    def __init__(self, whole: WholeMenu, menu: MenuRow, moment: datetime) -> None:
        self.whole, self._menu = whole, menu
        self._week = whole.weeks.get(menu.pk, [])
        self._serving = Serving(self._week, time_zone=whole.time_zone, moment=moment)
        self._money = cache(self._present_money)
        self._groups: dict[int, dict[str, Any]] = {}
        self._differences: dict[int, tuple[int, list[Decimal]]] = {}

    def menu(self) -> dict[str, Any]:
        sections = [
            {
                "id": _id_of("section", section.pk),
                "name": section.name,
                "description": section.description,
                "items": [self._item(item) for item in items],
            }
            for section in self.whole.sections.get(self._menu.pk, ())
            if (items := self.whole.items.get(section.pk))
        ]
        return {
            "id": _id_of("menu", self._menu.pk),
            "name": self._menu.name,
            "is_served_now": self._serving.is_now,
            "hours": [
                {
                    "weekday": WEEKDAYS[span.weekday],
                    "opens_at": f"{span.opens_at:%H:%M}",
                    "closes_at": f"{span.closes_at:%H:%M}",
                }
                for span in self._week
            ],
            "sections": sections,
        }

    def _item(self, item: ItemRow) -> dict[str, Any]:
        groups = [
            group
            for pk in self.whole.groups_of_item.get(item.pk, ())
            if (group := self.whole.groups.get(pk))
        ]
        price_from = item.price
        if groups:
            asked = [self._least_of(group) for group in groups]
            price_from = str(least_price(Decimal(item.price), asked)[0])
        unavailable = self._serving.find_unavailable(
            item.sold_out_until, item.portions_left
        )
        photo = photo_name(item.photo, PHOTO_WIDTH) if item.photo else ""
        return {
            "id": item.public_id,
            "name": item.name,
            "description": item.description,
            "photo_url": picture_url(photo, item.drawing),
            "price": self._money(item.price),
            "price_from": self._money(price_from),
            "diets": item.diets,
            "allergens": item.allergens,
            **_present_unavailable(unavailable),
            "modifier_groups": [self._group(group) for group in groups],
        }

    def _least_of(self, group: GroupRow) -> tuple[int, list[Decimal]]:
        found = self._differences.get(group.pk)
        if found is None:
            modifiers = self.whole.modifiers.get(group.pk, ())
            differences = [Decimal(one.price_difference) for one in modifiers]
            found = self._differences[group.pk] = (group.min_choices, differences)
        return found

    def _group(self, group: GroupRow) -> dict[str, Any]:
        if group.pk not in self._groups:
            self._groups[group.pk] = self._present_group(group, is_nested=False)
        return self._groups[group.pk]

    def _present_group(self, group: GroupRow, *, is_nested: bool) -> dict[str, Any]:
        modifiers = [
            self._modifier(one) for one in self.whole.modifiers.get(group.pk, ())
        ]
        if not is_nested:
            of = self.whole.groups_of_modifier
            rows = self.whole.modifiers.get(group.pk, ())
            for shown, row in zip(modifiers, rows, strict=True):
                shown["modifier_groups"] = [
                    # One level: what a nested modifier asks for is not asked.
                    self._present_group(self.whole.groups[pk], is_nested=True)
                    for pk in of.get(row.pk, ())
                ]
        return {
            "id": _id_of("modifier_group", group.pk),
            "name": group.name,
            "min_choices": group.min_choices,
            "max_choices": group.max_choices,
            "modifiers": modifiers,
        }

    def _modifier(self, modifier: ModifierRow) -> dict[str, Any]:
        return {
            "id": modifier.public_id,
            "name": modifier.name,
            "price_difference": self._money(modifier.price_difference),
            "diets": modifier.diets,
            "allergens": modifier.allergens,
            **_present_unavailable(
                self._serving.find_modifier_unavailable(modifier.sold_out_until)
            ),
        }

    def _present_money(self, amount: str) -> dict[str, object]:
        return present_money(Decimal(amount), self.whole.currency)


AVAILABLE: Mapping[str, Any] = {
    "is_available": True,
    "unavailable_reason": None,
    "available_again_at": None,
}


def _present_unavailable(found: Unavailable | None) -> Mapping[str, Any]:
    if found is None:
        return AVAILABLE
    return {
        "is_available": False,
        "unavailable_reason": {"code": found.reason.value, "message": found.message},
        "available_again_at": present_moment(found.again_at),
    }
