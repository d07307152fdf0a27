"""What the API takes and answers about restaurants."""

from restaurants.serializers.asking import (
    FavouritesQuerySerializer,
    NearbyQuerySerializer,
    PlaceQuerySerializer,
    PointQuerySerializer,
    RestaurantQuerySerializer,
    place_in,
)
from restaurants.serializers.cards import (
    CuisineListSerializer,
    FavouritePageSerializer,
    NearbyPageSerializer,
    RestaurantSummarySerializer,
    present_cuisine,
    present_summary,
)
from restaurants.serializers.details import (
    RestaurantDetailsSerializer,
    present_details,
)
from restaurants.serializers.pictures import PICTURE_HELP, picture_url
from restaurants.serializers.places import PlaceListSerializer, present_place

__all__ = [
    "PICTURE_HELP",
    "CuisineListSerializer",
    "FavouritePageSerializer",
    "FavouritesQuerySerializer",
    "NearbyPageSerializer",
    "NearbyQuerySerializer",
    "PlaceListSerializer",
    "PlaceQuerySerializer",
    "PointQuerySerializer",
    "RestaurantDetailsSerializer",
    "RestaurantQuerySerializer",
    "RestaurantSummarySerializer",
    "picture_url",
    "place_in",
    "present_cuisine",
    "present_details",
    "present_place",
    "present_summary",
]
