"""Orders of the past: found, filtered, said in words, a page at a time."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from customers.tests.factories import UserFactory
from orders.models import Claim, OrderLine, Review
from orders.tests.factories import OrderFactory
from restaurants.tests.factories import RestaurantFactory

pytestmark = [pytest.mark.django_db]
NOW = datetime(2026, 11, 21, 4, tzinfo=UTC)  # Friday, 20:00 in San Francisco


@pytest.fixture(autouse=True)
def _friday_evening():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def diner(client, ada):
    client.force_login(ada)
    return client


def order_of(ada, *dishes, hours=24, **changes):
    placed = NOW - timedelta(hours=hours)
    name = changes.pop("name", "Trattoria Uno")
    order = OrderFactory(
        **{
            "customer": ada,
            "restaurant": RestaurantFactory(name=name),
            "status": "delivered",
            "fulfilment": "delivery",
            "latitude": 0,
            "longitude": 0,
            "placed_at": placed,
            "ended_at": placed + timedelta(minutes=30),
            **changes,
        }
    )
    for dish in dishes:
        OrderLine.objects.create(
            order=order,
            name=dish,
            quantity=2,
            unit_price=1,
            amount=2,
            tax_rate=0,
        )
    return order


def history(client, htmx=False, **query):
    headers = {"HX-Request": "true"} if htmx else {}
    return client.get(reverse("orders:order-list"), query, headers=headers)


def names_in(page):
    return [entry.order.restaurant_name for entry in page.context["entries"]]


def test_orders_stand_newest_first_and_those_under_way_above_them(diner, ada):
    order_of(ada, name="Older", hours=48)
    order_of(ada, name="Newer", hours=24)
    order_of(ada, name="Now", hours=1, status="accepted", ended_at=None)

    page = history(diner)

    assert names_in(page) == ["Newer", "Older"]
    assert [one.order.restaurant_name for one in page.context["under_way"]] == ["Now"]
    # The window by the restaurant's clock.
    assert "Arrives 19:20–19:30" in page.text


def test_an_order_tells_what_became_of_it(diner, ada):
    cancelled = {"status": "cancelled", "end_reason": "sold_out"}
    order_of(ada, "Lasagne", "Salad", "Water", "Cake", **cancelled)
    refunded = order_of(ada, refunded=Decimal("2.50"))
    Review.objects.create(
        order=refunded,
        restaurant=refunded.restaurant,
        food_rating=4,
        created_at=NOW,
    )

    page = history(diner).text

    assert "2 × Lasagne" in page
    assert "and 1 more" in page
    assert "Cancelled: " in page
    assert "$2.50 refunded" in page
    assert "Thu" not in page
    assert "19 Nov 2026, 20:00" in page


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"q": "trattoria"}, ["Trattoria"]),
        ({"q": "taco"}, ["Cantina"]),
        ({"q": "0042"}, ["Cantina"]),
        ({"q": "100%"}, []),
        ({"state": "completed"}, ["Trattoria", "Cantina"]),
        ({"state": "cancelled"}, ["Sushi"]),
        ({"fulfilment": "pickup"}, ["Cantina"]),
        ({"state": "completed", "q": "cantina"}, ["Cantina"]),
        ({"state": "open"}, ["Now"]),
        ({"state": "burnt", "fulfilment": "x"}, ["Trattoria", "Sushi", "Cantina"]),
    ],
)
def test_orders_are_found_by_restaurant_dish_number_and_state(
    diner, ada, wanted, found
):
    order_of(ada, "Lasagne", name="Trattoria", hours=24)
    order_of(ada, "Roll", name="Sushi", hours=25, status="cancelled")
    order_of(ada, "Taco", name="Cantina", hours=26, number=42, fulfilment="pickup")
    order_of(ada, "Soup", name="Now", hours=1, status="ready", ended_at=None)
    order_of(UserFactory(), "Taco", name="Trattoria")

    assert names_in(history(diner, **wanted)) == found


def test_only_ones_own_orders_are_found(diner, ada):
    order_of(UserFactory(), "Secret", name="Secret")

    assert "Secret" not in history(diner, q="").text


def test_nothing_found_and_nothing_ordered_are_said_apart(diner, ada):
    assert "No orders yet." in history(diner).text
    order_of(ada)
    assert "No order is like that." in history(diner, q="zebra").text


def test_to_htmx_only_the_list_is_answered(diner, ada):
    order_of(ada)

    page = history(diner, htmx=True, q="uno")

    assert "<html" not in page.text
    assert "Trattoria Uno" in page.text
    assert "HX-Request" in page["Vary"]


def test_htmx_is_led_on_to_whole_pages(client, diner):
    gone = history(diner, htmx=True, cursor="eyJ4Ijox")
    assert gone["HX-Redirect"] == reverse("orders:order-list")
    client.logout()

    signed_out = history(client, htmx=True, cursor="x")

    there = f"{reverse('customers:sign-in')}?next={reverse('orders:order-list')}"
    assert signed_out["HX-Redirect"] == there
    assert signed_out.content == b""


def test_older_orders_come_a_page_at_a_time_with_what_was_asked(diner, ada):
    for hours in range(1, 23):
        order_of(ada, name=f"Uno {hours:02}", hours=hours)

    first = history(diner, q="uno")
    query = first.context["older_query"]
    second = diner.get(
        f"{reverse('orders:order-list')}?{query}", headers={"HX-Request": "true"}
    )

    assert names_in(first) == [f"Uno {hours:02}" for hours in range(1, 21)]
    assert names_in(second) == ["Uno 21", "Uno 22"]
    assert "q=uno" in query
    assert "Older orders" not in second.text
    assert "Your orders" not in second.text


def test_actions_are_those_that_are_open(diner, ada):
    done = order_of(ada)
    late = order_of(ada, hours=24 * 9)
    claim = reverse("orders:order-claim", args=[done.public_id])

    page = history(diner).text

    assert reverse("orders:order-review", args=[done.public_id]) in page
    assert claim in page
    assert reverse("orders:order-claim", args=[late.public_id]) not in page

    Claim.objects.create(order=done, proposed_refund=1, created_at=NOW)
    page = history(diner).text
    assert claim not in page
    assert "Problem reported" in page


def test_a_foreign_cursor_leads_to_the_start(diner):
    assert history(diner, cursor="eyJ4Ijox").status_code == 302


def test_many_orders_take_as_many_queries_as_one(diner, ada):
    def count():
        with CaptureQueriesContext(connection) as queries:
            history(diner, q="uno")
        return len(queries)

    order_of(ada, "Lasagne")
    order_of(ada, "Lasagne", status="ready", ended_at=None)
    count()
    before = count()
    for hours in range(1, 8):
        order_of(ada, "Lasagne", "Salad", hours=hours)
        order_of(ada, "Soup", hours=hours, status="ready", ended_at=None)

    assert count() == before
