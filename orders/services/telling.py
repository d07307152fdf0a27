"""Telling everybody that an order moved; in the transaction of the step."""

from orders.live import ring_order
from orders.models import Order, OrderEvent
from orders.notifications import tell, tell_partners_of
from orders.signals import order_moved
from restaurants.live import ring_board


def tell_step(order: Order, event: OrderEvent) -> None:
    """Tell people, partners, open pages and the apps above of an event written."""
    tell(order, event)
    tell_partners_of(order, event)
    ring_board(order.restaurant_id)
    if event.from_status:
        # Until it is placed nobody can look at it.
        ring_order(order.public_id)
    order_moved.send(Order, order=order, event=event)
