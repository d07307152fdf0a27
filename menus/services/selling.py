"""Every write about menus."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from menus.exceptions import ItemSoldOutError
from menus.models import Item, Modifier
from restaurants.services import refresh_search_document


def mark_item_sold_out(*, item_pk: int, until: datetime) -> None:
    """Take no orders of an item before `until` (86 it)."""
    Item.objects.filter(pk=item_pk).update(sold_out_until=until)


def bring_item_back(*, item_pk: int) -> None:
    """End an item's being sold out; a count of no portions is forgotten."""
    Item.objects.filter(pk=item_pk).update(sold_out_until=None)
    Item.objects.filter(pk=item_pk, portions_left=0).update(portions_left=None)


def mark_modifier_sold_out(*, modifier_pk: int, until: datetime) -> None:
    """Take no orders of a modifier before `until` (86 it)."""
    Modifier.objects.filter(pk=modifier_pk).update(sold_out_until=until)


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
