"""What the pages of an order show of its delivery, which stands above orders."""

from django import template

from delivery.models import Delivery
from delivery.selectors import (
    get_delivery_of_order,
    get_delivery_under_way,
    measure_way_left,
)
from orders.models import Order

register = template.Library()


@register.simple_tag
def delivery_of(order: Order) -> Delivery | None:
    return get_delivery_under_way(order=order)


@register.simple_tag
def way_left(order: Order, delivery: Delivery | None) -> float | None:
    return measure_way_left(order=order, delivery=delivery)


@register.simple_tag
def courier_of(order: Order) -> Delivery | None:
    """Return the delivery of an order and its events; the page has checked whose."""
    return get_delivery_of_order(order_pk=order.pk)
