"""Reads about restaurants; above all, who delivers to a place."""

import base64
import binascii
import json
import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Case, F, TextChoices, When
from django.utils.translation import gettext_lazy as _

from customers.models import User
from restaurants.availability import Orderability, check_orderability
from restaurants.estimating import DETOUR, METRES_PER_MINUTE, estimate_minutes
from restaurants.exceptions import InvalidCursorError
from restaurants.geo import (
    EARTH_RADIUS,
    MERCATOR_RADIUS,
    WORLD_WIDTH,
    degrees_of,
    to_plane,
)
from restaurants.models import (
    DUTIES,
    ActingSession,
    Application,
    Cuisine,
    Duty,
    Fulfilment,
    Invitation,
    Membership,
    Restaurant,
)
from restaurants.opening import WeeklySpan

WIDEST_RADIUS = 50_000.0  # a constraint holds every restaurant's radius below it
POLAR_LATITUDE = 89.0
# How many restaurants around a place tell which cuisines can be chosen there.
CUISINE_SAMPLE = 300


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


@dataclass(frozen=True)
class NearbyRestaurant:
    """A restaurant as its card shows it, for one place and moment."""

    restaurant: Restaurant
    distance: float
    is_open: bool
    orderability: Orderability
    minutes: tuple[int, int]
    delivery_fee: Decimal


@dataclass(frozen=True)
class NearbyPage:
    results: list[NearbyRestaurant]
    next_cursor: str = ""


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
    (coalesce(r.preparation_week[
        (extract(isodow FROM %(moment)s AT TIME ZONE r.time_zone)::int - 1) * 24
        + extract(hour FROM %(moment)s AT TIME ZONE r.time_zone)::int + 1],
        r.preparation_minutes)
     + CASE WHEN r.busy_until > %(moment)s THEN r.busy_minutes ELSE 0 END)
"""
_FEE = """
    coalesce(r.fee_step_fees[width_bucket(d.distance, r.fee_step_metres)],
             r.delivery_fee)::float8
"""
_SORT_VALUES = {
    Sort.DISTANCE: "0",
    Sort.ARRIVAL: (f"({_PREPARATION} + d.distance * {DETOUR / METRES_PER_MINUTE})"),
    Sort.RATING: "coalesce(-r.rating_total::float8 / nullif(r.rating_count, 0), 0)",
    Sort.FEE: _FEE,
}


@dataclass
class _Search:
    latitude: float
    longitude: float
    moment: datetime
    filters: NearbyFilters
    sort: Sort
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
    def walks_outward(self) -> bool:
        """Whether plane order is close to true order, so the index can lead."""
        return self.sort == Sort.DISTANCE and not self.is_polar and self.other_x is None

    def region(self) -> str:
        """Return the SQL that bounds the search on the plane."""
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

    def conditions(self) -> list[str]:
        """Return the SQL that every row offered must meet."""
        conditions = [
            "r.status = 'live'",
            self.region(),
            "d.distance <= r.delivery_radius",
            "r.offers_pickup"
            if self.filters.fulfilment == Fulfilment.PICKUP
            else "r.offers_delivery",
        ]
        if self.filters.cuisine:
            self.params["cuisine"] = self.filters.cuisine
            conditions.append(
                "EXISTS (SELECT FROM restaurants_restaurant_cuisines rc"
                " JOIN restaurants_cuisine c ON c.id = rc.cuisine_id"
                " WHERE rc.restaurant_id = r.id AND c.slug = %(cuisine)s)"
            )
        if query := text_query(self.filters.text):
            self.params["query"] = query
            conditions.append("r.search_document @@ to_tsquery('simple', %(query)s)")
        if self.filters.open_now:
            conditions.append(_IS_OPEN)
        return conditions


def fold(text: str) -> str:
    """Return the text without accents and case, as words are compared."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def text_query(text: str) -> str:
    """Return a tsquery that wants every word, the last one as a beginning."""
    words = re.findall(r"[^\W_]+", fold(text))[:8]
    if not words:
        return ""
    return " & ".join([*words[:-1], f"{words[-1]}:*"])


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
    search = _Search(latitude, longitude, moment, filters or NearbyFilters(), sort)
    after = _read_cursor(cursor, sort) if cursor else None
    if search.walks_outward:
        positions = _walk_outward(search, after, limit + 1)
    else:
        positions = _sort_all(search, after, limit + 1)
    page = positions[:limit]
    more = len(positions) > limit
    return NearbyPage(
        _cards(page, search), _write_cursor(page[-1], sort) if more else ""
    )


def _walk_outward(
    search: _Search, after: Position | None, limit: int
) -> list[Position]:
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
    search: _Search, after: Position | None, limit: int, *, is_closed: bool
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
    net = limit + 5
    while True:
        rows = _run(
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


def _sort_all(search: _Search, after: Position | None, limit: int) -> list[Position]:
    conditions = search.conditions()
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
    return [
        (bool(is_closed), float(rank), distance, pk)
        for is_closed, rank, distance, pk in _run(
            f"""
            SELECT {closed}, ({value})::float8, d.distance, r.id
              FROM restaurants_restaurant r
              CROSS JOIN LATERAL (SELECT {_DISTANCE} AS distance OFFSET 0) d
             WHERE {" AND ".join(conditions)}
             ORDER BY 1, 2, 3, 4
             LIMIT %(limit)s
            """,
            {**params, "limit": limit},
        )
    ]


def _run(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _cards(positions: Sequence[Position], search: _Search) -> list[NearbyRestaurant]:
    by_pk = (
        Restaurant.objects.prefetch_related("cuisines")
        .defer("search_document")
        .in_bulk([position[3] for position in positions])
    )
    place = (search.latitude, search.longitude)
    fulfilment = search.filters.fulfilment
    return [
        NearbyRestaurant(
            restaurant=by_pk[pk],
            distance=distance,
            is_open=not is_closed,
            orderability=check_orderability(
                by_pk[pk], moment=search.moment, place=place, fulfilment=fulfilment
            ),
            minutes=estimate_minutes(
                preparation_minutes=by_pk[pk].preparation_minutes_at(search.moment),
                distance=None if fulfilment == Fulfilment.PICKUP else distance,
            ),
            delivery_fee=by_pk[pk].delivery_fee_at(distance),
        )
        for is_closed, _value, distance, pk in positions
        if pk in by_pk
    ]


def _write_cursor(position: Position, sort: Sort) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort, *position]).encode()).decode()


