"""Writing a restaurant's menus in the Uber Eats format, as importing reads it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from babel.numbers import get_currency_precision
from django.db.models import Prefetch
from django.utils import timezone

from menus.models import Item, Menu, Modifier, ModifierGroup, Section
from menus.selectors import with_modifiers
from menus.services.known_rows import own_id
from menus.services.uber_rows import ALWAYS, WEEKDAYS
from restaurants.models import Restaurant

Written = dict[str, Any]


def export_menu(*, restaurant: Restaurant) -> Written:
    """Return all menus of a restaurant, drafts left out, ready to be made JSON."""
    items = with_modifiers(Item.objects.filter(is_draft=False))
    sections = Section.objects.prefetch_related(Prefetch("items", items))
    menus = list(
        Menu.objects.filter(restaurant=restaurant, draft_of=None).prefetch_related(
            "hours", Prefetch("sections", sections)
        )
    )
    groups = list(
        ModifierGroup.objects.filter(restaurant=restaurant).prefetch_related(
            "modifiers__nested_groups"
        )
    )
    return _Export(restaurant).write(menus, groups)


class _Export:
    def __init__(self, restaurant: Restaurant) -> None:
        self.minor_units = 10 ** get_currency_precision(restaurant.currency)
        self.now = timezone.now()

    def write(self, menus: list[Menu], groups: list[ModifierGroup]) -> Written:
        sections = [section for menu in menus for section in menu.sections.all()]
        return {
            "menus": [self._menu(menu) for menu in menus],
            "categories": [
                {
                    "id": own_id(section),
                    "title": _title(section.name),
                    "entities": [
                        {"id": own_id(item), "type": "ITEM"}
                        for item in section.items.all()
                    ],
                }
                for section in sections
            ],
            "items": [
                *(self._item(item) for one in sections for item in one.items.all()),
                *(
                    self._modifier(one)
                    for group in groups
                    for one in group.modifiers.all()
                ),
            ],
            "modifier_groups": [_group(group) for group in groups],
        }

    def _menu(self, menu: Menu) -> Written:
        hours = {(one.weekday, one.opens_at, one.closes_at) for one in menu.hours.all()}
        days: dict[int, list[Written]] = {}
        for day, opens, closes in sorted(hours or ALWAYS):
            end = f"{closes:%H:%M}" if closes.hour or closes.minute else "24:00"
            period = {"start_time": f"{opens:%H:%M}", "end_time": end}
            days.setdefault(day, []).append(period)
        return {
            "id": own_id(menu),
            "title": _title(menu.name),
            "service_availability": [
                {"day_of_week": WEEKDAYS[day], "time_periods": periods}
                for day, periods in days.items()
            ],
            "category_ids": [own_id(section) for section in menu.sections.all()],
        }

    def _item(self, item: Item) -> Written:
        written = {
            "id": own_id(item),
            "title": _title(item.name),
            "description": _title(item.description),
            "external_data": item.code,
            "price_info": {"price": round(item.price * self.minor_units)},
            "modifier_group_ids": {"ids": _ids(item.modifier_groups.all())},
            **_labels(item),
            **self._suspension(item.sold_out_until),
        }
        if item.tax_rate is not None:
            written["tax_info"] = {"tax_rate": float(item.tax_rate)}
        return written

    def _modifier(self, modifier: Modifier) -> Written:
        return {
            "id": own_id(modifier),
            "title": _title(modifier.name),
            "price_info": {
                "price": round(modifier.price_difference * self.minor_units)
            },
            "modifier_group_ids": {"ids": _ids(modifier.nested_groups.all())},
            **_labels(modifier),
            **self._suspension(modifier.sold_out_until),
        }

    def _suspension(self, until: datetime | None) -> Written:
        if until is None or until <= self.now:
            return {}
        seconds = int(until.timestamp())
        return {"suspension_info": {"suspension": {"suspend_until": seconds}}}


def _title(text: str) -> Written:
    return {"translations": {"en": text}}


def _ids(groups: Iterable[ModifierGroup]) -> list[str]:
    return [own_id(group) for group in groups]


def _labels(row: Item | Modifier) -> Written:
    return {
        "dish_info": {
            "classifications": {
                "dietary_label_info": {"labels": [code.upper() for code in row.diets]}
            }
        },
        "nutritional_info": {"allergens": [code.upper() for code in row.allergens]},
    }


def _group(group: ModifierGroup) -> Written:
    return {
        "id": own_id(group),
        "title": _title(group.name),
        "quantity_info": {
            "quantity": {
                "min_permitted": group.min_choices,
                "max_permitted": group.max_choices,
            }
        },
        "modifier_options": [
            {"id": own_id(one), "type": "ITEM"} for one in group.modifiers.all()
        ],
    }
