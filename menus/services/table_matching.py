"""Finding what the rows of a table mean among a restaurant's rows, all loaded once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import models
from django.utils.translation import gettext as _

from menus.models import Item, Menu, Modifier, ModifierGroup, Section
from menus.services.outcomes import Action, Outcome, RowError
from menus.services.tables import SMALL, Line, load_groups, load_items_of
from restaurants.models import Restaurant

NAMES_SHOWN = 20


@dataclass
class Pending:
    """Rows to write once all are read."""

    menus: list[Menu] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    groups: list[ModifierGroup] = field(default_factory=list)
    modifiers: list[Modifier] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    changed: dict[models.Model, set[str]] = field(
        default_factory=lambda: defaultdict(set)
    )
    links: list[tuple[Item, list[ModifierGroup]]] = field(default_factory=list)

    def change(self, row: models.Model, field_name: str) -> None:
        if row.pk is not None:
            self.changed[row].add(field_name)


def plain_text(text: str) -> str:
    """Return text as it is after a way through a file."""
    return "".join(c for c in text if c >= " " or c in "\t\n\r").strip()


class Items:
    """The items of a restaurant; each is claimed by one row at most."""

    def __init__(self, restaurant: Restaurant) -> None:
        self.all = load_items_of(restaurant)
        self.by_code = {plain_text(item.code): item for item in self.all if item.code}
        self.by_name: dict[str, list[Item]] = defaultdict(list)
        for item in self.all:
            if not item.code:
                self.by_name[plain_text(item.name).lower()].append(item)
        self.rows_of_codes: dict[str, int | None] = {}
        self.claimed: set[int] = set()

    def claim(self, line: Line) -> tuple[Item | None, RowError | None]:
        if line.code and line.code in self.rows_of_codes:
            return None, RowError(
                "code",
                _("This code stands in row %(row)d already.")
                % {"row": self.rows_of_codes[line.code]},
            )
        if line.code:
            self.rows_of_codes[line.code] = line.row
        item = self.by_code.get(line.code) if line.code else None
        if item is None:
            item = next(
                (
                    one
                    for one in self.by_name[line.name.lower()]
                    if self._fits(one, line)
                ),
                None,
            )
        if item is not None:
            self.claimed.add(item.pk)
        return item, None

    def _fits(self, item: Item, line: Line) -> bool:
        section = item.section
        return (
            item.pk not in self.claimed
            and line.menu.lower() in ("", plain_text(section.menu.name).lower())
            and line.section.lower() in ("", plain_text(section.name).lower())
        )

    def unclaimed(self) -> Iterable[Item]:
        return (item for item in self.all if item.pk not in self.claimed)


class Groups:
    """The modifier groups of a restaurant, those of the file included."""

    def __init__(self, restaurant: Restaurant) -> None:
        self.restaurant = restaurant
        self.by_name: dict[str, list[ModifierGroup]] = defaultdict(list)
        self.modifiers: dict[tuple[str, str], list[Modifier]] = defaultdict(list)
        self.counts: dict[int, int] = defaultdict(int)
        self.claimed: set[int] = set()
        for group in load_groups(restaurant):
            self.by_name[plain_text(group.name).lower()].append(group)
            for modifier in group.modifiers.all():
                key = (
                    plain_text(group.name).lower(),
                    plain_text(modifier.name).lower(),
                )
                self.modifiers[key].append(modifier)
                self.counts[id(group)] += 1

    def get(self, name: str) -> ModifierGroup | None:
        found = self.by_name.get(name.lower())
        return found[0] if found else None

    def is_new(self, group: ModifierGroup) -> bool:
        return group.pk is None

    def count_modifiers(self, group: ModifierGroup) -> int:
        return self.counts[id(group)]

    def claim(self, line: Line) -> tuple[ModifierGroup, RowError | None]:
        key = line.name.lower()
        for group in self.by_name.get(key, []):
            if id(group) not in self.claimed:
                self.claimed.add(id(group))
                return group, None
        group = ModifierGroup(restaurant=self.restaurant, name=line.name)
        if self.by_name.get(key):
            return group, RowError("name", _("This group stands in the file twice."))
        if key:
            self.by_name[key].append(group)
        self.claimed.add(id(group))
        return group, None

    def claim_modifier(
        self, group: ModifierGroup, line: Line
    ) -> tuple[Modifier, RowError | None]:
        key = (line.group.lower(), line.name.lower())
        for modifier in self.modifiers[key]:
            if id(modifier) not in self.claimed:
                self.claimed.add(id(modifier))
                return modifier, None
        modifier = Modifier(
            group=group, name=line.name, position=min(self.counts[id(group)], SMALL)
        )
        if self.modifiers[key]:
            return modifier, RowError(
                "name", _("This modifier stands in the group twice.")
            )
        self.modifiers[key].append(modifier)
        self.claimed.add(id(modifier))
        self.counts[id(group)] += 1
        return modifier, None

    def read_names(self, text: str) -> tuple[list[ModifierGroup], list[str]]:
        """Return the groups that a cell names, and the names that are unknown.

        Names may hold the signs that part them, so the longest known one counts.
        """
        found: list[ModifierGroup] = []
        unknown: list[str] = []
        rest = text.strip(" ;,\n")
        while rest:
            name = self._longest_start(rest) or rest.replace(",", ";").split(";")[0]
            group = self.get(name.strip())
            if group is None:
                unknown.append(name.strip())
            elif group not in found:
                found.append(group)
            rest = rest[len(name) :].lstrip(" ;,\n")
        return found, unknown

    def _longest_start(self, text: str) -> str:
        parts = [
            place
            for place, sign in enumerate([*text, ";"])
            if sign in ";," and text[:place].strip().lower() in self.by_name
        ]
        return text[: parts[-1]] if parts else ""

    def unknown(self, column: str, name: str) -> RowError:
        names = [groups[0].name for groups in self.by_name.values() if groups]
        if not name:
            return RowError(column, _("Name the group that it belongs to."))
        return RowError(
            column,
            _("There is no group “%(name)s”. There are: %(known)s.")
            % {"name": name[:100], "known": ", ".join(names[:NAMES_SHOWN]) or "–"},
        )


class Places:
    """Menus and sections by name; a new name makes a new one."""

    def __init__(
        self, restaurant: Restaurant, pending: Pending, added: list[Outcome]
    ) -> None:
        self.restaurant, self.pending, self.added = restaurant, pending, added
        self.menus = list(Menu.objects.filter(restaurant=restaurant, draft_of=None))
        self.sections: dict[int, list[Section]] = defaultdict(list)
        by_pk = {menu.pk: menu for menu in self.menus}
        for section in Section.objects.filter(menu__in=by_pk):
            section.menu = by_pk[section.menu_id]
            self.sections[id(section.menu)].append(section)
        last = (
            Item.objects.filter(restaurant=restaurant)
            .order_by()
            .values("section")
            .annotate(last=models.Max("position"))
            .values_list("section", "last")
        )
        self.last = dict(last)
        self.counts: dict[int, int] = defaultdict(int)

    def section(self, menu_name: str, name: str) -> Section:
        menu = self._menu(menu_name)
        sections = self.sections[id(menu)]
        for section in sections:
            if plain_text(section.name).lower() == name.lower():
                return section
        section = Section(menu=menu, name=name, position=_after(sections))
        sections.append(section)
        self.pending.sections.append(section)
        self.added.append(Outcome(Action.CREATE, "section", f"{menu.name} · {name}"))
        return section

    def _menu(self, name: str) -> Menu:
        for menu in self.menus:
            if name.lower() in ("", plain_text(menu.name).lower()):
                return menu
        menu = Menu(
            restaurant=self.restaurant,
            name=name or _("Menu"),
            position=_after(self.menus),
        )
        self.menus.append(menu)
        self.pending.menus.append(menu)
        self.added.append(Outcome(Action.CREATE, "menu", menu.name))
        return menu

    def next_position(self, section: Section) -> int:
        """Return the place after the last item of a section, and those placed so."""
        self.counts[id(section)] += 1
        last = self.last.get(section.pk, -1) if section.pk else -1
        return min(last + self.counts[id(section)], SMALL)


def _after(rows: Sequence[Menu] | Sequence[Section]) -> int:
    return min(max((row.position for row in rows), default=-1) + 1, SMALL)
