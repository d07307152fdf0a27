"""Editing a menu: its order, its prices, and what it holds."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Case, DecimalField, Max, Model, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from menus.exceptions import EditConflictError
from menus.models import (
    DRAFT_MARK,
    Item,
    ItemModifierGroup,
    Menu,
    MenuChange,
    Modifier,
    ModifierGroup,
    Section,
)
from menus.photos import delete_photo
from menus.pricing import Rounding, change_difference, change_price
from menus.services.selling import refresh_dishes
from restaurants.models import Restaurant

NAME_LENGTH = 150


def changed_meanwhile() -> EditConflictError:
    """Return the error of somebody who edits what another has changed."""
    return EditConflictError(_("The menu was changed meanwhile; look again."))


def lock_menu(menu_pk: int) -> Menu:
    """Lock a menu, so that one person at a time arranges it; EditConflictError."""
    # Customers' carts refer to items, never to menus: nobody else waits.
    menu = Menu.objects.select_for_update(no_key=True).filter(pk=menu_pk).first()
    if menu is None:
        raise changed_meanwhile()
    return menu


def lock_items(items: QuerySet[Item]) -> list[Item]:
    """Lock items in the order in which orders take portions, so as not to deadlock."""
    # Without the key's lock: a cart may be filled with them meanwhile.
    return list(items.select_for_update(no_key=True, of=("self",)).order_by("pk"))


def places_of(pks: Sequence[int]) -> Case:
    """Return the position of each row of a list, for one UPDATE of them all."""
    return Case(*(When(pk=pk, then=Value(place)) for place, pk in enumerate(pks)))


def next_position(rows: QuerySet[Model]) -> int:
    """Return the position behind all rows."""
    last = rows.aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1


@transaction.atomic
def add_menu(*, restaurant_pk: int, name: str) -> Menu:
    """Add an empty menu behind the others."""
    position = next_position(Menu.objects.filter(restaurant=restaurant_pk))
    return Menu.objects.create(
        restaurant_id=restaurant_pk, name=name, position=position
    )


@transaction.atomic
def add_section(*, menu_pk: int, name: str) -> Section:
    """Add an empty section at the end of a menu or draft; EditConflictError."""
    menu = lock_menu(menu_pk)
    position = next_position(Section.objects.filter(menu=menu))
    return Section.objects.create(menu=menu, name=name, position=position)


@transaction.atomic
def add_item(*, section_pk: int, name: str, price: Decimal) -> Item:
    """Add an item at the end of a section; EditConflictError when it is gone."""
    section = _lock_section(section_pk)
    item = Item.objects.create(
        restaurant_id=section.menu.restaurant_id,
        section=section,
        name=name,
        price=price,
        position=next_position(Item.objects.filter(section=section)),
        is_draft=section.menu.draft_of_id is not None,
    )
    refresh_dishes(restaurant_pk=item.restaurant_id)
    return item


def _lock_section(section_pk: int) -> Section:
    menu_pk = (
        Section.objects.filter(pk=section_pk).values_list("menu", flat=True).first()
    )
    lock_menu(menu_pk or 0)
    section = (
        Section.objects.select_related("menu")
        .filter(pk=section_pk, menu=menu_pk)
        .first()
    )
    if section is None:
        raise changed_meanwhile()
    return section


@transaction.atomic
def order_sections(*, menu_pk: int, section_pks: Sequence[int]) -> None:
    """Put a menu's sections in order: all of them, each once; EditConflictError."""
    menu = lock_menu(menu_pk)
    sections = Section.objects.filter(menu=menu)
    if sorted(section_pks) != sorted(sections.values_list("pk", flat=True)):
        raise changed_meanwhile()
    if section_pks:
        sections.update(position=places_of(section_pks))


@transaction.atomic
def order_items(*, section_pk: int, item_pks: Sequence[int]) -> None:
    """Put a section's items in order: all it has, and others of the same menu.

    EditConflictError when one is missing, named twice or of another menu.
    """
    section = _lock_section(section_pk)
    items = Item.objects.filter(section__menu=section.menu_id)
    found = {
        item.pk: item.section_id
        for item in lock_items(items.filter(Q(section=section) | Q(pk__in=item_pks)))
    }
    if sorted(item_pks) != sorted(found):
        raise changed_meanwhile()
    if item_pks:
        Item.objects.filter(pk__in=item_pks).update(
            section=section, position=places_of(item_pks)
        )


