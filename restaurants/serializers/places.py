"""Named places, as the geocoder knows them."""

from typing import Any

from rest_framework import serializers

from customers.geocoding import Place
from notifications.fields import Strict
from restaurants.serializers.addresses import (
    PostalAddressSerializer,
    present_postal_address,
)


class PlaceSerializer(PostalAddressSerializer):
    """A named point; what is not known of its address is null."""

    label = serializers.CharField()  # type: ignore[assignment]


class PlaceListSerializer(Strict):
    """Places, the best first."""

    results = PlaceSerializer(many=True)


def present_place(place: Place) -> dict[str, Any]:
    return {"label": place.label, **present_postal_address(place)}
