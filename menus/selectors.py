"""Reads of menus: a whole menu in a fixed number of queries."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    Count,
    F,
    Func,
    IntegerField,
    JSONField,
    Prefetch,
    Q,
    QuerySet,
    TextField,
    Value,
    When,
    Window,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.translation import gettext as _

from menus.models import (
    DRAFT_MARK,
    Item,
    ItemModifierGroup,
    Menu,
    MenuChange,
    MenuHours,
    Modifier,
    ModifierGroup,
    Section,
)
from restaurants.availability import say_moment
from restaurants.models import UNTIL_FURTHER_NOTICE, Restaurant, Weekday
from restaurants.opening import Span, WeeklySpan, opening_spans, span_at
from restaurants.selectors import Beginnings


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
                    item, restaurant, is_menu_served=served, moment=moment
                )
                item.is_available = not item.unavailable_reason
    return menus


def _unavailable_reason(
    item: Item, restaurant: Restaurant, *, is_menu_served: bool, moment: datetime
) -> str:
    sold_out = say_sold_out(item, time_zone=restaurant.time_zone, moment=moment)
    return sold_out or ("" if is_menu_served else _("Not served now"))


def say_sold_out(item: Item, *, time_zone: str, moment: datetime) -> str:
    """Say that an item is sold out, and when it returns if known; "" if it is not."""
    if not item.is_sold_out_at(moment):
        return ""
    until = None if item.portions_left == 0 else item.sold_out_until
    return say_sold_out_until(until, time_zone=time_zone, moment=moment)


def say_modifier_sold_out(
    modifier: Modifier, *, time_zone: str, moment: datetime
) -> str:
    """Say that a modifier is sold out, and until when if known; "" if it is not."""
    if not modifier.is_sold_out_at(moment):
        return ""
    return say_sold_out_until(
        modifier.sold_out_until, time_zone=time_zone, moment=moment
    )


def say_sold_out_until(
    until: datetime | None, *, time_zone: str, moment: datetime
) -> str:
    """Say that something is sold out, and when it returns if that is known."""
    if until is None or until >= UNTIL_FURTHER_NOTICE:
        return _("Sold out")
    back = say_moment(until, time_zone=time_zone, now=moment)
    return _("Sold out until %(moment)s") % {"moment": back}


def is_served(menu: Menu, *, time_zone: str, moment: datetime) -> bool:
    """Tell whether a menu can be ordered from at a moment; hours must be loaded."""
    week = [
        WeeklySpan(row.weekday, row.opens_at, row.closes_at) for row in menu.hours.all()
    ]
    spans = serving_spans(week, time_zone=time_zone, moment=moment)
    return spans is None or span_at(spans, moment) is not None


def serving_spans(
    week: Collection[WeeklySpan], *, time_zone: str, moment: datetime, days: int = 1
) -> list[Span] | None:
    """Return when a menu with these hours is served around a moment; None if always."""
    if not week:
        return None
    return opening_spans(
        week,
        [],
        time_zone=time_zone,
        since=moment - timedelta(days=1),
        until=moment + timedelta(days=days),
    )


def get_item_for_customer(*, public_id: UUID) -> Item:
    """Return an item of a live restaurant with all its modifiers; DoesNotExist."""
    return _items_for_customer().get(public_id=public_id)


def load_items_for_customer(public_ids: Collection[UUID]) -> dict[UUID, Item]:
    """Return those of the items that get_item_for_customer would, by public id."""
    items = _items_for_customer().filter(public_id__in=public_ids)
    return {item.public_id: item for item in items}


def _items_for_customer() -> QuerySet[Item]:
    return with_modifiers(
        Item.objects.filter(
            is_active=True,
            section__menu__is_active=True,
            restaurant__status=Restaurant.Status.LIVE,
        )
        .select_related("section__menu", "restaurant")
        .prefetch_related("section__menu__hours")
    )


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


def list_menus_for_editing(menus: QuerySet[Menu]) -> list[Menu]:
    """Return menus as their editor shows them, hidden items and all.

    Each item has `group_names`, each menu `has_draft`; a fixed number of queries.
    """
    found = list(
        menus.prefetch_related(
            "hours", Prefetch("sections", Section.objects.prefetch_related("items"))
        )
    )
    names: dict[int, list[str]] = {}
    rows = ItemModifierGroup.objects.filter(item__section__menu__in=found)
    for item_pk, name in rows.values_list("item", "group__name"):
        names.setdefault(item_pk, []).append(name)
    drafts = set(
        Menu.objects.filter(draft_of__in=found).values_list("draft_of", flat=True)
    )
    for menu in found:
        menu.has_draft = menu.pk in drafts
        for section in menu.sections.all():
            for item in section.items.all():
                item.group_names = names.get(item.pk, [])
    return found


def get_draft_for_preview(*, draft: Menu) -> list[Menu]:
    """Return a draft as customers would see it once it is published."""
    items = with_modifiers(Item.objects.filter(is_active=True))
    sections = Section.objects.prefetch_related(Prefetch("items", items))
    return list(
        Menu.objects.filter(pk=draft.pk).prefetch_related(
            "hours", Prefetch("sections", sections)
        )
    )


def list_items_on_sale(*, restaurant: Restaurant) -> list[Item]:
    """Return what the shown menus of a restaurant hold, in their order."""
    items = _items_on_sale([restaurant]).select_related("section__menu")
    return list(items.order_by("section__menu", "section", "position", "pk"))


def list_modifiers_on_sale(*, restaurant: Restaurant) -> list[Modifier]:
    """Return the modifiers that what is on sale asks for, by group."""
    modifiers = _modifiers_on_sale([restaurant])
    return list(
        modifiers.select_related("group", "linked_item").order_by(
            "group", "position", "pk"
        )
    )


def count_sold_out(
    *, restaurants: Collection[Restaurant], moment: datetime
) -> dict[int, int]:
    """Return how many items and modifiers are sold out, by the restaurant's key."""
    is_sold_out = Q(sold_out_until__gt=moment)
    items = _items_on_sale(restaurants).filter(is_sold_out | Q(portions_left=0))
    modifiers = _modifiers_on_sale(restaurants).filter(is_sold_out)
    found: Counter[int] = Counter()
    for rows, path in ((items, "restaurant"), (modifiers, "group__restaurant")):
        found.update(dict(rows.order_by().values_list(path).annotate(Count("pk"))))
    return dict(found)


