"""What the API takes to price a cart, to order it and to act on an order."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError as FormError
from phonenumber_field.formfields import PhoneNumberField
from rest_framework import serializers

from notifications.asking import PageQuerySerializer
from notifications.fields import (
    Coordinate,
    Flag,
    Listed,
    Money,
    MoneyInput,
    Number,
    PublicId,
    Strict,
    Text,
)
from orders.models import ClaimLine
from orders.selectors import HistoryState
from orders.serializers.cart import MOST_LINES
from orders.services import MOST
from orders.services.ending import CANCEL_REASONS
from orders.services.slots import YEARS
from restaurants.models import Fulfilment
from restaurants.serializers.asking import RestaurantQuerySerializer

LONGEST_TEXT = 100
PLACE_AND_ADDRESS = "Send `address_id` or `place`, not both."
POINT_AND_ADDRESS = "Send `address_id` or `latitude` and `longitude`, not both."
POINT = ("latitude", "longitude")
FULFILMENT_HELP = "As in the cart, unless it is given."
ADDRESS_HELP = (
    "One of `GET /me/addresses`; the one that is chosen there, unless another or a "
    "place is given."
)
TIP_AND_PERCENT = "Send `tip` or `tip_percent`, not both."
EXPECTED_TOGETHER = "Send `expected_from` and `expected_until` together."


class Moment(serializers.DateTimeField):
    """An instant: RFC 3339 with its offset from UTC, since a time alone is none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str):
            self.fail("invalid", format="2026-11-20T19:30:00Z")
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None or moment.year not in YEARS:
            self.fail("invalid", format="2026-11-20T19:30:00Z")
        return moment


class Phone(Text):
    """A phone number, read as pages read it."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            return str(PhoneNumberField().clean(text))
        except FormError as error:
            raise serializers.ValidationError(
                error.messages, code="invalid_phone"
            ) from error


class PlaceInputSerializer(Strict):
    """A place that is none of the saved addresses: one of `GET /places`, say."""

    label = Text(  # type: ignore[assignment]
        max_length=300,
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="Of no use here, but `GET /places` has it.",
    )
    latitude = Coordinate(90, help_text="WGS 84 degrees.")
    longitude = Coordinate(180, help_text="WGS 84 degrees.")
    street_address = Text(
        max_length=200,
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="Street and number; to order, it must be there.",
    )
    locality = Text(max_length=100, required=False, allow_null=True, allow_blank=True)
    postal_code = Text(max_length=20, required=False, allow_null=True, allow_blank=True)
    country = Text(max_length=2, required=False, allow_null=True, allow_blank=True)


class WhereSerializer(Strict):
    """Where to bring it, if at all."""

    fulfilment = serializers.ChoiceField(
        choices=Fulfilment.choices, required=False, help_text=FULFILMENT_HELP
    )
    address_id = PublicId(required=False, help_text=ADDRESS_HELP)
    place = PlaceInputSerializer(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "address_id" in attrs and "place" in attrs:
            raise serializers.ValidationError({"place": PLACE_AND_ADDRESS})
        return attrs


class QuoteInputSerializer(WhereSerializer):
    scheduled_for = Moment(
        required=False,
        allow_null=True,
        help_text="One of `GET /cart/slots`; null for as soon as possible.",
    )
    tip = MoneyInput(required=False)
    tip_percent = Number(
        required=False, min_value=0, max_value=100, help_text="Of the subtotal."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "tip" in attrs and "tip_percent" in attrs:
            raise serializers.ValidationError({"tip_percent": TIP_AND_PERCENT})
        return super().validate(attrs)


class PlaceOrderSerializer(QuoteInputSerializer):
    name = Text(
        max_length=120,
        required=False,
        allow_blank=True,
        help_text="Who gets the food; the user's own unless it is given.",
    )
    phone = Phone(
        max_length=32,
        required=False,
        help_text="For questions; the user's own unless it is given.",
    )
    kitchen_note = Text(max_length=300, required=False, allow_blank=True)
    delivery_instructions = Text(
        max_length=300,
        required=False,
        allow_blank=True,
        help_text="For the courier; those of the address unless they are given.",
    )
    expected_total = MoneyInput(
        required=False,
        help_text=(
            "The `total` of the quote that was shown. If it is another by now, nothing "
            "is ordered: 409 `price_changed`."
        ),
    )
    expected_from = Moment(
        required=False,
        help_text=(
            "The `window_from` of the quote that was shown. If the food would come on "
            "another day or in another service, nothing is ordered: 409 `window_moved`."
        ),
    )
    expected_until = Moment(
        required=False, help_text="The `window_until` of the quote that was shown."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("expected_from" in attrs) != ("expected_until" in attrs):
            raise serializers.ValidationError({"expected_until": EXPECTED_TOGETHER})
        if (
            "expected_from" in attrs
            and attrs["expected_from"] > attrs["expected_until"]
        ):
            raise serializers.ValidationError({"expected_until": EXPECTED_TOGETHER})
        return super().validate(attrs)


class SlotQuerySerializer(RestaurantQuerySerializer):
    fulfilment = serializers.ChoiceField(
        choices=Fulfilment.choices, required=False, help_text=FULFILMENT_HELP
    )
    address_id = serializers.UUIDField(required=False, help_text=ADDRESS_HELP)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return what was asked, a point as the `place` that other requests send."""
        attrs = super().validate(attrs)
        place = {name: attrs.pop(name) for name in POINT if name in attrs}
        if place and "address_id" in attrs:
            raise serializers.ValidationError({"address_id": POINT_AND_ADDRESS})
        return {**attrs, "place": place} if place else attrs


