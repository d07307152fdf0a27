"""The page of one order as its customer sees it, from placing to the receipt."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from customers.tests.factories import UserFactory
from menus.tests.factories import ItemFactory
from notifications.models import Channel, Event, Preference
from notifications.rendering import render_words
from orders.models import Order, OrderEvent
from orders.selectors.progress import read_progress
from orders.services import (
    Actor,
    accept_order,
    cancel_order,
    complete_order,
    mark_order_ready,
    propose_line_change,
    reject_order,
    send_order_out,
    start_preparing_order,
)
from orders.services.lifecycle import delay_order, move_window
from orders.tests.factories import fill_cart, submit
from restaurants.estimating import Window
from restaurants.models import Fulfilment, Restaurant

pytestmark = [pytest.mark.django_db]

KITCHEN = Actor(OrderEvent.Actor.RESTAURANT, None)
COURIER = Actor(OrderEvent.Actor.COURIER, None)


@pytest.fixture
def order(ada, margherita):
    return submit(fill_cart(ada, margherita), ada)


@pytest.fixture
def pickup(ada, margherita):
    return submit(fill_cart(ada, margherita), ada, fulfilment=Fulfilment.PICKUP)


@pytest.fixture
def diner(client, ada):
    client.force_login(ada)
    return client


def words(response):
    """Return what is read on a page, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.text).split())


def url(order, name="status"):
    return reverse(f"orders:order-{name}", args=[order.public_id])


def look(client, order):
    return words(client.get(url(order)))


def labels(order, state):
    order = Order.objects.select_related("restaurant").get(pk=order.pk)
    steps = read_progress(order, now=timezone.now()).steps
    return [str(step.label) for step in steps if step.state == state]


def test_each_step_has_its_sentence(diner, order):
    said = [look(diner, order)]
    for step in (accept_order, start_preparing_order, mark_order_ready, send_order_out):
        step(order_pk=order.pk, actor=KITCHEN)
        said.append(look(diner, order))
    name = order.restaurant_name

    assert f"Waiting for {name} to accept. They have until" in said[0]
    assert f"{name} is on it." in said[1]
    assert f"{name} is preparing your food." in said[2]
    assert "Ready, waiting for the courier." in said[3]
    assert "On the way to you." in said[4]
    complete_order(order_pk=order.pk, actor=KITCHEN)
    assert "Enjoy your meal!" in words(diner.get(order.get_absolute_url()))


def test_what_is_collected_says_so(diner, pickup):
    accept_order(order_pk=pickup.pk, actor=KITCHEN)
    assert "Ready to collect" in look(diner, pickup)
    mark_order_ready(order_pk=pickup.pk, actor=KITCHEN)
    assert "Ready: come and collect it." in look(diner, pickup)
    complete_order(order_pk=pickup.pk, actor=KITCHEN)
    assert "You collected it at" in look(diner, pickup)


def test_a_step_that_was_skipped_is_done_and_none_is_taken_back(order):
    accept_order(order_pk=order.pk, actor=KITCHEN)
    mark_order_ready(order_pk=order.pk, actor=KITCHEN)
    order.refresh_from_db()
    steps = {
        step.label: step for step in read_progress(order, now=order.placed_at).steps
    }

    assert labels(order, "done") == [
        "You placed the order",
        "Accepted by the restaurant",
        "Being prepared",
    ]
    assert steps["Being prepared"].at is None
    assert labels(order, "now") == ["Ready"]
    assert labels(order, "next") == ["On the way", "Delivered"]


def test_the_step_of_now_is_marked_for_screen_readers(diner, order):
    accept_order(order_pk=order.pk, actor=KITCHEN)

    page = diner.get(url(order)).text

    assert page.count('aria-current="step"') == 1
    assert page.count("<time") == 4  # The window's two, placed, accepted.


def test_without_a_script_the_page_waits_to_be_asked(diner, order):
    page = diner.get(order.get_absolute_url()).text

    assert 'http-equiv="refresh"' not in page
    [instead] = re.findall(r"<noscript>(.*?Refresh.*?)</noscript>", page, re.DOTALL)
    assert f'href="{order.get_absolute_url()}"' in instead


def test_a_delay_is_said_with_its_reason(diner, order):
    accept_order(order_pk=order.pk, actor=KITCHEN)
    delay_order(order_pk=order.pk, actor=KITCHEN, minutes=10)

    said = look(diner, order)

    assert "10 minutes later than promised, because the kitchen needs longer." in said
    assert "You were promised" in said


