"""A restaurant's whole menu as plain rows, for programs: one query, no model instances.

What is shown and what can be ordered is the same as in get_menu_for_customer.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from menus.models import is_sold_out
from menus.selectors import say_sold_out_until, serving_spans
from notifications.prepared import fetch_rows
from restaurants.models import UNTIL_FURTHER_NOTICE, Restaurant
from restaurants.opening import WeeklySpan, next_opening, span_at

Row = TypeVar("Row", bound=tuple[Any, ...])
# A menu that is served once a week is served again within so many days.
DAYS_AHEAD = 8
_SQL = """
WITH shop AS (
    SELECT id, time_zone, currency FROM restaurants_restaurant
     WHERE public_id = %s AND status = %s),
menu AS (
    SELECT m.* FROM menus_menu m JOIN shop ON shop.id = m.restaurant_id
     WHERE m.is_active),
section AS (
    SELECT s.* FROM menus_section s JOIN menu ON menu.id = s.menu_id),
item AS (
    SELECT i.* FROM menus_item i JOIN section ON section.id = i.section_id
     WHERE i.is_active),
offer AS (
    SELECT o.* FROM menus_itemmodifiergroup o JOIN item ON item.id = o.item_id),
first_modifier AS (
    SELECT x.* FROM menus_modifier x
     WHERE x.group_id IN (SELECT group_id FROM offer)),
nested AS (
    SELECT n.modifier_id, n.modifiergroup_id FROM menus_modifier_nested_groups n
      JOIN first_modifier f ON f.id = n.modifier_id),
asked AS (
    SELECT g.* FROM menus_modifiergroup g
     WHERE g.id IN (SELECT group_id FROM offer
                    UNION SELECT modifiergroup_id FROM nested)),
modifier AS (
    SELECT x.* FROM menus_modifier x WHERE x.group_id IN (SELECT id FROM asked))
SELECT time_zone, currency,
  (SELECT json_agg(json_build_array(id, name) ORDER BY position, id) FROM menu),
  (SELECT json_agg(json_build_array(h.menu_id, h.weekday, h.opens_at, h.closes_at)
                   ORDER BY h.weekday, h.opens_at)
     FROM menus_menuhours h JOIN menu ON menu.id = h.menu_id),
  (SELECT json_agg(json_build_array(id, menu_id, name, description)
                   ORDER BY position, id) FROM section),
  (SELECT json_agg(json_build_array(
              id, section_id, public_id, name, description, photo, drawing,
              price::text, diets, allergens, sold_out_until, portions_left)
                   ORDER BY position, id) FROM item),
  (SELECT json_agg(json_build_array(item_id, group_id) ORDER BY position, id)
     FROM offer),
  (SELECT json_agg(json_build_array(id, name, min_choices, max_choices)
                   ORDER BY name, id) FROM asked),
  (SELECT json_agg(json_build_array(
              group_id, id, public_id, name, price_difference::text, diets, allergens,
              sold_out_until) ORDER BY position, id) FROM modifier),
  (SELECT json_agg(json_build_array(n.modifier_id, n.modifiergroup_id)
                   ORDER BY g.name, g.id)
     FROM nested n JOIN asked g ON g.id = n.modifiergroup_id)
  FROM shop
