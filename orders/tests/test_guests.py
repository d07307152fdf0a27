"""Ordering without an account."""

import uuid
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.places import SESSION_KEY as PLACE_KEY
from customers.services import register_guest
from customers.tests.factories import PASSWORD, UserFactory
from customers.throttling import GUEST_ORDERS_PER_PLACE, spend
from menus.tests.factories import ItemFactory
from notifications.models import Event
from orders.models import Claim, Order
from orders.services import adopt_guest_orders
from orders.services.forgetting import forget_old_guests
from orders.tests.factories import MISSION, OrderFactory, fill_cart, submit

pytestmark = [pytest.mark.django_db]
User = get_user_model()
CHECKOUT = "/checkout/"


@pytest.fixture
def visitor() -> Client:
    """Return somebody signed out, at a network address of their own."""
    visitor = Client(REMOTE_ADDR=f"guest-{uuid.uuid4()}")
    session = visitor.session
    session[PLACE_KEY] = asdict(MISSION)
    session.save()
    return visitor


def _add(visitor, item):
    visitor.post(reverse("orders:cart-add", args=[item.public_id]), {"quantity": "1"})


def _filled_in(page, **changes):
    quote = page.context["quote"]
    return {
        "who": "guest",
        "fulfilment": quote.fulfilment,
        "when": "",
        "street_address": "2100 Mission Street",
        "email": "gus@example.com",
        "name": "Gus Guest",
        "phone": "+14155550188",
        "key": page.context["key"],
        "seen_total": str(quote.total),
        "seen_from": quote.window.start.isoformat(),
        "seen_until": quote.window.end.isoformat(),
        "action": "place",
        **changes,
    }


def _order(visitor, item, **changes):
    _add(visitor, item)
    page = visitor.get(CHECKOUT)
    return visitor.post(CHECKOUT, _filled_in(page, **changes))


def test_a_guest_orders_with_email_name_and_phone_and_follows_the_order(
    visitor, margherita
):
    placed = _order(visitor, margherita)

    order = Order.objects.get()
    assert placed.url == order.get_absolute_url()
    assert visitor.get(placed.url).status_code == 200
    guest = order.customer
    assert (guest.is_guest, guest.email) == (True, "gus@example.com")
    assert (guest.name, str(guest.phone)) == ("Gus Guest", "+14155550188")
    assert not guest.has_usable_password()
    assert (order.customer_name, order.customer_phone) == ("Gus Guest", "+14155550188")


def test_the_link_in_the_confirmation_opens_the_order_elsewhere(
    visitor, margherita, client
):
    _order(visitor, margherita)

    order = Order.objects.get()
    event = Event.objects.get(key=f"order_received:{order.public_id}")
    assert event.context["url"] == f"/orders/link/{order.guest_token}/"
    assert event.chunks.get().recipient_ids == [order.customer_id]
    assert client.get(order.get_absolute_url()).status_code == 302
    assert client.get(event.context["url"], follow=True).status_code == 200


def test_a_customer_with_an_account_gets_no_mail_of_a_guests(ada, margherita):
    submit(fill_cart(ada, margherita), ada)

    assert not Event.objects.filter(key__startswith="order_received").exists()


def test_the_email_of_an_account_does_not_make_it_the_accounts_order(
    visitor, margherita, ada
):
    _order(visitor, margherita, email=ada.email.upper())

    order = Order.objects.get()
    assert order.customer != ada
    assert not ada.orders.exists()
    assert User.objects.find_account(ada.email) == ada


def test_two_orders_of_one_email_are_two_guests(visitor, margherita):
    _order(visitor, margherita)
    _order(visitor, margherita)

    assert User.objects.filter(email="gus@example.com", is_guest=True).count() == 2


def test_a_guest_who_submits_twice_gets_one_order(visitor, margherita):
    _add(visitor, margherita)
    wish = _filled_in(visitor.get(CHECKOUT))

    first = visitor.post(CHECKOUT, wish)
    second = visitor.post(CHECKOUT, wish)

    assert first.url == second.url
    assert Order.objects.count() == 1