def _items_on_sale(restaurants: Collection[Restaurant | int]) -> QuerySet[Item]:
    return Item.objects.filter(
        restaurant__in=restaurants, is_active=True, section__menu__is_active=True
    )


def _modifiers_on_sale(restaurants: Collection[Restaurant]) -> QuerySet[Modifier]:
    asked_for = ItemModifierGroup.objects.filter(
        item__in=_items_on_sale(restaurants)
    ).values("group")
    # A modifier of such a group may ask for one more.
    further = Q(parent_modifiers__group__in=asked_for)
    groups = ModifierGroup.objects.filter(
        Q(pk__in=asked_for) | further, restaurant__in=restaurants
    )
    return Modifier.objects.filter(group__in=groups.values("pk"))


class _Folded(Func):
    """A text without case and accents, as restaurants.spelling.fold makes it."""

    template = (
        "regexp_replace(normalize(lower(%(expressions)s), NFKD),"
        " '[\u0300-\u036f]', '', 'g')"
    )
    output_field = TextField()


def list_dishes_found(
    restaurant_pks: Collection[int], beginnings: Beginnings, most: int
) -> dict[int, list[str]]:
    """Return the names of items with words that begin so, by restaurant; one query.

    Those with the most of the words come first, then as on the menu; at most `most`.
    """
    # Words are letters and digits, so they mean nothing else in a pattern.
    patterns = [rf"\m({'|'.join(wanted)})" for wanted in beginnings]
    hits: Combinable = Value(0)
    for pattern in patterns:
        hits += Case(When(folded__regex=pattern, then=1), default=0)
    order = ["-hits", "section__menu", "section", "position", "pk"]
    items = (
        _items_on_sale(restaurant_pks)
        .annotate(folded=_Folded("name"))
        .filter(folded__regex="|".join(patterns))
        .annotate(hits=hits)
        .annotate(place=Window(RowNumber(), partition_by="restaurant", order_by=order))
        .filter(place__lte=most)
        .order_by("restaurant", "place")
    )
    found: dict[int, list[str]] = {}
    for restaurant_pk, name in items.values_list("restaurant", "name"):
        found.setdefault(restaurant_pk, []).append(name)
    return found


