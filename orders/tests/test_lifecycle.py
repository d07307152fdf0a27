from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

from customers.tests.factories import UserFactory
from notifications.models import Chunk, Event, Notification
from notifications.services.planning import plan_next_batch
from orders.exceptions import AlreadyMovedError, IllegalTransitionError
from orders.models import Order, OrderEvent
from orders.services import (
    Actor,
    accept_order,
    cancel_order,
    cancel_unanswered_orders,
    complete_order,
    mark_order_ready,
    move_window,
    reject_order,
    send_order_out,
    start_preparing_order,
)
from orders.signals import order_moved
from orders.tests.factories import fill_cart, submit
from restaurants.estimating import Window
from restaurants.models import Fulfilment
from restaurants.tests.factories import MembershipFactory

# 19:00 in San Francisco.
EVENING = datetime(2026, 11, 21, 3, tzinfo=UTC)
Status = Order.Status
By = OrderEvent.Actor
SYSTEM = Actor(By.SYSTEM)


@pytest.fixture
def evening():
    with time_machine.travel(EVENING, tick=False):
        yield


@pytest.fixture
def order(evening, ada, margherita):
    return submit(fill_cart(ada, margherita), ada)


@pytest.fixture
def owner(order):
    membership = MembershipFactory(restaurant=order.restaurant)
    return Actor(By.RESTAURANT, membership.user)


def states(order):
    return [event.to_status for event in order.events.all()]


def test_an_order_for_delivery_goes_all_the_way(order, owner):
    accept_order(order_pk=order.pk, actor=owner, preparation_minutes=30)
    start_preparing_order(order_pk=order.pk, actor=owner)
    mark_order_ready(order_pk=order.pk, actor=owner)
    send_order_out(order_pk=order.pk, actor=Actor(By.COURIER))
    complete_order(order_pk=order.pk, actor=Actor(By.COURIER))

    order.refresh_from_db()
    assert states(order) == [
        "placed",
        "accepted",
        "preparing",
        "ready",
        "out_for_delivery",
        "delivered",
    ]
    assert order.payment_status == Order.PaymentStatus.CAPTURED
    assert order.ended_at == EVENING


def test_an_order_for_pickup_is_collected_and_never_sent_out(evening, ada, margherita):
    order = submit(
        fill_cart(ada, margherita), ada, fulfilment=Fulfilment.PICKUP, place=None
    )
    kitchen = Actor(By.RESTAURANT, ada)
    accept_order(order_pk=order.pk, actor=kitchen)

    with pytest.raises(IllegalTransitionError):
        send_order_out(order_pk=order.pk, actor=kitchen)
    done = complete_order(order_pk=order.pk, actor=kitchen)

    assert done.status == Status.COLLECTED


def test_accepting_moves_the_current_window_and_keeps_the_promise(order, owner):
    promised = order.promised_from, order.promised_until

    accepted = accept_order(order_pk=order.pk, actor=owner, preparation_minutes=60)

    accepted.refresh_from_db()
    assert (accepted.promised_from, accepted.promised_until) == promised
    assert accepted.current_from == order.current_from + timedelta(minutes=40)


def test_accepting_twice_by_the_same_hand_changes_nothing(order, owner):
    accept_order(order_pk=order.pk, actor=owner, preparation_minutes=30)
    again = accept_order(order_pk=order.pk, actor=owner, preparation_minutes=50)

    assert again.preparation_minutes == 30
    assert states(order) == ["placed", "accepted"]


def test_who_lost_is_told_who_was_first_and_when(order, owner, ada):
    cancel_order(order_pk=order.pk, actor=Actor(By.CUSTOMER, ada), reason="mistake")

    with pytest.raises(
        AlreadyMovedError, match="already cancelled at 19:00 by the customer"
    ):
        accept_order(order_pk=order.pk, actor=owner)

    assert states(order) == ["placed", "cancelled"]


def test_a_customer_cannot_cancel_what_is_accepted(order, owner, ada):
    accept_order(order_pk=order.pk, actor=owner)

    with pytest.raises(AlreadyMovedError, match="Please call the restaurant"):
        cancel_order(order_pk=order.pk, actor=Actor(By.CUSTOMER, ada), reason="mistake")


def test_a_restaurant_can_cancel_what_it_accepted(order, owner, ada):
    accept_order(order_pk=order.pk, actor=owner)

    cancelled = cancel_order(order_pk=order.pk, actor=owner, reason="sold_out")

    assert cancelled.payment_status == Order.PaymentStatus.VOIDED
    event = Event.objects.get(key=f"order_cancelled:{order.public_id}")
    assert event.chunks.get().recipient_ids == [ada.pk]
    assert event.context["reason"] == "sold_out"


