"""What the API tells on an order's receipt."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from notifications.fields import Money, present_moment, present_money
from orders.models import Order
from orders.serializers.addresses import (
    OrderAddressSerializer,
    present_order_address,
)
from orders.serializers.lines import OrderLineSerializer, present_lines
from orders.serializers.orders import (
    OrderAmountsSerializer,
    OrderPlaceSerializer,
    present_amounts,
    present_order_place,
)


class ReceiptSerializer(OrderAmountsSerializer):
    """What was paid for an order, to whom and for what."""

    order_id = serializers.UUIDField()
    number = serializers.IntegerField(help_text="Counts up within a restaurant.")
    short_number = serializers.CharField(help_text="What the kitchen calls it.")
    is_complete = serializers.BooleanField(
        help_text="Once the food is there and paid; else nothing was paid, or not yet."
    )
    restaurant = OrderPlaceSerializer()
    time_zone = serializers.CharField(help_text="The restaurant's (IANA).")
    placed_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    customer_name = serializers.CharField()
    address = OrderAddressSerializer(allow_null=True, help_text="Null for pickup.")
    lines = OrderLineSerializer(many=True)
    paid = Money(help_text="In the end: the total without what was given back.")


def present_receipt(order: Order) -> dict[str, Any]:
    """Return the receipt of a customer's order; from get_order_for_customer."""
    is_complete = order.status in Order.COMPLETED
    return {
        "order_id": str(order.public_id),
        "number": order.number,
        "short_number": order.short_number,
        "is_complete": is_complete,
        "restaurant": present_order_place(order.restaurant, order.restaurant_name),
        "time_zone": order.restaurant.time_zone,
        "placed_at": present_moment(order.placed_at),
        "ended_at": present_moment(order.ended_at),
        "customer_name": order.customer_name,
        "address": present_order_address(order),
        "lines": present_lines(order),
        **present_amounts(order),
        "paid": present_money(
            order.kept if is_complete else Decimal(0), order.currency
        ),
    }
