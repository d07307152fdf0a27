"""Reading a menu in the Uber Eats format into ours; again changes nothing.

An item or category that stands in several places there becomes one of ours for each
place, since ours stand in one. Rows are found again by where they came from, by our own
names for them in a file that was exported here, and items by the owner's code.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import time
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
from menus.services.editing import lock_items
from menus.services.known_rows import KnownRows, RowKey, own_id
from menus.services.outcomes import Action, Change, Outcome, RowError
from menus.services.selling import refresh_dishes
from menus.services.uber_rows import (
    ALWAYS,
    BAD_ROW,
    Row,
    read_bounds,
    read_group_names,
    read_hours,
    read_labels,
    read_names,
    read_optional_words,
    read_suspension,
    read_tax_rate,
    read_words,
    say_error,
    say_hours,
    to_source,
)
from restaurants.models import Restaurant

M = TypeVar("M", bound=models.Model)
HIGHEST_PRICE = Decimal("99999999.99")
# Of the rows that a file may become, and of the groups that these may ask for.
MOST_ROWS = 5_000
MOST_LINKS = 20_000


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
    outcomes: list[Outcome] = field(default_factory=list)


@transaction.atomic
def import_menu(
    *,
    restaurant: Restaurant,
    document: Row,
    hide_missing: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> MenuReport:
    """Create or update a restaurant's menus from a parsed file.

    Bad rows are left out and reported. With `hide_missing` items that are not in the
    file are hidden. `on_progress` gets the number of sections done and of all.
    """
    # In the order of orders, which count portions meanwhile: nobody deadlocks.
    lock_items(Item.objects.filter(restaurant=restaurant, is_draft=False))
    run = _Import(restaurant, document)
    run.read_groups()
    places = [
        (menu, name, position)
        for menu in run.read_menus()
        for name, position in run.place_sections(menu)
    ]
    for done, (place, name, position) in enumerate(places, 1):
        run.read_section(place.menu, name, position)
        if on_progress:
            on_progress(done, len(places))
    if hide_missing:
        run.hide_missing()
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
        self.known = KnownRows(restaurant)
        self.minor_units = 10 ** get_currency_precision(restaurant.currency)
        self.menus = document.get("menus") or []
        self.group_rows = document.get("modifier_groups") or []
        self.items = self._by_id("items", document)
        self.categories = self._by_id("categories", document)
        self.groups: dict[str, ModifierGroup] = {}
        self.codes: set[str] = set()
        self.rows_left = MOST_ROWS
        self.links_left = MOST_LINKS

    def _by_id(self, kind: str, document: Row) -> dict[str, Row]:
        rows: dict[str, Row] = {}
        for number, row in enumerate(document.get(kind) or []):
            if isinstance(row, dict) and isinstance(row.get("id"), str):
                rows[row["id"]] = row
            else:
                self._leave_out(f"{kind} {number}", "has no id")
        return rows

    def _has_room(self, count: int) -> bool:
        self.rows_left -= count
        return self.rows_left >= 0

    def _may_ask(self, count: int) -> bool:
        self.links_left -= count
        return self.links_left >= 0

    def _leave_out(self, row: str, reason: str) -> None:
        self.report.left_out.append(LeftOut(row, reason))
        error = RowError("", reason)
        self.report.outcomes.append(Outcome(Action.ERROR, "", row, errors=[error]))

    def read_menus(self) -> Iterator[_MenuPlace]:
        founds = [self._find_menu(row) for row in self.menus]
        places = zip(self.menus, _keep_order(founds), strict=True)
        for number, (row, position) in enumerate(places):
            if not self._has_room(1):
                self._leave_out(f"menu {number}", f"is beyond {MOST_ROWS} rows in all")
                return
            try:
                menu = self._upsert(
                    self._menu_key(row),
                    {"restaurant": self.restaurant},
                    {"name": read_words(row["title"], 100), "position": position},
                )
                hours = read_hours(row)
                names = read_names(row.get("category_ids") or [])
            except BAD_ROW as error:
                self._leave_out(f"menu {number}", say_error(error))
                continue
            if hours is not None:
                self._write_hours(menu, hours)
            yield _MenuPlace(menu, names)

    def _menu_key(self, row: Row) -> RowKey[Menu]:
        name = read_optional_words(row["title"], 100)
        return RowKey(
            Menu, self.restaurant.pk, to_source(row["id"]), own=row["id"], name=name
        )

    def _find_menu(self, row: Any) -> Menu | None:
        try:
            return self.known.find(self._menu_key(row))
        except BAD_ROW:
            return None

    def _write_hours(self, menu: Menu, hours: set[tuple[int, time, time]]) -> None:
        kept = {(row.weekday, row.opens_at, row.closes_at) for row in menu.hours.all()}
        if (kept if kept != ALWAYS else set()) == hours:
            return
        menu.hours.all().delete()
        MenuHours.objects.bulk_create(
            MenuHours(menu=menu, weekday=day, opens_at=opens, closes_at=closes)
            for day, opens, closes in sorted(hours)
        )
        change = Change("service_availability", say_hours(kept), say_hours(hours))
        self._note(Action.UPDATE, "availability hours", menu.name, [change])

    def place_sections(self, place: _MenuPlace) -> list[tuple[str, int]]:
        names = place.category_names
        founds = [self.known.find(self._section_key(place.menu, one)) for one in names]
        return list(zip(names, _keep_order(founds), strict=True))

    def _section_key(self, menu: Menu, name: str) -> RowKey[Section]:
        try:
            title = read_optional_words(self.categories[name]["title"], 100)
        except BAD_ROW:
            title = ""
        return RowKey(Section, menu.pk, to_source(name), own=name, name=title)

    def read_section(self, menu: Menu, name: str, position: int) -> None:
        if self.rows_left < 0:
            return  # It was said of the row that was too much.
        row = self.categories.get(name)
        if row is None:
            self._leave_out(f"category {name}", "is not in the file")
            return
        if not self._has_room(1):
            self._leave_out(f"category {name}", f"is beyond {MOST_ROWS} rows in all")
            return
        try:
            section = self._upsert(
                self._section_key(menu, name),
                {"menu": menu},
                {"name": read_words(row["title"], 100), "position": position},
            )
            entities = read_names(entity["id"] for entity in row.get("entities") or [])
        except BAD_ROW as error:
            self._leave_out(f"category {name}", say_error(error))
            return
        if not self._has_room(len(entities)):
            self._leave_out(f"category {name}", f"is beyond {MOST_ROWS} rows in all")
            return
        keys = [self._item_key(section, one) for one in entities]
        places = _keep_order([self.known.find(key) for key in keys])
        for item_name, key, place in zip(entities, keys, places, strict=True):
            self._read_item(section, item_name, key, place)

    def _item_key(self, section: Section, name: str) -> RowKey[Item]:
        row = self.items.get(name, {})
        source = to_source(
            name,
            section.source_id or own_id(section),
            section.menu.source_id or own_id(section.menu),
        )
        return RowKey(
            *(Item, self.restaurant.pk, source), own=name, code=self._code(row)
        )

    def _code(self, row: Row) -> str:
        """Return the owner's code; only the first place of an item has it."""
        code = str(row.get("external_data") or "").strip()[:80]
        return "" if code in self.codes else code

    def _check_code(self, code: str, key: RowKey[Item]) -> None:
        owner = self.known.item_with_code(code)
        if owner is not None and owner != self.known.find(key):
            raise ValueError(f"has the code {code} of another item")

    def _read_item(
        self, section: Section, name: str, key: RowKey[Item], position: int
    ) -> None:
        row = self.items.get(name)
        if row is None:
            self._leave_out(f"item {name}", "is not in the file")
            return
        try:
            values = {
                "section": section,
                "position": position,
                "name": read_words(row["title"], 150),
                "price": self._price(row, "", least=0),
                "tax_rate": read_tax_rate(row),
                **read_labels(row),
            }
            if "description" in row:
                values["description"] = read_optional_words(row["description"], 500)
            if code := self._code(row):
                self._check_code(code, key)
                values["code"] = code
            group_names = read_group_names(row)
            made = {
                "restaurant": self.restaurant,
                "sold_out_until": read_suspension(row),
            }
        except BAD_ROW as error:
            self._leave_out(f"item {name}", say_error(error))
            return
        if code:
            self.codes.add(code)
        item = self._upsert(key, made, values)
        self._offer(item, name, group_names)

    def _offer(self, item: Item, name: str, group_names: list[str]) -> None:
        groups = []
        for group_name in group_names:
            if group_name in self.groups:
                groups.append(self.groups[group_name])
            else:
                self._leave_out(f"item {name}", f"asks for unusable {group_name}")
        groups = list(dict.fromkeys(groups))
        if not self._may_ask(len(groups)):
            self._leave_out(f"item {name}", f"asks for more than {MOST_LINKS} groups")
            return
        keys = [RowKey(ItemModifierGroup, item.pk, str(group.pk)) for group in groups]
        places = _keep_order([self.known.find(key) for key in keys])
        for group, key, place in zip(groups, keys, places, strict=True):
            self._upsert(key, {"item": item, "group": group}, {"position": place})

    def read_groups(self) -> None:
        nested: list[tuple[Modifier, list[str]]] = []
        for number, row in enumerate(self.group_rows):
            if self.rows_left < 0:
                break  # It was said of the group that was too much.
            try:
                nested += self._read_group(row)
            except BAD_ROW as error:
                name = row.get("id", number) if isinstance(row, dict) else number
                self._leave_out(f"modifier group {name}", say_error(error))
        for modifier, names in nested:
            if not self._may_ask(len(names)):
                self._leave_out(
                    f"modifier {modifier}", f"asks for more than {MOST_LINKS} groups"
                )
                break
            wanted = {self.groups[name] for name in names if name in self.groups}
            kept = set(modifier.nested_groups.all())
            if kept != wanted:
                modifier.nested_groups.set(wanted)
                change = Change("modifier_group_ids", _join(kept), _join(wanted))
                self._note(Action.UPDATE, "modifier", modifier.name, [change])

    def _read_group(self, row: Row) -> list[tuple[Modifier, list[str]]]:
        name = row["id"]
        key = RowKey(
            *(ModifierGroup, self.restaurant.pk, to_source(name)),
            own=name,
            name=read_words(row["title"], 100),
        )
        options = read_names(
            option["id"] for option in row.get("modifier_options") or []
        )
        if not self._has_room(1 + len(options)):
            raise ValueError(f"is beyond {MOST_ROWS} rows in all")
        least, most = read_bounds(row, len(options), is_ours=self.known.is_own(key))
        readable = {}
        for option in options:
            try:
                readable[option] = self._modifier_values(option, name)
            except BAD_ROW as error:
                self._leave_out(f"modifier {option} of {name}", say_error(error))
        if least > len(readable) and not self.known.is_own(key):
            raise ValueError(f"has only {len(readable)} usable choices of {least}")
        group = self._upsert(
            key,
            {"restaurant": self.restaurant},
            {"name": key.name, "min_choices": least, "max_choices": most},
        )
        self.groups[name] = group
        keys = [
            RowKey(
                Modifier, group.pk, to_source(one), own=one, name=str(values["name"])
            )
            for one, values in readable.items()
        ]
        places = _keep_order([self.known.find(key) for key in keys])
        modifiers = []
        for (option, values), one, place in zip(
            readable.items(), keys, places, strict=True
        ):
            until = read_suspension(self.items[option])
            made = {"group": group, "sold_out_until": until}
            modifier = self._upsert(one, made, {**values, "position": place})
            modifiers.append((modifier, read_group_names(self.items[option])))
        return modifiers

    def _modifier_values(self, name: str, group_name: str) -> dict[str, Any]:
        row = self.items.get(name)
        if row is None:
            raise ValueError("is not in the file")
        read_group_names(row)
        read_suspension(row)
        return {
            "name": read_words(row["title"], 100),
            "price_difference": self._price(row, group_name, least=-HIGHEST_PRICE),
            **read_labels(row),
        }

    def _price(self, row: Row, group_name: str, *, least: Decimal | int) -> Decimal:
        """Return the price in the group if there is one of its own; minor units."""
        price: object = row["price_info"]["price"]
        for override in row["price_info"].get("overrides") or []:
            if group_name and override.get("context_value") == group_name:
                price = override["price"]
        if not isinstance(price, int) or isinstance(price, bool):
            raise ValueError(f"has the price {price!r}")  # noqa: TRY004  # a bad value
        amount = Decimal(price) / Decimal(self.minor_units)
        if not least <= amount <= HIGHEST_PRICE:
            raise ValueError(f"has the price {price}")
        return amount.quantize(Decimal("0.01"))

    def _upsert(
        self, key: RowKey[M], made: dict[str, Any], values: dict[str, Any]
    ) -> M:
        """Return the row of a key with the values; `made` is only for a new one."""
        kind = str(key.model._meta.verbose_name)  # noqa: SLF001
        found = self.known.claim(key)
        if found is None:
            self.report.created[kind] += 1
            if hasattr(key.model, "source_id"):
                made = {**made, "source_id": key.source}
            row = key.model._default_manager.create(**made, **values)  # noqa: SLF001
            self.known.add(key, row)
            self._note(Action.CREATE, kind, str(row), [])
            return row
        changed = [name for name in values if not _is_same(found, name, values[name])]
        if not changed:
            self.report.unchanged[kind] += 1
            if key.model is not ItemModifierGroup:
                self._note(Action.SAME, kind, str(found), [])
            return found
        changes = [
            Change(name, _text(getattr(found, name)), _text(values[name]))
            for name in changed
        ]
        for name in changed:
            setattr(found, name, values[name])
        found.save(update_fields=changed)
        self.report.changed[kind] += 1
        self._note(Action.UPDATE, kind, str(found), changes)
        return found

    def _note(
        self, action: Action, kind: str, name: str, changes: list[Change]
    ) -> None:
        self.report.outcomes.append(Outcome(action, kind, name, changes=changes))

    def hide_missing(self) -> None:
        """Hide the items that the file did not speak of."""
        for item in self.known.unclaimed_items():
            Item.objects.filter(pk=item.pk).update(is_active=False)
            change = Change("shown", "yes", "no")
            self._note(Action.HIDE, "item", item.name, [change])


def _keep_order(rows: Sequence[Any]) -> list[int]:
    """Return positions for rows: their own where these put them in this order."""
    places = [None if row is None else (row.position, row.pk) for row in rows]
    if None not in places and places == sorted(places):  # type: ignore[type-var]
        return [row.position for row in rows]
    return list(range(len(rows)))


def _is_same(row: models.Model, name: str, value: Any) -> bool:
    kept = getattr(row, name)
    if isinstance(kept, str):
        return bool(" ".join(kept.split()) == value)
    if isinstance(kept, list):
        return set(kept) == set(value)
    return bool(kept == value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(value) if isinstance(value, list) else str(value)


def _join(groups: set[ModifierGroup]) -> str:
    return ", ".join(sorted(group.name for group in groups))
