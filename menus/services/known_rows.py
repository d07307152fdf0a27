"""What a restaurant has on its menus, loaded once to be matched with a file's rows."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from django.db.models import Model

from menus.models import Item, ItemModifierGroup, Menu, Modifier, ModifierGroup, Section
from restaurants.models import Restaurant

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class RowKey(Generic[M]):
    """What a row is found by: its source below a parent, our own name for it, or more.

    `name` finds only rows that came from no file; `code` is the owner's, of an item.
    """

    model: type[M]
    parent: int
    source: str
    own: str = ""
    name: str = ""
    code: str = ""


def own_id(row: Menu | Section | Item | ModifierGroup | Modifier) -> str:
    """Return our name for a row in an exported file."""
    mark = row.public_id.hex if isinstance(row, Item | Modifier) else row.pk
    return f"tiffin-{type(row).__name__.lower()}-{mark}"


class KnownRows:
    """All rows of a restaurant that are on no draft, in a fixed number of queries."""

    def __init__(self, restaurant: Restaurant) -> None:
        self._by_source: dict[tuple[type[Model], int, str], Model] = {}
        self._by_name: dict[tuple[type[Model], int, str], list[Model]] = {}
        self._by_own: dict[str, Model] = {}
        self._by_code: dict[str, Item] = {}
        self._claimed: set[tuple[type[Model], Any]] = set()
        self._load(restaurant)

    def _load(self, restaurant: Restaurant) -> None:
        menus = Menu.objects.filter(restaurant=restaurant, draft_of=None)
        for menu in menus.prefetch_related("hours"):
            self._keep(menu, restaurant.pk, menu.name)
        sections = Section.objects.filter(menu__in=menus).select_related("menu")
        for section in sections:
            self._keep(section, section.menu_id, section.name)
        items = Item.objects.filter(restaurant=restaurant, is_draft=False)
        self._items = list(items.select_related("section__menu"))
        for item in self._items:
            self._keep(item, restaurant.pk, "")
            if item.code:
                self._by_code[item.code] = item
        for group in ModifierGroup.objects.filter(restaurant=restaurant):
            self._keep(group, restaurant.pk, group.name)
        modifiers = Modifier.objects.filter(group__restaurant=restaurant)
        for modifier in modifiers.prefetch_related("nested_groups"):
            self._keep(modifier, modifier.group_id, modifier.name)
        links = ItemModifierGroup.objects.filter(item__in=items)
        for link in links.select_related("item", "group"):
            key = (ItemModifierGroup, link.item_id, str(link.group_id))
            self._by_source[key] = link

    def _keep(self, row: Any, parent: int, name: str) -> None:
        model = type(row)
        self._by_own[own_id(row)] = row
        if row.source_id:
            self._by_source[model, parent, row.source_id] = row
        elif name:
            key = (model, parent, name.lower())
            self._by_name.setdefault(key, []).append(row)

    def find(self, key: RowKey[M]) -> M | None:
        """Return the row that a key means, unless another key has claimed it."""
        for row in self._candidates(key):
            if row is not None and (key.model, row.pk) not in self._claimed:
                return cast(M, row)
        return None

    def _candidates(self, key: RowKey[M]) -> list[Model | None]:
        own = self._by_own.get(key.own)
        if not self._may_stand_under(own, key):
            own = None
        code = self._by_code.get(key.code) if key.code else None
        named = self._by_name.get((key.model, key.parent, key.name.lower()), [])
        source = self._by_source.get((key.model, key.parent, key.source))
        return [own, source, code, *named]

    def _may_stand_under(self, row: Model | None, key: RowKey[M]) -> bool:
        if not isinstance(row, key.model):
            return False
        # A section or modifier that stands elsewhere in the file is a copy of it.
        if isinstance(row, Section):
            return row.menu_id == key.parent
        return not isinstance(row, Modifier) or row.group_id == key.parent

    def is_own(self, key: RowKey[M]) -> bool:
        """Tell whether a key is our name for a row that is still there."""
        return isinstance(self._by_own.get(key.own), key.model)

    def claim(self, key: RowKey[M]) -> M | None:
        """Return the row that a key means; no other key finds it from now on."""
        row = self.find(key)
        if row is not None:
            self._claimed.add((key.model, row.pk))
        return row

    def add(self, key: RowKey[M], row: M) -> None:
        """Keep a row that was made for a key."""
        self._by_source[key.model, key.parent, key.source] = row
        self._claimed.add((key.model, row.pk))

    def item_with_code(self, code: str) -> Item | None:
        return self._by_code.get(code)

    def unclaimed_items(self) -> list[Item]:
        return [
            item
            for item in self._items
            if item.is_active and (Item, item.pk) not in self._claimed
        ]