@transaction.atomic
def show_item(*, item_pk: int, is_shown: bool) -> None:
    """Show an item to customers, or hide it from them."""
    item = Item.objects.select_for_update(no_key=True).filter(pk=item_pk).first()
    if item is None:
        raise changed_meanwhile()
    Item.objects.filter(pk=item_pk).update(is_active=is_shown)
    refresh_dishes(restaurant_pk=item.restaurant_id)


@transaction.atomic
def copy_item(*, item_pk: int) -> Item:
    """Copy an item with all that describes it, behind it and hidden at first.

    The copy has no code, for codes are unique, and is not sold out. It shows the same
    photo.
    """
    section_pk = Item.objects.filter(pk=item_pk).values_list("section", flat=True)
    section = _lock_section(section_pk.first() or 0)
    items = {item.pk: item for item in lock_items(Item.objects.filter(section=section))}
    original = items.get(item_pk)
    if original is None:
        raise changed_meanwhile()
    ending = " " + _("(copy)")
    copy = Item.objects.create(
        **{name: getattr(original, name) for name in DESCRIBING_FIELDS},
        restaurant_id=original.restaurant_id,
        section=section,
        name=original.name[: NAME_LENGTH - len(ending)] + ending,
        is_active=False,
        is_draft=original.is_draft,
        position=original.position + 1,
    )
    ItemModifierGroup.objects.bulk_create(
        ItemModifierGroup(item=copy, group_id=row.group_id, position=row.position)
        for row in original.item_modifier_groups.all()
    )
    # Items that were never arranged share a position: their order is kept, too.
    arranged = sorted(items.values(), key=lambda item: (item.position, item.pk))
    pks = [item.pk for item in arranged]
    pks.insert(pks.index(item_pk) + 1, copy.pk)
    Item.objects.filter(section=section).update(position=places_of(pks))
    return copy


# What a copy takes over beside its name.
DESCRIBING_FIELDS = [
    *("description", "photo", "drawing", "price", "tax_rate", "diets", "allergens"),
]


@transaction.atomic
def delete_item(*, item_pk: int) -> None:
    """Delete an item; orders keep what they say of it. Nothing if it is gone."""
    for item in lock_items(Item.objects.filter(pk=item_pk)):
        drop_photos([item.photo.name or ""], restaurant_pk=item.restaurant_id)
        if item.is_draft and item.draft_of_id is not None:
            # Publishing hides what was taken out, not what the draft never had.
            MenuChange.objects.create(
                restaurant_id=item.restaurant_id,
                summary=DRAFT_MARK,
                rows=[{"draft": item.section.menu_id, "item": item.draft_of_id}],
            )
        item.delete()
        refresh_dishes(restaurant_pk=item.restaurant_id)


@transaction.atomic
def delete_section(*, section_pk: int) -> None:
    """Delete a section without items; EditConflictError when it has some."""
    section = _lock_section(section_pk)
    if section.items.exists():
        raise EditConflictError(_("This section has items; move them first."))
    section.delete()


def drop_photos(names: Iterable[str], *, restaurant_pk: int) -> None:
    """Delete photos' files once this is committed, unless they are still needed.

    An item may show them, or one of the restaurant's changes, once it is taken back.
    """
    dropped = set(filter(None, names))

    def drop() -> None:
        # A copy and a draft show the original's.
        shown = Item.objects.filter(photo__in=dropped)
        changes = MenuChange.objects.filter(restaurant=restaurant_pk)
        for name in dropped - set(shown.values_list("photo", flat=True)):
            before = [{"model": Item.__name__, "before": {"photo": name}}]
            if not changes.filter(rows__contains=before).exists():
                delete_photo(name)

    if dropped:
        transaction.on_commit(drop)


@dataclass(frozen=True)
class PriceChange:
    before: Decimal
    after: Decimal


@transaction.atomic
def set_prices(*, section_pk: int, changes: Mapping[int, PriceChange]) -> int:
    """Set prices in a section, all or none; return how many were changed.

    EditConflictError when an item is gone or costs no longer what it did before.
    """
    items = {
        item.pk: item
        for item in lock_items(
            Item.objects.filter(section=section_pk, pk__in=list(changes))
        )
    }
    after: dict[int, Decimal] = {}
    for pk, change in changes.items():
        now = items[pk].price if pk in items else None
        if now not in {change.before, change.after}:
            raise changed_meanwhile()
        if now != change.after:
            after[pk] = change.after
    _write_prices(Item.objects.filter(pk__in=list(after)), "price", after)
    return len(after)


def _write_prices(
    rows: QuerySet[Model], field: str, prices: Mapping[int, Decimal]
) -> None:
    if prices:
        amounts = (When(pk=pk, then=Value(price)) for pk, price in prices.items())
        money = DecimalField(max_digits=10, decimal_places=2)
        rows.update(**{field: Case(*amounts, output_field=money)})


