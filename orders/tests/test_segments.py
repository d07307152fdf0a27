from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from customers.tests.factories import UserFactory
from notifications.models import Priority
from notifications.segments import get_segment
from notifications.services.planning import plan_next_batch
from notifications.services.publishing import publish
from orders.models import Order
from orders.notifications import OFFER
from orders.tests.factories import OrderFactory
from restaurants.tests.factories import RegionFactory, RestaurantFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("notifications.services.publishing.ring", lambda lane: None)


def people(name, value=""):
    return sorted(get_segment(name).select(value).values_list("pk", flat=True))


def test_everybody_who_ordered_is_there_once(ada):
    OrderFactory.create_batch(3, customer=ada)
    UserFactory()

    assert people("ordered") == [ada.pk]


def test_closed_accounts_are_in_no_segment(ada):
    order = OrderFactory(customer=ada, placed_at=timezone.now() - 100 * DAY)
    ada.is_active = False
    ada.save()

    assert people("ordered") == people("lapsed", "30") == []
    assert people("region", order.region.code) == []
    assert people("restaurant", order.restaurant.slug) == []


def test_guests_are_in_no_segment(ada):
    order = OrderFactory(customer=ada, placed_at=timezone.now() - 100 * DAY)
    ada.is_guest = True
    ada.save()

    assert people("ordered") == people("lapsed", "30") == []
    assert people("region", order.region.code) == []
    assert people("restaurant", order.restaurant.slug) == []


def test_order_that_was_never_paid_for_counts_for_nothing(ada):
    OrderFactory(customer=ada, status=Order.Status.PENDING_PAYMENT)

    assert people("ordered") == []


def test_customers_of_a_region_are_those_who_ordered_there(ada):
    oakland = RegionFactory(code="oakland", name="Oakland")
    there = OrderFactory(restaurant=RestaurantFactory(region=oakland))
    OrderFactory.create_batch(2, customer=ada)

    assert people("region", "oakland") == [there.customer_id]
    assert people("region", "san-francisco") == [ada.pk]
    assert people("region", "atlantis") == []
    assert get_segment("region").choices() == [
        ("oakland", "Oakland"),
        ("san-francisco", "San Francisco"),
    ]


def test_customers_of_a_restaurant_are_those_who_ordered_from_it(ada):
    trattoria = RestaurantFactory(slug="trattoria")
    OrderFactory.create_batch(2, customer=ada, restaurant=trattoria)
    OrderFactory()

    assert people("restaurant", "trattoria") == [ada.pk]
    assert people("restaurant", "no-such-place") == []


def test_lapsed_customers_ordered_before_but_not_lately(ada):
    now = timezone.now()
    OrderFactory(customer=ada, placed_at=now - 200 * DAY)
    OrderFactory(customer=ada, placed_at=now - 45 * DAY)
    OrderFactory(placed_at=now - 5 * DAY)

    assert people("lapsed", "30") == [ada.pk]
    assert people("lapsed", "60") == []


@pytest.mark.parametrize("days", ["", "7", "soon", "-30"])
def test_lapsed_knows_its_own_days_only(ada, days):
    OrderFactory(customer=ada, placed_at=timezone.now() - 200 * DAY)

    assert people("lapsed", days) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ordered", ""),
        ("region", "san-francisco"),
        ("restaurant", "trattoria"),
        ("lapsed", "30"),
        ("lapsed", "7"),
    ],
)
def test_every_segment_is_one_statement_that_can_be_published(ada, name, value):
    order = OrderFactory(
        customer=ada,
        restaurant=RestaurantFactory(slug="trattoria"),
        placed_at=timezone.now() - 45 * DAY,
    )

    event = publish(
        OFFER,
        recipients=get_segment(name).select(value),
        key="k",
        context={"title": "Soup for two", "body": "Today.", "url": "/restaurants/"},
    )
    plan_next_batch(lane=Priority.BULK)

    told = {each.recipient_id for each in event.notifications.all()}
    assert told == ({order.customer_id} if value != "7" else set())


@pytest.mark.parametrize(
    ("name", "value"), [("restaurant", "trattoria"), ("lapsed", "30")]
)
def test_narrow_segments_read_orders_by_an_index(ada, name, value):
    RestaurantFactory(slug="trattoria")
    people, parameters = get_segment(name).select(value).query.sql_with_params()

    with connection.cursor() as cursor:
        # A small table would be read whole.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {people}", parameters)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "Seq Scan on orders_order" not in plan
