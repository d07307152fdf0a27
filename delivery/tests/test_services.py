from datetime import timedelta

import pytest
from django.utils import timezone

from customers.models import User
from customers.tests.factories import UserFactory
from delivery.exceptions import DeliveryEndedError, StepNotDueError
from delivery.models import Delivery, DeliveryEvent
from delivery.services import (
    Position,
    abandon_delivery,
    arrive,
    assign_courier,
    hand_over_delivery,
    pick_up_delivery,
    share_position,
)
from delivery.tests.factories import KITCHEN, deliver, place
from orders.models import Order
from orders.services import cancel_order, complete_order, send_order_out

pytestmark = pytest.mark.django_db

Status = Delivery.Status
AT_THE_DOOR = Position(37.7629, -122.4194)
FAR_AWAY = Position(37.70, -122.4194)


@pytest.fixture
def customer() -> User:
    return UserFactory.create()


def test_only_an_accepted_order_has_a_delivery(customer: User) -> None:
    order = place(customer)

    assert not Delivery.objects.filter(order=order).exists()


def test_the_steps_lead_the_order_to_the_customer(customer: User) -> None:
    delivery = deliver(customer)
    assign_courier(delivery_pk=delivery.pk, name="Carla", phone="+14155550177")

    pick_up_delivery(token=delivery.token)
    on_the_way = Order.objects.get(pk=delivery.order_id).status
    arrive(token=delivery.token)
    hand_over_delivery(token=delivery.token)

    order = Order.objects.get(pk=delivery.order_id)
    assert on_the_way == Order.Status.OUT_FOR_DELIVERY
    assert order.status == Order.Status.DELIVERED
    assert order.payment_status == Order.PaymentStatus.CAPTURED
    assert list(
        DeliveryEvent.objects.filter(delivery=delivery).values_list(
            "to_status", flat=True
        )
    ) == ["requested", "assigned", "picked_up", "arrived", "handed_over"]


def test_repeating_a_step_changes_nothing(customer: User) -> None:
    delivery = deliver(customer)
    pick_up_delivery(token=delivery.token)
    hand_over_delivery(token=delivery.token)
    count = DeliveryEvent.objects.count()

    pick_up_delivery(token=delivery.token)
    arrive(token=delivery.token)
    again = hand_over_delivery(token=delivery.token)

    assert again.status == Status.HANDED_OVER
    assert DeliveryEvent.objects.count() == count


def test_handing_over_before_picking_up_is_refused(customer: User) -> None:
    delivery = deliver(customer)

    with pytest.raises(StepNotDueError):
        hand_over_delivery(token=delivery.token)

    delivery.refresh_from_db()
    assert delivery.status == Status.REQUESTED


def test_a_delivery_follows_the_restaurants_own_steps(customer: User) -> None:
    delivery = deliver(customer)

    send_order_out(order_pk=delivery.order_id, actor=KITCHEN)
    delivery.refresh_from_db()
    picked_up = delivery.status
    complete_order(order_pk=delivery.order_id, actor=KITCHEN)

    delivery.refresh_from_db()
    assert (picked_up, delivery.status) == (Status.PICKED_UP, Status.HANDED_OVER)


def test_a_cancelled_order_ends_its_delivery(customer: User) -> None:
    delivery = deliver(customer)
    cancel_order(order_pk=delivery.order_id, actor=KITCHEN, reason="sold_out")

    with pytest.raises(DeliveryEndedError):
        pick_up_delivery(token=delivery.token)

    delivery.refresh_from_db()
    assert delivery.status == Status.ABANDONED


def test_another_courier_gets_a_new_link_and_the_old_one_dies(customer: User) -> None:
    delivery = deliver(customer)
    assign_courier(delivery_pk=delivery.pk, name="Carla", phone="+14155550177")
    abandon_delivery(token=delivery.token)

    assigned = assign_courier(
        delivery_pk=delivery.pk, name="Dmitri", phone="+14155550178"
    )

    assert assigned.status == Status.ASSIGNED
    with pytest.raises(Delivery.DoesNotExist):
        pick_up_delivery(token=delivery.token)


def test_a_position_moves_the_current_window_and_never_the_promised(
    customer: User,
) -> None:
    delivery = deliver(customer)
    pick_up_delivery(token=delivery.token)
    before = Order.objects.get(pk=delivery.order_id)

    share_position(token=delivery.token, position=FAR_AWAY)

    after = Order.objects.get(pk=delivery.order_id)
    assert after.current_from > before.current_from
    assert (after.promised_from, after.promised_until) == (
        before.promised_from,
        before.promised_until,
    )


def test_positions_are_kept_every_ten_seconds(customer: User) -> None:
    delivery = deliver(customer)
    now = timezone.now()
    share_position(token=delivery.token, position=AT_THE_DOOR, now=now)

    too_soon = share_position(
        token=delivery.token, position=FAR_AWAY, now=now + timedelta(seconds=9)
    )
    later = share_position(
        token=delivery.token, position=FAR_AWAY, now=now + timedelta(seconds=10)
    )

    assert (too_soon, later) == (False, True)
