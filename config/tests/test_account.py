"""People take their data with them, and go without leaving a trace."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from config.account import collect_data, delete_account
from customers.models import Address, KnownBrowser, PhoneCode, User
from customers.services import register_guest
from customers.tests.factories import PASSWORD, AddressFactory, UserFactory
from delivery.tests.factories import deliver, own
from menus.tests.factories import ItemFactory
from notifications.models import Event, Notification, Suppression
from notifications.services.planning import plan_next_batch
from notifications.tests.factories import (
    GCMDeviceFactory,
    NotificationFactory,
    PreferenceFactory,
    SuppressionFactory,
)
from orders.models import Claim, ClaimLine, Order, OrderEvent, Review
from orders.notifications import tell_claim
from orders.services import adopt_guest_orders
from orders.services.forgetting import forget_old_guests
from orders.services.receipts import email_receipt
from orders.tests.factories import OrderFactory, fill_cart
from restaurants.models import Favourite, Invitation, Membership
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db

EMAIL = "zebedee@quux.example"
NAME = "Zebedee Quux"
PHONE = "+14155550188"
STREET = "77 Unfindable Alley"
WORDS = (EMAIL, "Zebedee", "Quux", "4155550188", "Unfindable", "quux", "doorbell")


@pytest.fixture
def zebedee() -> User:
    """Return somebody who has left a trace wherever one can."""
    user = UserFactory.create(email=EMAIL, name=NAME, phone=PHONE)
    AddressFactory.create(user=user, street_address=STREET)
    item = ItemFactory.create()
    own(item.restaurant)
    order = deliver(user, item).order
    Order.objects.filter(pk=order.pk).update(
        status="delivered",
        address=STREET,
        delivery_instructions="The doorbell says Quux",
        kitchen_note="Zebedee eats no nuts",
        ended_at=timezone.now(),
    )
    order.refresh_from_db()
    order.lines.update(note="For Zebedee")
    OrderEvent.objects.filter(order=order, actor="customer").update(note="Quux")
    Review.objects.create(
        order=order,
        restaurant=order.restaurant,
        food_rating=4,
        text="Good.",
        created_at=timezone.now(),
    )
    claim = Claim.objects.create(
        order=order,
        text="The doorbell is broken, says Zebedee",
        proposed_refund=1,
        created_at=timezone.now(),
    )
    ClaimLine.objects.create(
        claim=claim, line=order.lines.get(), kind="missing", quantity=1
    )
    tell_claim(claim)
    fill_cart(user, ItemFactory.create())
    Favourite.objects.create(user=user, restaurant=order.restaurant)
    Membership.objects.create(
        user=user, restaurant=own_kitchen(), role=Membership.Role.STAFF
    )
    Invitation.objects.create(
        email=EMAIL.upper(),
        restaurant=order.restaurant,
        role=Membership.Role.STAFF,
        expires_at=timezone.now(),
    )
    leave_settings(user)
    plan_everything()
    # One more that nobody has planned yet.
    tell_claim(Claim.objects.get())
    return user


def own_kitchen() -> Any:
    kitchen = RestaurantFactory.create()
    own(kitchen)
    return kitchen


def leave_settings(user: User) -> None:
    KnownBrowser.objects.create(
        user=user, digest="d", label="Firefox", last_seen_at=timezone.now()
    )
    PhoneCode.objects.create(user=user, phone=PHONE, digest="d", sent_at=timezone.now())
    GCMDeviceFactory.create(user=user, name="Zebedee's phone", registration_id="secret")
    PreferenceFactory.create(user=user)
    NotificationFactory.create(
        recipient=user, wording__title="Dear Zebedee", event__recipient_count=1
    )
    operator = UserFactory.create(is_staff=True)
    LogEntry.objects.create(
        user=operator,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(user.pk),
        object_repr=EMAIL,
        action_flag=CHANGE,
        change_message=f"Wrote to {EMAIL}",
    )


def plan_everything() -> None:
    for lane in ("critical", "standard", "bulk"):
        while plan_next_batch(lane=lane).taken:
            pass


def rows_with(*words: str) -> list[str]:
    """Return the rows of all tables that hold one of these words."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.oid::regclass::text FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')"
            " AND NOT c.relispartition"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"SELECT to_jsonb(t)::text FROM {table} t"  # noqa: S608
                " WHERE to_jsonb(t)::text ILIKE ANY(%s)",
                [[f"%{word}%" for word in words]],
            )
            found += [f"{table}: {row}" for (row,) in cursor.fetchall()]
    return found


