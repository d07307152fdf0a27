"""The cart over the API, and what it would cost: `/api/v1/cart`."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.api.asking import read_body, read_query, user_of
from customers.models import User
from menus.models import Item
from orders import services
from orders.api.asking import cart_for, fault, quote_asked
from orders.api.examples import A_QUOTE, MISSION, SLOTS
from orders.exceptions import CartEmptyError, ItemRefusedError
from orders.models import Cart, CartLine
from orders.selectors import choices_of, get_cart, list_cart_lines
from orders.serializers.cart import (
    AddCartLineSerializer,
    CartInputSerializer,
    CartSerializer,
    ChangeCartLineSerializer,
    ChangeCartSerializer,
    QuoteSerializer,
    SlotListSerializer,
    choices_in,
    present_cart,
    present_quote,
    present_slots,
    wanted_in,
)
from orders.serializers.checkout import QuoteInputSerializer, SlotQuerySerializer
from restaurants.models import Restaurant

NOT_ON_MENU = "This is on no menu of a restaurant that takes orders."
NO_RESTAURANT = "There is no such restaurant, or it takes no orders."
ITEM = "8d3f1f0e-5b0a-4c39-9f43-2f9d3b1c7a55"
DOLLARS = {"currency": "USD"}

LINE = {"item_id": ITEM, "quantity": 2, "modifiers": [], "note": "Well done, please"}
CART_SENT = OpenApiExample(
    "Two margheritas",
    value={
        "restaurant_id": "0b0c9c5e-62a4-4f0e-8a53-0f6d5e1d2c11",
        "fulfilment": "delivery",
        "lines": [LINE],
    },
    request_only=True,
)
LINE_SENT = OpenApiExample("A line", value=LINE, request_only=True)
QUOTE_SENT = OpenApiExample(
    "As soon as possible, with a tip",
    value={
        "place": MISSION,
        "scheduled_for": None,
        "tip_percent": 15,
    },
    request_only=True,
)
CART = OpenApiExample(
    "Two margheritas",
    value={
        "restaurant": {
            "id": "0b0c9c5e-62a4-4f0e-8a53-0f6d5e1d2c11",
            "name": "Trattoria Contadina",
            "time_zone": "America/Los_Angeles",
            "offers_delivery": True,
            "offers_pickup": True,
        },
        "fulfilment": "delivery",
        "address": MISSION,
        "lines": [
            {
                "id": "4c2ad6f5-6a5b-4e7e-9f5f-8f3fd4d13d59",
                "item_id": ITEM,
                "name": "Margherita",
                "quantity": 2,
                "modifiers": [],
                "note": "Well done, please",
                "unit_price": {"amount": 1250, **DOLLARS},
                "amount": {"amount": 2500, **DOLLARS},
                "problems": [],
            }
        ],
        "item_count": 2,
        "subtotal": {"amount": 2500, **DOLLARS},
        "minimum_order": {"amount": 1500, **DOLLARS},
        "missing_to_minimum": {"amount": 0, **DOLLARS},
        "problems": [],
    },
    response_only=True,
)


def answer_cart(user: User, cart: Cart | None) -> dict[str, Any]:
    """Return a cart as it is now, for the address that its owner chose."""
    if cart is None or cart.restaurant_id is None:
        return present_cart(cart, None)
    try:
        quote = quote_asked(cart, user, {})
    except CartEmptyError:
        return present_cart(cart, None)
    return present_cart(cart, quote)


class CartView(APIView):
    @extend_schema(operation_id="get_cart", responses=CartSerializer, examples=[CART])
    def get(self, request: Request) -> Response:
        """Get the cart.

        Everybody has one; an empty cart is a cart. It holds food of one restaurant.
        """
        user = user_of(request)
        return Response(answer_cart(user, get_cart(user=user, token=None)))

    @extend_schema(
        operation_id="replace_cart",
        request=CartInputSerializer,
        responses=CartSerializer,
        examples=[CART_SENT, CART],
    )
    def put(self, request: Request) -> Response:
        """Replace the whole cart.

        All or nothing: if something cannot be had, `errors` names each line by its
        place in what was sent (`/lines/0`), and the cart stays as it was. What was in
        it before is gone, from another restaurant too. Safe to repeat.
        """
        asked = read_body(CartInputSerializer, request)
        user = user_of(request)
        restaurants = Restaurant.objects.live()
        restaurant = restaurants.filter(public_id=asked["restaurant_id"]).first()
        if restaurant is None:
            raise fault("restaurant_id", NO_RESTAURANT, "not_found")
        cart = services.refill_cart(
            cart=cart_for(user),
            restaurant=restaurant,
            fulfilment=asked["fulfilment"],
            wanted=[wanted_in(one) for one in asked["lines"]],
        )
        return Response(answer_cart(user, cart))

    @extend_schema(
        operation_id="change_cart",
        request=ChangeCartSerializer,
        responses=CartSerializer,
        examples=[
            OpenApiExample("Pickup", value={"fulfilment": "pickup"}, request_only=True),
            CART,
        ],
    )
    def patch(self, request: Request) -> Response:
        """Choose delivery or pickup.

        The lines stay. Where to bring it is said with the quote and the order.
        """
        asked = read_body(ChangeCartSerializer, request)
        user = user_of(request)
        cart = cart_for(user)
        services.set_fulfilment(cart=cart, fulfilment=asked["fulfilment"])
        return Response(answer_cart(user, cart))

    @extend_schema(operation_id="empty_cart", request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Empty the cart.

        Safe to repeat: an empty cart stays empty.
        """
        cart = get_cart(user=user_of(request), token=None)
        if cart is not None:
            services.empty_cart(cart=cart)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CartLinesView(APIView):
    @extend_schema(
        operation_id="add_cart_line",
        request=AddCartLineSerializer,
        responses={201: CartSerializer},
        examples=[LINE_SENT, CART],
    )
    def post(self, request: Request) -> Response:
        """Put an item into the cart.

        One alike, with the same modifiers and note, is counted up: also when a lost
        answer is the reason to send it again. When the cart holds food from another
        restaurant the answer is 409 `other_restaurant`, and `state` says which; send
        `replace: true` to begin a new cart.
        """
        asked = read_body(AddCartLineSerializer, request)
        wanted = wanted_in(asked)
        user = user_of(request)
        cart = cart_for(user)
        try:
            services.add_line(
                cart=cart,
                item_public_id=wanted.item_public_id,
                quantity=wanted.quantity,
                choices=wanted.choices,
                note=wanted.note,
                replace_restaurant=asked.get("replace", False),
            )
        except Item.DoesNotExist as error:
            raise fault("item_id", NOT_ON_MENU, "not_found") from error
        cart.refresh_from_db()
        return Response(answer_cart(user, cart), status=status.HTTP_201_CREATED)


