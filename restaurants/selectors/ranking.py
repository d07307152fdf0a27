"""Which restaurants deliver to a place and in which order: the SQL that finds them.

The nearest few by the index nearly always settle the order, as nothing farther away can
come before them; only otherwise all that deliver are ranked.
"""

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from notifications.prepared import fetch_rows
from restaurants.estimating import DETOUR, METRES_PER_MINUTE
from restaurants.geo import (
    EARTH_RADIUS,
    MERCATOR_RADIUS,
    WORLD_WIDTH,
    degrees_of,
    to_plane,
)
from restaurants.models import Fulfilment
from restaurants.selectors.search import Wording

WIDEST_RADIUS = 50_000.0  # a constraint holds every restaurant's radius below it
POLAR_LATITUDE = 89.0
# So many of the nearest are looked at before all that deliver are ranked.
LOOK = 500
BEST_RATING = 5


class Sort(TextChoices):
    DISTANCE = "distance", _("Nearest")
    ARRIVAL = "arrival", _("Soonest")
    RATING = "rating", _("Best rated")
    FEE = "fee", _("Lowest fee")


@dataclass(frozen=True)
class NearbyFilters:
    cuisine: str = ""
    open_now: bool = False
    text: str = ""
    fulfilment: str = Fulfilment.DELIVERY
    free_delivery: bool = False  # to this place
    min_rating: float = 0  # of the average; above 0 only rated ones are kept

    def __post_init__(self) -> None:
        if self.fulfilment == Fulfilment.PICKUP:
            # Nothing is delivered to who collects.
            object.__setattr__(self, "free_delivery", False)


MINUTES_PER_METRE = DETOUR / METRES_PER_MINUTE

# Where one row stands in the list: closed after open, then by the sort's value, then
# by distance, then by id, so that no two rows are level and paging never skips one.
Position = tuple[bool, float, float, int]

# The haversine formula; what is the same for every row comes as a number.
_DISTANCE = f"""
    {2 * EARTH_RADIUS} * asin(least(1, sqrt(
        sin((r.latitude - %(latitude)s) * {math.pi / 360}) ^ 2
        + %(cos_latitude)s * cos(radians(r.latitude))
        * sin((r.longitude - %(longitude)s) * {math.pi / 360}) ^ 2)))
"""
_IS_OPEN = """
    (r.open_spans @> %(moment)s::timestamptz
     AND (r.paused_until IS NULL OR r.paused_until <= %(moment)s)
     AND r.unattended_since IS NULL)
"""
# What Restaurant.preparation_minutes_at and delivery_fee_at say, in SQL.
_PREPARATION = """
    (CASE WHEN r.preparation_week IS NULL THEN r.preparation_minutes
          ELSE r.preparation_week[
              (extract(isodow FROM %(moment)s AT TIME ZONE r.time_zone)::int - 1) * 24
              + extract(hour FROM %(moment)s AT TIME ZONE r.time_zone)::int + 1] END
     + CASE WHEN r.busy_until > %(moment)s THEN r.busy_minutes ELSE 0 END)
"""
_FEE = """
    coalesce(r.fee_step_fees[width_bucket(d.distance, r.fee_step_metres)],
             r.delivery_fee)::float8
"""
_SORT_VALUES = {
    Sort.DISTANCE: "0",
    Sort.ARRIVAL: f"({_PREPARATION} + d.distance * {MINUTES_PER_METRE})",
    Sort.RATING: "coalesce(-r.rating_total::float8 / nullif(r.rating_count, 0), 0)",
    Sort.FEE: _FEE,
}
# What a row's value is at least, as far as its own columns tell.
_LEAST_VALUES = {
    Sort.ARRIVAL: f"{_PREPARATION} + (r.location <-> point(%(x)s, %(y)s))"
    f" / %(scale)s * {MINUTES_PER_METRE}",
    Sort.RATING: _SORT_VALUES[Sort.RATING],
}


