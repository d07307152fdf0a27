"""A restaurant as its page tells of it: `/api/v1/restaurants/{restaurant_id}`."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.api.asking import PageQuerySerializer, read_query
from customers.models import User
from orders.selectors import RatingSummary, list_reviews, summarize_reviews
from orders.selectors.opinions import STARS
from orders.serializers.reviews import (
    RestaurantReviewPageSerializer,
    RestaurantSerializer,
    present_rating_summary,
    present_restaurant_review,
)
from restaurants.api.listing import SUMMARY
from restaurants.models import Fulfilment, Restaurant
from restaurants.selectors import get_live_restaurant, look_at
from restaurants.serializers import (
    RestaurantQuerySerializer,
    place_in,
    present_details,
)

EXAMPLE: dict[str, Any] = {
    **SUMMARY,
    "description": "Pizza from the wood oven since 1987.",
    "address": {
        "street_address": "2100 Mission Street",
        "locality": "San Francisco",
        "postal_code": "94110",
        "country": "US",
        "latitude": 37.7599,
        "longitude": -122.4148,
    },
    "phone": "+14155550100",
    "website": "https://trattoria-uno.example/",
    "currency": "USD",
    "fulfilment": "delivery",
    "takes_orders": True,
    "opening_hours": [
        {"weekday": "friday", "opens_at": "17:00", "closes_at": "23:00"},
        {"weekday": "saturday", "opens_at": "17:00", "closes_at": "01:00"},
    ],
    "special_hours": [
        {
            "date": "2026-11-26",
            "opens_at": None,
            "closes_at": None,
            "note": "Thanksgiving",
        }
    ],
    "open_until": "2026-11-21T07:00:00Z",
    "delivery_terms": {
        "radius_meters": 16093,
        "is_in_range": True,
        "fee_steps": [
            {
                "until_meters": 16093,
                "fee": {"amount": 299, "currency": "USD"},
                "is_here": True,
            }
        ],
    },
    "busy_minutes": 0,
    "prices_include_tax": False,
    "tax_rate_percent": "8.625",
    "rating_summary": {
        "count": 128,
        "food_average": 4.6,
        "delivery_average": 4.4,
        "stars": [
            {"stars": 5, "count": 90},
            {"stars": 4, "count": 28},
            {"stars": 3, "count": 7},
            {"stars": 2, "count": 2},
            {"stars": 1, "count": 1},
        ],
    },
}
NO_REVIEWS = RatingSummary(0, None, None, [(stars, 0) for stars in STARS])


class RestaurantView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="get_restaurant",
        parameters=[RestaurantQuerySerializer],
        responses=RestaurantSerializer,
        examples=[OpenApiExample("A trattoria", value=EXAMPLE, response_only=True)],
    )
    def get(self, request: Request, restaurant_id: UUID) -> Response:
        """Get all there is to know about a restaurant, beside its menu.

        With a place it says whether food is brought there, for how much and how soon;
        without one, `availability` asks for it.
        """
        asked = read_query(RestaurantQuerySerializer, request)
        restaurant = get_live_restaurant(public_id=restaurant_id)
        delivers = restaurant.offers_delivery
        usual = Fulfilment.DELIVERY if delivers else Fulfilment.PICKUP
        fulfilment, moment = asked.get("fulfilment", usual.value), timezone.now()
        seen = look_at(
            restaurant, moment=moment, place=place_in(asked), fulfilment=fulfilment
        )
        summary = NO_REVIEWS
        if restaurant.rating_count:
            summary = summarize_reviews(restaurant=restaurant)
        shown = present_details(
            seen,
            fulfilment=fulfilment,
            moment=moment,
            is_favourite=_is_favourite(request, restaurant),
        )
        return Response({**shown, "rating_summary": present_rating_summary(summary)})


def _is_favourite(request: Request, restaurant: Restaurant) -> bool:
    user = request.user
    return isinstance(user, User) and restaurant.favourites.filter(user=user).exists()


class RestaurantReviewsView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="list_reviews",
        parameters=[PageQuerySerializer],
        responses=RestaurantReviewPageSerializer,
        examples=[
            OpenApiExample(
                "One review",
                value={
                    "results": [
                        {
                            "id": "0d9d5b0c-2f0b-4b5f-9d21-7a0c3c5a1e06",
                            "food_rating": 5,
                            "delivery_rating": 4,
                            "text": "The crust was still crisp.",
                            "written_at": "2026-11-20T21:30:00Z",
                            "edited_at": None,
                            "answer": "Thank you!",
                            "answered_at": "2026-11-21T09:00:00Z",
                        }
                    ],
                    "next": None,
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request, restaurant_id: UUID) -> Response:
        """List what customers wrote about a restaurant, the newest first.

        With the restaurant's answers.
        """
        asked = read_query(PageQuerySerializer, request)
        page = list_reviews(
            restaurant=Restaurant.objects.live()
            .only("pk")
            .get(public_id=restaurant_id),
            cursor=asked.get("cursor"),
            limit=asked["limit"],
        )
        results = [present_restaurant_review(review) for review in page.results]
        return Response({"results": results, "next": page.next_cursor})
