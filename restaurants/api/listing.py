"""Restaurants near a place: `/api/v1/restaurants`, `/api/v1/cuisines`."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.api.asking import read_query
from customers.models import User
from restaurants.selectors import (
    NearbyFilters,
    Sort,
    list_cuisines_near,
    list_restaurants_near,
)
from restaurants.serializers import (
    CuisineListSerializer,
    NearbyPageSerializer,
    NearbyQuerySerializer,
    PointQuerySerializer,
    present_cuisine,
    present_summary,
)

SUMMARY: dict[str, Any] = {
    "id": "5b0c7f0e-5c0f-4d0e-9a43-0a4b1b6c7f10",
    "name": "Trattoria Uno",
    "url": "https://tiffin.example/restaurants/trattoria-uno/",
    "picture_url": "https://tiffin.example/media/restaurants/trattoria-uno.webp",
    "cuisines": [{"slug": "italian", "name": "Italian"}],
    "latitude": 37.7599,
    "longitude": -122.4148,
    "time_zone": "America/Los_Angeles",
    "distance_meters": 520,
    "rating": {"average": 4.6, "count": 128},
    "offers_delivery": True,
    "offers_pickup": True,
    "is_open": True,
    "availability": {
        "can_order": True,
        "code": "available",
        "message": None,
        "opens_at": None,
    },
    "arrives_in": {"minutes_from": 30, "minutes_until": 45},
    "delivery_fee": {"amount": 299, "currency": "USD"},
    "minimum_order": {"amount": 1000, "currency": "USD"},
    "badges": [{"code": "top_rated", "text": "Top rated"}],
    "is_favourite": False,
}


class RestaurantsView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="list_restaurants",
        parameters=[NearbyQuerySerializer],
        responses=NearbyPageSerializer,
        examples=[
            OpenApiExample(
                "Searched for margherita in the Mission",
                value={
                    "results": [{**SUMMARY, "dishes": ["Pizza Margherita"]}],
                    "next": None,
                    "corrected_query": None,
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """List the restaurants that deliver to a place, or where food is collected.

        Open ones come first, closed ones after them, both sorted as asked for. With
        `q` it is searched for restaurants, cuisines and dishes.
        """
        asked = read_query(NearbyQuerySerializer, request)
        moment, fulfilment = timezone.now(), asked["fulfilment"]
        user = request.user
        page = list_restaurants_near(
            latitude=asked["latitude"],
            longitude=asked["longitude"],
            moment=moment,
            filters=_filters(asked),
            sort=Sort(asked["sort"]),
            cursor=asked.get("cursor", ""),
            limit=asked["limit"],
            reader=user if isinstance(user, User) else None,
        )
        results = []
        for near in page.results:
            one = present_summary(
                near,
                fulfilment=fulfilment,
                moment=moment,
                is_favourite=near.is_favourite,
            )
            one["dishes"] = near.dishes
            results.append(one)
        return Response(
            {
                "results": results,
                "next": page.next_cursor or None,
                "corrected_query": page.corrected or None,
            }
        )


def _filters(asked: dict[str, Any]) -> NearbyFilters:
    return NearbyFilters(
        cuisine=asked.get("cuisine", ""),
        open_now=asked["open_now"],
        text=asked.get("q", ""),
        fulfilment=asked["fulfilment"],
        free_delivery=asked["free_delivery"],
        min_rating=asked.get("min_rating", 0),
    )


class CuisinesView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="list_cuisines",
        parameters=[PointQuerySerializer],
        responses=CuisineListSerializer,
        examples=[
            OpenApiExample(
                "In the Mission",
                value={
                    "results": [
                        {"slug": "italian", "name": "Italian"},
                        {"slug": "mexican", "name": "Mexican"},
                    ]
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """List the cuisines of the restaurants around a place, by name.

        Send a `slug` as `cuisine` of `GET /restaurants`.
        """
        asked = read_query(PointQuerySerializer, request)
        found = list_cuisines_near(**asked)
        return Response({"results": [present_cuisine(one) for one in found]})
