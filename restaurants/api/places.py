"""Where people are and want food brought to: `/api/v1/places`."""

from collections.abc import Callable

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.api.asking import GeocoderDownError, read_query
from customers.geocoding import GeocoderUnavailableError, Place, get_geocoder
from customers.places import SUGGESTION_COUNT, SURROUNDING_COUNT
from customers.throttling import PLACES
from restaurants.serializers import (
    PlaceListSerializer,
    PlaceQuerySerializer,
    PointQuerySerializer,
    present_place,
)

EXAMPLE = OpenApiExample(
    "In San Francisco",
    value={
        "results": [
            {
                "label": "Mission District, San Francisco, United States",
                "latitude": 37.7599,
                "longitude": -122.4148,
                "street_address": None,
                "locality": "San Francisco",
                "postal_code": "94110",
                "country": "US",
            }
        ]
    },
    response_only=True,
)


class PlacesView(APIView):
    permission_classes = [AllowAny]
    limit = PLACES
    further_statuses = ("503",)

    @extend_schema(
        operation_id="search_places",
        parameters=[PlaceQuerySerializer],
        responses=PlaceListSerializer,
        examples=[EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        """Suggest places while somebody types an address, the best first.

        Send the `latitude` and `longitude` of the one that is chosen.
        """
        text = read_query(PlaceQuerySerializer, request)["q"]
        return _answer(lambda: get_geocoder().search(text, limit=SUGGESTION_COUNT))


class ReversePlacesView(APIView):
    permission_classes = [AllowAny]
    limit = PLACES
    further_statuses = ("503",)

    @extend_schema(
        operation_id="list_places_around",
        parameters=[PointQuerySerializer],
        responses=PlaceListSerializer,
        examples=[EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        """List named places around a point, the nearest first.

        The first one tells where a phone is; all of them, what to write on a map.
        """
        asked = read_query(PointQuerySerializer, request)
        return _answer(
            lambda: get_geocoder().list_around(**asked, limit=SURROUNDING_COUNT)
        )


def _answer(find: Callable[[], list[Place]]) -> Response:
    try:
        found = find()
    except GeocoderUnavailableError as error:
        raise GeocoderDownError from error
    return Response({"results": [present_place(place) for place in found]})
