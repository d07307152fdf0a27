"""A customer's orders over the API: `/api/v1/orders`.

The addresses of those that tell of the courier, too, are with the app of deliveries,
which stands above and says who brings it.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from django.urls import reverse
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
from orders.api.asking import (
    amount_in,
    cart_for,
    currency_of,
    quote_asked,
    telling_state,
    where_to,
)
from orders.api.cart import CART, answer_cart
from orders.api.examples import A_RECEIPT, AN_ORDER, MISSION, ORDERS
from orders.exceptions import (
    CartEmptyError,
    IdempotencyKeyMissingError,
    NotOrderableError,
    PriceChangedError,
    WindowMovedError,
)
from orders.models import Cart, LineChange, Order, OrderEvent
from orders.selectors import (
    HistoryFilters,
    get_order_for_customer,
    list_order_summaries_for_customer,
    load_written,
)
from orders.serializers.cart import (
    OrderedAgainSerializer,
    present_again,
    present_quote,
)
from orders.serializers.checkout import (
    CancelOrderSerializer,
    LineChangeAnswerSerializer,
    OrderAgainSerializer,
    OrderQuerySerializer,
    PlaceOrderSerializer,
)
from orders.serializers.orders import (
    OrderPageSerializer,
    OrderSerializer,
    present_order,
    present_order_summaries,
)
from orders.serializers.receipts import ReceiptSerializer, present_receipt
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
        "place": MISSION,
        "scheduled_for": None,
        "tip": {"amount": 300, "currency": "USD"},
        "kitchen_note": "No cutlery, please",
        "delivery_instructions": "Second bell",
        "phone": "+14155550123",
        "expected_total": {"amount": 3266, "currency": "USD"},
    },
    request_only=True,
)


class OrderAnsweringView(APIView):
    """A view that answers a whole order."""

    # Who brings it: the app that knows gives it to `as_view`.
    tell_delivery: Callable[[Order], Mapping[str, Any] | None] = staticmethod(
        lambda order: None
    )

    def answer_order(self, user: User, public_id: UUID) -> dict[str, Any]:
        """Return a customer's order as it is now; Order.DoesNotExist for others'."""
        order = get_order_for_customer(customer=user, public_id=public_id)
        return present_order(
            order, now=timezone.now(), delivery=self.tell_delivery(order)
        )


class OrdersView(OrderAnsweringView):
    @extend_schema(
        operation_id="list_orders",
        parameters=[OrderQuerySerializer],
        responses=OrderPageSerializer,
        examples=[ORDERS],
    )
    def get(self, request: Request) -> Response:
        """List the user's orders, newest first.

        Search and filter as the history page does. `GET /orders/{order_id}` tells all
        of one.
        """
        asked = read_query(OrderQuerySerializer, request)
        page = list_order_summaries_for_customer(
            customer=user_of(request),
            filters=HistoryFilters(
                asked.get("q", ""), asked.get("state", ""), asked.get("fulfilment", "")
            ),
            cursor=asked.get("cursor"),
            limit=asked["limit"],
        )
        results = present_order_summaries(page.results, now=timezone.now())
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
        the same `Idempotency-Key` the same order is answered, with 200, whatever has
        become of cart and address since; the key with another body is refused with 422
        `idempotency_key_reused`. A body that is none is a 400 first, whatever its key.
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
        if order.is_repeat:
            return Response(self.answer_order(user, order.public_id))
        # Nobody is sought to bring it before it is accepted.
        answer = present_order(load_written(order), now=timezone.now())
        return Response(
            answer,
            status=status.HTTP_201_CREATED,
            headers={"Location": reverse("api:order", args=[order.public_id])},
        )


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
    fulfilment = asked.get("fulfilment", cart.fulfilment)
    with _telling_quote(cart, user, asked):
        return services.place_order(
            cart_pk=cart.pk,
            customer=user,
            idempotency_key=key,
            place=_place_of(asked, user, fulfilment),
            fulfilment=fulfilment,
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


def _place_of(asked: dict[str, Any], user: User, fulfilment: str) -> ChosenPlace | None:
    place = where_to(asked, user, fulfilment)
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
        state = present_quote(quote_asked(cart, user, asked))
        if isinstance(error, WindowMovedError) and error.has_slot:
            state["proposed_slot"] = present_moment(error.slot)
        error.state = state
        raise


class OrderView(OrderAnsweringView):
    @extend_schema(
        operation_id="get_order", responses=OrderSerializer, examples=[AN_ORDER]
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        """Get an order with all that is known of it.

        How it stands, when it is expected, what it costs, who brings it, and what can
        be done now. `GET /orders/{order_id}/stream` tells of each change at once.
        """
        return Response(self.answer_order(user_of(request), order_id))


class OrderCancelView(OrderAnsweringView):
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
        return Response(self.answer_order(user, order_id))


class LineChangeAnswerView(OrderAnsweringView):
    @extend_schema(
        operation_id="answer_line_change",
        request=LineChangeAnswerSerializer,
        responses=OrderSerializer,
        examples=[
            OpenApiExample(
                "Yes, take that",
                value={
                    "accepted": True,
                    "expected_total": {"amount": 2415, "currency": "USD"},
                },
                request_only=True,
            ),
            AN_ORDER,
        ],
    )
    def post(self, request: Request, order_id: UUID, change_id: UUID) -> Response:
        """Accept or decline what the restaurant proposes instead of a line.

        The same answer again changes nothing. A proposal that was answered otherwise,
        taken back or overtaken by the kitchen is a 409 `already_moved`.
        """
        asked = read_body(LineChangeAnswerSerializer, request)
        user = user_of(request)
        order = get_order_for_customer(customer=user, public_id=order_id)
        if change_id not in {one.public_id for one in order.line_changes.all()}:
            raise LineChange.DoesNotExist
        answers = LineChange.Status
        answer = answers.ACCEPTED if asked["accepted"] else answers.DECLINED
        with telling_state(order):
            services.answer_line_change(
                public_id=change_id,
                customer=user,
                answer=answer.value,
                seen_total=amount_in(asked, "expected_total", order.currency),
            )
        return Response(self.answer_order(user, order_id))


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
        operation_id="get_receipt", responses=ReceiptSerializer, examples=[A_RECEIPT]
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        """Get the receipt of an order.

        It is one once the order is completed (`is_complete`); a page to print is at the
        order's `links.web`, and `POST` mails it.
        """
        order = get_order_for_customer(customer=user_of(request), public_id=order_id)
        return Response(present_receipt(order))

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
