import threading
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from customers.models import User
from customers.tests.factories import UserFactory
from menus.tests.factories import ItemFactory
from orders.exceptions import OrderError
from orders.models import CartLine, Order, OrderEvent
from orders.services import (
    Actor,
    Guest,
    accept_order,
    add_line,
    cancel_order,
    cancel_unanswered_orders,
    get_or_create_cart,
)
from orders.tests.factories import fill_cart, submit
from restaurants.availability import list_order_slots

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


def test_the_last_place_in_a_quarter_hour_goes_to_one_and_the_others_are_asked():
    item = ItemFactory()
    type(item.restaurant).objects.update(slot_capacity=1)
    slot = list_order_slots(item.restaurant, now=timezone.now())[4]
    people = UserFactory.create_batch(8)
    carts = [fill_cart(one, item) for one in people]
    pairs = list(zip(carts, people, strict=True))

    outcomes = at_once(
        [
            lambda cart=cart, one=one: submit(cart, one, scheduled_for=slot)
            for cart, one in pairs
        ]
    )

    # Who comes after the first one is committed is told already by the quote.
    assert outcomes["done"] == 1
    assert outcomes["window_moved"] + outcomes["kitchen_full"] == 7
    assert Order.objects.get().scheduled_for == slot
    assert CartLine.objects.count() == 7


def test_a_guests_identical_submits_make_one_order():
    item = ItemFactory()
    cart = get_or_create_cart()
    add_line(cart=cart, item_public_id=item.public_id)
    guest = Guest("gus@example.com", "Gus", "+14155550188", cart.token)
    key = uuid.uuid4()

    outcomes = at_once([lambda: submit(cart, guest, idempotency_key=key)] * 20)

    assert outcomes == {"done": 20}
    assert Order.objects.count() == 1
    assert User.objects.filter(is_guest=True).count() == 1


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
