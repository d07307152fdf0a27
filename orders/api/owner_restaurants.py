"""A user's own restaurants, and what a kitchen switches in busy hours."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from customers.api.asking import (
    PageQuerySerializer,
    cursor_refused,
    read_body,
    read_query,
)
from customers.paging import read_pk, read_position, write_position
from orders.api.owner_asking import (
    OwnerView,
    get_own_restaurant,
)
from orders.serializers.owner_restaurants import (
    BusyInputSerializer,
    OwnRestaurantPageSerializer,
    OwnRestaurantSerializer,
    PauseInputSerializer,
    present_own_restaurant,
)
from orders.services.kitchen import make_busy, pause_kitchen
from orders.standing import list_switches
from restaurants.availability import Until
from restaurants.models import Duty, Restaurant
from restaurants.owner_site import own_restaurants, portals_of
from restaurants.services import end_busy, resume_restaurant

TRATTORIA = {
    "id": "0a4d9cbb-52a1-4f43-8a0c-3a44fcd2f0a3",
    "name": "Trattoria Da Ugo",
    "status": "live",
    "role": "staff",
    "duties": ["board"],
    "currency": "USD",
    "time_zone": "America/Los_Angeles",
    "phone": "+14155550100",
    "address": {
        "street_address": "2170 Mission Street",
        "locality": "San Francisco",
        "postal_code": "94110",
        "country": "US",
        "latitude": 37.7617,
        "longitude": -122.4197,
    },
    "offers_delivery": True,
    "offers_pickup": True,
    "is_open": True,
    "can_order": True,
    "customers_text": "Customers can order: arrives in 35–45 min nearby",
    "hours_text": "Open until 22:30",
    "pause": None,
    "busy": {"minutes": 10, "until": "2026-11-21T04:00:00Z"},
    "unattended_since": None,
    "sold_out_count": 2,
}
ONE = OpenApiExample("A trattoria", value=TRATTORIA, response_only=True)


def present_own(request: Request, restaurants: list[Restaurant]) -> list[Any]:
    """Return restaurants for somebody who runs them, with how each stands now."""
    now = timezone.now()
    portals = portals_of(request)
    return [
        present_own_restaurant(
            one.restaurant,
            now=now,
            role=portals.roles.get(one.restaurant.pk),
            duties=portals.duties[one.restaurant.pk],
            stands={
                "is_open": one.is_open,
                "can_order": one.can_order,
                "customers_text": one.customers,
                "hours_text": one.hours,
                "sold_out_count": one.sold_out,
            },
        )
        for one in list_switches(restaurants, now)
    ]


def _answer(request: Request, restaurant: Restaurant) -> Response:
    now = own_restaurants(request.user, Duty.BOARD).filter(pk=restaurant.pk)
    [shown] = present_own(request, list(now))
    return Response(shown)


class OwnRestaurantListView(OwnerView):
    @extend_schema(
        operation_id="list_owner_restaurants",
        parameters=[PageQuerySerializer],
        responses=OwnRestaurantPageSerializer,
        examples=[
            OpenApiExample(
                "One restaurant",
                value={"results": [TRATTORIA], "next": None},
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """List the restaurants that the user runs.

        By name. Each says what the user may do there (`duties`), and how it stands
        right now. Empty for who runs none.
        """
        asked = read_query(PageQuerySerializer, request)
        pks = list(portals_of(request).duties)
        start = _start_after(asked["cursor"], pks) if "cursor" in asked else 0
        shown = pks[start : start + asked["limit"]]
        by_pk = own_restaurants(request.user).in_bulk(shown)
        found = [by_pk[pk] for pk in shown if pk in by_pk]
        has_more = len(pks) > start + asked["limit"]
        return Response(
            {
                "results": present_own(request, found),
                "next": write_position([shown[-1]]) if has_more else None,
            }
        )


def _start_after(cursor: str, pks: list[int]) -> int:
    try:
        [pk] = read_position(cursor)
        return pks.index(read_pk(pk)) + 1
    except ValueError as error:
        raise cursor_refused() from error


class OwnRestaurantView(OwnerView):
    @extend_schema(
        operation_id="get_owner_restaurant",
        responses=OwnRestaurantSerializer,
        examples=[ONE],
    )
    def get(self, request: Request, restaurant_id: UUID) -> Response:
        """Read one of the restaurants that the user runs, as it stands right now.

        Whether it takes orders, until when it pauses or is busy, and the user's role.
        """
        restaurant = own_restaurants(request.user).get(public_id=restaurant_id)
        [shown] = present_own(request, [restaurant])
        return Response(shown)


class PauseView(OwnerView):
    @extend_schema(
        operation_id="pause_owner_restaurant",
        request=PauseInputSerializer,
        responses={200: OwnRestaurantSerializer},
        examples=[
            OpenApiExample(
                "Half an hour", value={"until": "minutes_30"}, request_only=True
            ),
            ONE,
        ],
    )
    def post(self, request: Request, restaurant_id: UUID) -> Response:
        """Take no orders for now.

        It ends by itself, or with a resume. Customers with a cart there are told.
        Duty `board`.
        """
        restaurant = get_own_restaurant(request, restaurant_id, Duty.BOARD)
        asked = read_body(PauseInputSerializer, request)
        pause_kitchen(restaurant_pk=restaurant.pk, until=Until(asked["until"]))
        return _answer(request, restaurant)


class ResumeView(OwnerView):
    @extend_schema(
        operation_id="resume_owner_restaurant",
        request=None,
        responses={200: OwnRestaurantSerializer},
        examples=[ONE],
    )
    def post(self, request: Request, restaurant_id: UUID) -> Response:
        """Take orders again.

        Ends a pause, whether somebody made it or orders were missed. Duty `board`.
        """
        restaurant = get_own_restaurant(request, restaurant_id, Duty.BOARD)
        resume_restaurant(restaurant_pk=restaurant.pk)
        return _answer(request, restaurant)


class BusyView(OwnerView):
    @extend_schema(
        operation_id="set_owner_restaurant_busy",
        request=BusyInputSerializer,
        responses={200: OwnRestaurantSerializer},
        examples=[
            OpenApiExample(
                "Ten minutes more for an hour",
                value={"minutes": 10, "until": "hour"},
                request_only=True,
            ),
            ONE,
        ],
    )
    def post(self, request: Request, restaurant_id: UUID) -> Response:
        """Promise later times for what is ordered from now on.

        It ends by itself, or when the kitchen is calm. Customers with a cart there are
        told. Duty `board`.
        """
        restaurant = get_own_restaurant(request, restaurant_id, Duty.BOARD)
        asked = read_body(BusyInputSerializer, request)
        make_busy(
            restaurant_pk=restaurant.pk,
            minutes=asked["minutes"],
            until=Until(asked["until"]),
        )
        return _answer(request, restaurant)


class CalmView(OwnerView):
    @extend_schema(
        operation_id="set_owner_restaurant_calm",
        request=None,
        responses={200: OwnRestaurantSerializer},
        examples=[ONE],
    )
    def post(self, request: Request, restaurant_id: UUID) -> Response:
        """Promise the usual times again.

        Duty `board`.
        """
        restaurant = get_own_restaurant(request, restaurant_id, Duty.BOARD)
        end_busy(restaurant_pk=restaurant.pk)
        return _answer(request, restaurant)
