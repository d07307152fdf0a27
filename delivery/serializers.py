"""What the API answers about the way of an order, to its customer and its courier."""

from typing import Any

from rest_framework import serializers

from delivery.models import Delivery
from delivery.selectors import (
    amount_to_collect,
    get_delivery_under_way,
    is_over,
    list_steps,
    measure_way_left,
)
from notifications.fields import (
    Code,
    Coordinate,
    Money,
    Number,
    PublicId,
    Strict,
    present_moment,
    present_money,
)
from orders.models import Order
from orders.serializers.addresses import (
    OrderAddressSerializer,
    present_order_address,
)
from restaurants.serializers.addresses import (
    PostalAddressSerializer,
    present_postal_address,
)

Status = Delivery.Status


def present_delivery(order: Order) -> dict[str, Any] | None:
    """Return the way of a customer's own order; None for pickup, before and after.

    Reads `order.delivery`: lists select it together with the order.
    """
    delivery = get_delivery_under_way(order=order)
    if delivery is None:
        return None
    is_out = order.status == Order.Status.OUT_FOR_DELIVERY
    has_courier = is_out or delivery.status != Status.ABANDONED
    meters = measure_way_left(order=order, delivery=delivery)
    return {
        "status": delivery.status,
        "courier_name": (delivery.courier_name or None) if has_courier else None,
        "courier_phone": (str(delivery.courier_phone) or None) if is_out else None,
        "position": None if meters is None else _present_position(delivery),
        "distance_meters": None if meters is None else round(meters),
    }


def _present_position(delivery: Delivery) -> dict[str, Any]:
    return {
        "latitude": delivery.latitude,
        "longitude": delivery.longitude,
        "recorded_at": present_moment(delivery.position_at),
    }


class PositionInputSerializer(Strict):
    """Where the courier is."""

    latitude = Coordinate(90)
    longitude = Coordinate(180)
    accuracy_meters = Number(
        required=False,
        min_value=0,
        max_value=100_000,
        help_text="How far off it may be. One more than a kilometre off is not kept.",
    )


class PickUpPlaceSerializer(Strict):
    """The restaurant that the food is taken from."""

    id = PublicId()
    name = serializers.CharField()
    phone = serializers.CharField(allow_null=True, help_text="E.164.")
    address = PostalAddressSerializer()
    time_zone = serializers.CharField(help_text="A name of the IANA database.")


class DropOffSerializer(Strict):
    """Whom the food is for, and where."""

    customer_name = serializers.CharField()
    customer_phone = serializers.CharField(allow_null=True, help_text="E.164.")
    address = OrderAddressSerializer(allow_null=True)


class CarriedLineSerializer(Strict):
    """Something that is carried."""

    name = serializers.CharField()
    quantity = serializers.IntegerField()


class CourierDeliverySerializer(Strict):
    """A delivery as its courier sees it."""

    status = Code(Status)
    is_over = serializers.BooleanField(
        help_text="Nothing is left to do; then what is the customer's is null."
    )
    next_steps = serializers.ListField(
        child=Code(["pick_up", "arrive", "hand_over", "give_back"]),
        help_text="What may be done now, the usual first.",
    )
    order_number = serializers.IntegerField(help_text="Counts up within a restaurant.")
    short_number = serializers.CharField(help_text="What people say aloud.")
    order_status = Code(Order.Status)
    restaurant = PickUpPlaceSerializer()
    drop_off = DropOffSerializer(allow_null=True)
    lines = CarriedLineSerializer(many=True)
    collect = Money(
        allow_null=True,
        help_text="What the customer pays in cash; null when all is paid.",
    )
    current_from = serializers.DateTimeField(
        help_text="From when the customer expects it by now."
    )
    current_until = serializers.DateTimeField()


def present_courier_delivery(delivery: Delivery) -> dict[str, Any]:
    """Return what the courier's page shows; once it is over, without the customer."""
    order, over = delivery.order, is_over(delivery)
    collect = None if over else amount_to_collect(order)
    lines = [] if over else list(order.lines.all())
    return {
        "status": delivery.status,
        "is_over": over,
        "next_steps": list(list_steps(delivery)),
        "order_number": order.number,
        "short_number": order.short_number,
        "order_status": order.status,
        "restaurant": _present_restaurant(order),
        "drop_off": None if over else _present_drop_off(order),
        "lines": [{"name": line.name, "quantity": line.quantity} for line in lines],
        "collect": None if collect is None else present_money(collect, order.currency),
        "current_from": present_moment(order.current_from),
        "current_until": present_moment(order.current_until),
    }


def _present_restaurant(order: Order) -> dict[str, Any]:
    restaurant = order.restaurant
    return {
        "id": str(restaurant.public_id),
        "name": order.restaurant_name,
        "phone": str(restaurant.phone) or None,
        "address": present_postal_address(restaurant),
        "time_zone": str(restaurant.time_zone),
    }


def _present_drop_off(order: Order) -> dict[str, Any]:
    return {
        "customer_name": order.customer_name,
        "customer_phone": order.customer_phone or None,
        "address": present_order_address(order),
    }
