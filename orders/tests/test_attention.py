"""A new order is not missed: it is opened, or its people are called."""

from datetime import timedelta

import pytest
from django.utils import timezone

from customers.tests.factories import UserFactory
from notifications.models import Event
from orders.exceptions import IllegalTransitionError
from orders.models import Order, OrderEvent
from orders.services import Actor, accept_order, cancel_unanswered_orders
from orders.services.attention import (
    escalate_untouched_orders,
    open_order,
    print_ticket,
)
from orders.services.lifecycle import delay_order
from orders.tests.factories import OrderFactory
from restaurants.models import UNTIL_FURTHER_NOTICE
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def order():
    order = OrderFactory.create(placed_at=timezone.now())
    MembershipFactory.create(restaurant=order.restaurant)
    return order


@pytest.fixture
def kitchen():
    return Actor(OrderEvent.Actor.RESTAURANT, UserFactory.create())


def called():
    return list(Event.objects.filter(topic="order_waiting"))


def test_an_order_nobody_opens_for_a_minute_calls_the_people_once(order):
    assert escalate_untouched_orders(now=order.placed_at + MINUTE * 0.9) == 0
    assert escalate_untouched_orders(now=order.placed_at + MINUTE) == 1
    assert escalate_untouched_orders(now=order.placed_at + 2 * MINUTE) == 0

    assert len(called()) == 1


def test_an_opened_order_calls_nobody(order):
    open_order(order_pk=order.pk)

    assert escalate_untouched_orders(now=order.placed_at + 2 * MINUTE) == 0


def test_an_answered_order_calls_nobody(order, kitchen):
    accept_order(order_pk=order.pk, actor=kitchen)

    assert escalate_untouched_orders(now=order.placed_at + 2 * MINUTE) == 0


def test_an_order_for_tomorrow_waits_until_the_time_to_answer_runs(order):
    opening = order.placed_at + timedelta(hours=12)
    Order.objects.update(answer_by=opening + 10 * MINUTE)

    assert escalate_untouched_orders(now=order.placed_at + 5 * MINUTE) == 0
    assert escalate_untouched_orders(now=opening + MINUTE) == 1


def test_opening_twice_keeps_the_first_moment(order):
    open_order(order_pk=order.pk)
    first = Order.objects.get().opened_at
    open_order(order_pk=order.pk)

    assert Order.objects.get().opened_at == first


def test_a_ticket_is_printed_once_and_then_a_duplicate(order):
    assert print_ticket(order_pk=order.pk)
    assert not print_ticket(order_pk=order.pk)


def test_a_delay_moves_the_window_and_tells_the_customer_each_time(order, kitchen):
    accept_order(order_pk=order.pk, actor=kitchen, preparation_minutes=20)
    before = Order.objects.get()

    for _ in range(2):
        delay_order(order_pk=order.pk, actor=kitchen, minutes=10)

    after = Order.objects.get()
    assert after.due_at == before.due_at + 20 * MINUTE
    assert after.current_from == before.current_from + 20 * MINUTE
    assert after.promised_from == before.promised_from
    assert Event.objects.filter(topic="order_delayed").count() == 2
    last = after.events.last()
    assert (last.reason, last.from_status) == ("delayed", "accepted")


def test_what_is_late_already_is_delayed_from_now(order, kitchen):
    accept_order(order_pk=order.pk, actor=kitchen)
    Order.objects.update(due_at=timezone.now() - 30 * MINUTE)

    delay_order(order_pk=order.pk, actor=kitchen, minutes=10)

    assert Order.objects.get().due_at > timezone.now() + 9 * MINUTE


def test_an_order_not_accepted_is_not_delayed(order, kitchen):
    with pytest.raises(IllegalTransitionError):
        delay_order(order_pk=order.pk, actor=kitchen, minutes=10)


def test_the_third_order_missed_in_a_row_pauses_the_restaurant(order):
    for _ in range(2):
        OrderFactory.create(restaurant=order.restaurant, placed_at=order.placed_at)

    assert cancel_unanswered_orders(now=order.answer_by) == 3

    order.restaurant.refresh_from_db()
    assert order.restaurant.paused_until == UNTIL_FURTHER_NOTICE
    assert set(Order.objects.values_list("end_reason", flat=True)) == {"no_response"}


def test_an_answer_starts_the_count_of_missed_orders_anew(order, kitchen):
    order.restaurant.missed_in_a_row = 2
    order.restaurant.save()

    accept_order(order_pk=order.pk, actor=kitchen)

    order.restaurant.refresh_from_db()
    assert order.restaurant.missed_in_a_row == 0


def test_the_same_tap_twice_delays_once(order, kitchen):
    accept_order(order_pk=order.pk, actor=kitchen)
    seen = Order.objects.get().due_at

    for _tap in range(2):
        delay_order(order_pk=order.pk, actor=kitchen, minutes=10, seen_due_at=seen)

    assert Order.objects.get().due_at == seen + 10 * MINUTE
    assert Event.objects.filter(topic="order_delayed").count() == 1
