"""The order board: what a kitchen works from, on as many tablets as it likes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from customers.api.asking import read_body, read_query
from notifications.fields import present_moment
from orders.api.owner_asking import (
    OwnerView,
    OwnRestaurantsQuerySerializer,
    list_chosen_restaurants,
)
from orders.cards import (
    NEWS,
    Card,
    column_of,
    get_late_minutes,
    make_card,
    sort_into_columns,
)
from orders.models import Order
from orders.portal import visible_orders
from orders.selectors import (
    get_order_for_kitchen,
    list_answered_changes_for_restaurants,
    list_lost_orders_for_restaurants,
    list_open_orders_for_restaurants,
)
from orders.serializers.owner_orders import (
    BoardSerializer,
    present_news,
    present_owner_order,
    present_owner_summary,
)
from restaurants.models import Duty
from restaurants.owner_site import portals_of
from restaurants.services.attendance import mark_board_open

# What the board calls its buttons, and the API its steps.
NAMES = {"preparing": "start", "out": "send_out"}

MARGHERITAS = {
    "id": "0b5c2d0e-7d3d-4b6a-94a2-6c6f2b5f6a5e",
    "item_id": "5a0a6f3e-91be-4d6b-b5b5-4c3cf0a80f4f",
    "name": "Margherita",
    "quantity": 2,
    "unit_price": {"amount": 1550, "currency": "USD"},
    "amount": {"amount": 3100, "currency": "USD"},
    "modifiers": [
        {
            "name": "Burrata",
            "price_difference": {"amount": 300, "currency": "USD"},
            "modifiers": [],
        }
    ],
    "allergens": ["gluten", "milk"],
    "note": "No basil, please.",
    "to_make": [{"quantity": 2, "name": "Burrata", "depth": 1}],
}
ORDER = {
    "id": "9c1c86e8-6f6e-4d8a-8bb5-0f8c5f0b7d5d",
    "number": 1047,
    "short_number": "047",
    "restaurant": {
        "id": "0a4d9cbb-52a1-4f43-8a0c-3a44fcd2f0a3",
        "name": "Trattoria Da Ugo",
    },
    "time_zone": "America/Los_Angeles",
    "status": "placed",
    "status_text": "Placed",
    "fulfilment": "delivery",
    "is_test": False,
    "customer_name": "Ada Diner",
    "customer_phone": "+14155550123",
    "placed_at": "2026-11-21T03:00:00Z",
    "scheduled_for": None,
    "due_at": "2026-11-21T03:20:00Z",
    "promised_from": "2026-11-21T03:30:00Z",
    "promised_until": "2026-11-21T03:45:00Z",
    "current_from": "2026-11-21T03:30:00Z",
    "current_until": "2026-11-21T03:45:00Z",
    "ended_at": None,
    "end_reason": None,
    "end_actor": None,
    "late_minutes": 0,
    "subtotal": {"amount": 3100, "currency": "USD"},
    "delivery_fee": {"amount": 299, "currency": "USD"},
    "tax": {"amount": 267, "currency": "USD"},
    "tip": {"amount": 500, "currency": "USD"},
    "total": {"amount": 4166, "currency": "USD"},
    "refunded": {"amount": 0, "currency": "USD"},
    "prices_include_tax": False,
    "payment": {"method": "cash", "status": "pending"},
    "column": "new",
    "next_steps": ["accept", "reject", "change_line"],
    "deadline_at": "2026-11-21T03:10:00Z",
    "preparation_minutes": 20,
    "answer_by": "2026-11-21T03:10:00Z",
    "accepted_at": None,
    "ready_at": None,
    "out_at": None,
    "opened_at": None,
    "printed_at": None,
    "pending_end": None,
    "lines": [MARGHERITAS],
    "line_changes": [],
    "kitchen_note": "Ring twice.",
    "address": {
        "text": "2100 Mission Street, San Francisco 94110",
        "latitude": 37.7629,
        "longitude": -122.4194,
        "instructions": "Third floor.",
    },
    "distance_meters": 620,
}
AN_ORDER = OpenApiExample("An order", value=ORDER, response_only=True)


def get_visible_order(request: Request, public_id: UUID) -> Order:
    """Return an order that the user may work on; DoesNotExist for others'."""
    return get_order_for_kitchen(orders=visible_orders(request), public_id=public_id)


