"""Reads of menus: a whole menu in a fixed number of queries."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from menus.models import Item, Menu, MenuHours, Modifier, ModifierGroup, Section
from restaurants.models import Restaurant
from restaurants.opening import WeeklySpan, opening_spans, span_at


def with_modifiers(items: QuerySet[Item]) -> QuerySet[Item]:
    """Load the groups of items, their modifiers and the nested ones, in order."""
    nested = Prefetch(
        "nested_groups", ModifierGroup.objects.prefetch_related("modifiers")
    )
    modifiers = Prefetch("modifiers", Modifier.objects.prefetch_related(nested))
    groups = Prefetch(
        "modifier_groups",
        ModifierGroup.objects.order_by(
            "item_modifier_groups__position", "item_modifier_groups__pk"
        ).prefetch_related(modifiers),
    )
    return items.prefetch_related(groups)


def get_menu_for_customer(
    *, restaurant: Restaurant, moment: datetime | None = None
) -> list[Menu]:
    """Return the menus shown to customers, all they hold loaded.

    Each item has is_available and, when it is not, unavailable_reason, both for the
    moment (now when None).
    """
    moment = moment or timezone.now()
    items = with_modifiers(Item.objects.filter(is_active=True))
    sections = Section.objects.prefetch_related(Prefetch("items", items))
    menus = list(
        Menu.objects.filter(restaurant=restaurant, is_active=True).prefetch_related(
            "hours", Prefetch("sections", sections)
        )
    )
    for menu in menus:
        served = is_served(menu, time_zone=restaurant.time_zone, moment=moment)
        for section in menu.sections.all():
            for item in section.items.all():
                item.unavailable_reason = _unavailable_reason(
                    item, is_menu_served=served, moment=moment
                )
                item.is_available = not item.unavailable_reason
    return menus


def _unavailable_reason(item: Item, *, is_menu_served: bool, moment: datetime) -> str:
    if item.is_sold_out_at(moment):
        return _("Sold out")
    return "" if is_menu_served else _("Not served now")


def is_served(menu: Menu, *, time_zone: str, moment: datetime) -> bool:
    """Tell whether a menu can be ordered from at a moment; hours must be loaded."""
    hours: list[MenuHours] = list(menu.hours.all())
    if not hours:
        return True
    spans = opening_spans(
        [WeeklySpan(row.weekday, row.opens_at, row.closes_at) for row in hours],
        [],
        time_zone=time_zone,
        since=moment - timedelta(days=1),
        until=moment + timedelta(days=1),
    )
    return span_at(spans, moment) is not None


def get_item_for_customer(*, public_id: UUID) -> Item:
    """Return an item of a live restaurant with all its modifiers; DoesNotExist."""
    return with_modifiers(
        Item.objects.filter(
            is_active=True,
            section__menu__is_active=True,
            restaurant__status=Restaurant.Status.LIVE,
        ).select_related("section__menu", "restaurant")
    ).get(public_id=public_id)


def load_items(pks: Collection[int]) -> dict[int, Item]:
    """Return items by pk as they are now, with modifiers, section, menu and hours."""
    items = (
        Item.objects.filter(pk__in=pks)
        .select_related("section__menu", "restaurant")
        .prefetch_related("section__menu__hours")
    )
    return {item.pk: item for item in with_modifiers(items)}


def is_on_sale(item: Item, *, moment: datetime) -> bool:
    """Tell whether an item from load_items is on a menu served at the moment."""
    menu = item.section.menu
    return (
        item.is_active
        and menu.is_active
        and is_served(menu, time_zone=item.restaurant.time_zone, moment=moment)
    )
