"""Reads about restaurants; above all, who delivers to a place."""

from restaurants.selectors.cards import (
    Badge,
    Named,
    Offered,
    SeenRestaurant,
    badges_of,
    is_open_now,
    look_at,
    say_status,
)
from restaurants.selectors.favourites import (
    FavouritePage,
    FavouriteRestaurant,
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
from restaurants.selectors.single import (
    FeeStep,
    get_live_restaurant,
    get_restaurant,
    list_fee_steps,
    list_special_hours,
    list_week,
)
from restaurants.spelling import fold

__all__ = [
    "WIDEST_RADIUS",
    "Badge",
    "Beginnings",
    "FavouritePage",
    "FavouriteRestaurant",
    "FeeStep",
    "Member",
    "Named",
    "NearbyFilters",
    "NearbyPage",
    "NearbyRestaurant",
    "Offered",
    "Portals",
    "SeenRestaurant",
    "Sort",
    "badges_of",
    "find_dishes_with",
    "fold",
    "get_acting_session",
    "get_live_restaurant",
    "get_restaurant",
    "is_open_now",
    "list_applications_of",
    "list_cuisines_near",
    "list_favourites",
    "list_fee_steps",
    "list_hints",
    "list_invitations",
    "list_members",
    "list_portals",
    "list_restaurants_near",
    "list_special_hours",
    "list_week",
    "look_at",
    "say_status",
]