def test_going_back_is_refused(order, owner):
    accept_order(order_pk=order.pk, actor=owner)
    mark_order_ready(order_pk=order.pk, actor=owner)

    with pytest.raises(AlreadyMovedError):
        start_preparing_order(order_pk=order.pk, actor=Actor(By.RESTAURANT))
    with pytest.raises(AlreadyMovedError):
        reject_order(order_pk=order.pk, actor=owner, reason="too_busy")


def test_a_customer_accepts_nothing(order, ada):
    with pytest.raises(IllegalTransitionError):
        accept_order(order_pk=order.pk, actor=Actor(By.CUSTOMER, ada))


def test_a_rejected_order_gives_its_portions_back(evening, ada, margherita):
    margherita.portions_left = 3
    margherita.save()
    order = submit(fill_cart(ada, margherita, 2), ada)

    reject_order(order_pk=order.pk, actor=Actor(By.RESTAURANT), reason="too_busy")

    margherita.refresh_from_db()
    assert margherita.portions_left == 3


def test_nobody_answering_cancels_an_order_at_its_deadline(order):
    MembershipFactory(restaurant=order.restaurant)

    early = cancel_unanswered_orders(EVENING + timedelta(minutes=9))
    late = cancel_unanswered_orders(EVENING + timedelta(minutes=10))

    order.refresh_from_db()
    assert (early, late, order.status) == (0, 1, Status.CANCELLED)
    assert order.events.last().reason == "no_response"
    assert Event.objects.filter(topic__startswith="order_cancelled").count() == 2


def test_moving_the_window_is_an_event_of_the_same_state(order, owner):
    accept_order(order_pk=order.pk, actor=owner)
    later = Window(EVENING + timedelta(hours=2), EVENING + timedelta(hours=3))

    move_window(order_pk=order.pk, window=later, actor=SYSTEM)
    moved = move_window(order_pk=order.pk, window=later, actor=SYSTEM)

    assert states(order) == ["placed", "accepted", "accepted"]
    assert moved.current_from == later.start
    assert moved.promised_from == order.promised_from


def test_those_above_hear_of_every_step_in_its_transaction(order, owner):
    heard = []

    def listen(sender, order, event, **kwargs):
        heard.append((order.status, event.from_status))

    order_moved.connect(listen)
    accept_order(order_pk=order.pk, actor=owner)
    order_moved.disconnect(listen)

    assert heard == [("accepted", "placed")]


def test_every_step_that_matters_to_the_customer_is_put_into_words(order, owner, ada):
    accept_order(order_pk=order.pk, actor=owner)
    send_order_out(order_pk=order.pk, actor=owner)
    complete_order(order_pk=order.pk, actor=owner)
    while plan_next_batch(lane="standard").taken:
        pass

    told = Notification.objects.filter(recipient=ada).select_related("event", "wording")
    topics = [one.event.topic for one in told.order_by("pk")]
    words = told.earliest("pk").wording
    assert topics == [
        "order_accepted",
        "order_out_for_delivery",
        "order_delivered",
    ]
    assert words.title == f"{order.restaurant_name} accepted your order"
    assert "between" in words.body
    assert words.url == order.get_absolute_url()


@pytest.mark.parametrize("end", ["reject", "customer", "restaurant", "system"])
def test_every_early_end_is_put_into_words(order, owner, ada, end):
    if end == "reject":
        reject_order(order_pk=order.pk, actor=owner, reason="closing", note="Sorry")
    elif end == "customer":
        cancel_order(order_pk=order.pk, actor=Actor(By.CUSTOMER, ada), reason="mistake")
    elif end == "restaurant":
        cancel_order(order_pk=order.pk, actor=owner, reason="sold_out")
    else:
        cancel_order(order_pk=order.pk, actor=SYSTEM, reason="no_response")
    while plan_next_batch(lane="standard").taken:
        pass

    told = Notification.objects.filter(recipient=ada).get()
    assert "You pay nothing." in told.wording.body
    assert Notification.objects.filter(recipient=owner.user).count() == (
        end in {"customer", "system"}
    )


def test_a_stranger_is_told_nothing(order, owner):
    stranger = UserFactory()
    accept_order(order_pk=order.pk, actor=owner)

    assert not Chunk.objects.filter(recipient_ids__contains=[stranger.pk]).exists()
    assert order.total == Decimal("12.50")
