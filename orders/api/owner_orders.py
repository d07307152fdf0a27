"""A restaurant's orders: found, read, and taken from step to step."""

from collections.abc import Callable
from datetime import UTC
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from customers.api.asking import PageQuerySerializer, read_body, read_query
from notifications.fields import Choosing, Number, Strict, Text, present_moment
from orders.api.owner_asking import (
    OwnerView,
    OwnRestaurantsQuerySerializer,
    list_chosen_restaurants,
)
from orders.api.owner_board import (
    AN_ORDER,
    ORDER,
    get_visible_order,
    present_for_kitchen,
)
from orders.cards import DELAY_MINUTES, get_late_minutes
from orders.models import Order, OrderEvent
from orders.portal import actor_of, is_acting
from orders.selectors import PastFilters, list_past_orders_for_restaurants
from orders.serializers.owner_orders import (
    OwnerOrderPageSerializer,
    OwnerOrderSerializer,
    OwnerOrderSummarySerializer,
    TicketSerializer,
    present_owner_summary,
)
from orders.services.attention import open_order, print_ticket
from orders.services.ending import (
    CANCELLING,
    REJECTING,
    has_ended,
    hold_end,
    take_end_back,
)
from orders.services.kitchen import LONGEST_PREPARATION
from orders.services.lifecycle import (
    accept_order,
    complete_order,
    delay_order,
    mark_order_ready,
    send_order_out,
    start_preparing_order,
)
from restaurants.models import Duty, Fulfilment

Status = Order.Status
MOST_DELAYED = 60
SHOWN_STATUSES = [one.value for one in Status if one != Status.PENDING_PAYMENT]


class OwnerOrdersQuerySerializer(OwnRestaurantsQuerySerializer, PageQuerySerializer):
    q = Text(
        required=False,
        allow_blank=True,
        max_length=100,
        help_text="A number, the end of a phone number, or a part of a name.",
    )
    status = serializers.ChoiceField(choices=SHOWN_STATUSES, required=False)
    fulfilment = serializers.ChoiceField(choices=Fulfilment.choices, required=False)
    is_test = Choosing(
        required=False,
        help_text="`true`: test orders only. They are left out otherwise.",
    )

    def get_fields(self) -> dict[str, Any]:
        # "from" is a word of Python's own.
        days = {
            "from": serializers.DateField(
                required=False,
                help_text="Placed on this day of the restaurant's calendar, or later.",
            ),
            "until": serializers.DateField(
                required=False, help_text="Placed on this day or earlier."
            ),
        }
        return {**super().get_fields(), **days}


