from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.db import connection

from customers.tests.factories import UserFactory
from delivery.exceptions import DeliveryError
from delivery.models import DeliveryEvent
from delivery.services import hand_over_delivery, pick_up_delivery
from delivery.tests.factories import KITCHEN, deliver
from orders.exceptions import OrderError
from orders.models import Order, OrderEvent
from orders.services import cancel_order, complete_order

pytestmark = pytest.mark.django_db(transaction=True)


def run_at_once(*acts: Callable[[], object]) -> list[BaseException]:
    barrier = Barrier(len(acts))
    errors: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            act()
        except (DeliveryError, OrderError) as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert not any(thread.is_alive() for thread in threads)
    return errors


def test_ten_presses_on_picked_up_are_one_step() -> None:
    delivery = deliver(UserFactory.create())

    errors = run_at_once(*[lambda: pick_up_delivery(token=delivery.token)] * 10)

    assert errors == []
    assert DeliveryEvent.objects.filter(to_status="picked_up").count() == 1
    assert OrderEvent.objects.filter(to_status="out_for_delivery").count() == 1


def test_picking_up_against_a_cancellation_has_one_winner_and_no_deadlock() -> None:
    delivery = deliver(UserFactory.create())

    run_at_once(
        lambda: pick_up_delivery(token=delivery.token),
        lambda: cancel_order(
            order_pk=delivery.order_id, actor=KITCHEN, reason="sold_out"
        ),
    )

    delivery.refresh_from_db()
    order = Order.objects.get(pk=delivery.order_id)
    assert (order.status, delivery.status) == ("cancelled", "abandoned")


def test_courier_and_restaurant_complete_an_order_once() -> None:
    delivery = deliver(UserFactory.create())
    pick_up_delivery(token=delivery.token)

    run_at_once(
        lambda: hand_over_delivery(token=delivery.token),
        lambda: complete_order(order_pk=delivery.order_id, actor=KITCHEN),
    )

    delivery.refresh_from_db()
    assert delivery.status == "handed_over"
    assert OrderEvent.objects.filter(to_status="delivered").count() == 1
