"""What the API takes and tells of a cart, and of what it would cost."""

from collections.abc import Iterable, Sequence
from typing import Any

from rest_framework import serializers

from menus.pricing import Choice
from notifications.fields import (
    Code,
    Flag,
    Listed,
    Money,
    Number,
    PublicId,
    Strict,
    Text,
    present_moment,
)
from notifications.fields import present_money as money
from orders.exceptions import OrderProblem
from orders.models import Cart, CartLine, CartLineModifier
from orders.services import MOST, Quote, WantedLine
from orders.services.again import OrderedAgain
from orders.services.quoting import QuotedLine
from orders.services.slots import Slot
from restaurants.models import Fulfilment, Restaurant
from restaurants.serializers.addresses import (
    PostalAddressSerializer,
    present_postal_address,
)

Present = dict[str, Any]
MOST_LINES, MOST_MODIFIERS = 100, 50
ADDRESS_HELP = "Where to bring it; null for pickup, and where nobody knows."


class NestedChoiceSerializer(Strict):
    id = PublicId(help_text="Of a modifier.")


class ChoiceSerializer(Strict):
    """A modifier that is chosen, and those chosen of the groups it asks for itself."""

    id = PublicId(help_text="Of a modifier.")
    modifiers = Listed(
        child=NestedChoiceSerializer(), required=False, max_length=MOST_MODIFIERS
    )


class _ChoosingSerializer(Strict):
    modifiers = Listed(
        child=ChoiceSerializer(), required=False, max_length=MOST_MODIFIERS
    )
    note = Text(
        max_length=200,
        required=False,
        allow_blank=True,
        help_text="To the kitchen, about this line.",
    )


class CartLineInputSerializer(_ChoosingSerializer):
    item_id = PublicId()
    quantity = Number(min_value=1, max_value=MOST)


class AddCartLineSerializer(CartLineInputSerializer):
    replace = Flag(
        required=False,
        help_text="Whether to begin a new cart when it holds food from elsewhere.",
    )


class ChangeCartLineSerializer(_ChoosingSerializer):
    quantity = Number(min_value=1, max_value=MOST, required=False)


class CartInputSerializer(Strict):
    restaurant_id = PublicId()
    fulfilment = serializers.ChoiceField(choices=Fulfilment.choices)
    lines = Listed(child=CartLineInputSerializer(), max_length=MOST_LINES)


class ChangeCartSerializer(Strict):
    fulfilment = serializers.ChoiceField(choices=Fulfilment.choices)


def choices_in(asked: Iterable[Present]) -> list[Choice]:
    """Return what a request chooses."""
    return [Choice(one["id"], choices_in(one.get("modifiers", ()))) for one in asked]


def wanted_in(asked: Present) -> WantedLine:
    return WantedLine(
        item_public_id=asked["item_id"],
        quantity=asked["quantity"],
        choices=choices_in(asked.get("modifiers", ())),
        note=asked.get("note", ""),
    )


class OrderProblemSerializer(Strict):
    """One thing that keeps a cart from being ordered."""

    code = serializers.CharField(help_text="Stable; programs decide by it.")
    message = serializers.CharField(help_text="For people, in their language.")
    line_id = serializers.UUIDField(
        allow_null=True, help_text="The line of the cart it is about, if it is."
    )


class CartNestedModifierSerializer(Strict):
    """What was chosen with a modifier."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    price_difference = Money()


class CartModifierSerializer(CartNestedModifierSerializer):
    """What was chosen with a line."""

    modifiers = CartNestedModifierSerializer(many=True)


class CartLineSerializer(Strict):
    """A line of the cart, as it can be had now."""

    id = serializers.UUIDField()
    item_id = serializers.UUIDField()
    name = serializers.CharField()
    quantity = serializers.IntegerField()
    modifiers = CartModifierSerializer(many=True)
    note = serializers.CharField(allow_blank=True)
    unit_price = Money(help_text="One of it with its modifiers, as it is now.")
    amount = Money()
    problems = OrderProblemSerializer(many=True)


class CartRestaurantSerializer(Strict):
    """Where the cart is from."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    time_zone = serializers.CharField(help_text="IANA.")
    offers_delivery = serializers.BooleanField()
    offers_pickup = serializers.BooleanField()