class OwnerOrderListView(OwnerView):
    @extend_schema(
        operation_id="list_owner_orders",
        parameters=[OwnerOrdersQuerySerializer],
        responses=OwnerOrderPageSerializer,
        examples=[
            OpenApiExample(
                "One order",
                value={
                    "results": [
                        {
                            name: ORDER[name]
                            for name in map(str, OwnerOrderSummarySerializer().fields)
                        }
                    ],
                    "next": None,
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """Look up orders, past ones too, newest first.

        Of one restaurant, or of all where the user has the duty `orders`.
        """
        asked = read_query(OwnerOrdersQuerySerializer, request)
        chosen = asked.get("restaurant_id")
        restaurants = list_chosen_restaurants(request, chosen, Duty.ORDERS)
        filters = PastFilters(
            text=asked.get("q", ""),
            status=asked.get("status", ""),
            fulfilment=asked.get("fulfilment", ""),
            since=asked.get("from"),
            until=asked.get("until"),
            is_test=asked.get("is_test", False),
        )
        page = list_past_orders_for_restaurants(
            restaurants=restaurants,
            filters=filters,
            cursor=asked.get("cursor"),
            limit=asked["limit"],
        )
        now = timezone.now()
        rows = [
            present_owner_summary(order, late_minutes=get_late_minutes(order, now))
            for order in page.results
        ]
        return Response({"results": rows, "next": page.next_cursor})


class OwnerOrderView(OwnerView):
    @extend_schema(
        operation_id="get_owner_order",
        responses=OwnerOrderSerializer,
        examples=[AN_ORDER],
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        """Read an order as its kitchen sees it.

        Orders of now with the duty `board`, past ones with the duty `orders` too.
        Reading it does not stop its alarm: opening it does.
        """
        return Response(present_for_kitchen(get_visible_order(request, order_id)))


def _open(request: Request, order: Order) -> None:
    # An operator who looks in does not end the kitchen's alarm.
    if not is_acting(request, order):
        open_order(order_pk=order.pk)


def _answer(request: Request, order_id: UUID) -> Response:
    return Response(present_for_kitchen(get_visible_order(request, order_id)))


def _take(
    request: Request, order: Order, act: Callable[..., Any], **options: Any
) -> Response:
    """Take a step; whoever takes one has seen the order."""
    _open(request, order)
    act(order_pk=order.pk, **options)
    return _answer(request, order.public_id)


class OpenView(OwnerView):
    @extend_schema(
        operation_id="open_owner_order",
        request=None,
        responses={200: OwnerOrderSerializer},
        examples=[AN_ORDER],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Say that somebody looks at an order: its alarm stops everywhere.

        Duty `board`.
        """
        _open(request, get_visible_order(request, order_id))
        return _answer(request, order_id)


class AcceptInputSerializer(Strict):
    minutes = Number(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=LONGEST_PREPARATION,
        help_text="How long the kitchen takes; the restaurant's usual time without it.",
    )


class AcceptView(OwnerView):
    @extend_schema(
        operation_id="accept_owner_order",
        request=AcceptInputSerializer,
        responses={200: OwnerOrderSerializer},
        examples=[
            OpenApiExample("In 25 minutes", value={"minutes": 25}, request_only=True),
            AN_ORDER,
        ],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Promise to cook an order.

        The customer is told when to expect it. Repeating it changes nothing. Duty
        `board`.
        """
        order = get_visible_order(request, order_id)
        minutes = read_body(AcceptInputSerializer, request).get("minutes")
        actor = actor_of(request, order)
        return _take(
            request, order, accept_order, actor=actor, preparation_minutes=minutes
        )


WHYS = {
    OrderEvent.Reason.SOLD_OUT: "Something is sold out.",
    OrderEvent.Reason.TOO_BUSY: "The kitchen is too busy.",
    OrderEvent.Reason.CLOSING: "The kitchen is closing.",
    OrderEvent.Reason.ADDRESS: "The address cannot be delivered to.",
    OrderEvent.Reason.NO_SHOW: "Nobody was there to take it.",
    OrderEvent.Reason.OTHER: "Another reason.",
}


class RejectInputSerializer(Strict):
    reason = serializers.ChoiceField(
        choices=[(one.value, WHYS[one]) for one in REJECTING]
    )
    note = Text(
        required=False,
        allow_blank=True,
        max_length=300,
        help_text="A few words to the customer.",
    )


class CancelInputSerializer(RejectInputSerializer):
    reason = serializers.ChoiceField(
        choices=[(one.value, WHYS[one]) for one in CANCELLING]
    )


WHY = OpenApiExample(
    "Sold out",
    value={"reason": "sold_out", "note": "The last burrata is gone."},
    request_only=True,
)


def _end(request: Request, order: Order, to_status: str, asked: Any) -> Response:
    actor = actor_of(request, order)
    if has_ended(order_pk=order.pk, actor=actor, to_status=to_status):
        return _answer(request, order.public_id)
    wish = {"to_status": to_status, "reason": asked["reason"]}
    note = asked.get("note", "")
    return _take(request, order, hold_end, actor=actor, note=note, **wish)


class RejectView(OwnerView):
    @extend_schema(
        operation_id="reject_owner_order",
        request=RejectInputSerializer,
        responses={200: OwnerOrderSerializer},
        examples=[WHY, AN_ORDER],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Turn a new order down.

        The customer is told ten seconds later (`pending_end.due_at`); until then it
        can be kept. Mark what is sold out yourself: the lines name their items. Duty
        `board`.
        """
        order = get_visible_order(request, order_id)
        asked = read_body(RejectInputSerializer, request)
        return _end(request, order, Status.REJECTED, asked)


class CancelOwnView(OwnerView):
    @extend_schema(
        operation_id="cancel_owner_order",
        request=CancelInputSerializer,
        responses={200: OwnerOrderSerializer},
        examples=[WHY, AN_ORDER],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Cancel an order that was accepted.

        The customer is told ten seconds later (`pending_end.due_at`); until then it
        can be kept. Duty `board`.
        """
        order = get_visible_order(request, order_id)
        asked = read_body(CancelInputSerializer, request)
        return _end(request, order, Status.CANCELLED, asked)


class KeepView(OwnerView):
    @extend_schema(
        operation_id="keep_owner_order",
        request=None,
        responses={200: OwnerOrderSerializer},
        examples=[AN_ORDER],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Take a rejection or cancellation back, within its ten seconds.

        The customer never knows. Duty `board`.
        """
        order = get_visible_order(request, order_id)
        return _take(request, order, take_end_back)


def _step(request: Request, order_id: UUID, act: Callable[..., Order]) -> Response:
    order = get_visible_order(request, order_id)
    return _take(request, order, act, actor=actor_of(request, order))


class StartView(OwnerView):
    @extend_schema(
        operation_id="start_owner_order",
        request=None,
        responses={200: OwnerOrderSerializer},
        examples=[AN_ORDER],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Say that the kitchen has started.

        Repeating it changes nothing. Duty `board`.
        """
        return _step(request, order_id, start_preparing_order)


class ReadyView(OwnerView):
    @extend_schema(
        operation_id="mark_owner_order_ready",
        request=None,
        responses={200: OwnerOrderSerializer},
        examples=[AN_ORDER],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Say that the food is ready to be collected or carried.

        Repeating it changes nothing. Duty `board`.
        """
        return _step(request, order_id, mark_order_ready)


class SendOutView(OwnerView):
    @extend_schema(
        operation_id="send_owner_order_out",
        request=None,
        responses={200: OwnerOrderSerializer},
        examples=[AN_ORDER],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Say that the courier has the food and is on the way.

        Only of orders to be delivered. Repeating it changes nothing. Duty `board`.
        """
        return _step(request, order_id, send_order_out)


class CompleteView(OwnerView):
    @extend_schema(
        operation_id="complete_owner_order",
        request=None,
        responses={200: OwnerOrderSerializer},
        examples=[AN_ORDER],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Say that the customer has the food, and has paid for it.

        It is then `delivered` or `collected`. Repeating it changes nothing. Duty
        `board`.
        """
        return _step(request, order_id, complete_order)


class DelayInputSerializer(Strict):
    minutes = Number(
        required=False, min_value=1, max_value=MOST_DELAYED, default=DELAY_MINUTES
    )
    due_at = serializers.DateTimeField(
        default_timezone=UTC,
        help_text=(
            "The order's `due_at` as you know it. Nothing is changed when it is "
            "another by now: the same tap came twice, or from two tablets."
        ),
    )


class DelayView(OwnerView):
    @extend_schema(
        operation_id="delay_owner_order",
        request=DelayInputSerializer,
        responses={200: OwnerOrderSerializer},
        examples=[
            OpenApiExample(
                "Ten minutes more",
                value={"minutes": 10, "due_at": "2026-11-21T03:20:00Z"},
                request_only=True,
            ),
            AN_ORDER,
        ],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Take longer than promised.

        Only of what is in the kitchen. The customer is told. Duty `board`.
        """
        order = get_visible_order(request, order_id)
        asked = read_body(DelayInputSerializer, request)
        # Answers tell moments to the second.
        is_known = present_moment(asked["due_at"]) == present_moment(order.due_at)
        return _take(
            request,
            order,
            delay_order,
            actor=actor_of(request, order),
            minutes=asked["minutes"],
            seen_due_at=order.due_at if is_known else asked["due_at"],
        )


class PrintView(OwnerView):
    @extend_schema(
        operation_id="print_owner_ticket",
        request=None,
        responses={200: TicketSerializer},
        examples=[
            OpenApiExample(
                "The first printing",
                value={"is_duplicate": False, "order": ORDER},
                response_only=True,
            )
        ],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Claim a printing of the kitchen's ticket.

        Of several tablets that ask, one is told that it is the first. Duty `board`.
        """
        order = get_visible_order(request, order_id)
        is_first = not is_acting(request, order) and print_ticket(order_pk=order.pk)
        shown = present_for_kitchen(get_visible_order(request, order_id))
        return Response({"is_duplicate": not is_first, "order": shown})