def test_a_delay_of_a_busy_kitchen_says_that(diner, order):
    later = timezone.now() + timedelta(hours=1)
    Restaurant.objects.update(busy_minutes=15, busy_until=later)
    accept_order(order_pk=order.pk, actor=KITCHEN)
    delay_order(order_pk=order.pk, actor=KITCHEN, minutes=10)

    assert "because the kitchen is busy." in look(diner, order)


def test_a_kitchen_that_was_busy_stays_the_reason_when_it_is_no_longer(order):
    Restaurant.objects.update(
        busy_minutes=15, busy_until=timezone.now() + timedelta(minutes=5)
    )
    accept_order(order_pk=order.pk, actor=KITCHEN)
    delay_order(order_pk=order.pk, actor=KITCHEN, minutes=10)
    order = Order.objects.select_related("restaurant").get(pk=order.pk)

    later = read_progress(order, now=timezone.now() + timedelta(minutes=20))

    assert "because the kitchen is busy." in later.lateness


def test_an_order_does_not_seem_less_late_past_its_window(order):
    late = order.promised_until + timedelta(minutes=14)
    Order.objects.update(current_until=late)
    order.refresh_from_db()

    def said(seconds):
        now = late + timedelta(seconds=seconds)
        return read_progress(order, now=now).lateness

    assert said(-10) == "14 minutes later than promised."
    assert said(10) == "More than 14 minutes later than promised."
    assert said(90) == "More than 15 minutes later than promised."


def test_a_longer_way_is_the_couriers(diner, order):
    send_order_out(
        order_pk=accept_order(order_pk=order.pk, actor=KITCHEN).pk, actor=KITCHEN
    )
    start = order.promised_until + timedelta(minutes=10)
    window = Window(start, start + timedelta(minutes=15))
    move_window(order_pk=order.pk, window=window, actor=COURIER)

    said = look(diner, order)

    assert "25 minutes later than promised, because the way takes longer." in said


def test_past_the_window_nothing_is_counted_down(diner, order):
    accept_order(order_pk=order.pk, actor=KITCHEN)
    ago = timezone.now() - timedelta(minutes=12)
    moments = {
        f"{kind}_{edge}": ago - timedelta(minutes=15 if edge == "from" else 0)
        for kind in ("promised", "current")
        for edge in ("from", "until")
    }
    Order.objects.update(**moments)
    Restaurant.objects.update(phone="+14155550100")

    said = look(diner, order)

    assert "Any moment" in said
    assert "It should be with you any moment. The restaurant knows." in said
    assert "More than 10 minutes later than promised." in said
    assert f"Call {order.restaurant_name}" in said


def test_what_waits_to_be_collected_is_not_late(diner, pickup):
    accept_order(order_pk=pickup.pk, actor=KITCHEN)
    mark_order_ready(order_pk=pickup.pk, actor=KITCHEN)
    now = timezone.now()
    Order.objects.update(
        ready_at=now - timedelta(minutes=50),
        current_from=now - timedelta(minutes=50),
        current_until=now - timedelta(minutes=40),
        promised_from=now - timedelta(minutes=50),
        promised_until=now - timedelta(minutes=40),
    )

    said = look(diner, pickup)

    assert "later than promised" not in said
    assert "any moment" not in said


@pytest.mark.parametrize(
    ("end", "who", "reason", "sentence"),
    [
        (
            cancel_order,
            OrderEvent.Actor.RESTAURANT,
            "sold_out",
            "Cancelled by the restaurant: something is sold out.",
        ),
        (
            cancel_order,
            OrderEvent.Actor.CUSTOMER,
            "changed_mind",
            "You cancelled this order: you changed your mind.",
        ),
        (
            cancel_order,
            OrderEvent.Actor.SYSTEM,
            "no_response",
            "Cancelled by Tiffin: the restaurant did not answer in time.",
        ),
        (
            reject_order,
            OrderEvent.Actor.RESTAURANT,
            "other",
            "The restaurant could not take this order.",
        ),
    ],
)
def test_an_order_that_ended_says_who_why_and_what_it_costs(
    diner, order, end, who, reason, sentence
):
    end(order_pk=order.pk, actor=Actor(who), reason=reason, note="No more dough")

    said = words(diner.get(order.get_absolute_url()))

    assert sentence in said
    assert "You pay nothing." in said
    assert "They say: “No more dough”" in said
    assert "Cancel this order" not in said


