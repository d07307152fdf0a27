"""Rejecting and cancelling by the restaurant can be taken back for ten seconds."""

from datetime import timedelta

import pytest
from django.utils import timezone

from customers.tests.factories import UserFactory
from notifications.models import Event
from orders.exceptions import AlreadyMovedError, IllegalTransitionError
from orders.models import Order, OrderEvent, PendingEnd
from orders.services import Actor, accept_order, cancel_order, cancel_unanswered_orders
from orders.services.ending import finish_pending_ends, hold_end, take_end_back
from orders.tests.factories import OrderFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return Actor(OrderEvent.Actor.RESTAURANT, UserFactory.create(name="Ana"))


@pytest.fixture
def ben():
    return Actor(OrderEvent.Actor.RESTAURANT, UserFactory.create(name="Ben"))


@pytest.fixture
def order():
    now = timezone.now()
    return OrderFactory.create(placed_at=now)


def reject(order, actor):
    return hold_end(
        order_pk=order.pk, actor=actor, to_status="rejected", reason="sold_out"
    )


def in_ten_seconds():
    return timezone.now() + timedelta(seconds=11)


def test_nobody_is_told_for_ten_seconds(order, ana):
    reject(order, ana)

    assert finish_pending_ends() == 0
    order.refresh_from_db()
    assert order.status == "placed"
    assert not Event.objects.exists()


def test_after_ten_seconds_it_is_rejected_with_its_reason(order, ana):
    reject(order, ana)

    assert finish_pending_ends(now=in_ten_seconds()) == 1
    order.refresh_from_db()
    assert (order.status, order.end_reason) == ("rejected", "sold_out")
    assert order.end_actor == "restaurant"
    event = Event.objects.get(key=f"order_rejected:{order.public_id}")
    assert event.context["reason"] == "sold_out"
    assert not PendingEnd.objects.exists()


def test_taken_back_nothing_has_happened(order, ana):
    reject(order, ana)

    take_end_back(order_pk=order.pk)

    assert finish_pending_ends(now=in_ten_seconds()) == 0
    order.refresh_from_db()
    assert order.status == "placed"


def test_it_cannot_be_taken_back_once_it_is_done(order, ana):
    reject(order, ana)
    finish_pending_ends(now=in_ten_seconds())

    with pytest.raises(AlreadyMovedError):
        take_end_back(order_pk=order.pk)


def test_a_colleague_is_told_who_is_ending_it(order, ana, ben):
    reject(order, ana)

    with pytest.raises(AlreadyMovedError, match="Ana is ending this order since"):
        accept_order(order_pk=order.pk, actor=ben)


def test_tapping_twice_holds_it_once(order, ana):
    assert reject(order, ana) == reject(order, ana)


def test_a_customer_who_cancels_meanwhile_wins(order, ana):
    customer = Actor(OrderEvent.Actor.CUSTOMER, order.customer)
    reject(order, ana)

    cancel_order(order_pk=order.pk, actor=customer, reason="mistake")

    assert finish_pending_ends(now=in_ten_seconds()) == 0
    order.refresh_from_db()
    assert (order.status, order.end_actor) == ("cancelled", "customer")


def test_the_deadline_waits_for_what_is_being_rejected(order, ana):
    Order.objects.update(answer_by=timezone.now())
    reject(order, ana)

    assert cancel_unanswered_orders(now=in_ten_seconds()) == 0
    assert finish_pending_ends(now=in_ten_seconds()) == 1


def test_only_an_end_can_be_held(order, ana):
    with pytest.raises(IllegalTransitionError):
        hold_end(order_pk=order.pk, actor=ana, to_status="ready", reason="other")


def test_who_comes_second_is_told_who_was_first(order, ana, ben):
    accept_order(order_pk=order.pk, actor=ana)

    with pytest.raises(AlreadyMovedError, match=r"already accepted at .* by Ana"):
        accept_order(order_pk=order.pk, actor=ben)


def test_an_operator_who_acts_waits_for_what_is_being_ended(order, ana):
    operator = Actor(OrderEvent.Actor.PLATFORM, UserFactory.create(name="Opal"))
    reject(order, ana)

    with pytest.raises(AlreadyMovedError, match="Ana is ending this order"):
        reject(order, operator)


def test_an_order_that_two_sweeps_list_is_missed_once(order):
    late = order.answer_by + timedelta(seconds=1)

    assert cancel_unanswered_orders(now=late) == 1
    Order.objects.update(status="placed")  # as the slower sweep had listed it
    assert cancel_unanswered_orders(now=late) == 0

    order.restaurant.refresh_from_db()
    assert order.restaurant.missed_in_a_row == 1