def test_a_guests_second_tab_is_told_that_it_is_ordered(visitor, margherita):
    _add(visitor, margherita)
    page = visitor.get(CHECKOUT)
    visitor.post(CHECKOUT, _filled_in(page))

    answer = visitor.post(
        CHECKOUT, _filled_in(page, key=str(uuid.uuid4())), follow=True
    )

    assert "It may have been ordered already." in answer.text
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("email", ""),
        ("email", "gus@"),
        ("name", ""),
        ("phone", ""),
        ("phone", "12"),
    ],
)
def test_what_a_guest_left_out_is_said_at_the_field_and_the_rest_is_kept(
    visitor, margherita, field, typed
):
    answer = _order(visitor, margherita, kitchen_note="No basil", **{field: typed})

    assert answer.status_code == 422
    assert f'href="#field-{field}"' in answer.text
    assert f'id="error-{field}"' in answer.text
    assert 'value="No basil"' in answer.text
    assert not Order.objects.exists()
    assert not User.objects.filter(is_guest=True).exists()


def test_the_cart_of_another_visitor_cannot_be_ordered(visitor, margherita):
    _add(visitor, margherita)
    wish = _filled_in(visitor.get(CHECKOUT))
    stranger = Client(REMOTE_ADDR="guest-stranger")

    answer = stranger.post(CHECKOUT, wish)

    assert answer.status_code == 409
    assert not Order.objects.exists()


def test_a_guest_whose_cart_is_gone_is_told_so_and_keeps_what_was_typed(
    visitor, margherita
):
    _add(visitor, margherita)
    wish = _filled_in(visitor.get(CHECKOUT))
    visitor.cookies.pop("sessionid")

    gone = visitor.post(CHECKOUT, wish)
    _add(visitor, margherita)
    again = visitor.get(CHECKOUT)

    assert gone.status_code == 409
    assert "Your cart is gone" in gone.text
    assert 'value="gus@example.com"' in again.text
    assert 'value="+14155550188"' in again.text


def test_more_than_sixty_guests_orders_an_hour_from_one_place_are_refused(
    visitor, margherita, limits
):
    visitor.defaults["REMOTE_ADDR"] = "8.8.4.4"
    for _time in range(60):
        spend((GUEST_ORDERS_PER_PLACE, "8.8.4.4"))

    answer = _order(visitor, margherita)

    assert answer.status_code == 409
    assert "try again in an hour" in answer.text
    assert not Order.objects.exists()


def test_what_is_refused_or_sent_twice_counts_as_no_order_of_the_place(
    visitor, margherita, limits
):
    visitor.defaults["REMOTE_ADDR"] = "8.8.4.5"
    for _time in range(59):
        spend((GUEST_ORDERS_PER_PLACE, "8.8.4.5"))

    refused = _order(visitor, margherita, street_address=" ")
    wish = _filled_in(refused)
    first = visitor.post(CHECKOUT, wish)
    second = visitor.post(CHECKOUT, wish)

    assert refused.status_code == 409
    assert first.status_code == second.status_code == 302
    assert first.url == second.url
    assert Order.objects.count() == 1


def test_an_order_opened_by_a_friends_link_stays_the_friends(
    visitor, margherita, ada, client
):
    _order(visitor, margherita)
    order = Order.objects.get()

    client.get(order.get_link())
    client.force_login(ada)

    order.refresh_from_db()
    assert order.customer != ada


def test_who_signs_in_afterwards_has_the_order_and_the_link_still_works(
    visitor, margherita, client
):
    _order(visitor, margherita)
    order = Order.objects.get()
    ada = UserFactory(email="Gus@Example.com")

    signed_in = {"username": ada.email, "password": PASSWORD}
    visitor.post(reverse("customers:sign-in"), signed_in)

    order.refresh_from_db()
    assert order.customer == ada
    assert visitor.get(order.get_absolute_url()).status_code == 200
    assert client.get(order.get_link(), follow=True).status_code == 200


def test_another_person_who_signs_in_at_the_browser_does_not_get_the_order(
    visitor, margherita
):
    _order(visitor, margherita)
    order = Order.objects.get()
    other = UserFactory()

    signed_in = {"username": other.email, "password": PASSWORD}
    visitor.post(reverse("customers:sign-in"), signed_in)

    order.refresh_from_db()
    assert order.customer.is_guest
    assert not other.orders.exists()


