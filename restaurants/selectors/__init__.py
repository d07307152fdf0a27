"""Reads about restaurants; above all, who delivers to a place."""

from restaurants.selectors.favourites import (
    FavouritePage,
    FavouriteRestaurant,
    favourite_pks,
    list_favourites,
)
from restaurants.selectors.nearby import (
    NearbyPage,
    NearbyRestaurant,
    list_cuisines_near,
    list_restaurants_near,
)
from restaurants.selectors.people import (
    Member,
    Portals,
    get_acting_session,
    list_applications_of,
    list_hints,
    list_invitations,
    list_members,
    list_portals,
)
from restaurants.selectors.ranking import WIDEST_RADIUS, NearbyFilters, Sort
from restaurants.selectors.search import Beginnings, find_dishes_with
from restaurants.selectors.single import get_restaurant, list_week
from restaurants.spelling import fold

__all__ = [
    "WIDEST_RADIUS",
    "Beginnings",
    "FavouritePage",
    "FavouriteRestaurant",
    "Member",
    "NearbyFilters",
    "NearbyPage",
    "NearbyRestaurant",
    "Portals",
    "Sort",
    "favourite_pks",
    "find_dishes_with",
    "fold",
    "get_acting_session",
    "get_restaurant",
    "list_applications_of",
    "list_cuisines_near",
    "list_favourites",
    "list_hints",
    "list_invitations",
    "list_members",
    "list_portals",
    "list_restaurants_near",
    "list_week",
]