FIRST_MENU = 3


def has_first_menu(restaurant: Restaurant) -> bool:
    """Tell whether there is enough that a customer can order: three priced items."""
    items = _items_on_sale([restaurant]).filter(price__gt=0)
    return items.count() >= FIRST_MENU


def has_photo(restaurant: Restaurant) -> bool:
    """Tell whether the restaurant or something on its menu can be seen."""
    return (
        bool(restaurant.picture)
        or _items_on_sale([restaurant]).exclude(photo="").exists()
    )


@dataclass(frozen=True)
class ListedChange:
    """A change of a menu with the first of its rows: there may be thousands."""

    change: MenuChange
    rows: list[dict[str, Any]]
    row_count: int


def list_menu_changes(
    *, restaurant: Restaurant, older_than: int | None = None, count: int, shown: int
) -> list[ListedChange]:
    """Return changes of a restaurant's menus, newest first, with `shown` rows each.

    Those before the change whose pk is `older_than`, the newest for None or another's.
    """
    changes = (
        MenuChange.objects.filter(restaurant=restaurant)
        .exclude(summary=DRAFT_MARK)
        .select_related("user", "undone_by")
        .defer("rows", "undone_by__rows")
        .annotate(
            row_count=Func(
                F("rows"), function="jsonb_array_length", output_field=IntegerField()
            ),
            first_rows=Func(
                F("rows"),
                template=(
                    f"jsonb_path_query_array(%(expressions)s, '$[0 to {shown - 1}]')"
                ),
                output_field=JSONField(),
            ),
        )
    )
    if older_than is not None:
        last = MenuChange.objects.filter(restaurant=restaurant, pk=older_than)
        at = last.values_list("at", flat=True).first()
        if at is not None:
            changes = changes.filter(Q(at__lt=at) | Q(at=at, pk__lt=older_than))
    return [ListedChange(one, one.first_rows, one.row_count) for one in changes[:count]]


def get_menu_change(*, restaurant: Restaurant, change_pk: int) -> MenuChange:
    """Return a change of a restaurant's menus; DoesNotExist for another's."""
    changes = MenuChange.objects.exclude(summary=DRAFT_MARK).select_related("user")
    return changes.get(restaurant=restaurant, pk=change_pk)


def hours_in_words(hours: Iterable[MenuHours]) -> str:
    """Say when a menu is served: the days of each time together."""
    days: dict[str, list[int]] = {}
    for row in hours:
        times = f"{row.opens_at:%H:%M}–{row.closes_at:%H:%M}"
        if row.opens_at == row.closes_at:
            times = _("all day")
        days.setdefault(times, []).append(row.weekday)
    return "; ".join(f"{_days(found)} {times}" for times, found in days.items())


def _days(days: list[int]) -> str:
    names = [str(Weekday(day).label) for day in days]
    is_run = days == list(range(days[0], days[0] + len(days)))
    if is_run and len(days) > 2:  # noqa: PLR2004  # two days are shorter by name
        return f"{names[0]}–{names[-1]}"
    return ", ".join(names)
