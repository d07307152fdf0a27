"""Importing a menu from a table: what each row would do, and doing it.

Everything is read once and matched in memory; rows are written in bulk at the end, and
only when none has an error.
"""

from collections.abc import Sequence
from decimal import Decimal

from django.db import models
from django.utils.translation import gettext as _

from menus.exceptions import NoTableError
from menus.models import (
    Item,
    ItemModifierGroup,
    Menu,
    Modifier,
    ModifierGroup,
    Section,
)
from menus.services.editing import lock_items
from menus.services.outcomes import Action, Change, ImportReport, Outcome, RowError
from menus.services.selling import refresh_dishes
from menus.services.sheets import Cell, Sheet
from menus.services.table_matching import (
    Groups,
    Items,
    Pending,
    Places,
    plain_text,
)
from menus.services.tables import (
    COLUMNS,
    COLUMNS_OF,
    GROUP,
    ITEM,
    MODIFIER,
    Line,
    LineResource,
    group_line,
    item_line,
    join_names,
    modifier_line,
    to_text,
)
from restaurants.models import Restaurant

# A column and the field it is; an empty cell leaves those of KEPT_WHEN_EMPTY alone.
FIELDS_OF = {
    ITEM: {
        "code": "code",
        "name": "name",
        "description": "description",
        "price": "price",
        "diets": "diets",
        "allergens": "allergens",
        "tax_rate": "tax_rate",
        "portions_left": "portions_left",
        "shown": "is_active",
        "position": "position",
    },
    GROUP: {"min_choices": "min_choices", "max_choices": "max_choices"},
    MODIFIER: {
        "price": "price_difference",
        "diets": "diets",
        "allergens": "allergens",
        "position": "position",
    },
}
KEPT_WHEN_EMPTY = {
    *("code", "name", "price", "shown", "position", "menu", "section"),
    *("min_choices", "max_choices"),
}
NAME_LENGTH = 100
BATCH = 500


def import_table(
    *, restaurant: Restaurant, sheet: Sheet, hide_missing: bool = False
) -> ImportReport:
    """Create and update a restaurant's menu from a table; write nothing on an error.

    Call it in a transaction. Items are found by code, else by name within menu and
    section among those without one; groups by name; modifiers by group and name. With
    `hide_missing` items that are not in the table are hidden. NoTableError when the
    columns are not a menu's.
    """
    return _TableImport(restaurant, sheet).run(hide_missing=hide_missing)


