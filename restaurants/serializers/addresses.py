"""A postal address with its point, as every answer that has one tells it."""

from typing import Any, Protocol

from rest_framework import serializers

from notifications.fields import Strict


class Placed(Protocol):
    """A restaurant, or a place that somebody chose or looked up."""

    @property
    def street_address(self) -> str: ...
    @property
    def locality(self) -> str: ...
    @property
    def postal_code(self) -> str: ...
    @property
    def country(self) -> str: ...
    @property
    def latitude(self) -> float: ...
    @property
    def longitude(self) -> float: ...


class PostalAddressSerializer(Strict):
    """Where something is, in words for people and as a point for a map."""

    street_address = serializers.CharField(
        allow_null=True, help_text="Street and number; null if not known."
    )
    locality = serializers.CharField(allow_null=True, help_text="The city.")
    postal_code = serializers.CharField(allow_null=True)
    country = serializers.CharField(
        allow_null=True, help_text="ISO 3166-1, two letters: US."
    )
    latitude = serializers.FloatField(help_text="WGS 84 degrees.")
    longitude = serializers.FloatField(help_text="WGS 84 degrees.")


def present_postal_address(place: Placed) -> dict[str, Any]:
    """Return an address; null for what is not known, which is kept as empty."""
    return {
        "street_address": place.street_address or None,
        "locality": place.locality or None,
        "postal_code": place.postal_code or None,
        "country": place.country or None,
        "latitude": float(place.latitude),
        "longitude": float(place.longitude),
    }
