"""Every write about menus."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from menus.exceptions import ItemSoldOutError
from menus.models import Item, Modifier
from restaurants.live import ring_board
from restaurants.services import refresh_search_document


@dataclass(frozen=True)
class Switched:
    """What was sold out or brought back together, as it is one and the same thing."""

    restaurant_pk: int
    name: str
    item_pks: tuple[int, ...]
    modifier_pks: tuple[int, ...]
    # Among them those that could be had until now.
    new_item_pks: tuple[int, ...]
    new_modifier_pks: tuple[int, ...]


def mark_item_sold_out(*, item_pk: int, until: datetime) -> Switched:
    """Take no orders of an item before `until` (86 it), nor of its linked modifiers."""
    return _switch(item_pk, None, until)


def bring_item_back(*, item_pk: int) -> Switched:
    """End an item's being sold out and its linked modifiers'.

    A count of no portions is forgotten.
    """
    return _switch(item_pk, None, None)


def mark_modifier_sold_out(*, modifier_pk: int, until: datetime) -> Switched:
    """Take no orders of a modifier before `until` (86 it).

    Nor of the item that it is, and of the other modifiers that are this item.
    """
    return _switch(None, modifier_pk, until)


def bring_modifier_back(*, modifier_pk: int) -> Switched:
    """End a modifier's being sold out, its item's and the item's other modifiers'."""
    return _switch(None, modifier_pk, None)


@transaction.atomic
def _switch(
    item_pk: int | None, modifier_pk: int | None, until: datetime | None
) -> Switched:
    now = timezone.now()
    restaurant_pk, items, modifiers = _lock_linked(item_pk, modifier_pk)
    item_pks = tuple(row.pk for row in items)
    modifier_pks = tuple(row.pk for row in modifiers)
    Item.objects.filter(pk__in=item_pks).update(sold_out_until=until)
    Modifier.objects.filter(pk__in=modifier_pks).update(sold_out_until=until)
    if until is None:
        none_left = Item.objects.filter(pk__in=item_pks, portions_left=0)
        none_left.update(portions_left=None)
    ring_board(restaurant_pk)
    asked_for: list[Item] | list[Modifier] = items
    if item_pk is None:
        asked_for = [row for row in modifiers if row.pk == modifier_pk]
    return Switched(
        restaurant_pk=restaurant_pk,
        name=asked_for[0].name,
        item_pks=item_pks,
        modifier_pks=modifier_pks,
        new_item_pks=tuple(row.pk for row in items if not row.is_sold_out_at(now)),
        new_modifier_pks=tuple(
            row.pk for row in modifiers if not row.is_sold_out_at(now)
        ),
    )


def _lock_linked(
    item_pk: int | None, modifier_pk: int | None
) -> tuple[int, list[Item], list[Modifier]]:
    """Lock what is sold out together: the item before its modifiers, these by pk."""
    wanted = Q()
    if modifier_pk is not None:
        asked_for = Modifier.objects.select_related("group").get(pk=modifier_pk)
        restaurant_pk = asked_for.group.restaurant_id
        item_pk = asked_for.linked_item_id
        wanted |= Q(pk=modifier_pk)
    else:
        assert item_pk is not None
        restaurant_pk = Item.objects.get(pk=item_pk).restaurant_id
    items = []
    if item_pk is not None:
        own = Item.objects.filter(pk=item_pk, restaurant=restaurant_pk)
        items = list(own.select_for_update(no_key=True))
        wanted |= Q(linked_item=item_pk)
    modifiers = (
        Modifier.objects.select_for_update(of=("self",), no_key=True)
        .filter(wanted, group__restaurant=restaurant_pk)
        .order_by("pk")
    )
    return restaurant_pk, items, list(modifiers)


def take_portions(*, quantities: Mapping[int, int]) -> None:
    """Count down the portions left; ItemSoldOutError when too few remain.

    Call it in the order's transaction. Rows are taken in order of their pk, so that
    two orders of the same items wait for each other and never deadlock.
    """
    for pk in sorted(quantities):
        taken = Item.objects.filter(
            pk=pk, portions_left__isnull=False, portions_left__gte=quantities[pk]
        ).update(portions_left=F("portions_left") - quantities[pk])
        if taken:
            continue
        counted = Item.objects.filter(pk=pk, portions_left__isnull=False).first()
        if counted is not None:
            raise ItemSoldOutError(
                _("There are not enough portions of “%(name)s” left.")
                % {"name": counted.name}
            )


def return_portions(*, quantities: Mapping[int, int]) -> None:
    """Give back the portions of an order that was not cooked."""
    for pk in sorted(quantities):
        Item.objects.filter(pk=pk, portions_left__isnull=False).update(
            portions_left=F("portions_left") + quantities[pk]
        )


@transaction.atomic
def refresh_dishes(*, restaurant_pk: int) -> None:
    """Make a restaurant findable by what it serves now; call it after menu changes."""
    names = Item.objects.filter(
        restaurant=restaurant_pk, is_active=True, section__menu__is_active=True
    ).values_list("name", flat=True)
    refresh_search_document(restaurant_pk=restaurant_pk, dish_names=names)
