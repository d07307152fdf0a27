"""Whose favourite a restaurant is."""

from dataclasses import dataclass
from datetime import datetime

from customers.models import User
from customers.paging import read_pk, read_position, write_position
from restaurants.availability import (
    Orderability,
    check_orderability,
    say_moment,
)
from restaurants.exceptions import InvalidCursorError
from restaurants.models import Favourite, Fulfilment, Restaurant

PAGE = 24


@dataclass(frozen=True)
class FavouriteRestaurant:
    """A favourite as its card shows it; `opens` says when it takes orders again."""

    restaurant: Restaurant
    orderability: Orderability
    opens: str = ""


@dataclass(frozen=True)
class FavouritePage:
    results: list[FavouriteRestaurant]
    next_cursor: str = ""


def list_favourites(
    *,
    user: User,
    moment: datetime,
    place: tuple[float, float] | None = None,
    cursor: str = "",
    limit: int = PAGE,
) -> FavouritePage:
    """Return somebody's favourites with cuisines loaded, the newest first.

    `place` is (latitude, longitude); where it is unknown, each restaurant's own spot
    stands in for it. InvalidCursorError if the cursor is not of this list.
    """
    rows = Favourite.objects.filter(
        user=user, restaurant__status=Restaurant.Status.LIVE
    )
    if cursor:
        try:
            [before] = read_position(cursor)
            rows = rows.filter(pk__lt=read_pk(before))
        except ValueError as error:
            raise InvalidCursorError(cursor) from error
    found = list(
        rows.select_related("restaurant")
        .defer("restaurant__search_document")
        .prefetch_related("restaurant__cuisines")
        .order_by("-pk")[: limit + 1]
    )
    page = found[:limit]
    more = len(found) > limit
    return FavouritePage(
        [_card(row.restaurant, moment, place) for row in page],
        write_position([page[-1].pk]) if more else "",
    )


def _card(
    restaurant: Restaurant, moment: datetime, place: tuple[float, float] | None
) -> FavouriteRestaurant:
    delivers = restaurant.offers_delivery
    answer = check_orderability(
        restaurant,
        moment=moment,
        place=place or (restaurant.latitude, restaurant.longitude),
        fulfilment=Fulfilment.DELIVERY if delivers else Fulfilment.PICKUP,
    )
    opens = ""
    if answer.next_opening is not None:
        opens = say_moment(
            answer.next_opening, time_zone=restaurant.time_zone, now=moment
        )
    return FavouriteRestaurant(restaurant, answer, opens)
