"""Where an order goes, as it was copied when it was placed."""

from typing import Any

from rest_framework import serializers

from notifications.fields import Strict
from orders.models import Order


class OrderAddressSerializer(Strict):
    """Where an order is brought, in one line for people and as a point for a map."""

    text = serializers.CharField(help_text="In one line, as it was when it was placed.")
    latitude = serializers.FloatField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True)
    instructions = serializers.CharField(
        allow_blank=True, help_text="Floor, bell, door code; empty for none."
    )


def present_order_address(order: Order) -> dict[str, Any] | None:
    """Return where an order is brought; None for one that is collected."""
    if not order.address:
        return None
    return {
        "text": order.address,
        "latitude": order.latitude,
        "longitude": order.longitude,
        "instructions": order.delivery_instructions,
    }
