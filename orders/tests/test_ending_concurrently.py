"""Two hands at once on an order that is being ended."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from customers.tests.factories import UserFactory
from orders.exceptions import AlreadyMovedError
from orders.models import Order, OrderEvent, PendingEnd
from orders.services import Actor, accept_order
from orders.services.ending import finish_pending_ends, hold_end
from orders.tests.factories import OrderFactory

pytestmark = pytest.mark.django_db(transaction=True)


def as_member(name):
    return Actor(OrderEvent.Actor.RESTAURANT, UserFactory.create(name=name))


def reject(order, actor):
    return hold_end(
        order_pk=order.pk, actor=actor, to_status="rejected", reason="closing"
    )


def while_another_rejects(order, ana, act):
    """Run `act` so that it waits for the lock while Ana's rejection commits."""
    said = []

    def run():
        try:
            said.append(act())
        except AlreadyMovedError as error:
            said.append(str(error))
        finally:
            connections.close_all()

    other = threading.Thread(target=run)
    with transaction.atomic():
        Order.objects.select_for_update().get(pk=order.pk)
        other.start()
        wait_until_somebody_waits()
        reject(order, ana)
    other.join(timeout=10)
    return said[0]


def wait_until_somebody_waits():
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    for _turn in range(500):
        with connection.cursor() as cursor:
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    pytest.fail("Nobody came to wait.")


@pytest.mark.parametrize("act", ["reject", "accept"])
def test_who_waited_for_the_lock_is_told_who_is_ending_it(act):
    order = OrderFactory.create(placed_at=timezone.now())
    ana, ben = as_member("Ana"), as_member("Ben")
    acts = {
        "reject": lambda: reject(order, ben),
        "accept": lambda: accept_order(order_pk=order.pk, actor=ben),
    }

    said = while_another_rejects(order, ana, acts[act])

    assert "Ana is ending this order" in said
    assert PendingEnd.objects.get().user == ana.user
    assert finish_pending_ends(now=timezone.now() + timedelta(seconds=11)) == 1
