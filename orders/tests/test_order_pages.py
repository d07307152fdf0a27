"""The order's page in the portal, ending it, changing a line; the customer's answer."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from customers.tests.factories import UserFactory
from menus.tests.factories import ItemFactory
from notifications.models import Channel, Event, Message
from notifications.tests.factories import MessageFactory, NotificationFactory
from notifications.timelines import list_told_about
from orders.models import LineChange, OrderEvent, PendingEnd
from orders.notifications import list_keys
from orders.services import Actor, accept_order, propose_line_change, write_review
from orders.services.ending import finish_pending_ends
from orders.services.lifecycle import complete_order, delay_order
from orders.tests.factories import OrderFactory, fill_cart, submit
from restaurants.models import Membership
from restaurants.tests.factories import MembershipFactory

pytestmark = [pytest.mark.django_db]
Role = Membership.Role


@pytest.fixture
def tiramisu(margherita):
    return ItemFactory(
        section=margherita.section, name="Tiramisu", price=Decimal("7.30")
    )


@pytest.fixture
def order(ada, margherita, tiramisu):
    fill_cart(ada, margherita, 2)
    return submit(fill_cart(ada, tiramisu), ada, kitchen_note="Ring twice.")


@pytest.fixture
def ana(order):
    user = UserFactory.create(name="Ana Owner")
    return MembershipFactory.create(restaurant=order.restaurant, user=user).user


@pytest.fixture
def owner(client, ana):
    client.force_login(ana)
    return client


def page(name, order, *more):
    return reverse(f"owner:{name}", args=[order.restaurant_id, order.pk, *more])


def line_page(order, name="Tiramisu"):
    return page("line-change", order, order.lines.get(name=name).pk)


def propose(order, **wish):
    return propose_line_change(
        order_pk=order.pk,
        line_pk=order.lines.get(name="Tiramisu").pk,
        actor=Actor(OrderEvent.Actor.RESTAURANT),
        **wish,
    )


def test_an_owner_sees_an_order_with_its_trail(owner, order, ana):
    kitchen = Actor(OrderEvent.Actor.RESTAURANT, ana)
    accept_order(order_pk=order.pk, actor=kitchen)
    delay_order(order_pk=order.pk, actor=kitchen, minutes=10)

    shown = owner.get(page("order", order)).text

    for words in (
        *("2 × Margherita", "1 × Tiramisu", "Ring twice."),
        *("2100 Mission Street", "The kitchen needs longer", "Ana Owner", "Accepted"),
    ):
        assert words in shown, words
    assert "instead of" in shown


def test_times_are_those_of_the_restaurants_clock(owner, order):
    OrderEvent.objects.update(at=datetime(2026, 11, 21, 3, 5, tzinfo=UTC))
    order.placed_at = datetime(2026, 11, 21, 3, 5, tzinfo=UTC)
    order.save()

    assert "Fri 20 Nov 2026, 19:05" in owner.get(page("order", order)).text


def test_the_page_says_what_was_told_to_whom_and_with_what_outcome(
    owner, order, ana, ada
):
    event = Event.objects.get(key=f"order_placed:{order.public_id}")
    mine = NotificationFactory.create(event=event, recipient=ana)
    MessageFactory.create(
        notification=mine, channel=Channel.IN_APP, status=Message.Status.ACCEPTED
    )
    accept_order(order_pk=order.pk, actor=Actor(OrderEvent.Actor.RESTAURANT, ana))
    event = Event.objects.get(key=f"order_accepted:{order.public_id}")
    theirs = NotificationFactory.create(event=event, recipient=ada)
    MessageFactory.create(
        notification=theirs, status=Message.Status.FAILED, reason="suppressed_bounce"
    )

    shown = owner.get(page("order", order)).text

    assert "Ana Owner (Owner)" in shown
    assert "New order" in shown
    assert "It is in the inbox." in shown
    assert "(customer)" in shown
    assert "Mail to this address bounced." in shown
    assert ada.email not in shown


def test_the_keys_are_those_that_were_published(order, ana, ada):
    kitchen = Actor(OrderEvent.Actor.RESTAURANT, ana)
    accept_order(order_pk=order.pk, actor=kitchen)
    delay_order(order_pk=order.pk, actor=kitchen, minutes=10)
    delay_order(order_pk=order.pk, actor=kitchen, minutes=25)
    propose(order)
    complete_order(order_pk=order.pk, actor=kitchen)
    write_review(order_pk=order.pk, customer=ada, food_rating=5)

    keys = list_keys(order, events=order.events.all(), changes=order.line_changes.all())

    published = set(Event.objects.values_list("key", flat=True))
    assert len(published) == 7
    assert published <= set(keys)


def test_what_was_told_is_read_in_a_fixed_number_of_queries(order, ana, ada):
    key = f"order_placed:{order.public_id}"
    event = Event.objects.get(key=key)

    def add():
        told = NotificationFactory.create(event=event)
        MessageFactory.create_batch(2, notification=told)

    add()
    with CaptureQueriesContext(connection) as one:
        assert len(list_told_about(keys=[key])) == 1
    for _ in range(3):
        add()
    with CaptureQueriesContext(connection) as many:
        assert len(list_told_about(keys=[key, "other"])) == 4

    assert len(one) == len(many) <= 6
    assert list_told_about(keys=["nothing"]) == []


def test_a_long_order_takes_as_many_queries_as_a_short_one(owner, order, ana):
    owner.get(page("order", order))
    with CaptureQueriesContext(connection) as short:
        owner.get(page("order", order))
    for line in order.lines.all():
        line.pk = None
        line.save()
        line.modifiers.create(name="Cream", price_difference=1)
    accept_order(order_pk=order.pk, actor=Actor(OrderEvent.Actor.RESTAURANT, ana))
    delay_order(
        order_pk=order.pk, actor=Actor(OrderEvent.Actor.RESTAURANT, ana), minutes=5
    )
    with CaptureQueriesContext(connection) as long:
        owner.get(page("order", order))

    # The courier's steps come with the delivery that accepting asked for.
    assert len(long) <= len(short) + 1


@pytest.mark.parametrize(
    "name", ["order", "order-cancel", "order-keep", "line-change", "withdraw"]
)
@pytest.mark.parametrize("who", ["other", "customer", "nobody"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_else_sees_or_changes_it(client, order, name, who, method):
    change = propose(order)
    people = {
        "other": MembershipFactory.create().user,
        "customer": UserFactory.create(),
    }
    if who in people:
        client.force_login(people[who])
    address = {
        "line-change": line_page(order),
        "withdraw": page("line-change-withdraw", order, change.pk),
    }.get(name) or page(name, order)

    answer = getattr(client, method)(address, {"reason": "other", "item": "none"})

    assert answer.status_code in {302, 403, 404, 405}
    assert "Mission Street" not in answer.text
    assert not PendingEnd.objects.exists()
    assert LineChange.objects.get().status == "proposed"


def test_another_owner_does_not_reach_it_through_their_own_restaurant(client, order):
    other = MembershipFactory.create()
    client.force_login(other.user)

    for name in ("order", "order-cancel", "order-keep"):
        address = reverse(f"owner:{name}", args=[other.restaurant_id, order.pk])
        assert client.post(address, {"reason": "other"}).status_code in {404, 405}


def test_staff_change_lines_but_do_not_look_orders_up(client, order):
    staff = MembershipFactory.create(restaurant=order.restaurant, role=Role.STAFF)
    client.force_login(staff.user)

    assert client.get(page("order", order)).status_code == 404
    assert client.get(line_page(order)).status_code == 200


def test_an_order_is_cancelled_with_a_reason_after_ten_seconds(owner, order, ana):
    accept_order(order_pk=order.pk, actor=Actor(OrderEvent.Actor.RESTAURANT, ana))

    answer = owner.post(
        page("order-cancel", order),
        {"reason": "closing", "note": "Power cut."},
        follow=True,
    )

    assert "Undo" in answer.text
    order.refresh_from_db()
    assert order.status == "accepted"
    finish_pending_ends(now=timezone.now() + timedelta(seconds=11))
    order.refresh_from_db()
    assert (order.status, order.end_reason) == ("cancelled", "closing")
    shown = owner.get(page("order", order)).text
    assert "Cancelled by Ana Owner" in shown
    assert "Power cut." in shown


def test_a_new_order_is_rejected_rather(owner, order):
    owner.post(page("order-cancel", order), {"reason": "sold_out"})

    assert PendingEnd.objects.get().to_status == "rejected"


def test_an_end_is_taken_back(owner, order):
    owner.post(page("order-cancel", order), {"reason": "sold_out"})

    answer = owner.post(page("order-keep", order), follow=True)

    assert "Taken back" in answer.text
    assert not PendingEnd.objects.exists()


@pytest.mark.parametrize(
    "data", [{}, {"reason": "x"}, {"reason": "other", "note": "a" * 301}]
)
def test_a_cancellation_without_a_reason_is_asked_again(owner, order, data):
    answer = owner.post(page("order-cancel", order), data)

    assert answer.status_code == 422
    assert not PendingEnd.objects.exists()


def test_past_orders_are_only_read(owner, order, ana):
    complete_order(
        order_pk=accept_order(
            order_pk=order.pk, actor=Actor(OrderEvent.Actor.RESTAURANT, ana)
        ).pk,
        actor=Actor(OrderEvent.Actor.RESTAURANT, ana),
    )

    shown = owner.get(page("order", order))
    cancelled = owner.post(page("order-cancel", order), {"reason": "other"})

    main = shown.text
    assert page("order-cancel", order) not in main
    assert line_page(order) not in main
    assert cancelled.status_code == 302
    order.refresh_from_db()
    assert order.status == "delivered"


def test_a_line_is_offered_for_another_with_both_totals_first(
    owner, order, margherita, tiramisu
):
    data = {"item": str(margherita.pk), "price": "10,50", "note": "Sorry!"}

    look = owner.post(line_page(order), {**data, "act": "look"})
    assert not LineChange.objects.exists()
    sent = owner.post(line_page(order), {**data, "act": "send", "from": "order"})

    change = LineChange.objects.get()
    proposal = look.context["proposal"]
    assert (proposal.total_before, proposal.total_after) == (
        change.total_before,
        change.total_after,
    )
    assert (change.new_unit_price, change.note) == (Decimal("10.50"), "Sorry!")
    assert sent["Location"] == page("order", order)
    assert "Waiting for the customer" in owner.get(page("order", order)).text


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"item": ""},
        {"item": "999999999999"},
        {"item": "x\x00"},
        {"item": "margherita", "price": "-1"},
        {"item": "margherita", "price": "99"},
        {"item": "margherita", "price": "ten"},
        {"item": "margherita", "price": "9" * 21},
        {"item": "none", "note": "a" * 201},
    ],
)
def test_an_odd_change_is_shown_again_and_nothing_asked(owner, order, margherita, data):
    if data.get("item") == "margherita":
        data = {**data, "item": str(margherita.pk)}

    answer = owner.post(line_page(order), {**data, "act": "send"})

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert not LineChange.objects.exists()


def test_a_question_is_taken_back(owner, order):
    change = propose(order)

    answer = owner.post(
        page("line-change-withdraw", order, change.pk), {"from": "order"}
    )

    change.refresh_from_db()
    assert change.status == "withdrawn"
    assert answer["Location"] == page("order", order)


def test_a_line_of_a_finished_order_is_not_changed(owner, order):
    address = line_page(order)
    type(order).objects.filter(pk=order.pk).update(status="ready")

    answer = owner.get(address)

    assert answer.status_code == 302


def answer_page(order, change):
    return reverse(
        "orders:line-change-answer", args=[order.public_id, change.public_id]
    )


def test_a_customer_agrees_on_the_order_page(client, order, ada, margherita):
    change = propose(order, item_pk=margherita.pk, note="Sorry!")
    client.force_login(ada)
    for name in ("order-detail", "order-status"):
        asked = client.get(reverse(f"orders:{name}", args=[order.public_id])).text
        assert "Is “Margherita” all right instead?" in asked
        assert "Sorry!" in asked

    answer = client.post(
        answer_page(order, change),
        {"answer": "accepted", f"seen-{change.public_id}": str(change.total_after)},
        follow=True,
    )

    assert "your order is changed" in answer.text
    assert "You took “Margherita” instead of “Tiramisu”." in answer.text
    order.refresh_from_db()
    assert order.total == change.total_after


def test_a_customer_declines_on_the_order_page(client, order, ada):
    change = propose(order)
    client.force_login(ada)

    client.post(answer_page(order, change), {"answer": "declined"})

    change.refresh_from_db()
    assert change.status == "declined"


@pytest.mark.parametrize(
    "data",
    [{}, {"answer": "maybe"}, {"answer": "withdrawn"}, {"answer": "accepted", "x": 1}],
)
def test_an_odd_answer_changes_nothing(client, order, ada, data):
    change = propose(order)
    client.force_login(ada)
    if "x" in data:
        data = {"answer": "accepted", f"seen-{change.public_id}": "1.00"}

    answer = client.post(answer_page(order, change), data)

    assert answer.status_code == 302
    change.refresh_from_db()
    assert change.status == "proposed"


def test_a_strangers_answer_is_not_found(client, order):
    change = propose(order)
    client.force_login(UserFactory.create())

    answer = client.post(answer_page(order, change), {"answer": "accepted"})

    assert answer.status_code == 404


def test_the_status_that_is_polled_does_not_change_by_itself(client, order, ada):
    propose(order)
    client.force_login(ada)
    address = reverse("orders:order-status", args=[order.public_id])

    first, second = client.get(address), client.get(address)

    assert "csrf" not in first.text
    assert first.text == second.text
    assert first["ETag"] == second["ETag"]


def test_a_test_order_says_so(owner, ana):
    restaurant = Membership.objects.get(user=ana).restaurant
    order = OrderFactory.create(restaurant=restaurant, number=500, is_test=True)

    assert "Test order" in owner.get(page("order", order)).text