class CartSerializer(Strict):
    """What somebody is about to order, from one restaurant; it may be empty."""

    restaurant = CartRestaurantSerializer(
        allow_null=True, help_text="Null for an empty cart."
    )
    fulfilment = Code(Fulfilment)
    address = PostalAddressSerializer(
        allow_null=True,
        help_text=(
            "Where to bring it: the address that is chosen. Null for pickup, for an "
            "empty cart, and while none is chosen."
        ),
    )
    lines = CartLineSerializer(many=True)
    item_count = serializers.IntegerField(help_text="Portions, not lines.")
    subtotal = Money(allow_null=True)
    minimum_order = Money(allow_null=True)
    missing_to_minimum = Money(
        allow_null=True, help_text="How much more must be in it to be ordered."
    )
    problems = OrderProblemSerializer(
        many=True,
        help_text=(
            "All that stands against ordering it now, lines and all, for `address`. "
            "`POST /cart/quote` tells of other places and times."
        ),
    )


class QuoteLineSerializer(Strict):
    """A line of the cart with its price."""

    line_id = serializers.UUIDField()
    quantity = serializers.IntegerField()
    unit_price = Money()
    amount = Money()


class QuoteSerializer(Strict):
    """What a cart would cost, when it would come, and what stands against it."""

    restaurant_id = serializers.UUIDField()
    fulfilment = Code(Fulfilment)
    address = PostalAddressSerializer(allow_null=True, help_text=ADDRESS_HELP)
    lines = QuoteLineSerializer(many=True)
    subtotal = Money()
    delivery_fee = Money()
    tax = Money()
    tip = Money()
    total = Money()
    prices_include_tax = serializers.BooleanField(
        help_text="If so, the total has the tax in it; else it is added."
    )
    distance_meters = serializers.IntegerField(allow_null=True)
    scheduled_for = serializers.DateTimeField(allow_null=True)
    window_from = serializers.DateTimeField(
        help_text="When it would arrive, or can be collected."
    )
    window_until = serializers.DateTimeField()
    time_zone = serializers.CharField(help_text="The restaurant's (IANA).")
    can_order = serializers.BooleanField()
    problems = OrderProblemSerializer(many=True)
    proposed_slot = serializers.DateTimeField(
        allow_null=True,
        help_text="The next `scheduled_for` that can be had, if this time cannot.",
    )


class SlotSerializer(Strict):
    """A time at which the order can be had."""

    scheduled_for = serializers.DateTimeField(help_text="To be sent when ordering.")
    window_from = serializers.DateTimeField(
        help_text="When it would arrive, or can be collected."
    )
    window_until = serializers.DateTimeField()


class SlotListSerializer(Strict):
    """Times at which the order can be had."""

    fulfilment = Code(Fulfilment, allow_null=True)
    address = PostalAddressSerializer(allow_null=True, help_text=ADDRESS_HELP)
    time_zone = serializers.CharField(
        allow_null=True, help_text="The restaurant's (IANA); null for an empty cart."
    )
    results = SlotSerializer(many=True)


class LeftOutSerializer(Strict):
    """What could not be put into the cart again."""

    name = serializers.CharField()
    message = serializers.CharField(help_text="Why it is not in the cart.")


class RepricedSerializer(Strict):
    """What costs other than it did."""

    name = serializers.CharField()
    before = Money()
    after = Money()


class OrderedAgainSerializer(Strict):
    """The cart with an order's lines in it, and what is not as it was."""

    cart = CartSerializer()
    added_count = serializers.IntegerField(help_text="Portions now in the cart.")
    left_out = LeftOutSerializer(many=True)
    repriced = RepricedSerializer(many=True)
    closed_text = serializers.CharField(
        allow_null=True, help_text="Why it has to wait, if the restaurant is closed."
    )


def present_problem(problem: OrderProblem) -> Present:
    return {
        "code": problem.code,
        "message": str(problem.message),
        "line_id": str(problem.line) if problem.line else None,
    }


