"""Every write about deliveries.

Locks are always taken in one order, the order's row before the delivery's, because a
step of the order reaches its delivery while the order is locked.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from delivery.exceptions import DeliveryEndedError, StepNotDueError
from delivery.models import Delivery, DeliveryEvent, new_courier_token
from orders.live import ring_order
from orders.models import Order, OrderEvent
from orders.services.lifecycle import (
    Actor,
    complete_order,
    move_window,
    send_order_out,
)
from restaurants.estimating import estimate_window
from restaurants.geo import great_circle_distance
from restaurants.models import Fulfilment

Status = Delivery.Status

COURIER = Actor(OrderEvent.Actor.COURIER, None)
POSITION_INTERVAL = timedelta(seconds=10)
# What is further off (metres) would mislead who looks at the map.
LEAST_ACCURACY = 1000

# How far along each state is; a delivery never goes back by a courier's step.
PROGRESS = {
    Status.REQUESTED: 0,
    Status.ABANDONED: 0,
    Status.ASSIGNED: 1,
    Status.PICKED_UP: 2,
    Status.ARRIVED: 3,
    Status.HANDED_OVER: 4,
}
FOLLOWS = {
    Order.Status.OUT_FOR_DELIVERY: Status.PICKED_UP,
    Order.Status.DELIVERED: Status.HANDED_OVER,
    Order.Status.REJECTED: Status.ABANDONED,
    Order.Status.CANCELLED: Status.ABANDONED,
}


@dataclass(frozen=True)
class Position:
    """Where a courier is, in degrees (WGS 84)."""

    latitude: float
    longitude: float
    # How many metres off it may be, where that is known.
    accuracy: float = 0


def follow_order(*, order: Order) -> None:
    """Bring an order's delivery to where the order is; the order must be locked."""
    if order.fulfilment != Fulfilment.DELIVERY:
        return
    if order.status == Order.Status.ACCEPTED:
        request_delivery(order=order)
        return
    target = FOLLOWS.get(Order.Status(order.status))
    if target is None:
        return
    delivery = Delivery.objects.select_for_update().filter(order=order).first()
    if delivery is None and target != Status.ABANDONED:
        # Skipping ahead is allowed, so the order may never have been accepted by hand.
        request_delivery(order=order)
        delivery = Delivery.objects.select_for_update().get(order=order)
    if delivery is None or delivery.status == Status.HANDED_OVER:
        return
    delivery.order = order
    if target == Status.ABANDONED or PROGRESS[target] > _progress(delivery):
        _move(delivery, target)


def request_delivery(*, order: Order) -> Delivery:
    """Make the delivery of an accepted order; repeating it changes nothing."""
    delivery, is_new = Delivery.objects.get_or_create(order=order)
    if is_new:
        DeliveryEvent.objects.create(
            delivery=delivery, at=timezone.now(), to_status=Status.REQUESTED
        )
    return delivery


@transaction.atomic
def assign_courier(*, delivery_pk: int, name: str, phone: str) -> Delivery:
    """Give a delivery to a courier of the restaurant's own.

    Another courier than before gets a new link, and the old link dies.
    """
    order_pk = Delivery.objects.values_list("order_id", flat=True).get(pk=delivery_pk)
    delivery = _lock(order_pk)
    _refuse_ended(delivery)
    if (delivery.courier_name, str(delivery.courier_phone)) == (name, str(phone)):
        if delivery.status != Status.ABANDONED:
            return delivery
    elif delivery.courier_name:
        delivery.token = new_courier_token()
        delivery.latitude = delivery.longitude = delivery.position_at = None
    delivery.courier_name = name
    delivery.courier_phone = phone
    delivery.save()
    ring_order(delivery.order.public_id)
    if _progress(delivery) < PROGRESS[Status.ASSIGNED]:
        on_the_way = delivery.order.status == Order.Status.OUT_FOR_DELIVERY
        _move(delivery, Status.PICKED_UP if on_the_way else Status.ASSIGNED)
    return delivery


@transaction.atomic
def pick_up_delivery(*, token: str) -> Delivery:
    """Take the food along: the order is on its way. Repeating it changes nothing."""
    delivery = _lock_by_token(token)
    if _has_reached(delivery, Status.PICKED_UP):
        return delivery
    _move(delivery, Status.PICKED_UP)
    if delivery.order.status != Order.Status.OUT_FOR_DELIVERY:
        send_order_out(order_pk=delivery.order_id, actor=COURIER)
    return delivery


