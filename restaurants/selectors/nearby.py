"""Who delivers to a place: the list that everybody opens first."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from django.db.models.expressions import RawSQL

from customers.paging import read_number, read_pk, read_position, write_position
from restaurants.availability import Orderability, check_orderability
from restaurants.estimating import estimate_minutes
from restaurants.exceptions import InvalidCursorError
from restaurants.fields import InstantMultirangeField
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
# What a card says of opening hours needs the span of now and the next ones; reading all
# that are kept takes longer than the rest of the row. A pause may end in any.
NEXT_SPANS = """
    CASE WHEN paused_until > %s THEN open_spans ELSE (
        SELECT range_agg(span) FROM (
            SELECT span FROM unnest(open_spans) span WHERE upper(span) > %s
             ORDER BY span LIMIT 3) next_ones) END
"""


@dataclass(frozen=True)
class NearbyRestaurant:
    """A restaurant as its card shows it, for one place and moment.

    Of its opening spans only the next few are loaded.
    """

    restaurant: Restaurant
    distance: float
    is_open: bool
    orderability: Orderability
    minutes: tuple[int, int]
    delivery_fee: Decimal
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
) -> NearbyPage:
    """Return the restaurants that deliver to a place: open ones first, then sorted.

    Distances are great-circle metres and decide both the order and each restaurant's
    own edge. `cursor` is the previous page's `next_cursor`; InvalidCursorError if not.
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
        _cards(page, asked),
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


def _cards(positions: Sequence[Position], search: Search) -> list[NearbyRestaurant]:
    moment = search.moment
    spans = RawSQL(NEXT_SPANS, [moment, moment], InstantMultirangeField())  # noqa: S611
    by_pk = (
        Restaurant.objects.prefetch_related("cuisines")
        .defer("search_document", "open_spans")
        .annotate(next_spans=spans)
        .in_bulk([position[3] for position in positions])
    )
    for restaurant in by_pk.values():
        restaurant.open_spans = restaurant.next_spans  # type: ignore[attr-defined]
    dishes = list_dishes_found(list(by_pk), search.wording.beginnings)
    place = (search.latitude, search.longitude)
    fulfilment = search.filters.fulfilment
    return [
        NearbyRestaurant(
            restaurant=by_pk[pk],
            distance=distance,
            is_open=not is_closed,
            orderability=check_orderability(
                by_pk[pk], moment=moment, place=place, fulfilment=fulfilment
            ),
            minutes=estimate_minutes(
                preparation_minutes=by_pk[pk].preparation_minutes_at(moment),
                distance=None if fulfilment == Fulfilment.PICKUP else distance,
            ),
            delivery_fee=by_pk[pk].delivery_fee_at(distance),
            dishes=dishes.get(pk, []),
        )
        for is_closed, _value, distance, pk in positions
        if pk in by_pk
    ]


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