def present_cart(cart: Cart | None, quote: Quote | None) -> Present:
    """Return a cart as quote_cart sees it; without a quote it is empty."""
    if quote is None:
        fulfilment = cart.fulfilment if cart else Fulfilment.DELIVERY.value
        return {
            "restaurant": None,
            "fulfilment": fulfilment,
            "address": None,
            "lines": [],
            "item_count": 0,
            **dict.fromkeys(("subtotal", "minimum_order", "missing_to_minimum")),
            "problems": [],
        }
    restaurant, currency = quote.restaurant, quote.currency
    return {
        "restaurant": _present_restaurant(restaurant),
        "fulfilment": quote.fulfilment,
        "address": _present_address(quote),
        "lines": [_present_line(one, currency) for one in quote.lines],
        "item_count": sum(one.quantity for one in quote.lines),
        "subtotal": money(quote.subtotal, currency),
        "minimum_order": money(restaurant.minimum_order, currency),
        "missing_to_minimum": money(quote.missing_to_minimum, currency),
        "problems": [present_problem(one) for one in quote.problems],
    }


def _present_restaurant(restaurant: Restaurant) -> Present:
    return {
        "id": str(restaurant.public_id),
        "name": restaurant.name,
        "time_zone": restaurant.time_zone,
        "offers_delivery": restaurant.offers_delivery,
        "offers_pickup": restaurant.offers_pickup,
    }


def _present_line(quoted: QuotedLine, currency: str) -> Present:
    return {
        "id": str(quoted.line.public_id),
        "item_id": str(quoted.item.public_id),
        "name": quoted.item.name,
        "quantity": quoted.quantity,
        "modifiers": _present_modifiers(quoted.line, currency),
        "note": quoted.line.note,
        "unit_price": money(quoted.unit_price, currency),
        "amount": money(quoted.amount, currency),
        "problems": [present_problem(one) for one in quoted.problems],
    }


def _present_modifiers(line: CartLine, currency: str) -> list[Present]:
    rows = list(line.modifiers.all())
    return [
        {
            **_present_modifier(row, currency),
            "modifiers": [
                _present_modifier(one, currency)
                for one in rows
                if one.parent_id == row.pk
            ],
        }
        for row in rows
        if row.parent_id is None
    ]


def _present_modifier(row: CartLineModifier, currency: str) -> Present:
    return {
        "id": str(row.modifier.public_id),
        "name": row.modifier.name,
        "price_difference": money(row.modifier.price_difference, currency),
    }


def _present_address(quote: Quote) -> Present | None:
    return None if quote.place is None else present_postal_address(quote.place)


def present_quote(quote: Quote) -> Present:
    currency = quote.currency
    names = ("subtotal", "delivery_fee", "tax", "tip", "total")
    return {
        "restaurant_id": str(quote.restaurant.public_id),
        "fulfilment": quote.fulfilment,
        "address": _present_address(quote),
        "lines": [
            {
                "line_id": str(one.line.public_id),
                "quantity": one.quantity,
                "unit_price": money(one.unit_price, currency),
                "amount": money(one.amount, currency),
            }
            for one in quote.lines
        ],
        **{name: money(getattr(quote, name), currency) for name in names},
        "prices_include_tax": quote.prices_include_tax,
        "distance_meters": None if quote.distance is None else round(quote.distance),
        "scheduled_for": present_moment(quote.scheduled_for),
        "window_from": present_moment(quote.window.start),
        "window_until": present_moment(quote.window.end),
        "time_zone": quote.restaurant.time_zone,
        "can_order": quote.can_order,
        "problems": [present_problem(one) for one in quote.problems],
        "proposed_slot": present_moment(quote.proposed_slot),
    }


def present_slots(slots: Sequence[Slot], quote: Quote | None) -> Present:
    """Return the slots of a quoted cart; without a quote it is empty."""
    return {
        "fulfilment": quote and quote.fulfilment,
        "address": quote and _present_address(quote),
        "time_zone": quote and quote.restaurant.time_zone,
        "results": [
            {
                "scheduled_for": present_moment(one.start),
                "window_from": present_moment(one.window.start),
                "window_until": present_moment(one.window.end),
            }
            for one in slots
        ],
    }


def present_again(done: OrderedAgain, cart: Present, currency: str) -> Present:
    return {
        "cart": cart,
        "added_count": done.added,
        "left_out": [{"name": one.name, "message": one.why} for one in done.left_out],
        "repriced": [
            {
                "name": one.name,
                "before": money(one.before, currency),
                "after": money(one.after, currency),
            }
            for one in done.repriced
        ],
        "closed_text": done.closed or None,
    }