class _TableImport:
    def __init__(self, restaurant: Restaurant, sheet: Sheet) -> None:
        _check_header(sheet.header)
        self.restaurant = restaurant
        self.sheet = sheet
        self.resource = LineResource(restaurant.currency)
        self.pending = Pending()
        self.outcomes: dict[int, Outcome] = {}
        self.added: list[Outcome] = []
        self.places = Places(restaurant, self.pending, self.added)
        self.groups = Groups(restaurant)
        self.items = Items(restaurant)

    def run(self, *, hide_missing: bool) -> ImportReport:
        lines = [self._read(number, cells) for number, cells in self.sheet.rows]
        for kind, take in (
            (GROUP, self._take_group),
            (MODIFIER, self._take_modifier),
            (ITEM, self._take_item),
        ):
            for line in lines:
                if line is not None and line.type == kind:
                    take(line)
        self._check_groups(lines)
        outcomes = [*self.added, *(self.outcomes[key] for key in sorted(self.outcomes))]
        report = ImportReport(outcomes, list(self.sheet.notices))
        if hide_missing:
            report.outcomes += self._hide_missing()
        if not report.has_errors:
            # In the order of orders, which count portions meanwhile: nobody deadlocks.
            lock_items(Item.objects.filter(restaurant=self.restaurant, is_draft=False))
            _write(self.pending)
            refresh_dishes(restaurant_pk=self.restaurant.pk)
        return report

    def _read(self, number: int, cells: list[Cell]) -> Line | None:
        header = self.sheet.header
        known = dict(zip(header, cells, strict=False))
        line, errors = self.resource.read(number, known)
        if any(to_text(cell) for cell in cells[len(header) :]):
            errors.append(RowError("", _("There are more cells than columns.")))
        if not any(error.column == "type" for error in errors):
            errors += _misplaced(line, known)
        outcome = Outcome(Action.SAME, line.type, line.name or line.code, number)
        self.outcomes[number] = outcome
        if errors:
            self._fail(line, *errors)
            return None
        return line

    def _fail(self, line: Line, *errors: RowError) -> None:
        assert line.row is not None
        outcome = self.outcomes[line.row]
        outcome.action = Action.ERROR
        outcome.errors += errors
        outcome.changes = []

    def _take_group(self, line: Line) -> None:
        group, error = self.groups.claim(line)
        if error is not None:
            return self._fail(line, error)
        old = group_line(group)
        errors = _check_name(line, self.groups.is_new(group))
        least = line.min_choices if line.min_choices is not None else old.min_choices
        most = line.max_choices if line.max_choices is not None else old.max_choices
        assert least is not None
        assert most is not None
        if least > most:
            errors.append(
                RowError(
                    "min_choices",
                    _("Give at most max_choices, which is %(most)d.") % {"most": most},
                )
            )
        if errors:
            return self._fail(line, *errors)
        if self.groups.is_new(group):
            self.pending.groups.append(group)
        self._compare(line, old, group, is_new=self.groups.is_new(group))
        return None

    def _take_modifier(self, line: Line) -> None:
        group = self.groups.get(line.group)
        if group is None:
            return self._fail(line, self.groups.unknown("group", line.group))
        modifier, error = self.groups.claim_modifier(group, line)
        errors = [error] if error else []
        is_new = modifier.pk is None
        errors += _check_name(line, is_new)
        if is_new and line.price is None:
            errors.append(RowError("price", _("Give the price difference, like 1.50.")))
        if errors:
            return self._fail(line, *errors)
        if is_new:
            self.pending.modifiers.append(modifier)
        self._compare(line, modifier_line(modifier, group), modifier, is_new=is_new)
        return None

    def _take_item(self, line: Line) -> None:
        item, error = self.items.claim(line)
        if error is not None:
            return self._fail(line, error)
        is_new = item is None
        errors = []
        if line.price is not None and line.price < 0:
            errors.append(RowError("price", _("A price cannot be below zero.")))
        groups, unknown = self.groups.read_names(line.groups)
        errors += [self.groups.unknown("groups", name) for name in unknown]
        if is_new:
            errors += _check_new_item(line)
        if errors:
            return self._fail(line, *errors)
        old = item_line(item) if item is not None else Line()
        if item is None:
            item = Item(restaurant=self.restaurant, price=Decimal(0))
            self.pending.items.append(item)
        self._place(line, old, item, is_new=is_new)
        self._compare(line, old, item, is_new=is_new)
        self._offer(line, old, item, groups)
        return None

    def _place(self, line: Line, old: Line, item: Item, *, is_new: bool) -> None:
        menu_name, section_name = line.menu or old.menu, line.section or old.section
        if is_new or (menu_name.lower(), section_name.lower()) != (
            plain_text(old.menu).lower(),
            plain_text(old.section).lower(),
        ):
            item.section = self.places.section(menu_name, section_name)
            self.pending.change(item, "section")
            self._note(line, "menu", old.menu, item.section.menu.name)
            self._note(line, "section", old.section, item.section.name)
        if is_new and line.position is None:
            item.position = self.places.next_position(item.section)

    def _offer(
        self, line: Line, old: Line, item: Item, groups: list[ModifierGroup]
    ) -> None:
        if "groups" not in line.given:
            return
        names = join_names(group.name for group in groups)
        if names.lower() == old.groups.lower():
            return
        self.pending.links.append((item, groups))
        self._note(line, "groups", old.groups, names)

    def _compare(
        self, line: Line, old: Line, row: models.Model, *, is_new: bool
    ) -> None:
        """Take over a line's values into a row, and note those that differ."""
        assert line.row is not None
        if is_new:
            self.outcomes[line.row].action = Action.CREATE
        for column, name in FIELDS_OF[line.type].items():
            value = getattr(line, column)
            if column not in line.given:
                continue
            if column in KEPT_WHEN_EMPTY and value in (None, ""):
                continue
            before = getattr(old, column)
            if value == (plain_text(before) if isinstance(before, str) else before):
                if is_new:
                    setattr(row, name, value)
                continue
            setattr(row, name, value)
            self.pending.change(row, name)
            self._note(
                line,
                column,
                "" if is_new else self.resource.say(old, column),
                self.resource.say(line, column),
            )

    def _note(self, line: Line, column: str, old: str, new: str) -> None:
        assert line.row is not None
        outcome = self.outcomes[line.row]
        if old != new:
            outcome.changes.append(Change(column, old, new))
        if outcome.action is Action.SAME:
            outcome.action = Action.UPDATE

    def _check_groups(self, lines: Sequence[Line | None]) -> None:
        """Refuse a group whose least choices nobody could make."""
        for line in lines:
            if line is None or line.type != GROUP or line.row is None:
                continue
            if self.outcomes[line.row].action not in (Action.CREATE, Action.UPDATE):
                continue
            group = self.groups.get(line.name)
            count = self.groups.count_modifiers(group) if group else 0
            if group and group.min_choices > count:
                self._fail(
                    line,
                    RowError(
                        "min_choices",
                        _("It has only %(count)d modifiers to choose from.")
                        % {"count": count},
                    ),
                )

    def _hide_missing(self) -> list[Outcome]:
        hidden = []
        for item in self.items.unclaimed():
            if item.is_active:
                item.is_active = False
                self.pending.change(item, "is_active")
                shown = Change("shown", "yes", "no")
                hidden.append(Outcome(Action.HIDE, ITEM, item.name, changes=[shown]))
        return hidden


