"""Two answers at once, and an answer while the kitchen finishes: one of them wins."""

from collections.abc import Callable

import pytest

from customers.tests.factories import UserFactory
from menus.tests.factories import ItemFactory
from orders.models import Order, OrderEvent
from orders.pricing import PricedLine, compute_totals
from orders.services import (
    Actor,
    accept_order,
    answer_line_change,
    mark_order_ready,
    propose_line_change,
    withdraw_line_change,
)
from orders.tests.factories import fill_cart, submit
from orders.tests.test_orders_concurrently import at_once

pytestmark = pytest.mark.django_db(transaction=True)
KITCHEN = Actor(OrderEvent.Actor.RESTAURANT)


@pytest.fixture
def ada():
    return UserFactory()


@pytest.fixture
def order(ada):
    margherita = ItemFactory()
    fill_cart(ada, margherita)
    tiramisu = ItemFactory(section=margherita.section, name="Tiramisu", price=7)
    order = submit(fill_cart(ada, tiramisu), ada)
    return accept_order(order_pk=order.pk, actor=KITCHEN)


@pytest.fixture
def change(order):
    line = order.lines.get(name="Tiramisu")
    return propose_line_change(order_pk=order.pk, line_pk=line.pk, actor=KITCHEN)


def answers(change, ada, text) -> Callable[[], object]:
    return lambda: answer_line_change(
        public_id=change.public_id, customer=ada, answer=text
    )


def adds_up(order):
    order = Order.objects.get(pk=order.pk)
    totals = compute_totals(
        [
            PricedLine(line.unit_price, line.quantity, line.tax_rate)
            for line in order.lines.all()
        ],
        delivery_fee=order.delivery_fee,
        tip=order.tip,
        currency=order.currency,
        prices_include_tax=order.prices_include_tax,
    )
    return order.total == totals.total


@pytest.mark.parametrize("attempt", range(3))
def test_yes_and_no_at_once_have_one_winner(attempt, order, change, ada):
    outcomes = at_once(
        [answers(change, ada, "accepted"), answers(change, ada, "declined")]
    )

    change.refresh_from_db()
    assert outcomes == {"done": 1, "already_moved": 1}
    assert order.lines.count() == (1 if change.status == "accepted" else 2)
    assert adds_up(order)


@pytest.mark.parametrize("attempt", range(3))
def test_an_answer_as_it_becomes_ready_is_taken_or_refused(attempt, order, change, ada):
    outcomes = at_once(
        [
            answers(change, ada, "accepted"),
            lambda: mark_order_ready(order_pk=order.pk, actor=KITCHEN),
        ]
    )

    change.refresh_from_db()
    order.refresh_from_db()
    assert order.status == "ready"
    is_taken = change.status == "accepted"
    assert outcomes == ({"done": 2} if is_taken else {"done": 1, "already_moved": 1})
    assert order.lines.count() == (1 if is_taken else 2)
    assert adds_up(order)


def test_an_answer_and_a_withdrawal_at_once_have_one_winner(order, change, ada):
    outcomes = at_once(
        [
            answers(change, ada, "accepted"),
            lambda: withdraw_line_change(change_pk=change.pk),
        ]
    )

    assert outcomes == {"done": 1, "already_moved": 1}
    assert adds_up(order)


def test_ten_taps_on_yes_change_it_once(order, change, ada):
    outcomes = at_once([answers(change, ada, "accepted")] * 10)

    assert outcomes == {"done": 10}
    assert order.events.filter(reason="line_changed").count() == 1