@dataclass
class Search:
    latitude: float
    longitude: float
    moment: datetime
    filters: NearbyFilters
    sort: Sort
    wording: Wording
    cuisine_pk: int | None = None
    # The keys of those that have the cuisine or the words, where few have.
    only: frozenset[int] | None = None
    has_words: bool = False  # whether those are only restaurants with the words
    params: dict[str, object] = field(init=False)

    def __post_init__(self) -> None:
        x, y = to_plane(self.latitude, self.longitude)
        # Great-circle metres to plane metres, at the circle's edge nearest the pole.
        edge = min(abs(self.latitude) + degrees_of(WIDEST_RADIUS), POLAR_LATITUDE)
        self.scale = MERCATOR_RADIUS / EARTH_RADIUS / math.cos(math.radians(edge))
        self.params = {
            "latitude": self.latitude,
            "cos_latitude": math.cos(math.radians(self.latitude)),
            "longitude": self.longitude,
            "moment": self.moment,
            "x": x,
            "y": y,
            "scale": self.scale,
        }

    @property
    def is_polar(self) -> bool:
        return abs(self.latitude) + degrees_of(WIDEST_RADIUS) >= POLAR_LATITUDE

    @property
    def other_x(self) -> float | None:
        """The same place seen from the other side of the date line, if it is near."""
        x = to_plane(self.latitude, self.longitude)[0]
        if abs(x) + WIDEST_RADIUS * self.scale < WORLD_WIDTH / 2:
            return None
        return x - math.copysign(WORLD_WIDTH, x)

    @property
    def is_led_by_index(self) -> bool:
        """Whether plane order is close to true order all around the place."""
        return not self.is_polar and self.other_x is None

    @property
    def is_narrow(self) -> bool:
        """Whether only some of the restaurants that deliver are asked for."""
        filters = self.filters
        return bool(
            self.wording.beginnings
            or filters.cuisine
            or filters.free_delivery
            or filters.min_rating
        )

    def region(self, reach: float | None = None) -> str:
        """Return the SQL that bounds the search on the plane, to `reach` metres."""
        if reach is not None:
            self.params["reach"] = reach
            return "r.location <@ circle(point(%(x)s, %(y)s), %(scale)s * %(reach)s)"
        if self.is_polar:
            span = degrees_of(WIDEST_RADIUS)
            self.params["low_y"] = to_plane(max(-90.0, self.latitude - span), 0)[1]
            self.params["high_y"] = to_plane(min(90.0, self.latitude + span), 0)[1]
            self.params["width"] = WORLD_WIDTH
            return (
                "r.location <@ box(point(-%(width)s, %(low_y)s),"
                " point(%(width)s, %(high_y)s))"
            )
        circle = (
            "r.location <@ circle(point(%({x})s, %(y)s),"
            " %(scale)s * widest_delivery_radius())"
        )
        if self.other_x is None:
            return circle.format(x="x")
        self.params["other_x"] = self.other_x
        return f"({circle.format(x='x')} OR {circle.format(x='other_x')})"

    @property
    def offers(self) -> str:
        if self.filters.fulfilment == Fulfilment.PICKUP:
            return "r.offers_pickup"
        return "r.offers_delivery"

    def conditions(self, where: str = "") -> list[str]:
        """Return the SQL that every row offered must meet.

        `where` finds the rows to begin with, instead of all around the place.
        """
        conditions = [
            "r.status = 'live'",
            # A few known ones need no index of places to be found.
            where or ("true" if self.only is not None else self.region()),
            "d.distance <= r.delivery_radius",
            self.offers,
        ]
        if self.only is not None:
            self.params["only"] = list(self.only)
            conditions.append("r.id = ANY(%(only)s)")
        elif self.cuisine_pk is not None:
            self.params["cuisine"] = self.cuisine_pk
            conditions.append(
                "EXISTS (SELECT FROM restaurants_restaurant_cuisines rc"
                " WHERE rc.restaurant_id = r.id AND rc.cuisine_id = %(cuisine)s)"
            )
        if (query := self.wording.tsquery) and not self.has_words:
            self.params["query"] = query
            # Written so that no index of words is used: many have them, and the
            # nearest of those are met at once on the way outward.
            conditions.append(
                "(r.search_document @@ to_tsquery('simple', %(query)s)) IS TRUE"
            )
        if self.filters.open_now:
            conditions.append(_IS_OPEN)
        if self.filters.free_delivery:
            conditions.append(f"{_FEE} = 0")
        if self.filters.min_rating:
            self.params["min_rating"] = self.filters.min_rating
            conditions.append(
                "r.rating_total >= %(min_rating)s::float8 * r.rating_count"
                " AND r.rating_count > 0"
            )
        return conditions


def find_positions(
    search: Search, after: Position | None, limit: int
) -> list[Position]:
    """Return where the next rows stand, in order; at most `limit`."""
    if not search.is_led_by_index:
        return _sort_all(search, after, limit)
    if search.sort == Sort.DISTANCE and not search.is_narrow:
        return _walk_outward(search, after, limit)
    look = 3 * limit if search.sort == Sort.DISTANCE else max(LOOK, 3 * limit)
    outward = "r.location <-> point(%(x)s, %(y)s)"
    nearest = _rank(search, after, outward, look, search.conditions())
    ranked = sorted(position for position, _plane in nearest)[:limit]
    if len(nearest) < look:
        return ranked  # these are all there are
    last = ranked[-1]
    reach = _reach_before(last, search.sort)
    if reach is not None and reach < nearest[-1][1] / search.scale:
        return ranked
    if search.sort == Sort.DISTANCE:
        return _walk_outward(search, after, limit)
    return _sort_all(search, after, limit, None if last[0] else last, reach)


