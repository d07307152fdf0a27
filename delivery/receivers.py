"""What deliveries do when an order moves."""

from typing import Any

from delivery.services import follow_order
from orders.models import Order
from orders.signals import order_moved


def follow_moved_order(sender: object, order: Order, **kwargs: Any) -> None:
    follow_order(order=order)


def connect() -> None:
    order_moved.connect(follow_moved_order, dispatch_uid="delivery.follow_order")