def present_card(card: Card, now: datetime) -> dict[str, Any]:
    order = card.order
    return present_owner_order(
        order,
        late_minutes=get_late_minutes(order, now),
        column=None if order.is_ended else column_of(order, now),
        steps=_steps(card),
        deadline=card.until,
    )


def present_for_kitchen(order: Order) -> dict[str, Any]:
    """Return an order of get_visible_order as it stands now."""
    now = timezone.now()
    return present_card(make_card(order, now, can_see_order=True), now)


def _steps(card: Card) -> list[str]:
    order = card.order
    if order.is_ended:
        return []
    if card.pending is not None:
        return ["keep"]
    steps = [NAMES.get(step, step) for step, _words in card.steps]
    steps += ["accept", "reject"] if order.status == Order.Status.PLACED else ["cancel"]
    steps += ["delay"] if card.can_be_delayed else []
    return steps + (["change_line"] if card.can_be_changed else [])


class BoardView(OwnerView):
    @extend_schema(
        operation_id="get_owner_board",
        parameters=[OwnRestaurantsQuerySerializer],
        responses=BoardSerializer,
        examples=[
            OpenApiExample(
                "A new order",
                value={
                    "at": "2026-11-21T03:01:12Z",
                    "columns": [
                        {"name": "new", "title_text": "New", "orders": [ORDER]},
                        {
                            "name": "kitchen",
                            "title_text": "In the kitchen",
                            "orders": [],
                        },
                        {"name": "ready", "title_text": "Ready and out", "orders": []},
                        {"name": "later", "title_text": "Later today", "orders": []},
                    ],
                    "lost": [],
                    "answered": [],
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """Read the orders of now.

        `GET /owner/board/stream` says when there is something new. Looking is not being
        there: say that with `POST /owner/board/attend`. Duty `board`.
        """
        asked = read_query(OwnRestaurantsQuerySerializer, request)
        chosen = asked.get("restaurant_id")
        restaurants = list_chosen_restaurants(request, chosen, Duty.BOARD)
        now = timezone.now()
        cards = [
            make_card(order, now, can_see_order=True)
            for order in list_open_orders_for_restaurants(restaurants=restaurants)
        ]
        lost = list_lost_orders_for_restaurants(
            restaurants=restaurants, since=now - NEWS
        )
        answered = list_answered_changes_for_restaurants(
            restaurants=restaurants, since=now - NEWS
        )
        return Response(
            {
                "at": present_moment(now),
                "columns": [
                    {
                        "name": column.name,
                        "title_text": str(column.title),
                        "orders": [present_card(card, now) for card in column.cards],
                    }
                    for column in sort_into_columns(cards, now)
                ],
                "lost": [
                    present_owner_summary(
                        order, late_minutes=get_late_minutes(order, now)
                    )
                    for order in lost
                ],
                "answered": [present_news(change) for change in answered],
            }
        )


class AttendView(OwnerView):
    @extend_schema(
        operation_id="attend_owner_board",
        request=OwnRestaurantsQuerySerializer,
        responses={status.HTTP_204_NO_CONTENT: None},
        examples=[
            OpenApiExample(
                "At one restaurant",
                value={"restaurant_id": "0a4d9cbb-52a1-4f43-8a0c-3a44fcd2f0a3"},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Say that somebody looks at the board.

        Send it every minute while the board is on the screen of an open restaurant.
        After five minutes without it the restaurant is warned, and two minutes later
        orders for right now are stopped, until it comes again. Duty `board`.
        """
        asked = read_body(OwnRestaurantsQuerySerializer, request)
        chosen = asked.get("restaurant_id")
        restaurants = list_chosen_restaurants(request, chosen, Duty.BOARD)
        pks = {restaurant.pk for restaurant in restaurants}
        # An operator who looks in is not the kitchen's own pair of eyes.
        mark_board_open(restaurant_pks=pks - portals_of(request).acting)
        return Response(status=status.HTTP_204_NO_CONTENT)