class OrderQuerySerializer(PageQuerySerializer):
    state = serializers.ChoiceField(
        required=False,
        choices=HistoryState.choices,
        help_text=(
            "A group of statuses: those under way, those over, those eaten, or those "
            "that were not; all unless it is given."
        ),
    )
    fulfilment = serializers.ChoiceField(required=False, choices=Fulfilment.choices)
    q = serializers.CharField(
        required=False,
        max_length=LONGEST_TEXT,
        help_text="A part of a restaurant's or a dish's name, or an order's number.",
    )


class CancelOrderSerializer(Strict):
    reason = serializers.ChoiceField(
        choices=[(one.value, one.label) for one in CANCEL_REASONS],
        required=False,
        help_text="`other` unless it is given.",
    )


class ReviewInputSerializer(Strict):
    food_rating = Number(min_value=1, max_value=5)
    delivery_rating = Number(
        min_value=1,
        max_value=5,
        required=False,
        allow_null=True,
        help_text="Of an order that was brought; what was collected has none.",
    )
    text = Text(max_length=1000, required=False, allow_blank=True)


class ClaimLineInputSerializer(Strict):
    line_id = PublicId(help_text="One of the order's `lines`.")
    quantity = Number(min_value=1, max_value=MOST)
    kind = serializers.ChoiceField(choices=ClaimLine.Kind.choices)


class ClaimQuoteInputSerializer(Strict):
    lines = Listed(
        child=ClaimLineInputSerializer(), min_length=1, max_length=MOST_LINES
    )


class ClaimInputSerializer(ClaimQuoteInputSerializer):
    text = Text(
        max_length=1000, required=False, allow_blank=True, help_text="What happened."
    )


class ClaimQuoteSerializer(Strict):
    """What a claim would ask to be given back."""

    proposed_refund = Money()


class OrderAgainSerializer(Strict):
    replace = Flag(
        required=False,
        help_text="Whether to begin a new cart when it holds food from elsewhere.",
    )


class LineChangeAnswerSerializer(Strict):
    accepted = Flag()
    expected_total = MoneyInput(
        required=False,
        help_text=(
            "The `total_after` that was shown. If it is another by now, nothing is "
            "changed: 409 `price_changed`."
        ),
    )