def test_who_was_told_as_the_guest_is_forgotten_once_an_account_has_the_order(
    visitor, margherita
):
    _order(visitor, margherita)
    order = Order.objects.get()
    ada = UserFactory(email="gus@example.com")

    adopt_guest_orders(public_ids=[str(order.public_id)], user=ada)

    assert not User.objects.filter(is_guest=True).exists()
    assert not Event.objects.filter(key__startswith="order_received").exists()
    assert order.events.get(to_status="placed").user == ada


@pytest.mark.parametrize(
    ("days", "status", "is_kept"),
    [
        (31, "collected", False),
        (31, "cancelled", False),
        (29, "collected", True),
        (31, "preparing", True),
    ],
)
def test_guests_are_forgotten_a_month_after_their_order_ended(days, status, is_kept):
    guest = register_guest(email="gus@example.com", name="Gus", phone="+14155550188")
    ended = timezone.now() - timedelta(days=days)
    User.objects.update(date_joined=ended)
    order = OrderFactory(
        customer=guest,
        guest_token="his",
        customer_name="Gus",
        status=status,
        placed_at=ended,
        ended_at=None if status == "preparing" else ended,
    )

    assert forget_old_guests(limit=10) == (0 if is_kept else 1)

    order.refresh_from_db()
    assert User.objects.filter(pk=guest.pk).exists() == is_kept
    assert (order.customer_name == "Gus") == is_kept
    assert (order.guest_token == "his") == is_kept
    assert order.customer_phone != "" or not is_kept
    assert order.total == Decimal("12.50")


def test_a_problem_that_is_not_answered_keeps_its_guest():
    guest = register_guest(email="gus@example.com", name="Gus", phone="+14155550188")
    ended = timezone.now() - timedelta(days=40)
    User.objects.update(date_joined=ended)
    order = OrderFactory(customer=guest, status="collected", ended_at=ended)
    Claim.objects.create(order=order, proposed_refund=1, created_at=ended)

    assert forget_old_guests(limit=10) == 0


def test_customers_with_an_account_are_not_forgotten(ada):
    ended = timezone.now() - timedelta(days=400)
    User.objects.update(date_joined=ended)
    OrderFactory(customer=ada, status="collected", ended_at=ended)

    assert forget_old_guests(limit=10) == 0


def test_every_page_leads_a_guest_back_to_the_order_under_way(visitor, margherita):
    _order(visitor, margherita)
    order = Order.objects.get()

    home = visitor.get("/").text
    elsewhere = visitor.get(reverse("customers:sign-in")).text
    Order.objects.update(status="collected", ended_at=timezone.now())
    ended = visitor.get("/").text

    assert f"Your order from {order.restaurant_name} is under way." in home
    assert order.get_absolute_url() in elsewhere
    assert order.get_absolute_url() not in ended


def test_a_guest_who_is_not_known_any_more_is_told_of_the_link(
    visitor, margherita, client
):
    _order(visitor, margherita)

    asked = client.get(Order.objects.get().get_absolute_url(), follow=True)

    words = "Ordered without an account? Open the link in your email."
    assert words in asked.text
    assert words not in client.get(reverse("customers:sign-in")).text


def test_adopting_takes_guests_orders_only_and_each_once():
    ada = UserFactory(email="gus@example.com")
    theirs = OrderFactory(guest_token="theirs")
    guest = register_guest(email="GUS@example.com", name="Gus", phone="+14155550188")
    his = OrderFactory(customer=guest, guest_token="his")
    ids = [str(theirs.public_id), str(his.public_id), "odd"]

    assert adopt_guest_orders(public_ids=ids, user=ada) == 1
    assert adopt_guest_orders(public_ids=ids, user=UserFactory()) == 0

    his.refresh_from_db()
    theirs.refresh_from_db()
    assert his.customer == ada
    assert theirs.customer != ada


def test_a_stranger_finds_nothing_of_a_guests_order(visitor, margherita, client):
    _order(visitor, margherita)
    order = Order.objects.get()
    client.force_login(UserFactory())

    assert client.get(order.get_absolute_url()).status_code == 404


def test_a_guests_checkout_asks_as_much_for_many_items_as_for_one(
    visitor, margherita, django_assert_max_num_queries
):
    _add(visitor, margherita)
    for item in ItemFactory.create_batch(6, section=margherita.section):
        _add(visitor, item)

    with django_assert_max_num_queries(14):
        visitor.get(CHECKOUT)