@dataclass(frozen=True)
class PriceRow:
    """A price in a plan; a modifier's is its difference."""

    pk: int
    group: str  # of a modifier, else ""
    name: str
    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        return self.after - self.before


@dataclass(frozen=True)
class PricePlan:
    """What a change by per cent would do; the signature tells if it still would."""

    rows: list[PriceRow]
    signature: str

    @property
    def changed_count(self) -> int:
        return sum(bool(row.difference) for row in self.rows)


@dataclass(frozen=True)
class PriceRule:
    percent: Decimal
    rounding: Rounding
    is_for_modifiers: bool


def plan_prices(
    *, restaurant: Restaurant, item_pks: Collection[int], rule: PriceRule
) -> PricePlan:
    """Return what a rule would make of the prices of a restaurant's items.

    With modifiers: also of all that can be chosen with these items. PriceFormatError
    when a price would get too high.
    """
    items = Item.objects.filter(restaurant=restaurant, pk__in=item_pks)
    rows = [
        PriceRow(
            item.pk,
            "",
            item.name,
            item.price,
            change_price(
                item.price,
                rule.percent,
                rounding=rule.rounding,
                currency=restaurant.currency,
            ),
        )
        for item in items.order_by("section__position", "section", "position", "pk")
    ]
    if rule.is_for_modifiers:
        rows += [
            PriceRow(
                modifier.pk,
                modifier.group.name,
                modifier.name,
                modifier.price_difference,
                change_difference(
                    modifier.price_difference,
                    rule.percent,
                    rounding=rule.rounding,
                    currency=restaurant.currency,
                ),
            )
            for modifier in _modifiers_of(items)
        ]
    said = ";".join(
        f"{bool(row.group)} {row.pk} {row.before} {row.after}" for row in rows
    )
    return PricePlan(rows, hashlib.sha256(said.encode()).hexdigest())


def _modifiers_of(items: QuerySet[Item]) -> QuerySet[Modifier]:
    groups = ModifierGroup.objects.filter(items__in=items).values("pk")
    nested = ModifierGroup.objects.filter(
        parent_modifiers__group__in=groups.values("pk")
    ).values("pk")
    return (
        Modifier.objects.filter(Q(group__in=groups) | Q(group__in=nested))
        .exclude(price_difference=0)
        .select_related("group")
        .order_by("group__name", "group", "position", "pk")
    )


@transaction.atomic
def change_prices(
    *,
    restaurant: Restaurant,
    item_pks: Collection[int],
    rule: PriceRule,
    signature: str,
) -> int:
    """Change prices by per cent as planned; return how many were changed.

    EditConflictError when the plan of the signature would be another one by now.
    """
    items = Item.objects.filter(restaurant=restaurant, pk__in=item_pks)
    lock_items(items)
    if rule.is_for_modifiers:
        pks = list(_modifiers_of(items).values_list("pk", flat=True))
        locked = Modifier.objects.select_for_update(no_key=True).filter(pk__in=pks)
        list(locked.order_by("pk"))
    plan = plan_prices(restaurant=restaurant, item_pks=item_pks, rule=rule)
    if plan.signature != signature:
        raise EditConflictError(_("Prices were changed meanwhile; look again."))
    for rows, field, is_modifier in (
        (Item.objects, "price", False),
        (Modifier.objects, "price_difference", True),
    ):
        after = {
            row.pk: row.after
            for row in plan.rows
            if row.difference and bool(row.group) is is_modifier
        }
        _write_prices(rows.filter(pk__in=list(after)), field, after)
    return plan.changed_count


@transaction.atomic
def assign_group(
    *, group_pk: int, added: Collection[int], removed: Collection[int]
) -> None:
    """Offer a modifier group with more items, behind their others, and with fewer.

    Items of other restaurants are left alone; EditConflictError when the group is gone.
    """
    group = ModifierGroup.objects.select_for_update().filter(pk=group_pk).first()
    if group is None:
        raise changed_meanwhile()
    ItemModifierGroup.objects.filter(group=group, item__in=removed).delete()
    items = Item.objects.filter(restaurant=group.restaurant_id, pk__in=added).exclude(
        item_modifier_groups__group=group
    )
    ItemModifierGroup.objects.bulk_create(
        [
            ItemModifierGroup(item=item, group=group, position=item.last + 1)
            for item in items.annotate(
                last=Coalesce(Max("item_modifier_groups__position"), -1)
            )
        ],
        ignore_conflicts=True,
    )