def _reach_before(position: Position, sort: Sort) -> float | None:
    """Return within how many metres whatever comes before a row must lie, if known."""
    is_closed, value, distance, _pk = position
    if is_closed:
        return None
    if sort == Sort.ARRIVAL:
        return value / MINUTES_PER_METRE  # had its kitchen no work at all
    is_best = {
        Sort.DISTANCE: True,
        Sort.RATING: value <= -BEST_RATING,
        Sort.FEE: value <= 0,
    }
    return distance if is_best[sort] else None


def _walk_outward(search: Search, after: Position | None, limit: int) -> list[Position]:
    groups = [False] if search.filters.open_now else [False, True]
    found: list[Position] = []
    for is_closed in groups:
        if after is not None and is_closed < after[0]:
            continue
        here = after if after is not None and after[0] == is_closed else None
        if len(found) < limit:
            found += _walk_group(search, here, limit - len(found), is_closed=is_closed)
    return found


def _walk_group(
    search: Search, after: Position | None, limit: int, *, is_closed: bool
) -> list[Position]:
    """Take the nearest of one group by the index, put into exact order.

    Plane order strays from true order by up to one per cent within a radius. Whatever
    the index has not shown yet lies no nearer than the last plane distance over the
    largest scale; rows nearer than that are surely all there, rows just as far (many
    may share the customer's own spot) are not. If those are too few, look again with a
    wider net.
    """
    conditions = search.conditions()
    conditions.append(f"({_IS_OPEN}) IS {'NOT ' if is_closed else ''}TRUE")
    params = dict(search.params)
    if after is not None:
        params |= {"after_distance": after[2], "after_id": after[3]}
        conditions.append("(d.distance, r.id) > (%(after_distance)s, %(after_id)s)")
    # How rare a cuisine or a word is decides how it is best looked for, so those are
    # planned each time.
    fetch = _run if search.is_narrow else fetch_rows
    net = limit + 5
    while True:
        rows = fetch(
            f"""
            SELECT r.id, d.distance, r.location <-> point(%(x)s, %(y)s)
              FROM restaurants_restaurant r
              CROSS JOIN LATERAL (SELECT {_DISTANCE} AS distance) d
             WHERE {" AND ".join(conditions)}
             ORDER BY r.location <-> point(%(x)s, %(y)s)
             LIMIT %(net)s
            """,
            {**params, "net": net},
        )
        ordered = sorted((distance, pk) for pk, distance, _plane in rows)
        if len(rows) < net:
            break
        surely_all_within = rows[-1][2] / search.scale
        if ordered[limit - 1][0] < surely_all_within:
            break
        net *= 4
    return [(is_closed, 0.0, distance, pk) for distance, pk in ordered[:limit]]


def _sort_all(
    search: Search,
    after: Position | None,
    limit: int,
    last: Position | None = None,
    reach: float | None = None,
) -> list[Position]:
    """Rank all that deliver; those that can come before a last open one if given."""
    if last is None:
        conditions = search.conditions()
    else:
        conditions = [*search.conditions(_contenders(search, last, reach)), _IS_OPEN]
    ranked = _rank(search, after, "1, 2, 3, 4", limit, conditions)
    return [position for position, _plane in ranked]


def _contenders(search: Search, last: Position, reach: float | None) -> str:
    """Return the SQL that keeps what can come before a last open row.

    In an array, so that it is looked for by itself: an index of places that includes
    the few columns it needs answers it alone.
    """
    near = [search.region(reach), search.offers]
    if search.sort in _LEAST_VALUES:
        search.params["last_value"] = last[1]
        near.append(f"{_LEAST_VALUES[search.sort]} <= %(last_value)s")
    return (
        "r.id = ANY(ARRAY(SELECT r.id FROM restaurants_restaurant r"
        f" WHERE r.status = 'live' AND {' AND '.join(near)}))"
    )


def _rank(
    search: Search,
    after: Position | None,
    order: str,
    limit: int,
    conditions: list[str],
) -> list[tuple[Position, float]]:
    """Return rows' positions and plane distances, in an order of SQL."""
    params = dict(search.params)
    value = _SORT_VALUES[search.sort]
    closed = f"(({_IS_OPEN}) IS NOT TRUE)"
    if after is not None:
        params |= {
            "after_closed": after[0],
            "after_value": after[1],
            "after_distance": after[2],
            "after_id": after[3],
        }
        conditions.append(
            f"({closed}, ({value})::float8, d.distance, r.id) > (%(after_closed)s,"
            " %(after_value)s::float8, %(after_distance)s::float8, %(after_id)s)"
        )
    rows = _run(
        f"""
        SELECT {closed}, ({value})::float8, d.distance, r.id,
               r.location <-> point(%(x)s, %(y)s)
          FROM restaurants_restaurant r
          CROSS JOIN LATERAL (SELECT {_DISTANCE} AS distance OFFSET 0) d
         WHERE {" AND ".join(conditions)}
         ORDER BY {order}
         LIMIT %(limit)s
        """,
        {**params, "limit": limit},
    )
    return [((bool(it[0]), float(it[1]), it[2], it[3]), it[4]) for it in rows]


def _run(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