"""


class MenuRow(NamedTuple):
    pk: int
    name: str


class SectionRow(NamedTuple):
    pk: int
    menu_pk: int
    name: str
    description: str


class ItemRow(NamedTuple):
    pk: int
    section_pk: int
    public_id: str
    name: str
    description: str
    photo: str
    drawing: str
    price: str
    diets: list[str]
    allergens: list[str]
    sold_out_until: str | None
    portions_left: int | None


class GroupRow(NamedTuple):
    pk: int
    name: str
    min_choices: int
    max_choices: int


class ModifierRow(NamedTuple):
    group_pk: int
    pk: int
    public_id: str
    name: str
    price_difference: str
    diets: list[str]
    allergens: list[str]
    sold_out_until: str | None


@dataclass(frozen=True)
class WholeMenu:
    """All that customers are shown of a restaurant's menus, by the row it is part of.

    Each list is in the order of the menu.
    """

    time_zone: str
    currency: str
    menus: list[MenuRow]
    weeks: Mapping[int, list[WeeklySpan]]
    sections: Mapping[int, list[SectionRow]]
    items: Mapping[int, list[ItemRow]]
    groups: Mapping[int, GroupRow]
    modifiers: Mapping[int, list[ModifierRow]]
    groups_of_item: Mapping[int, list[int]]
    groups_of_modifier: Mapping[int, list[int]]


class Reason(TextChoices):
    """Why something on a menu cannot be ordered for now."""

    SOLD_OUT = "sold_out", gettext_lazy("Sold out")
    NOT_SERVED_NOW = "not_served_now", gettext_lazy("Not served now")


@dataclass(frozen=True, slots=True)
class Unavailable:
    reason: Reason
    message: str
    # When it can be had again, if that is known.
    again_at: datetime | None


def get_whole_menu(*, public_id: UUID) -> WholeMenu:
    """Return a live restaurant's menus; Restaurant.DoesNotExist if there is none."""
    found = fetch_rows(_SQL, [public_id, Restaurant.Status.LIVE.value])
    if not found:
        raise Restaurant.DoesNotExist
    time_zone, currency, *tables = found[0]
    menus, hours, sections, items, offers, groups, modifiers, nested = (
        rows or [] for rows in tables
    )
    return WholeMenu(
        time_zone=time_zone,
        currency=currency,
        menus=[MenuRow(*row) for row in menus],
        weeks=_weeks(hours),
        sections=_by_parent([SectionRow(*row) for row in sections], 1),
        items=_by_parent([ItemRow(*row) for row in items], 1),
        groups={row[0]: GroupRow(*row) for row in groups},
        modifiers=_by_parent([ModifierRow(*row) for row in modifiers], 0),
        groups_of_item=_pairs(offers),
        groups_of_modifier=_pairs(nested),
    )


def _weeks(hours: Iterable[Any]) -> dict[int, list[WeeklySpan]]:
    weeks: dict[int, list[WeeklySpan]] = defaultdict(list)
    for menu_pk, weekday, opens_at, closes_at in hours:
        opens, closes = time.fromisoformat(opens_at), time.fromisoformat(closes_at)
        weeks[menu_pk].append(WeeklySpan(weekday, opens, closes))
    return weeks


def _by_parent(rows: Iterable[Row], column: int) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found


def _pairs(rows: Iterable[Sequence[int]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for parent, child in rows:
        found[parent].append(child)
    return found


class Serving:
    """When a menu is served, and what of it can be had at one moment."""

    def __init__(
        self, week: Sequence[WeeklySpan], *, time_zone: str, moment: datetime
    ) -> None:
        self._time_zone, self._moment = time_zone, moment
        self._spans = serving_spans(
            week, time_zone=time_zone, moment=moment, days=DAYS_AHEAD
        )
        self.is_now = self._is_at(moment)
        self._not_now = None
        if not self.is_now:
            self._not_now = Unavailable(
                Reason.NOT_SERVED_NOW, _("Not served now"), self._first_from(moment)
            )

    def find_unavailable(
        self, sold_out_until: str | None, portions_left: int | None = None
    ) -> Unavailable | None:
        """Say why an item cannot be ordered now; None when it can."""
        if sold_out_until is None and portions_left != 0:
            return self._not_now
        until = _read_moment(sold_out_until)
        if not is_sold_out(until, self._moment, portions_left=portions_left):
            return self._not_now
        if portions_left == 0:
            until = None
        again = self._first_from(until) if until else None
        return self._sold_out(until, again)

    def find_modifier_unavailable(
        self, sold_out_until: str | None
    ) -> Unavailable | None:
        """Say the same of a modifier, which is served whenever its item is."""
        until = _read_moment(sold_out_until)
        if until is None or not is_sold_out(until, self._moment):
            return None
        return self._sold_out(until, None if until >= UNTIL_FURTHER_NOTICE else until)

    def _sold_out(self, until: datetime | None, again: datetime | None) -> Unavailable:
        words = say_sold_out_until(
            until, time_zone=self._time_zone, moment=self._moment
        )
        return Unavailable(Reason.SOLD_OUT, words, again)

    def _is_at(self, moment: datetime) -> bool:
        return self._spans is None or span_at(self._spans, moment) is not None

    def _first_from(self, moment: datetime) -> datetime | None:
        """Return the first moment from then on that it is served, if that is known."""
        if moment >= UNTIL_FURTHER_NOTICE:
            return None
        if self._is_at(moment) or self._spans is None:
            return moment
        beyond = self._moment + timedelta(days=DAYS_AHEAD)
        return next_opening(self._spans, moment) if moment < beyond else moment


def _read_moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