def figures() -> list[Any]:
    """Return what counts an order in the figures, of all orders."""
    columns = (
        *("status", "service_day", "subtotal", "delivery_fee", "tax", "tip", "total"),
        *("refunded", "restaurant_id", "fulfilment", "number"),
    )
    return list(Order.objects.order_by("pk").values_list(*columns))


def test_nothing_of_a_person_is_left(zebedee: User) -> None:
    assert len({row.split(":")[0] for row in rows_with(*WORDS)}) > 10
    before = figures()

    delete_account(user_pk=zebedee.pk)

    assert rows_with(*WORDS) == []
    assert not User.objects.filter(pk=zebedee.pk).exists()
    assert not Notification.objects.filter(recipient_id=zebedee.pk).exists()
    assert figures() == before


def test_an_order_keeps_its_amounts_and_the_part_of_town(zebedee: User) -> None:
    before = Order.objects.get()

    delete_account(user_pk=zebedee.pk)

    order = Order.objects.get()
    assert (order.customer, order.customer_name, order.address) == (None, "", "")
    assert (order.latitude, order.longitude) == (37.76, -122.42)
    assert order.total == before.total
    assert order.lines.get().amount == before.subtotal
    assert Review.objects.get().food_rating == 4
    assert Claim.objects.get().proposed_refund == 1


def test_the_restaurant_still_has_its_news(zebedee: User) -> None:
    delete_account(user_pk=zebedee.pk)
    plan_everything()

    kitchen = Order.objects.get().restaurant.memberships.get().user
    told = Notification.objects.filter(recipient=kitchen).select_related("wording")
    assert any("A customer" in one.wording.body for one in told)


def test_others_keep_all_they_have(zebedee: User) -> None:
    ada = UserFactory.create(email="ada@example.com", name="Ada Diner")
    AddressFactory.create(user=ada)
    deliver(ada)
    GCMDeviceFactory.create(user=ada)
    plan_everything()
    before = collect_data(user=ada) | {"made_at": None}

    delete_account(user_pk=zebedee.pk)

    assert collect_data(user=ada) | {"made_at": None} == before


def test_who_must_not_be_written_to_is_not_forgotten(zebedee: User) -> None:
    SuppressionFactory.create(channel="email", address=EMAIL)

    delete_account(user_pk=zebedee.pk)

    assert Suppression.objects.filter(address=EMAIL).exists()


def test_nothing_is_left_of_what_was_ordered_before_there_was_an_account() -> None:
    guest = register_guest(email=EMAIL, name=NAME, phone=PHONE)
    order = OrderFactory.create(
        customer=guest,
        guest_token="his",
        customer_name=NAME,
        customer_phone=PHONE,
        address=STREET,
        status="collected",
        ended_at=timezone.now(),
    )
    email_receipt(order_pk=order.pk)
    plan_everything()
    user = UserFactory.create(email=EMAIL.upper(), name=NAME, phone=PHONE)
    adopt_guest_orders(public_ids=[str(order.public_id)], user=user)
    data = str(collect_data(user=user))

    delete_account(user_pk=user.pk)

    assert STREET in data
    assert rows_with(*WORDS) == []
    assert not User.objects.exists()


def test_nothing_is_left_of_a_guest_of_long_ago() -> None:
    guest = register_guest(email=EMAIL, name=NAME, phone=PHONE)
    long_ago = timezone.now() - timedelta(days=31)
    User.objects.update(date_joined=long_ago)
    OrderFactory.create(
        customer=guest,
        guest_token="his",
        customer_name=NAME,
        customer_phone=PHONE,
        address=STREET,
        status="collected",
        ended_at=long_ago,
    )
    before = figures()

    forget_old_guests(limit=10)

    assert rows_with(*WORDS) == []
    assert figures() == before


def test_what_an_account_has_outlives_a_guest_who_typed_its_email(
    zebedee: User,
) -> None:
    register_guest(email=EMAIL, name=NAME, phone=PHONE)
    long_ago = timezone.now() - timedelta(days=31)
    User.objects.filter(is_guest=True).update(date_joined=long_ago)
    before = rows_with(EMAIL)

    assert forget_old_guests(limit=10) == 1

    left = [row for row in before if '"is_guest": true' not in row]
    assert rows_with(EMAIL) == left
    assert Invitation.objects.filter(email__iexact=EMAIL).exists()


