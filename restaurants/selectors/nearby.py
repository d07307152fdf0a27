"""Who delivers to a place: the list that everybody opens first."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import connection
from django.db.models.base import ModelState

from customers.models import User
from customers.paging import read_number, read_pk, read_position, write_position
from notifications.prepared import fetch_rows
from restaurants.availability import Orderability, check_orderability
from restaurants.estimating import estimate_minutes
from restaurants.exceptions import InvalidCursorError
from restaurants.geo import to_plane
from restaurants.models import Cuisine, Fulfilment, Restaurant
from restaurants.selectors.ranking import (
    NearbyFilters,
    Position,
    Search,
    Sort,
    find_positions,
)
from restaurants.selectors.search import (
    list_dishes_found,
    list_restaurants_with,
    read_words,
)

# How many restaurants around a place tell which cuisines can be chosen there.
CUISINE_SAMPLE = 300
# A cuisine or words that more have are found among the nearest; else by their keys.
RARE = 2000
# What cards read of a restaurant: most of a row is never shown.
CARD_FIELDS = (
    *("id", "public_id", "name", "slug", "status", "takes_orders", "picture"),
    *("drawing", "country", "latitude", "longitude", "time_zone", "currency"),
    *("offers_delivery", "offers_pickup", "delivery_radius", "delivery_fee"),
    *("fee_step_metres", "fee_step_fees", "minimum_order", "preparation_minutes"),
    *("preparation_week", "busy_minutes", "busy_until", "paused_until"),
    *("unattended_since", "rating_total", "rating_count", "created_at"),
)
# Of opening hours a card needs the span of now and the next ones; reading all that are
# kept takes longer than the rest of the row. A pause may end in any.
_CARDS = f"""
    SELECT {", ".join(f"r.{name}" for name in CARD_FIELDS)},
           spans.starts, spans.ends,
           ARRAY(SELECT c.slug || ' ' || c.name FROM restaurants_restaurant_cuisines rc
                   JOIN restaurants_cuisine c ON c.id = rc.cuisine_id
                  WHERE rc.restaurant_id = r.id ORDER BY c.name),
           r.id IN (SELECT restaurant_id FROM restaurants_favourite
                     WHERE user_id = %(reader)s)
      FROM restaurants_restaurant r
      CROSS JOIN LATERAL (
          SELECT array_agg(lower(span)) AS starts, array_agg(upper(span)) AS ends
            -- unnest gives them in their order.
            FROM (SELECT span FROM unnest(r.open_spans) span
                   WHERE r.paused_until > %(moment)s OR upper(span) > %(moment)s
                   LIMIT CASE WHEN r.paused_until > %(moment)s THEN NULL ELSE 3 END
                 ) next_ones) spans
     WHERE r.id = ANY(%(pks)s)
