"""A customer's orders over the API: `/api/v1/orders`.

What tells of the courier, too, is with the app of deliveries, which stands above.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.api.asking import read_body, read_query, user_of
from customers.models import User
from customers.places import ChosenPlace
from notifications.fields import present_moment
from orders import services
from orders.api.asking import amount_in, cart_for, place_in, telling_state
from orders.api.cart import CART, answer_cart, currency_of, quote_asked
from orders.api.examples import AN_ORDER, ORDERS
from orders.exceptions import (
    CartEmptyError,
    IdempotencyKeyMissingError,
    NotOrderableError,
    PriceChangedError,
    WindowMovedError,
)
from orders.models import Cart, Order, OrderEvent
from orders.selectors import (
    HistoryFilters,
    get_order_for_customer,
    list_order_summaries_for_customer,
)
from orders.serializers.cart import (
    OrderedAgainSerializer,
    present_again,
    present_quote,
)
from orders.serializers.checkout import (
    CancelOrderSerializer,
    OrderAgainSerializer,
    OrderQuerySerializer,
    PlaceOrderSerializer,
)
from orders.serializers.orders import (
    OrderPageSerializer,
    OrderSerializer,
    present_order,
    present_order_summary,
)
from orders.services.receipts import email_receipt
from restaurants.estimating import Window

# What apps' keys become ids in.
KEYS = UUID("6f0d8a3e-3c1b-4f44-9a27-51c3e0a7d5b2")
KEY = re.compile(r"[!-~]{1,255}", re.ASCII)
KEY_PARAMETER = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[!-~]{1,255}$"},
    OpenApiParameter.HEADER,
    required=True,
    description=(
        "Made by the app, a new one for each order (a random UUID, say), and the same "
        "when the request is sent again."
    ),
)
ORDERED_AGAIN = OpenApiExample(
    "All of it",
    value={
        "cart": CART.value,
        "added_count": 2,
        "left_out": [],
        "repriced": [],
        "closed_text": None,
    },
    response_only=True,
)
PLACING = OpenApiExample(
    "A dinner, with a tip",
    value={
        "fulfilment": "delivery",
        "place": {
            "latitude": 37.7629,
            "longitude": -122.4194,
            "street_address": "2100 Mission Street",
            "locality": "San Francisco",
            "postal_code": "94110",
            "country": "US",
        },
        "scheduled_for": None,
        "tip": {"amount": 300, "currency": "USD"},
        "kitchen_note": "No cutlery, please",
        "delivery_instructions": "Second bell",
        "phone": "+14155550123",
        "expected_total": {"amount": 3266, "currency": "USD"},
    },
    request_only=True,
)


def answer_order(user: User, public_id: UUID) -> dict[str, Any]:
    """Return an order as it is now, but for who brings it."""
    order = get_order_for_customer(customer=user, public_id=public_id)
    return present_order(order, now=timezone.now())


class OrdersView(APIView):
    @extend_schema(
        operation_id="list_orders",
        parameters=[OrderQuerySerializer],
        responses=OrderPageSerializer,
        examples=[ORDERS],
    )
    def get(self, request: Request) -> Response:
        """List the user's orders, newest first."""
        asked = read_query(OrderQuerySerializer, request)
        page = list_order_summaries_for_customer(
            customer=user_of(request),
            filters=HistoryFilters(
                asked.get("q", ""), asked.get("state", ""), asked.get("fulfilment", "")
            ),
            cursor=asked.get("cursor"),
            limit=asked["limit"],
        )
        now = timezone.now()
        results = [present_order_summary(one, now=now) for one in page.results]
        return Response({"results": results, "next": page.next_cursor})

    @extend_schema(
        operation_id="place_order",
        parameters=[KEY_PARAMETER],
        request=PlaceOrderSerializer,
        responses={201: OrderSerializer, 200: OrderSerializer},
        examples=[PLACING, AN_ORDER],
    )
    def post(self, request: Request) -> Response:
        """Order what is in the cart.

        Everything is read again: what has changed since it was shown is asked about
        with a 409 (`price_changed`, `window_moved`, or what stands against ordering),
        whose `state` is the quote as it is now, and nothing is ordered. Sent again with
        the same `Idempotency-Key` the same order is answered, with 200; the key with
        another body is refused with 422 `idempotency_key_reused`.
        """
        key, digest = _read_key(request), _digest(request)
        asked = read_body(PlaceOrderSerializer, request)
        user = user_of(request)
        try:
            order = _place(user, asked, key, digest)
        except ValidationError:
            # The address may be gone, or the cart another, since it was placed.
            placed = services.find_placed_order(
                customer=user, idempotency_key=key, request_digest=digest
            )
            if placed is None:
                raise
            order = placed
        code = status.HTTP_200_OK if order.is_repeat else status.HTTP_201_CREATED
        return Response(answer_order(user, order.public_id), status=code)


