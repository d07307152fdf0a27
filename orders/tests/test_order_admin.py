"""The portal's list of orders, and what operators do with theirs."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from time_machine import travel

from customers.tests.factories import UserFactory
from orders import admin as order_admin
from orders.models import Order
from orders.tests.factories import OrderFactory
from restaurants.models import Membership
from restaurants.tests.factories import MembershipFactory, RestaurantFactory

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def trattoria():
    return RestaurantFactory.create(name="Trattoria Uno")


@pytest.fixture
def owner(client, trattoria):
    client.force_login(MembershipFactory.create(restaurant=trattoria).user)
    return client


def orders(client, **query):
    """Return the names of who ordered what the list shows, in its order."""
    answer = client.get(reverse("owner:orders_order_changelist"), query)
    assert answer.status_code == 200
    return [order.customer_name for order in answer.context["cl"].result_list]


def order_of(restaurant, name, **facts):
    return OrderFactory.create(restaurant=restaurant, customer_name=name, **facts)


def test_orders_are_listed_the_newest_first_in_the_restaurants_time(owner, trattoria):
    order_of(trattoria, "Ada", placed_at=datetime(2026, 11, 20, 3, tzinfo=UTC))
    order_of(trattoria, "Ben", placed_at=datetime(2026, 11, 21, 3, tzinfo=UTC))

    page = owner.get(reverse("owner:orders_order_changelist")).text

    assert orders(owner) == ["Ben", "Ada"]
    assert "Fri 20 Nov 2026, 19:00" in page


def test_each_leads_to_its_own_page(owner, trattoria):
    order = order_of(trattoria, "Ada")

    page = owner.get(reverse("owner:orders_order_changelist")).text

    assert reverse("owner:order", args=[trattoria.pk, order.pk]) in page


def test_the_admins_address_shows_the_order_as_well(owner, trattoria):
    order = order_of(trattoria, "Ada Lovelace")
    address = reverse("owner:orders_order_change", args=[order.pk])

    assert "Ada Lovelace" in owner.get(address).text
    assert owner.post(address).status_code == 405


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1007", ["Ada"]),
        ("#1007", ["Ada"]),
        ("007", ["Ada"]),
        ("7", []),
        ("ada", ["Ada"]),
        ("0171 555 01 23", ["Ben"]),
        ("+49 171 5550123", ["Ben"]),
        ("0049 171 5550123", ["Ben"]),
        ("(171) 555-0123", ["Ben"]),
        ("99999999999999999999", []),
        ("٣", []),
        ("'; --", []),
    ],
)
def test_orders_are_found_by_number_name_and_phone(owner, trattoria, text, found):
    order_of(trattoria, "Ada", number=1007, customer_phone="+14155550100")
    order_of(trattoria, "Ben", number=2, customer_phone="+491715550123")

    assert orders(owner, q=text) == found


@travel(datetime(2026, 11, 21, 6, tzinfo=UTC), tick=False)
@pytest.mark.parametrize(
    ("query", "found"),
    [
        # It is the evening of the 20th in San Francisco.
        ({"period": "today"}, ["today"]),
        ({"period": "yesterday"}, ["yesterday"]),
        ({"period": "week"}, ["today", "yesterday"]),
        ({"period": "month"}, ["today", "yesterday", "first"]),
        ({"since": "2026-11-01", "until": "2026-11-19"}, ["yesterday", "first"]),
        ({"until": "2026-10-31"}, ["before"]),
        ({"since": "x", "until": "9999-12-31"}, ["today", "yesterday", "first"]),
        ({"since": "0001-01-01", "until": "0001-01-01"}, []),
    ],
)
def test_orders_are_filtered_by_the_restaurants_own_days(
    owner, trattoria, query, found
):
    for name, moment in {
        "today": datetime(2026, 11, 20, 8, tzinfo=UTC),
        "yesterday": datetime(2026, 11, 20, 7, 59, tzinfo=UTC),
        "first": datetime(2026, 11, 1, 7, tzinfo=UTC),
        "before": datetime(2026, 11, 1, 6, 59, tzinfo=UTC),
    }.items():
        order_of(trattoria, name, placed_at=moment)
    if query.get("until") == "9999-12-31":
        found = [*found, "before"]

    assert orders(owner, **query) == found


def test_orders_are_filtered_by_status_fulfilment_and_payment(owner, trattoria):
    order_of(trattoria, "Ada", status="delivered", payment_status="captured")
    order_of(trattoria, "Ben")

    assert orders(owner, status__exact="delivered") == ["Ada"]
    assert orders(owner, payment_status__exact="pending") == ["Ben"]
    assert orders(owner, fulfilment__exact="delivery") == []


def test_test_orders_are_out_of_the_way(owner, trattoria):
    order_of(trattoria, "Ada")
    order_of(trattoria, "Test", is_test=True)

    assert orders(owner) == ["Ada"]
    assert orders(owner, test="only") == ["Test"]
    assert len(orders(owner, test="all")) == 2


def test_a_late_order_is_marked_with_words(owner, trattoria):
    order = order_of(trattoria, "Ada", status="delivered")
    order.ended_at = order.promised_until + timedelta(minutes=12)
    order.save()

    page = owner.get(reverse("owner:orders_order_changelist")).text

    assert "12 min late" in page


def test_the_choice_of_restaurants_holds_ones_own_alone(client, trattoria):
    user = MembershipFactory.create(restaurant=trattoria).user
    due = MembershipFactory.create(user=user, restaurant__name="Trattoria Due")
    staff = MembershipFactory.create(
        user=user, role=Membership.Role.STAFF, restaurant__name="Trattoria Tre"
    )
    other = RestaurantFactory.create(name="Trattoria Quattro")
    for name, restaurant in {
        "Ada": trattoria,
        "Ben": due.restaurant,
        "Cleo": staff.restaurant,
        "Dan": other,
    }.items():
        order_of(restaurant, name)
    client.force_login(user)

    page = client.get(reverse("owner:orders_order_changelist")).text

    assert "Trattoria Due" in page
    assert "Trattoria Tre" not in page
    assert "Trattoria Quattro" not in page
    assert sorted(orders(client)) == ["Ada", "Ben"]
    chosen = {"restaurant__id__exact": due.restaurant.pk}
    assert orders(client, **chosen) == ["Ben"]
    assert "Dan" not in orders(client, restaurant__id__exact=other.pk)


def test_a_customers_unpaid_order_is_not_shown(owner, trattoria):
    order_of(trattoria, "Ada", status="pending_payment")

    assert orders(owner) == []


def test_the_list_is_capped_and_never_counts_the_table(owner, trattoria, monkeypatch):
    monkeypatch.setattr(order_admin, "MOST_LISTED", 60)
    for number in range(70):
        order_of(
            trattoria,
            f"Guest {number}",
            placed_at=timezone.now() - timedelta(minutes=number),
        )

    with CaptureQueriesContext(connection) as first:
        assert orders(owner)[0] == "Guest 0"
    assert orders(owner, p="2") == [f"Guest {number}" for number in range(50, 60)]
    assert not any("COUNT(" in query["sql"] for query in first)


def test_the_list_takes_as_many_queries_for_many_as_for_one(owner, trattoria):
    order_of(trattoria, "Ada")
    orders(owner)
    with CaptureQueriesContext(connection) as one:
        orders(owner)
    for number in range(5):
        order_of(trattoria, f"Guest {number}", status="delivered")

    with CaptureQueriesContext(connection) as many:
        orders(owner)

    assert len(many) == len(one)


@pytest.fixture
def operator(client):
    user = UserFactory.create(is_staff=True, is_superuser=True)
    client.force_login(user)
    return client


def cancel(client, rows, **data):
    return client.post(
        reverse("admin:orders_order_changelist"),
        {
            "action": "cancel_orders",
            "_selected_action": [order.pk for order in rows],
            **data,
        },
        follow=True,
    )


def test_operators_are_asked_for_the_reason_before_anything_is_cancelled(
    operator, trattoria
):
    order = order_of(trattoria, "Ada")

    asked = cancel(operator, [order])

    assert "Yes, cancel them" in asked.text
    order.refresh_from_db()
    assert order.status == "placed"


def test_operators_cancel_with_a_reason(operator, trattoria):
    rows = [order_of(trattoria, "Ada"), order_of(trattoria, "Ben", status="ready")]
    ended = order_of(trattoria, "Cleo", status="delivered")

    answer = cancel(operator, [*rows, ended], reason="closing", note="A storm.")

    assert "2 orders are cancelled." in answer.text
    done = Order.objects.filter(status="cancelled", end_reason="closing")
    assert {order.customer_name for order in done} == {"Ada", "Ben"}
    assert done[0].events.get(to_status="cancelled").note == "A storm."


@pytest.mark.parametrize("reason", ["", "delayed", "x"])
def test_an_odd_reason_cancels_nothing(operator, trattoria, reason):
    order = order_of(trattoria, "Ada")

    answer = cancel(operator, [order], reason=reason)

    assert "Yes, cancel them" in answer.text
    order.refresh_from_db()
    assert order.status == "placed"


def test_nothing_is_left_to_cancel(operator, trattoria):
    answer = cancel(operator, [order_of(trattoria, "Ada", status="delivered")])

    assert "left to cancel" in answer.text


def test_operators_open_an_order_with_its_lines_and_events(operator, trattoria):
    order = order_of(trattoria, "Ada")
    order.lines.create(
        name="Margherita", quantity=1, unit_price=12, amount=12, tax_rate=0
    )

    page = operator.get(reverse("admin:orders_order_change", args=[order.pk]))

    assert "Margherita" in page.text
