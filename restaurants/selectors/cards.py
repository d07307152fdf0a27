"""What the card of a restaurant says about it, for one place and moment."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from restaurants.availability import (
    Orderability,
    check_orderability,
    is_open,
    is_paused,
    say_moment,
)
from restaurants.estimating import estimate_minutes
from restaurants.geo import great_circle_distance
from restaurants.models import Fulfilment, Restaurant

NEW_FOR = timedelta(days=30)
# With so many ratings a newcomer is known by them, and is not called new any more.
KNOWN_BY_RATINGS = 5
TOP_RATING = Decimal("4.5")
TOP_RATINGS = 20


class Badge(TextChoices):
    """What stands out about a restaurant."""

    TOP_RATED = "top_rated", gettext_lazy("Top rated")
    NEW = "new", gettext_lazy("New")
    FREE_DELIVERY = "free_delivery", gettext_lazy("Free delivery")
    PICKUP_ONLY = "pickup_only", gettext_lazy("Pickup only")


class Named(Protocol):
    """A cuisine, as a row or as a list found it."""

    @property
    def slug(self) -> str: ...
    @property
    def name(self) -> str: ...


class Offered(Protocol):
    """A restaurant and what it offers, as a list or look_at found it."""

    @property
    def restaurant(self) -> Restaurant: ...
    @property
    def distance(self) -> float | None: ...
    @property
    def is_open(self) -> bool: ...
    @property
    def orderability(self) -> Orderability: ...
    @property
    def minutes(self) -> tuple[int, int]: ...
    @property
    def delivery_fee(self) -> Decimal: ...
    @property
    def cuisines(self) -> Iterable[Named]: ...


@dataclass(frozen=True, slots=True)
class SeenRestaurant:
    """A restaurant looked at by itself; no distance where the place is unknown."""

    restaurant: Restaurant
    distance: float | None
    is_open: bool
    orderability: Orderability
    minutes: tuple[int, int]
    delivery_fee: Decimal
    cuisines: Iterable[Named]


def look_at(
    restaurant: Restaurant,
    *,
    moment: datetime,
    place: tuple[float, float] | None,
    fulfilment: str,
    orderability: Orderability | None = None,
) -> SeenRestaurant:
    """Return what a restaurant offers at a place, which is (latitude, longitude).

    `orderability` is the answer already found, if it was.
    """
    distance = None
    if place is not None:
        distance = great_circle_distance(
            *place, restaurant.latitude, restaurant.longitude
        )
    return SeenRestaurant(
        restaurant=restaurant,
        distance=distance,
        is_open=is_open_now(restaurant, moment),
        orderability=orderability
        or check_orderability(
            restaurant, moment=moment, place=place, fulfilment=fulfilment
        ),
        minutes=estimate_minutes(
            preparation_minutes=restaurant.preparation_minutes_at(moment),
            distance=None if fulfilment == Fulfilment.PICKUP else distance,
        ),
        delivery_fee=restaurant.delivery_fee_at(distance),
        cuisines=restaurant.cuisines.all(),
    )


def is_open_now(restaurant: Restaurant, moment: datetime) -> bool:
    """Tell whether lists show it among the open ones: neither paused nor unattended."""
    return (
        is_open(restaurant, moment)
        and not is_paused(restaurant, moment)
        and restaurant.unattended_since is None
    )


def badges_of(
    restaurant: Restaurant, *, moment: datetime, is_free: bool
) -> list[Badge]:
    """Return what stands out; `is_free` when food is brought there for nothing."""
    badges = []
    count = restaurant.rating_count
    if count >= TOP_RATINGS and (restaurant.rating or 0) >= TOP_RATING:
        badges.append(Badge.TOP_RATED)
    if moment - restaurant.created_at < NEW_FOR and count < KNOWN_BY_RATINGS:
        badges.append(Badge.NEW)
    if is_free:
        badges.append(Badge.FREE_DELIVERY)
    if not restaurant.offers_delivery:
        badges.append(Badge.PICKUP_ONLY)
    return badges


def say_status(offered: Offered, *, moment: datetime) -> str:
    """Say why nothing can be ordered for now, and from when; "" when it can."""
    answer = offered.orderability
    if answer.can_order:
        return ""
    zone, again = offered.restaurant.time_zone, answer.next_opening
    clock = say_moment(again, time_zone=zone, now=moment) if again else ""
    if answer.code == "restaurant_closed":
        return _("Opens %(moment)s") % {"moment": clock} if clock else _("Closed")
    if answer.code == "restaurant_paused":
        if not clock:
            return _("On a break")
        return _("On a break until %(moment)s") % {"moment": clock}
    if answer.code == "restaurant_unattended":
        return _("Takes orders for later only")
    return str(answer.message)