def _read_key(request: Request) -> UUID:
    key = request.headers.get("Idempotency-Key", "")
    if not KEY.fullmatch(key):
        raise IdempotencyKeyMissingError(
            _("Send an Idempotency-Key of 1 to 255 visible characters of ASCII.")
        )
    return uuid5(KEYS, key)


def _digest(request: Request) -> str:
    canonical = json.dumps(request.data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _place(user: User, asked: dict[str, Any], key: UUID, digest: str) -> Order:
    cart = cart_for(user)
    currency = currency_of(cart)
    with _telling_quote(cart, user, asked):
        return services.place_order(
            cart_pk=cart.pk,
            customer=user,
            idempotency_key=key,
            place=_place_of(asked, user),
            fulfilment=asked["fulfilment"],
            scheduled_for=asked.get("scheduled_for"),
            tip=amount_in(asked, "tip", currency) or Decimal(0),
            tip_percent=asked.get("tip_percent"),
            kitchen_note=asked.get("kitchen_note", ""),
            phone=asked.get("phone", ""),
            name=asked.get("name", ""),
            seen_window=_window_in(asked),
            seen_total=amount_in(asked, "expected_total", currency),
            request_digest=digest,
        )


def _place_of(asked: dict[str, Any], user: User) -> ChosenPlace | None:
    place = place_in(asked, user)
    instructions = asked.get("delivery_instructions")
    if place is None or instructions is None:
        return place
    return replace(place, delivery_instructions=instructions)


def _window_in(asked: dict[str, Any]) -> Window | None:
    if "expected_from" not in asked:
        return None
    return Window(asked["expected_from"], asked["expected_until"])


@contextmanager
def _telling_quote(cart: Cart, user: User, asked: dict[str, Any]) -> Iterator[None]:
    """Have a refusal say what could be ordered now."""
    try:
        yield
    except CartEmptyError as error:
        error.state = {"item_count": 0}
        raise
    except (NotOrderableError, PriceChangedError, WindowMovedError) as error:
        cart.fulfilment = asked["fulfilment"]
        state = present_quote(quote_asked(cart, user, asked))
        if isinstance(error, WindowMovedError) and error.has_slot:
            state["proposed_slot"] = present_moment(error.slot)
        error.state = state
        raise


class OrderCancelView(APIView):
    @extend_schema(
        operation_id="cancel_order",
        request=CancelOrderSerializer,
        responses=OrderSerializer,
        examples=[
            OpenApiExample(
                "By mistake", value={"reason": "mistake"}, request_only=True
            ),
            AN_ORDER,
        ],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Cancel an order.

        Until the restaurant accepts it; after that it is a 409 `already_moved`, and
        only the restaurant can help.
        """
        asked = read_body(CancelOrderSerializer, request)
        user = user_of(request)
        order = get_order_for_customer(customer=user, public_id=order_id)
        with telling_state(order):
            services.cancel_order(
                order_pk=order.pk,
                actor=services.Actor(OrderEvent.Actor.CUSTOMER, user),
                reason=asked.get("reason", OrderEvent.Reason.OTHER.value),
            )
        return Response(answer_order(user, order_id))


class OrderAgainView(APIView):
    @extend_schema(
        operation_id="order_again",
        request=OrderAgainSerializer,
        responses=OrderedAgainSerializer,
        examples=[
            OpenApiExample("A new cart", value={"replace": True}, request_only=True),
            ORDERED_AGAIN,
        ],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Put an order's lines into the cart once more.

        All that can be had, as it is now; the answer says what is not as it was. What
        is in the cart already counts: asking twice doubles nothing. A cart with food
        from elsewhere is a 409 `other_restaurant`, unless `replace` is sent.
        """
        asked = read_body(OrderAgainSerializer, request)
        user = user_of(request)
        order = get_order_for_customer(customer=user, public_id=order_id)
        cart = cart_for(user)
        done = services.order_again(
            order=order,
            cart=cart,
            replace_restaurant=asked.get("replace", False)
            and cart.restaurant_id != order.restaurant_id,
        )
        cart.refresh_from_db()
        return Response(present_again(done, answer_cart(user, cart), order.currency))


class OrderReceiptView(APIView):
    @extend_schema(
        operation_id="email_receipt",
        request=None,
        responses={202: None},
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Have the receipt of an order sent by email.

        To the user's own address, once the order is completed, and once a minute.
        """
        order = get_order_for_customer(customer=user_of(request), public_id=order_id)
        email_receipt(order_pk=order.pk)
        return Response(status=status.HTTP_202_ACCEPTED)
