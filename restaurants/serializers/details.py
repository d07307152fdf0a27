"""One restaurant: what its page says about it, beside the menu."""

from datetime import datetime, time, timedelta
from typing import Any

from rest_framework import serializers

from notifications.fields import Code, Money, Strict, present_moment, present_money
from restaurants.availability import known_spans
from restaurants.models import Fulfilment, Restaurant, Weekday
from restaurants.opening import span_at
from restaurants.selectors import (
    SeenRestaurant,
    list_fee_steps,
    list_special_hours,
)
from restaurants.serializers.addresses import (
    PostalAddressSerializer,
    present_postal_address,
)
from restaurants.serializers.cards import (
    RestaurantSummarySerializer,
    present_summary,
)

ROUND_THE_CLOCK = timedelta(days=1)
WEEKDAYS = [day.name.lower() for day in Weekday]


class OpeningHoursSerializer(Strict):
    """A span of a weekday in the restaurant's time zone.

    One that closes at or before it opens runs past midnight; equal times mean the
    whole day. A weekday without a span is closed.
    """

    weekday = Code(WEEKDAYS)
    opens_at = serializers.CharField(help_text="As 17:30, local.")
    closes_at = serializers.CharField(help_text="As 22:00, local.")


class SpecialHoursSerializer(Strict):
    """What replaces the week's hours on a date: a span, or closed without times."""

    date = serializers.DateField()
    opens_at = serializers.CharField(allow_null=True)
    closes_at = serializers.CharField(allow_null=True)
    note = serializers.CharField(allow_blank=True)


class FeeStepSerializer(Strict):
    """What delivery costs up to a distance."""

    until_meters = serializers.IntegerField(
        help_text="The fee holds up to here, from where the step before ends."
    )
    fee = Money()
    is_here = serializers.BooleanField(help_text="The place asked about lies in it.")


class DeliveryTermsSerializer(Strict):
    """What delivering costs, and how far it goes."""

    radius_meters = serializers.IntegerField()
    is_in_range = serializers.BooleanField(
        allow_null=True, help_text="Null where no place was given."
    )
    fee_steps = FeeStepSerializer(many=True)


class RestaurantDetailsSerializer(RestaurantSummarySerializer):
    description = serializers.CharField(allow_blank=True)
    address = PostalAddressSerializer()
    phone = serializers.CharField(
        allow_null=True, help_text="E.164, as +14155550100; null if there is none."
    )
    website = serializers.CharField(allow_null=True)
    currency = serializers.CharField(help_text="ISO 4217.")
    fulfilment = Code(Fulfilment)
    takes_orders = serializers.BooleanField(
        help_text="Not for now: whether it takes orders online at all."
    )
    opening_hours = OpeningHoursSerializer(many=True)
    special_hours = SpecialHoursSerializer(
        many=True, help_text="Of today and the two weeks ahead."
    )
    open_until = serializers.DateTimeField(
        allow_null=True,
        help_text="When it closes; null while closed, or open round the clock.",
    )
    delivery_terms = DeliveryTermsSerializer(
        allow_null=True, help_text="Null where it does not deliver."
    )
    busy_minutes = serializers.IntegerField(
        help_text="What the kitchen takes longer than usual just now."
    )
    prices_include_tax = serializers.BooleanField()
    tax_rate_percent = serializers.CharField(
        help_text="A decimal number: `8.625`. An item may have another rate."
    )


def present_details(
    seen: SeenRestaurant, *, fulfilment: str, moment: datetime, is_favourite: bool
) -> dict[str, Any]:
    restaurant = seen.restaurant
    span = span_at(known_spans(restaurant), moment)
    ends = span is not None and span[1] - moment < ROUND_THE_CLOCK
    return {
        **present_summary(
            seen, fulfilment=fulfilment, moment=moment, is_favourite=is_favourite
        ),
        "description": restaurant.description,
        "address": present_postal_address(restaurant),
        "phone": str(restaurant.phone) or None,
        "website": restaurant.website or None,
        "currency": restaurant.currency,
        "fulfilment": str(fulfilment),
        "takes_orders": restaurant.takes_orders,
        "opening_hours": [
            {
                "weekday": WEEKDAYS[row.weekday],
                "opens_at": _clock(row.opens_at),
                "closes_at": _clock(row.closes_at),
            }
            for row in restaurant.opening_hours.all()
        ],
        "special_hours": [
            {
                "date": row.date.isoformat(),
                "opens_at": _clock(row.opens_at),
                "closes_at": _clock(row.closes_at),
                "note": row.note,
            }
            for row in list_special_hours(restaurant, moment=moment)
        ],
        "open_until": present_moment(span[1] if span and ends else None),
        "delivery_terms": _terms(restaurant, seen.distance),
        "busy_minutes": restaurant.busy_minutes_at(moment),
        "prices_include_tax": restaurant.prices_include_tax,
        "tax_rate_percent": f"{restaurant.tax_rate.normalize():f}",
    }


def _clock(clock: time | None) -> str | None:
    return None if clock is None else f"{clock:%H:%M}"


def _terms(restaurant: Restaurant, distance: float | None) -> dict[str, Any] | None:
    if not restaurant.offers_delivery:
        return None
    radius = restaurant.delivery_radius
    return {
        "radius_meters": round(radius),
        "is_in_range": None if distance is None else distance <= radius,
        "fee_steps": [
            {
                "until_meters": round(step.until),
                "fee": present_money(step.fee, restaurant.currency),
                "is_here": step.is_here,
            }
            for step in list_fee_steps(restaurant, distance)
        ],
    }