class CartLineView(APIView):
    @extend_schema(
        operation_id="change_cart_line",
        request=ChangeCartLineSerializer,
        responses=CartSerializer,
        examples=[
            OpenApiExample("Three of it", value={"quantity": 3}, request_only=True),
            CART,
        ],
    )
    def patch(self, request: Request, line_id: UUID) -> Response:
        """Change how many of a line are wanted, with what, or its note.

        What is not sent stays. A line that becomes like another joins it.
        """
        asked = read_body(ChangeCartLineSerializer, request)
        user = user_of(request)
        cart, line = _get_line(user, line_id)
        if asked.keys() <= {"quantity"}:
            services.change_line(
                cart=cart,
                line_public_id=line_id,
                quantity=asked.get("quantity", line.quantity),
            )
        else:
            _choose_anew(cart, line, asked)
        return Response(answer_cart(user, cart))

    @extend_schema(operation_id="remove_cart_line", request=None, responses={204: None})
    def delete(self, request: Request, line_id: UUID) -> Response:
        """Take a line out of the cart.

        The last line takes the restaurant with it.
        """
        cart, _line = _get_line(user_of(request), line_id)
        services.remove_line(cart=cart, line_public_id=line_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _get_line(user: User, line_id: UUID) -> tuple[Cart, CartLine]:
    cart = get_cart(user=user, token=None)
    lines = list_cart_lines(cart=cart) if cart is not None else []
    line = next((one for one in lines if one.public_id == line_id), None)
    if cart is None or line is None:
        raise CartLine.DoesNotExist
    return cart, line


def _choose_anew(cart: Cart, line: CartLine, asked: dict[str, Any]) -> None:
    choices = choices_of(line)
    if "modifiers" in asked:
        choices = choices_in(asked["modifiers"])
    try:
        services.replace_line(
            cart=cart,
            line_public_id=line.public_id,
            quantity=asked.get("quantity", line.quantity),
            choices=choices,
            note=asked.get("note", line.note),
        )
    except Item.DoesNotExist as error:
        raise ItemRefusedError(NOT_ON_MENU, code="item_not_available") from error


class CartPricesView(APIView):
    @extend_schema(
        operation_id="accept_cart_prices",
        request=None,
        responses=CartSerializer,
        examples=[CART],
    )
    def post(self, request: Request) -> Response:
        """Agree to today's prices.

        A line that costs other than when it was put into the cart has the problem
        `price_changed`, and is not ordered until its owner was shown the new price and
        agreed.
        """
        user = user_of(request)
        cart = cart_for(user)
        services.accept_changed_prices(cart=cart)
        return Response(answer_cart(user, cart))


class QuoteView(APIView):
    @extend_schema(
        operation_id="quote_cart",
        request=QuoteInputSerializer,
        responses=QuoteSerializer,
        examples=[QUOTE_SENT, A_QUOTE],
    )
    def post(self, request: Request) -> Response:
        """Price the cart.

        Says what it would cost, when it would come, and in `problems` everything that
        keeps it from being ordered. What is not sent is as in the cart, for the address
        that is chosen; nothing is changed. An empty cart is a 409 `cart_empty`.
        """
        asked = read_body(QuoteInputSerializer, request)
        user = user_of(request)
        cart = cart_for(user)
        return Response(present_quote(quote_asked(cart, user, asked)))


class SlotsView(APIView):
    @extend_schema(
        operation_id="list_cart_slots",
        parameters=[SlotQuerySerializer],
        responses=SlotListSerializer,
        examples=[SLOTS],
    )
    def get(self, request: Request) -> Response:
        """List the later times at which the cart can be had.

        Quarter hours of two days in which the kitchen is open and free and serves all
        of it; none for an empty cart. Send one as `scheduled_for`. Where to, and
        whether it is brought at all, may be asked as in a quote.
        """
        asked = read_query(SlotQuerySerializer, request)
        user = user_of(request)
        cart = get_cart(user=user, token=None)
        if cart is None or cart.restaurant is None:
            return Response(present_slots([], None))
        now = timezone.now()
        try:
            quote = quote_asked(cart, user, asked)
        except CartEmptyError:
            return Response(present_slots([], None))
        return Response(present_slots(services.list_slots(quote, now=now), quote))