def _read_cursor(cursor: str, sort: Sort) -> Position:
    try:
        written_for, is_closed, value, distance, pk = json.loads(
            base64.urlsafe_b64decode(cursor.encode())
        )
        position = (bool(is_closed), float(value), float(distance), int(pk))
    except (ValueError, TypeError, OverflowError, binascii.Error) as error:
        raise InvalidCursorError(cursor) from error
    if written_for != sort or not all(map(math.isfinite, position)):
        raise InvalidCursorError(cursor)
    if not 0 <= position[3] < 2**63:
        raise InvalidCursorError(cursor)
    return position


def get_restaurant(*, slug: str) -> Restaurant:
    """Return a live restaurant with cuisines and hours loaded; DoesNotExist if none."""
    return (
        Restaurant.objects.live()
        .prefetch_related("cuisines", "opening_hours", "special_hours")
        .get(slug=slug)
    )


@dataclass(frozen=True)
class Portals:
    """The restaurants somebody runs: what they may do, in the order of the names."""

    duties: dict[int, frozenset[Duty]]
    setting_up: frozenset[int]  # keys of those that are not live yet
    acting: frozenset[int]  # keys of those where an operator acts for the owner


def list_portals(user: User) -> Portals:
    """Return what somebody may do at the restaurants they run, by key and by name."""
    own = Restaurant.objects.run_by(user).values_list("pk", "status")
    roles = dict(Membership.objects.filter(user=user).values_list("restaurant", "role"))
    # Who is no member is there as an operator acting for the owner.
    owner = Membership.Role.OWNER
    status = dict(own)
    return Portals(
        duties={pk: DUTIES[Membership.Role(roles.get(pk, owner))] for pk in status},
        setting_up=frozenset(
            pk for pk, now in status.items() if now == Restaurant.Status.SETTING_UP
        ),
        acting=frozenset(status.keys() - roles.keys()),
    )


def get_acting_session(user: User) -> ActingSession | None:
    """Return the session in which an operator acts for a restaurant now, if any."""
    if not user.is_staff:
        return None
    sessions = ActingSession.objects.under_way().filter(operator=user)
    return sessions.select_related("restaurant").first()


def list_applications_of(user: User) -> list[Application]:
    """Return what somebody applied with, the newest first, restaurants loaded."""
    applications = Application.objects.filter(applicant=user)
    return list(
        applications.select_related("restaurant").order_by("-applied_at", "-pk")
    )


@dataclass(frozen=True)
class Member:
    membership: Membership
    since: datetime | None  # when they accepted an invitation, if by one


def list_members(restaurant: Restaurant) -> list[Member]:
    """Return who runs a restaurant, owners first."""
    rank = Case(
        *(When(role=role, then=n) for n, role in enumerate(Membership.Role.values))
    )
    accepted = Invitation.objects.filter(
        restaurant=restaurant, accepted_at__isnull=False
    )
    since = {one.email.lower(): one.accepted_at for one in accepted}
    members = Membership.objects.filter(restaurant=restaurant).select_related("user")
    return [
        Member(one, since.get(one.user.email.lower()))
        for one in members.order_by(rank, "user__name", "pk")
    ]


def list_invitations(restaurant: Restaurant) -> list[Invitation]:
    """Return the invitations nobody has accepted, without those taken back."""
    return list(
        Invitation.objects.filter(
            restaurant=restaurant, accepted_at=None, expires_at__gt=F("created_at")
        ).select_related("restaurant", "invited_by")
    )


def list_hints(restaurant: Restaurant) -> list[str]:
    """Return what stands out about a restaurant that applies, for the operators."""
    others = Restaurant.objects.exclude(pk=restaurant.pk)
    hints: list[str] = []
    if restaurant.phone:
        names = others.filter(phone=restaurant.phone).values_list("name", flat=True)
        hints += [
            str(_("The same phone number as “%(name)s”.")) % {"name": name}
            for name in names[:3]
        ]
    if restaurant.street_address:
        names = others.filter(
            street_address__iexact=restaurant.street_address,
            locality__iexact=restaurant.locality,
        ).values_list("name", flat=True)
        hints += [
            str(_("The same address as “%(name)s”.")) % {"name": name}
            for name in names[:3]
        ]
    if not restaurant.email:
        hints.append(str(_("No email is given.")))
    return hints


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


def list_week(restaurant: Restaurant) -> list[WeeklySpan]:
    """Return the weekly opening hours as they are in the database now, in order."""
    rows = restaurant.opening_hours.order_by("weekday", "opens_at")
    return [WeeklySpan(row.weekday, row.opens_at, row.closes_at) for row in rows]