def test_a_refund_is_said(diner, order):
    accept_order(order_pk=order.pk, actor=KITCHEN)
    complete_order(order_pk=order.pk, actor=KITCHEN)
    Order.objects.update(refunded=Decimal("2.50"))

    assert "$2.50 was given back to you." in look(diner, order)


def test_without_a_reason_it_is_not_cancelled(diner, order):
    answer = diner.post(url(order, "cancel"), {"reason": "hunger"})

    order.refresh_from_db()
    assert answer.status_code == 422
    assert "<details data-while-open open>" in " ".join(answer.text.split())
    assert order.status == Order.Status.PLACED


def test_the_status_is_answered_with_few_questions_and_not_twice(
    diner, order, django_assert_max_num_queries
):
    accept_order(order_pk=order.pk, actor=KITCHEN)
    delay_order(order_pk=order.pk, actor=KITCHEN, minutes=10)
    with django_assert_max_num_queries(6):
        answer = diner.get(url(order))
    # As it is written once the answer was compressed.
    weak = f"W/{answer['ETag']}"
    again = diner.get(url(order), headers={"If-None-Match": weak})
    mark_order_ready(order_pk=order.pk, actor=KITCHEN)
    moved = diner.get(url(order), headers={"If-None-Match": answer["ETag"]})

    assert float(answer["X-Order-Now"]) == pytest.approx(
        timezone.now().timestamp(), abs=60
    )
    assert (again.status_code, again.content) == (304, b"")
    assert moved.status_code == 200


def test_the_page_asks_as_much_for_many_lines_as_for_one(diner, ada, order, margherita):
    fill_cart(ada, margherita)
    others = ItemFactory.create_batch(4, section=margherita.section)
    carts = [fill_cart(ada, item, 2) for item in others]
    long = submit(carts[-1], ada)

    asked = []
    for one in (order, long, order):
        with CaptureQueriesContext(connection) as queries:
            assert diner.get(one.get_absolute_url()).status_code == 200
        asked.append(len(queries))

    assert asked[1] == asked[2]
    assert asked[1] <= 18


def test_what_was_ordered_for_later_is_begun_in_time(diner, order):
    Order.objects.update(scheduled_for=order.current_from)
    accept_order(order_pk=order.pk, actor=KITCHEN)

    assert "has accepted it and starts in time." in look(diner, order)


def test_a_guest_sees_the_order_by_its_link(client, order):
    guest = UserFactory.create(is_guest=True)
    Order.objects.update(customer=guest, guest_token="a-link")
    link = reverse("orders:order-link", args=["a-link"])

    page = client.get(link, follow=True)

    assert f"Order {order.number} from" in words(page)
    assert "Waiting for" in look(client, order)
    client.post(url(order, "cancel"), {"reason": "mistake"})
    assert "You cancelled this order" in look(client, order)
    assert client.get(url(order, "receipt")).status_code == 200


def test_an_order_outlives_its_customers_account(client, order):
    line = order.lines.get()
    change = propose_line_change(
        order_pk=order.pk, line_pk=line.pk, actor=KITCHEN, item_pk=line.item_id
    )
    Order.objects.update(customer=None, guest_token="a-link")
    client.get(reverse("orders:order-link", args=["a-link"]))
    answer = reverse(
        "orders:line-change-answer", args=[order.public_id, change.public_id]
    )

    assert client.get(order.get_absolute_url()).status_code == 200
    assert "Waiting for" in look(client, order)
    assert client.get(url(order, "receipt")).status_code == 200
    assert client.post(answer, {"answer": "accepted"}).status_code == 404
    assert "no receipt" in client.post(url(order, "receipt-email"), follow=True).text


@pytest.mark.parametrize("name", ["review", "claim"])
def test_nobody_speaks_for_a_customer_who_left(client, order, name):
    line = order.lines.get()
    Order.objects.update(
        customer=None,
        guest_token="a-link",
        status=Order.Status.COLLECTED,
        ended_at=timezone.now(),
    )
    client.get(reverse("orders:order-link", args=["a-link"]))
    wrong = {f"quantity-{line.pk}": "1", f"kind-{line.pk}": "missing", "act": "send"}

    answer = client.post(url(order, name), {"food_rating": "5", **wrong}, follow=True)

    assert answer.redirect_chain == [(order.get_absolute_url(), 302)]
    assert "nobody’s any more" in answer.text