def _check_header(header: Sequence[str]) -> None:
    known = ", ".join(COLUMNS)
    unknown = [name for name in header if name not in COLUMNS]
    if unknown:
        raise NoTableError(
            _("The file has unknown columns: %(unknown)s. Known are: %(known)s.")
            % {
                "unknown": ", ".join(f"“{name[:40]}”" for name in unknown[:10]),
                "known": known,
            }
        )
    if len(set(header)) != len(header):
        raise NoTableError(_("A column stands twice in the file."))
    if "name" not in header and "code" not in header:
        raise NoTableError(
            _("The file needs a column “name” or “code”. Known are: %(known)s.")
            % {"known": known}
        )


def _misplaced(line: Line, cells: dict[str, Cell]) -> list[RowError]:
    allowed = COLUMNS_OF[line.type] | {"type"}
    return [
        RowError(
            column,
            _("Leave this empty in a row of type %(type)s.") % {"type": line.type},
        )
        for column, cell in cells.items()
        if column not in allowed and to_text(cell)
    ]


def _check_name(line: Line, is_new: bool) -> list[RowError]:  # noqa: FBT001
    if not line.name:
        return [RowError("name", _("Give a name."))]
    if is_new and len(line.name) > NAME_LENGTH:
        return [
            RowError(
                "name", _("Use at most %(count)d characters.") % {"count": NAME_LENGTH}
            )
        ]
    return []


def _check_new_item(line: Line) -> list[RowError]:
    errors = []
    if not line.name:
        errors.append(RowError("name", _("Give a name: no item has this code.")))
    if line.price is None:
        errors.append(RowError("price", _("A new item needs a price, like 9.99.")))
    if not line.section:
        errors.append(RowError("section", _("A new item needs a section.")))
    return errors


def _write(pending: Pending) -> None:
    Menu.objects.bulk_create(pending.menus)
    Section.objects.bulk_create(pending.sections)
    ModifierGroup.objects.bulk_create(pending.groups)
    Modifier.objects.bulk_create(pending.modifiers, batch_size=BATCH)
    Item.objects.bulk_create(pending.items, batch_size=BATCH)
    # Only what a row changes is written: the evening counts portions meanwhile.
    alike: dict[tuple[type[models.Model], frozenset[str]], list[models.Model]] = {}
    for row, names in pending.changed.items():
        alike.setdefault((type(row), frozenset(names)), []).append(row)
    for (model, names_of_all), rows in alike.items():
        model._default_manager.bulk_update(  # noqa: SLF001
            rows, sorted(names_of_all), batch_size=BATCH
        )
    items = [item for item, _groups in pending.links]
    ItemModifierGroup.objects.filter(item__in=items).delete()
    ItemModifierGroup.objects.bulk_create(
        (
            ItemModifierGroup(item=item, group=group, position=position)
            for item, groups in pending.links
            for position, group in enumerate(groups)
        ),
        batch_size=BATCH,
    )
