import threading
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from django.db import connection

from customers.tests.factories import UserFactory
from menus.tests.factories import ItemFactory
from orders.exceptions import OrderError
from orders.models import Order, OrderEvent
from orders.services import (
    Actor,
    accept_order,
    cancel_order,
    cancel_unanswered_orders,
)
from orders.tests.factories import fill_cart, submit

pytestmark = pytest.mark.django_db(transaction=True)
By = OrderEvent.Actor
# As many at once as a small server has connections for.
AT_ONCE = 20


def at_once(calls: Sequence[Callable[[], object]]) -> Counter[str]:
    """Make all calls, twenty at a time in threads; count how they ended."""
    outcomes: list[str] = []
    waiting = list(calls)
    start = threading.Barrier(min(AT_ONCE, len(calls)))

    def work() -> None:
        start.wait()
        try:
            while waiting:
                try:
                    call = waiting.pop()
                except IndexError:
                    return
                try:
                    call()
                    outcomes.append("done")
                except OrderError as error:
                    outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(start.parties)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(outcomes)


def test_a_hundred_identical_submits_make_one_order():
    ada = UserFactory()
    cart = fill_cart(ada, ItemFactory())
    key = uuid.uuid4()

    outcomes = at_once([lambda: submit(cart, ada, idempotency_key=key)] * 100)

    assert outcomes == {"done": 100}
    assert Order.objects.count() == 1


def test_many_tabs_on_one_cart_make_one_order():
    ada = UserFactory()
    cart = fill_cart(ada, ItemFactory())

    outcomes = at_once([lambda: submit(cart, ada)] * 20)

    assert outcomes == {"done": 1, "cart_empty": 19}
    assert Order.objects.count() == 1


def test_two_hundred_checkouts_of_the_last_three_portions_sell_three():
    item = ItemFactory(portions_left=3)
    buyers = UserFactory.create_batch(200)
    carts = [fill_cart(buyer, item) for buyer in buyers]

    outcomes = at_once(
        [
            lambda cart=cart, buyer=buyer: submit(cart, buyer)
            for cart, buyer in zip(carts, buyers, strict=True)
        ]
    )

    item.refresh_from_db()
    assert outcomes == {"done": 3, "item_sold_out": 197}
    assert item.portions_left == 0
    assert sorted(Order.objects.values_list("number", flat=True)) == [1, 2, 3]


def test_orders_of_the_same_items_in_another_order_do_not_deadlock():
    first = ItemFactory(portions_left=100)
    second = ItemFactory(portions_left=100, section=first.section)
    calls = []
    for number, buyer in enumerate(UserFactory.create_batch(40)):
        items = [first, second] if number % 2 else [second, first]
        for item in items:
            cart = fill_cart(buyer, item)
        calls.append(lambda cart=cart, buyer=buyer: submit(cart, buyer))

    assert at_once(calls) == {"done": 40}


@pytest.mark.parametrize("attempt", range(5))
def test_accept_cancel_and_deadline_at_once_have_one_winner(attempt):
    ada = UserFactory()
    order = submit(fill_cart(ada, ItemFactory()), ada)
    deadline = order.answer_by + timedelta(seconds=1)

    outcomes = at_once(
        [
            lambda: accept_order(order_pk=order.pk, actor=Actor(By.RESTAURANT)),
            lambda: cancel_order(
                order_pk=order.pk, actor=Actor(By.CUSTOMER, ada), reason="mistake"
            ),
            lambda: cancel_unanswered_orders(deadline),
        ]
    )

    assert order.events.count() == 2
    assert set(outcomes) <= {"done", "already_moved"}
    assert outcomes["already_moved"] >= 1
