"""What the pages of an order show of its delivery, which stands above orders."""

from django import template

from delivery.models import Delivery
from delivery.selectors import get_delivery_for_customer, get_delivery_of_order
from orders.models import Order
from restaurants.geo import great_circle_distance
from restaurants.models import Fulfilment

register = template.Library()


@register.simple_tag
def delivery_of(order: Order) -> Delivery | None:
    """Return the delivery of a customer's own order while it is of use to them."""
    is_under_way = order.fulfilment == Fulfilment.DELIVERY and not order.is_ended
    if not is_under_way or order.customer is None:
        return None
    return get_delivery_for_customer(customer=order.customer, order_pk=order.pk)


@register.simple_tag
def way_left(order: Order, delivery: Delivery | None) -> float | None:
    """Return the metres between courier and customer; None when nobody is on the way.

    A position is shown only while the courier has the food and shares it.
    """
    if delivery is None or order.status != Order.Status.OUT_FOR_DELIVERY:
        return None
    places = (delivery.latitude, delivery.longitude, order.latitude, order.longitude)
    known = [one for one in places if one is not None]
    return great_circle_distance(*known) if len(known) == len(places) else None


@register.simple_tag
def courier_of(order: Order) -> Delivery | None:
    """Return the delivery of an order and its events; the page has checked whose."""
    return get_delivery_of_order(order_pk=order.pk)
