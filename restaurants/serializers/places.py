"""Named places, as the geocoder knows them."""

from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from customers.geocoding import Place
from notifications.fields import Strict


class PlaceSerializer(Strict):
    """A named point; what is not known of its address is empty."""

    label = serializers.CharField()  # type: ignore[assignment]
    latitude = serializers.FloatField()
    longitude = serializers.FloatField()
    street_address = serializers.CharField(allow_blank=True)
    locality = serializers.CharField(allow_blank=True)
    postal_code = serializers.CharField(allow_blank=True)
    country = serializers.CharField(allow_blank=True)


class PlaceListSerializer(Strict):
    results = PlaceSerializer(many=True)


def present_place(place: Place) -> dict[str, Any]:
    return asdict(place)