def test_who_worked_in_a_portal_leaves_an_empty_account(zebedee: User) -> None:
    LogEntry.objects.create(user=zebedee, object_repr="Soup", action_flag=CHANGE)

    delete_account(user_pk=zebedee.pk)

    left = User.objects.get(pk=zebedee.pk)
    assert rows_with(*WORDS) == []
    assert LogEntry.objects.filter(user=left).count() == 1
    assert (left.is_active, left.has_usable_password()) == (False, False)


def test_the_page_deletes_with_the_password_and_says_goodbye(
    client: Client, zebedee: User
) -> None:
    client.force_login(zebedee)
    url = reverse("account-delete")
    wrong = client.post(url, {"password": "wrong"})
    is_there = User.objects.filter(pk=zebedee.pk).exists()

    answer = client.post(url, {"password": PASSWORD}, follow=True)

    assert list(wrong.context["form"].errors) == ["password"]
    assert is_there
    assert not User.objects.filter(pk=zebedee.pk).exists()
    assert "is deleted" in answer.content.decode()
    assert "_auth_user_id" not in client.session
    assert [letter.to for letter in mail.outbox] == [[EMAIL]]


def test_who_has_no_password_types_the_email(client: Client) -> None:
    user = UserFactory.create(email="ada@example.com")
    user.set_unusable_password()
    user.save()
    client.force_login(user)
    url = reverse("account-delete")

    wrong = client.post(url, {"email": "eve@example.com"})
    client.post(url, {"email": "Ada@example.com"})

    assert list(wrong.context["form"].errors) == ["email"]
    assert not User.objects.exists()


def test_food_under_way_comes_first(client: Client) -> None:
    ada = UserFactory.create()
    order = deliver(ada).order
    client.force_login(ada)

    page = client.post(reverse("account-delete"), {"password": PASSWORD})

    assert order.get_absolute_url() in page.content.decode()
    assert User.objects.filter(pk=ada.pk).exists()


def test_a_restaurant_is_not_left_without_an_owner(client: Client) -> None:
    kitchen = RestaurantFactory.create(name="Da Ugo")
    owner = own(kitchen)
    client.force_login(owner)
    url = reverse("account-delete")

    alone = client.post(url, {"password": PASSWORD}).content.decode()
    own(kitchen)
    client.post(url, {"password": PASSWORD})

    assert "Da Ugo" in alone
    assert not User.objects.filter(pk=owner.pk).exists()
    assert kitchen.memberships.count() == 1


def test_an_operator_is_not_deleted_here(client: Client) -> None:
    operator = UserFactory.create(is_staff=True)
    client.force_login(operator)

    page = client.post(reverse("account-delete"), {"password": PASSWORD})

    assert "another operator" in page.content.decode()
    assert User.objects.filter(pk=operator.pk).exists()


def test_the_file_holds_all_that_is_ones_own(client: Client, zebedee: User) -> None:
    client.force_login(zebedee)

    answer = client.get(reverse("account-data"))

    data = json.loads(answer.content)
    [order] = data["orders"]
    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Disposition"].startswith('attachment; filename="tiffin-')
    assert data["profile"]["email"] == EMAIL
    assert data["profile"]["phone"] == PHONE
    assert data["addresses"][0]["street_address"] == STREET
    assert order["lines"][0]["note"] == "For Zebedee"
    assert [event["to_status"] for event in order["events"]] == ["placed", "accepted"]
    assert order["reviews"][0]["text"] == "Good."
    assert order["claims"][0]["lines"][0]["kind"] == "missing"
    assert Decimal(order["total"]) == Order.objects.get().total
    assert data["favourites"]
    assert data["cart"]
    assert data["known_browsers"][0]["label"] == "Firefox"
    assert data["devices"][0]["name"] == "Zebedee's phone"
    assert "Dear Zebedee" in [one["title"] for one in data["inbox"]]
    assert PASSWORD not in answer.content.decode()
    assert "secret" not in answer.content.decode()


def test_the_file_holds_nothing_of_others(client: Client, zebedee: User) -> None:
    client.force_login(UserFactory.create(email="ada@example.com"))

    text = client.get(reverse("account-data")).content.decode()

    assert not [word for word in WORDS if word in text]
    assert json.loads(text)["orders"] == []


def test_many_orders_ask_as_little_as_one(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    user = UserFactory.create()
    placed = datetime(2026, 11, 1, tzinfo=UTC)
    OrderFactory.create_batch(30, customer=user, placed_at=placed)
    Address.objects.filter(user=user).delete()

    with django_assert_num_queries(21):
        data = collect_data(user=user)

    assert len(data["orders"]) == 30
    assert Event.objects.count() == 0
