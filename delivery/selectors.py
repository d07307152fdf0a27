"""Every read about deliveries."""

from decimal import Decimal

from delivery.models import Delivery
from orders.models import Order
from restaurants.geo import great_circle_distance
from restaurants.models import Fulfilment

Status = Delivery.Status

# What a courier may do next, the usual first.
STEPS = {
    Status.REQUESTED: ("pick_up", "give_back"),
    Status.ASSIGNED: ("pick_up", "give_back"),
    Status.PICKED_UP: ("arrive", "hand_over"),
    Status.ARRIVED: ("hand_over",),
}


def get_delivery_by_token(*, token: str) -> Delivery:
    """Return the delivery whose link somebody holds; DoesNotExist if none."""
    return (
        Delivery.objects.select_related("order", "order__restaurant")
        .prefetch_related("order__lines")
        .get(token=token)
    )


def get_delivery_under_way(*, order: Order) -> Delivery | None:
    """Return the delivery of a customer's own order while it is of use to them."""
    is_under_way = order.fulfilment == Fulfilment.DELIVERY and not order.is_ended
    if not is_under_way or order.customer_id is None:
        return None
    return getattr(order, "delivery", None)


def measure_way_left(*, order: Order, delivery: Delivery | None) -> float | None:
    """Return the metres between courier and customer; None when nobody is on the way.

    A position is shown only while the courier has the food and shares it.
    """
    if delivery is None or order.status != Order.Status.OUT_FOR_DELIVERY:
        return None
    places = (delivery.latitude, delivery.longitude, order.latitude, order.longitude)
    known = [one for one in places if one is not None]
    return great_circle_distance(*known) if len(known) == len(places) else None


def is_over(delivery: Delivery) -> bool:
    """Say whether its courier has nothing more to do, and nothing to see."""
    return delivery.order.is_ended or Status(delivery.status) not in STEPS


def list_steps(delivery: Delivery) -> tuple[str, ...]:
    """Return what the courier may do next, the usual first; nothing when it is over."""
    return () if is_over(delivery) else STEPS[Status(delivery.status)]


def amount_to_collect(order: Order) -> Decimal | None:
    """Return what the customer pays at the door; None when all is paid."""
    is_cash = order.payment_method == Order.PaymentMethod.CASH
    is_open = order.payment_status == Order.PaymentStatus.PENDING
    return order.total if is_cash and is_open else None


def get_delivery_of_order(*, order_pk: int) -> Delivery | None:
    """Return the delivery of an order with its events, if it has one."""
    deliveries = Delivery.objects.prefetch_related("events")
    return deliveries.filter(order=order_pk).first()
