"""A courier's way with one order: `/api/v1/courier/deliveries/{token}`.

The token is that of the courier's link, and the only key there is.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.api.asking import read_body
from customers.throttling import Limit, spend
from delivery import services
from delivery.models import Delivery
from delivery.selectors import get_delivery_by_token
from delivery.serializers import (
    CourierDeliverySerializer,
    PositionInputSerializer,
    present_courier_delivery,
)

# A position each second, and more steps than there are.
PER_TOKEN = Limit("courier", 120, timedelta(minutes=1))

TOKEN = OpenApiParameter(
    "token",
    OpenApiTypes.STR,
    OpenApiParameter.PATH,
    description="The last part of the link that the restaurant gave to the courier.",
)
DELIVERY: dict[str, Any] = {
    "status": "picked_up",
    "is_over": False,
    "next_steps": ["arrive", "hand_over"],
    "order_number": 1042,
    "short_number": "042",
    "order_status": "out_for_delivery",
    "restaurant": {
        "id": "5f0c9b1e-8a55-4f0e-9d43-0a8f3c1f7a10",
        "name": "Trattoria Lucia",
        "phone": "+14155550123",
        "address": {
            "street_address": "598 Guerrero Street",
            "locality": "San Francisco",
            "postal_code": "94110",
            "country": "US",
            "latitude": 37.7614,
            "longitude": -122.4241,
        },
        "time_zone": "America/Los_Angeles",
    },
    "drop_off": {
        "customer_name": "Ada",
        "customer_phone": "+14155550188",
        "address": {
            "text": "3150 18th Street, San Francisco",
            "latitude": 37.7616,
            "longitude": -122.4142,
            "instructions": "Second floor, bell on the left.",
        },
    },
    "lines": [{"name": "Margherita", "quantity": 2}],
    "collect": {"amount": 3450, "currency": "USD"},
    "current_from": "2026-03-14T19:35:00Z",
    "current_until": "2026-03-14T19:45:00Z",
}
ANSWER = OpenApiExample("On the way", value=DELIVERY, response_only=True)


class CourierView(APIView):
    """Lets in whoever has the token; the address names it."""

    permission_classes = [AllowAny]
    authentication_classes = []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        spend((PER_TOKEN, str(kwargs["token"])))

    def take_step(self, step: Callable[..., Delivery], token: str) -> Response:
        step(token=token)
        return _answer(token)


def _answer(token: str) -> Response:
    response = Response(present_courier_delivery(get_delivery_by_token(token=token)))
    response["Cache-Control"] = "no-store"
    return response


class CourierDeliveryView(CourierView):
    @extend_schema(
        operation_id="get_courier_delivery",
        parameters=[TOKEN],
        responses=CourierDeliverySerializer,
        examples=[ANSWER],
    )
    def get(self, request: Request, token: str) -> Response:
        """Get a delivery as its courier sees it.

        `next_steps` says what may be done. Another courier gets another token, and this
        one is then a 404.
        """
        return _answer(token)


class CourierPickUpView(CourierView):
    @extend_schema(
        operation_id="pick_up_delivery",
        parameters=[TOKEN],
        request=None,
        responses=CourierDeliverySerializer,
        examples=[ANSWER],
    )
    def post(self, request: Request, token: str) -> Response:
        """Say that the food is with the courier.

        The order is then out for delivery. Repeating it changes nothing.
        """
        return self.take_step(services.pick_up_delivery, token)


class CourierArriveView(CourierView):
    @extend_schema(
        operation_id="report_arrival",
        parameters=[TOKEN],
        request=None,
        responses=CourierDeliverySerializer,
        examples=[ANSWER],
    )
    def post(self, request: Request, token: str) -> Response:
        """Say that the courier stands at the customer's door.

        May be left out. Repeating it changes nothing.
        """
        return self.take_step(services.arrive, token)


class CourierHandOverView(CourierView):
    @extend_schema(
        operation_id="hand_over_delivery",
        parameters=[TOKEN],
        request=None,
        responses=CourierDeliverySerializer,
        examples=[ANSWER],
    )
    def post(self, request: Request, token: str) -> Response:
        """Say that the customer has the food, and `collect` was paid.

        The order is then complete, which nothing takes back: ask the courier first.
        Repeating it changes nothing.
        """
        return self.take_step(services.hand_over_delivery, token)


class CourierGiveBackView(CourierView):
    @extend_schema(
        operation_id="give_back_delivery",
        parameters=[TOKEN],
        request=None,
        responses=CourierDeliverySerializer,
        examples=[ANSWER],
    )
    def post(self, request: Request, token: str) -> Response:
        """Give a delivery back to the restaurant before it was picked up.

        The restaurant looks for another courier. Repeating it changes nothing.
        """
        return self.take_step(services.abandon_delivery, token)


class CourierPositionView(CourierView):
    @extend_schema(
        operation_id="share_courier_position",
        parameters=[TOKEN],
        request=PositionInputSerializer,
        responses={status.HTTP_204_NO_CONTENT: None},
        examples=[
            OpenApiExample(
                "In the Mission",
                value={
                    "latitude": 37.7599,
                    "longitude": -122.4148,
                    "accuracy_meters": 12,
                },
                request_only=True,
            )
        ],
    )
    def post(self, request: Request, token: str) -> Response:
        """Tell where the courier is.

        The customer sees it while the courier has the food. One in ten seconds is kept
        and the others are not; send one whenever the phone has a new one.
        """
        asked = read_body(PositionInputSerializer, request)
        position = services.Position(
            latitude=asked["latitude"],
            longitude=asked["longitude"],
            accuracy=asked.get("accuracy_meters", 0),
        )
        services.share_position(token=token, position=position)
        return Response(status=status.HTTP_204_NO_CONTENT)