@transaction.atomic
def arrive(*, token: str) -> Delivery:
    """Stand at the customer's door. Repeating it changes nothing."""
    delivery = _lock_by_token(token)
    if _has_reached(delivery, Status.ARRIVED):
        return delivery
    _refuse_before(delivery, Status.PICKED_UP)
    _move(delivery, Status.ARRIVED)
    return delivery


@transaction.atomic
def hand_over_delivery(*, token: str) -> Delivery:
    """Give the food to the customer: the order is complete. Repeating is a no-op."""
    delivery = _lock_by_token(token)
    if _has_reached(delivery, Status.HANDED_OVER):
        return delivery
    _refuse_before(delivery, Status.PICKED_UP)
    _move(delivery, Status.HANDED_OVER)
    complete_order(order_pk=delivery.order_id, actor=COURIER)
    return delivery


@transaction.atomic
def abandon_delivery(*, token: str) -> Delivery:
    """Give a delivery back to the restaurant before it was picked up."""
    delivery = _lock_by_token(token)
    if delivery.status == Status.ABANDONED:
        return delivery
    _refuse_ended(delivery)
    if _progress(delivery) >= PROGRESS[Status.PICKED_UP]:
        raise StepNotDueError(
            _("The food is with you already. Please call the restaurant."),
            state=_state(delivery),
        )
    _move(delivery, Status.ABANDONED)
    return delivery


@transaction.atomic
def share_position(
    *, token: str, position: Position, now: datetime | None = None
) -> bool:
    """Keep where the courier is and expect the food accordingly.

    Returns False, keeping nothing, for one sooner than ten seconds after the last, and
    for one that is too far off.
    """
    now = now or timezone.now()
    delivery = _lock_by_token(token)
    _refuse_ended(delivery)
    if delivery.position_at and now - delivery.position_at < POSITION_INTERVAL:
        return False
    if position.accuracy > LEAST_ACCURACY:
        return False
    delivery.latitude = position.latitude
    delivery.longitude = position.longitude
    delivery.position_at = now
    delivery.save(update_fields=["latitude", "longitude", "position_at"])
    ring_order(delivery.order.public_id)
    if delivery.status == Status.PICKED_UP:
        _expect_by_position(delivery.order, position, now)
    return True


def _expect_by_position(order: Order, position: Position, now: datetime) -> None:
    if order.latitude is None or order.longitude is None:
        return
    remaining = great_circle_distance(
        position.latitude, position.longitude, order.latitude, order.longitude
    )
    window = estimate_window(ready_at=now, distance=remaining)
    # Windows come in steps of five minutes, so most positions change nothing.
    if window.start != order.current_from or window.end != order.current_until:
        move_window(order_pk=order.pk, window=window, actor=COURIER)


def _lock(order_pk: int) -> Delivery:
    order = Order.objects.select_for_update().get(pk=order_pk)
    delivery = Delivery.objects.select_for_update().get(order=order_pk)
    delivery.order = order
    return delivery


def _lock_by_token(token: str) -> Delivery:
    order_pk = Delivery.objects.values_list("order_id", flat=True).get(token=token)
    delivery = _lock(order_pk)
    if delivery.token != token:
        # The courier was changed between the two reads.
        raise Delivery.DoesNotExist
    return delivery


def _progress(delivery: Delivery) -> int:
    return PROGRESS[Status(delivery.status)]


def _has_reached(delivery: Delivery, target: Delivery.Status) -> bool:
    """Say whether a step is done already; DeliveryEndedError if it never will be."""
    if _progress(delivery) >= PROGRESS[target]:
        return True
    if delivery.status == Status.ABANDONED:
        raise DeliveryEndedError(
            _("This delivery is no longer yours."), state=_state(delivery)
        )
    _refuse_ended(delivery)
    return False


def _refuse_ended(delivery: Delivery) -> None:
    if delivery.order.is_ended:
        raise DeliveryEndedError(
            _("This order has ended: %(status)s.")
            % {"status": delivery.order.get_status_display().lower()},
            state=_state(delivery),
        )


def _refuse_before(delivery: Delivery, step: Delivery.Status) -> None:
    if _progress(delivery) < PROGRESS[step]:
        raise StepNotDueError(
            _("First say that you have picked up the food."), state=_state(delivery)
        )


def _state(delivery: Delivery) -> dict[str, str]:
    return {"status": delivery.status, "order_status": delivery.order.status}


def _move(delivery: Delivery, status: Delivery.Status) -> None:
    DeliveryEvent.objects.create(
        delivery=delivery,
        at=timezone.now(),
        from_status=delivery.status,
        to_status=status,
    )
    delivery.status = status
    delivery.save(update_fields=["status"])
    ring_order(delivery.order.public_id)