@pytest.mark.parametrize("name", ["status", "receipt"])
def test_a_stranger_finds_nothing_and_who_is_signed_out_is_asked(client, order, name):
    assert "/sign-in/" in client.get(url(order, name))["Location"]
    client.force_login(UserFactory.create())
    assert client.get(url(order, name)).status_code == 404


def test_a_link_that_is_none_is_not_found(client):
    for token in ("guess", "%00", "x" * 300):
        assert client.get(f"/orders/link/{token}/").status_code == 404


def test_the_zone_is_said_to_who_is_elsewhere(diner, ada, order):
    at_home = diner.get(order.get_absolute_url()).text
    ada.time_zone = "Asia/Tokyo"
    ada.save()
    elsewhere = diner.get(order.get_absolute_url()).text

    def is_hidden(page):
        return re.search(r'data-zone="-?\d+"\s+hidden', page) is not None

    assert is_hidden(at_home)
    assert not is_hidden(elsewhere)


def test_the_receipt_says_whether_it_is_paid(diner, order):
    before = words(diner.get(url(order, "receipt")))
    accept_order(order_pk=order.pk, actor=KITCHEN)
    complete_order(order_pk=order.pk, actor=KITCHEN)
    after = words(diner.get(url(order, "receipt")))
    Order.objects.update(refunded=Decimal("2.50"))
    order.refresh_from_db()
    refunded = words(diner.get(url(order, "receipt")))

    assert "Not paid yet." in before
    assert "Email me the receipt" not in before
    assert "Paid in cash." in after
    assert f"1 × {order.lines.get().name}" in after
    assert order.restaurant.street_address in after
    assert f"Paid in the end ${order.total - order.refunded}" in refunded


def test_the_receipt_is_mailed_once_a_minute(diner, ada, order):
    email = url(order, "receipt-email")
    refused = diner.post(email, follow=True)
    accept_order(order_pk=order.pk, actor=KITCHEN)
    complete_order(order_pk=order.pk, actor=KITCHEN)
    sent = diner.post(email, follow=True)
    soon = diner.post(email, follow=True)
    event = Event.objects.get(topic="order_receipt")
    title, body = render_words(
        "order_receipt", event.context, locale="en", time_zone="UTC"
    )

    assert "there is no receipt to send" in refused.text
    assert f"The receipt is on its way to {ada.email}." in sent.text
    assert "less than a minute ago" in soon.text
    assert title == f"Receipt for order {order.number} from {order.restaurant_name}"
    assert f"${order.total}" in body
    context = {**event.context, "title": title, "recipient": ada, "stop_url": "/stop/"}
    for name in ("email.txt", "email.html"):
        mail = render_to_string(f"notifications/order_receipt/{name}", context)
        assert title in mail
        assert "1 × Margherita" in mail
        assert f"${order.total}" in mail
        assert "Paid in cash." in mail
    event.published_at = timezone.now() - timedelta(minutes=2)
    event.key = "earlier"
    event.save()
    diner.post(email)
    assert Event.objects.filter(topic="order_receipt").count() == 2


def test_a_link_does_not_tell_the_email_of_whose_order_it_is(client, ada, order):
    accept_order(order_pk=order.pk, actor=KITCHEN)
    complete_order(order_pk=order.pk, actor=KITCHEN)
    Order.objects.update(guest_token="a-link")
    client.get(reverse("orders:order-link", args=["a-link"]))

    sent = client.post(url(order, "receipt-email"), follow=True)

    assert "The receipt is on its way by email." in sent.text
    assert ada.email not in sent.text


def test_who_wants_no_such_emails_is_told_why_none_comes(diner, ada, order):
    accept_order(order_pk=order.pk, actor=KITCHEN)
    complete_order(order_pk=order.pk, actor=KITCHEN)
    Preference.objects.create(
        user=ada, category="orders", channel=Channel.EMAIL, is_enabled=False
    )

    answer = diner.post(url(order, "receipt-email"), follow=True)

    assert "You have turned emails about orders off." in answer.text
    assert not Event.objects.filter(topic="order_receipt").exists()
