"""What the address of a request may ask for."""

import math
from typing import Any

from rest_framework import serializers

from notifications.asking import PageQuerySerializer
from notifications.fields import Choosing, Strict
from restaurants.models import Fulfilment
from restaurants.selectors import Sort

LONGEST_TEXT, LONGEST_CODE = 100, 60
LONGEST_ADDRESS = 200
REQUIRED = "This field is required, where the other is given."


class Finite(serializers.FloatField):
    """A number; "nan" is none, and would pass any bounds."""

    def to_internal_value(self, data: Any) -> float:
        number = super().to_internal_value(data)
        if not math.isfinite(number):
            self.fail("invalid")
        return number


class Degrees(Finite):
    """A latitude or longitude, as an address has it."""

    def __init__(self, most: int, **kwargs: Any) -> None:
        super().__init__(min_value=-most, max_value=most, **kwargs)


class PointQuerySerializer(Strict):
    latitude = Degrees(90, help_text="WGS 84 degrees.")
    longitude = Degrees(180, help_text="WGS 84 degrees.")


class NearbyQuerySerializer(PointQuerySerializer, PageQuerySerializer):
    fulfilment = serializers.ChoiceField(
        required=False,
        choices=Fulfilment.choices,
        default=Fulfilment.DELIVERY.value,
        help_text=(
            "`delivery` lists who delivers to the place, `pickup` where food can be "
            "collected."
        ),
    )
    sort = serializers.ChoiceField(
        required=False,
        choices=Sort.choices,
        default=Sort.DISTANCE.value,
        help_text="What comes first. Closed restaurants always come after open ones.",
    )
    q = serializers.CharField(
        required=False,
        max_length=LONGEST_TEXT,
        help_text="Words of a name, a cuisine or a dish; a slip of the pen is mended.",
    )
    cuisine = serializers.CharField(
        required=False,
        max_length=LONGEST_CODE,
        help_text="The `slug` of one of `GET /cuisines`.",
    )
    open_now = Choosing(
        required=False, default=False, help_text="Leave closed ones out."
    )
    free_delivery = Choosing(
        required=False,
        default=False,
        help_text="Only who brings it for nothing; means nothing for pickup.",
    )
    min_rating = Finite(
        required=False,
        min_value=0,
        max_value=5,
        help_text="Only rated restaurants, with this average at least.",
    )


class _MaybePointSerializer(Strict):
    latitude = Degrees(
        90,
        required=False,
        help_text="WGS 84 degrees, of where it is to be brought; with `longitude`.",
    )
    longitude = Degrees(180, required=False, help_text="WGS 84 degrees.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = [name for name in ("latitude", "longitude") if name in attrs]
        if len(given) == 1:
            missing = "longitude" if given[0] == "latitude" else "latitude"
            error = serializers.ErrorDetail(REQUIRED, code="required")
            raise serializers.ValidationError({missing: [error]})
        return attrs


class RestaurantQuerySerializer(_MaybePointSerializer):
    fulfilment = serializers.ChoiceField(
        required=False,
        choices=Fulfilment.choices,
        help_text="Delivery, unless the restaurant does not deliver.",
    )


class FavouritesQuerySerializer(_MaybePointSerializer, PageQuerySerializer):
    pass


class PlaceQuerySerializer(Strict):
    q = serializers.CharField(
        max_length=LONGEST_ADDRESS,
        help_text="What somebody types: an address, a place or a postal code.",
    )


def place_in(asked: dict[str, Any]) -> tuple[float, float] | None:
    """Return the place that was asked about, if one was."""
    if "latitude" not in asked:
        return None
    return asked["latitude"], asked["longitude"]