"""


class KeptSpan(NamedTuple):
    lower: datetime
    upper: datetime


class CuisineShown(NamedTuple):
    slug: str
    name: str


@dataclass(frozen=True)
class NearbyRestaurant:
    """A restaurant as its card shows it, for one place and moment.

    Only CARD_FIELDS are loaded of it, and of its opening spans only the next few.
    """

    restaurant: Restaurant
    distance: float
    is_open: bool
    orderability: Orderability
    minutes: tuple[int, int]
    delivery_fee: Decimal
    cuisines: Sequence[CuisineShown]
    is_favourite: bool  # of who reads it
    dishes: list[str] = field(default_factory=list)  # at most three that were meant


@dataclass(frozen=True)
class NearbyPage:
    results: list[NearbyRestaurant]
    next_cursor: str = ""
    corrected: str = ""  # the words searched for instead of misspelt ones


def list_restaurants_near(
    *,
    latitude: float,
    longitude: float,
    moment: datetime,
    filters: NearbyFilters | None = None,
    sort: Sort = Sort.DISTANCE,
    cursor: str = "",
    limit: int = 20,
    reader: User | None = None,
) -> NearbyPage:
    """Return the restaurants that deliver to a place: open ones first, then sorted.

    Distances are great-circle metres and decide both the order and each restaurant's
    own edge. `cursor` is the previous page's `next_cursor`; InvalidCursorError if not.
    `reader` is whose favourites are told.
    """
    filters = filters or NearbyFilters()
    after = _read_cursor(cursor, sort) if cursor else None
    spelling = read_words(filters.text)
    wording, doubtful = spelling.wording(), spelling.wording(is_in_doubt=True)
    search = Search(latitude, longitude, moment, filters, sort, wording)
    if filters.cuisine:
        search = _of_cuisine(search)
    asked = _of_words(search)
    positions = find_positions(asked, after, limit + 1)
    if not positions and doubtful != wording:
        # Somewhere a name is written so, but not here.
        asked = _of_words(replace(search, wording=doubtful))
        positions = find_positions(asked, after, limit + 1)
    page = positions[:limit]
    return NearbyPage(
        _cards(page, asked, reader),
        _write_cursor(page[-1], sort) if len(positions) > limit else "",
        asked.wording.corrected,
    )


def _of_cuisine(search: Search) -> Search:
    """Narrow a search to its cuisine, by the keys of its restaurants if few have it."""
    pks = list(
        Restaurant.cuisines.through.objects.filter(
            cuisine__slug=search.filters.cuisine
        ).values_list("restaurant", "cuisine")[: RARE + 1]
    )
    if len(pks) <= RARE:
        return replace(search, only=frozenset(pk for pk, _cuisine in pks))
    return replace(search, cuisine_pk=pks[0][1])


def _of_words(search: Search) -> Search:
    """Narrow a search to the keys of the restaurants that have its words, if few."""
    if not search.wording.beginnings:
        return search
    pks = list_restaurants_with(search.wording, most=RARE + 1)
    if len(pks) > RARE:
        return search
    only = frozenset(pks) if search.only is None else search.only & frozenset(pks)
    return replace(search, only=only, has_words=True)


def _cards(
    positions: Sequence[Position], search: Search, reader: User | None
) -> list[NearbyRestaurant]:
    found = _load([position[3] for position in positions], search.moment, reader)
    dishes = list_dishes_found(list(found), search.wording.beginnings)
    moment, fulfilment = search.moment, search.filters.fulfilment
    place = (search.latitude, search.longitude)
    cards = []
    for is_closed, _value, distance, pk in positions:
        if pk not in found:
            continue
        restaurant, cuisines, is_favourite = found[pk]
        cards.append(
            NearbyRestaurant(
                restaurant=restaurant,
                distance=distance,
                is_open=not is_closed,
                orderability=check_orderability(
                    restaurant,
                    moment=moment,
                    place=place,
                    fulfilment=fulfilment,
                    distance=distance,
                ),
                minutes=estimate_minutes(
                    preparation_minutes=restaurant.preparation_minutes_at(moment),
                    distance=None if fulfilment == Fulfilment.PICKUP else distance,
                ),
                delivery_fee=restaurant.delivery_fee_at(distance),
                cuisines=cuisines,
                is_favourite=is_favourite,
                dishes=dishes.get(pk, []),
            )
        )
    return cards


def _load(
    pks: list[int], moment: datetime, reader: User | None
) -> dict[int, tuple[Restaurant, list[CuisineShown], bool]]:
    """Return restaurants by key with their cuisines, and if they are favourites."""
    if not pks:
        return {}
    asked = {"pks": pks, "moment": moment, "reader": reader.pk if reader else None}
    found, alias = {}, connection.alias
    for row in fetch_rows(_CARDS, asked):
        *values, starts, ends, cuisines, is_favourite = row
        restaurant = _instance(values, alias)
        restaurant.open_spans = list(map(KeptSpan, starts or (), ends or ()))
        shown = [_read_cuisine(one) for one in cuisines]
        found[values[0]] = restaurant, shown, is_favourite
    return found


def _instance(values: list[object], alias: str) -> Restaurant:
    """Return what Restaurant.from_db would for CARD_FIELDS, in a tenth of the time.

    Other fields are loaded when they are asked for.
    """
    state = ModelState()
    state.adding, state.db = False, alias
    restaurant = Restaurant.__new__(Restaurant)
    restaurant.__dict__.update(zip(CARD_FIELDS, values, strict=True), _state=state)
    return restaurant


def _read_cuisine(text: str) -> CuisineShown:
    slug, _space, name = text.partition(" ")
    return CuisineShown(slug, name)


def _write_cursor(position: Position, sort: Sort) -> str:
    return write_position([sort, *position])


def _read_cursor(cursor: str, sort: Sort) -> Position:
    try:
        written_for, is_closed, value, distance, pk = read_position(cursor)
        position = (
            bool(is_closed),
            read_number(value),
            read_number(distance),
            read_pk(pk),
        )
    except ValueError as error:
        raise InvalidCursorError(cursor) from error
    if written_for != sort:
        raise InvalidCursorError(cursor)
    return position


def list_cuisines_near(*, latitude: float, longitude: float) -> list[Cuisine]:
    """Return the cuisines of the live restaurants nearest to a place, by name."""
    x, y = to_plane(latitude, longitude)
    return list(
        Cuisine.objects.raw(
            """
            SELECT * FROM restaurants_cuisine WHERE id IN (
                SELECT rc.cuisine_id FROM restaurants_restaurant_cuisines rc
                  JOIN (SELECT id FROM restaurants_restaurant WHERE status = 'live'
                         ORDER BY location <-> point(%s, %s) LIMIT %s) near
                    ON near.id = rc.restaurant_id)
            ORDER BY name
            """,
            [x, y, CUISINE_SAMPLE],
        )
    )
