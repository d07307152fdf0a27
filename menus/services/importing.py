"""Reading a menu in the Uber Eats format into ours; again changes nothing.

An item or category that stands in several places there becomes one of ours for each
place, since ours stand in one. Rows are found again by where they came from.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any, TypeVar

from babel.numbers import get_currency_precision
from django.db import models, transaction

from menus.models import (
    Item,
    ItemModifierGroup,
    Menu,
    MenuHours,
    Modifier,
    ModifierGroup,
    Section,
)
from menus.services.selling import refresh_dishes
from restaurants.models import Restaurant

M = TypeVar("M", bound=models.Model)
# What a row of the file is: parsed JSON of somebody else's making.
Row = Mapping[str, Any]
WEEKDAYS = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
]
SOURCE_LENGTH = 80
HIGHEST_RATE = 100
# What a row with missing or odd fields raises when it is read.
BAD_ROW = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError)


@dataclass(frozen=True)
class LeftOut:
    row: str
    reason: str


@dataclass
class MenuReport:
    """What became of the rows; created, changed and unchanged count ours."""

    created: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)
    left_out: list[LeftOut] = field(default_factory=list)


@transaction.atomic
def import_menu(
    *,
    restaurant: Restaurant,
    document: Row,
    on_progress: Callable[[int, int], None] | None = None,
) -> MenuReport:
    """Create or update a restaurant's menus from a parsed file.

    Bad rows are left out and reported. `on_progress` gets the number of sections done
    and of all.
    """
    run = _Import(restaurant, document)
    run.read_groups()
    places = [
        (menu, position, name)
        for menu in run.read_menus()
        for position, name in enumerate(menu.category_names)
    ]
    for done, (place, position, name) in enumerate(places, 1):
        run.read_section(place.menu, name, position)
        if on_progress:
            on_progress(done, len(places))
    refresh_dishes(restaurant_pk=restaurant.pk)
    return run.report


@dataclass(frozen=True)
class _MenuPlace:
    menu: Menu
    category_names: list[str]


class _Import:
    def __init__(self, restaurant: Restaurant, document: Row) -> None:
        self.restaurant = restaurant
        self.report = MenuReport()
        self.minor_units = 10 ** get_currency_precision(restaurant.currency)
        self.menus = document.get("menus") or []
        self.group_rows = document.get("modifier_groups") or []
        self.items = self._by_id("items", document)
        self.categories = self._by_id("categories", document)
        self.groups: dict[str, ModifierGroup] = {}

    def _by_id(self, kind: str, document: Row) -> dict[str, Row]:
        rows: dict[str, Row] = {}
        for number, row in enumerate(document.get(kind) or []):
            if isinstance(row, dict) and isinstance(row.get("id"), str):
                rows[row["id"]] = row
            else:
                self._leave_out(f"{kind} {number}", "has no id")
        return rows

    def _leave_out(self, row: str, reason: str) -> None:
        self.report.left_out.append(LeftOut(row, reason))

    def read_menus(self) -> Iterator[_MenuPlace]:
        for position, row in enumerate(self.menus):
            try:
                menu = self._upsert(
                    Menu,
                    {"restaurant": self.restaurant, "source_id": _source(row["id"])},
                    {"name": _words(row["title"], 100), "position": position},
                )
                hours = list(_read_hours(row.get("service_availability") or []))
                names = list(row.get("category_ids") or [])
            except BAD_ROW as error:
                self._leave_out(f"menu {position}", _say(error))
                continue
            self._write_hours(menu, hours)
            yield _MenuPlace(menu, names)

    def _write_hours(self, menu: Menu, hours: list[tuple[int, time, time]]) -> None:
        kept = {(row.weekday, row.opens_at, row.closes_at) for row in menu.hours.all()}
        if kept == set(hours):
            return
        menu.hours.all().delete()
        MenuHours.objects.bulk_create(
            MenuHours(menu=menu, weekday=day, opens_at=opens, closes_at=closes)
            for day, opens, closes in sorted(set(hours))
        )

    def read_section(self, menu: Menu, name: str, position: int) -> None:
        row = self.categories.get(name)
        if row is None:
            self._leave_out(f"category {name}", "is not in the file")
            return
        try:
            section = self._upsert(
                Section,
                {"menu": menu, "source_id": _source(name)},
                {"name": _words(row["title"], 100), "position": position},
            )
            entities = [str(entity["id"]) for entity in row.get("entities") or []]
        except BAD_ROW as error:
            self._leave_out(f"category {name}", _say(error))
            return
        for place, item_name in enumerate(entities):
            self._read_item(section, item_name, place)

    def _read_item(self, section: Section, name: str, position: int) -> None:
        row = self.items.get(name)
        if row is None:
            self._leave_out(f"item {name}", "is not in the file")
            return
        try:
            values = {
                "section": section,
                "position": position,
                "code": str(row.get("external_data") or "")[:80],
                "name": _words(row["title"], 150),
                "description": _optional_words(row.get("description"), 500),
                "price": self._price(row, ""),
                "tax_rate": _tax_rate(row),
                "sold_out_until": _suspended_until(row),
            }
            group_names = _group_names(row)
        except BAD_ROW as error:
            self._leave_out(f"item {name}", _say(error))
            return
        source = _source(name, section.source_id, section.menu.source_id)
        item = self._upsert(
            Item, {"restaurant": self.restaurant, "source_id": source}, values
        )
        for place, group_name in enumerate(group_names):
            group = self.groups.get(group_name)
            if group is None:
                self._leave_out(f"item {name}", f"asks for unusable {group_name}")
                continue
            self._upsert(
                ItemModifierGroup, {"item": item, "group": group}, {"position": place}
            )

    def read_groups(self) -> None:
        nested: list[tuple[Modifier, list[str]]] = []
        for number, row in enumerate(self.group_rows):
            try:
                nested += self._read_group(row)
            except BAD_ROW as error:
                name = row.get("id", number) if isinstance(row, dict) else number
                self._leave_out(f"modifier group {name}", _say(error))
        for modifier, names in nested:
            wanted = {self.groups[name] for name in names if name in self.groups}
            if set(modifier.nested_groups.all()) != wanted:
                modifier.nested_groups.set(wanted)

    def _read_group(self, row: Row) -> list[tuple[Modifier, list[str]]]:
        name = row["id"]
        quantity = (row.get("quantity_info") or {}).get("quantity") or {}
        options = [str(option["id"]) for option in row.get("modifier_options") or []]
        least = int(quantity.get("min_permitted") or 0)
        most = quantity.get("max_permitted")
        most = len(options) if most is None else int(most)
        if not 0 <= least <= most or not most >= 1:
            raise ValueError(f"asks for {least} to {most} choices")
        if least > len(options):
            raise ValueError(f"asks for {least} choices of {len(options)}")
        readable = {}
        for option in options:
            try:
                readable[option] = self._modifier_values(option, name)
            except BAD_ROW as error:
                self._leave_out(f"modifier {option} of {name}", _say(error))
        if least > len(readable):
            raise ValueError(f"has only {len(readable)} usable choices of {least}")
        group = self._upsert(
            ModifierGroup,
            {"restaurant": self.restaurant, "source_id": _source(name)},
            {
                "name": _words(row["title"], 100),
                "min_choices": least,
                "max_choices": min(most, max(len(options), 1)),
            },
        )
        self.groups[name] = group
        return [
            (
                self._upsert(
                    Modifier,
                    {"group": group, "source_id": _source(option)},
                    {**values, "position": position},
                ),
                _group_names(self.items[option]),
            )
            for position, (option, values) in enumerate(readable.items())
        ]

    def _modifier_values(self, name: str, group_name: str) -> dict[str, object]:
        row = self.items.get(name)
        if row is None:
            raise ValueError("is not in the file")
        return {
            "name": _words(row["title"], 100),
            "price_difference": self._price(row, group_name),
            "sold_out_until": _suspended_until(row),
        }

    def _price(self, row: Row, group_name: str) -> Decimal:
        """Return the price in the group if there is one of its own; minor units."""
        price: object = row["price_info"]["price"]
        for override in row["price_info"].get("overrides") or []:
            if group_name and override.get("context_value") == group_name:
                price = override["price"]
        if not isinstance(price, int) or price < 0:
            raise ValueError(f"has the price {price!r}")
        amount = Decimal(price) / Decimal(self.minor_units)
        return amount.quantize(Decimal("0.01"))

    def _upsert(
        self, model: type[M], lookup: dict[str, Any], values: dict[str, Any]
    ) -> M:
        kind = str(model._meta.verbose_name)  # noqa: SLF001
        found = model._default_manager.filter(**lookup).first()  # noqa: SLF001
        if found is None:
            self.report.created[kind] += 1
            return model._default_manager.create(**lookup, **values)  # noqa: SLF001
        changed = [name for name in values if getattr(found, name) != values[name]]
        if not changed:
            self.report.unchanged[kind] += 1
            return found
        for name in changed:
            setattr(found, name, values[name])
        found.save(update_fields=changed)
        self.report.changed[kind] += 1
        return found


def _say(error: Exception) -> str:
    return f"lacks {error}" if isinstance(error, KeyError) else str(error)


def _source(*names: str) -> str:
    """Return what a row is found again by, short enough for its column."""
    source = " @ ".join(names)
    if len(source) <= SOURCE_LENGTH:
        return source
    return "sha256 " + hashlib.sha256(source.encode()).hexdigest()


def _words(title: Row, length: int) -> str:
    text = _optional_words(title, length)
    if not text:
        raise ValueError("has no title")
    return text


def _optional_words(title: Row | None, length: int) -> str:
    translations = (title or {}).get("translations") or {}
    text = translations.get("en") or next(iter(translations.values()), "")
    return " ".join(str(text).split())[:length]


def _group_names(row: Row) -> list[str]:
    return [str(name) for name in (row.get("modifier_group_ids") or {}).get("ids", [])]


def _tax_rate(row: Row) -> Decimal | None:
    rate = (row.get("tax_info") or {}).get("tax_rate")
    if rate is None:
        return None
    rate = Decimal(str(rate)).quantize(Decimal("0.0001"))
    if not 0 <= rate <= HIGHEST_RATE:
        raise ValueError(f"has the tax rate {rate}")
    return rate


def _suspended_until(row: Row) -> datetime | None:
    suspension = (row.get("suspension_info") or {}).get("suspension") or {}
    until = suspension.get("suspend_until")
    return datetime.fromtimestamp(until, UTC) if until else None


def _read_hours(days: list[Row]) -> Iterator[tuple[int, time, time]]:
    for day in days:
        weekday = WEEKDAYS.index(str(day["day_of_week"]).lower())
        for period in day.get("time_periods") or []:
            yield weekday, _clock(period["start_time"]), _clock(period["end_time"])


def _clock(text: str) -> time:
    # The end of a day is midnight in the next.
    return time() if text == "24:00" else time.fromisoformat(text)
