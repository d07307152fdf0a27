"""The first page: for who comes new, who has a place, and who has ordered."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from customers.tests.factories import AddressFactory, UserFactory
from orders.models import Order
from orders.selectors import list_recent_orders
from orders.tests.factories import OrderFactory
from restaurants.models import Restaurant
from restaurants.tests.factories import CuisineFactory, RestaurantFactory

pytestmark = pytest.mark.django_db
MISSION = {"latitude": "37.7599", "longitude": "-122.4148", "label": "Mission"}


def completed(**fields: Any) -> Order:
    return OrderFactory.create(status=Order.Status.COLLECTED, **fields)


def test_a_newcomer_is_asked_where_to_and_told_how_it_works(client: Client) -> None:
    CuisineFactory.create(slug="thai", name="Thai")
    CuisineFactory.create(slug="tatar", name="Tatar")

    page = client.get(reverse("home")).text

    assert 'id="home-place"' in page
    assert "How it works" in page
    assert "?cuisine=thai" in page
    assert "img/cuisines/thai" in page
    assert "Order again" not in page


def test_who_has_a_place_sees_what_is_close_to_it(client: Client) -> None:
    RestaurantFactory.create_batch(9)
    client.post(reverse("customers:place-choose"), MISSION)

    page = client.get(reverse("home")).text

    assert "Close to Mission" in page
    assert page.count("<h3>\n        <a") == 8


def test_a_customer_finds_their_addresses_and_orders_again(client: Client) -> None:
    ada = UserFactory.create()
    address = AddressFactory.create(user=ada, label="Office")
    order = completed(customer=ada, restaurant_name="Da Ugo")
    client.force_login(ada)

    page = client.get(reverse("home")).text

    assert reverse("customers:address-choose", args=[address.pk]) in page
    assert reverse("orders:order-again", args=[order.public_id]) in page
    assert "Order again from Da Ugo" in page
    assert "How it works" not in page


def test_each_restaurant_is_offered_again_once_by_its_newest_order() -> None:
    ada = UserFactory.create()
    ugo, lia, old, shut = RestaurantFactory.create_batch(4)
    completed(customer=ada, restaurant=old)
    completed(customer=ada, restaurant=ugo)
    newest = completed(customer=ada, restaurant=ugo)
    latest = completed(customer=ada, restaurant=lia)
    completed(customer=ada, restaurant=shut)
    completed(restaurant=lia)
    OrderFactory.create(customer=ada, status=Order.Status.CANCELLED)
    completed(customer=ada, is_test=True)
    shut.status = Restaurant.Status.SUSPENDED
    shut.save()

    assert list_recent_orders(customer=ada, limit=2) == [latest, newest]


@pytest.mark.parametrize("count", [1, 8])
def test_the_first_page_asks_as_much_for_many_as_for_one(
    client: Client, django_assert_max_num_queries: Any, count: int
) -> None:
    ada = UserFactory.create()
    for restaurant in RestaurantFactory.create_batch(count):
        completed(customer=ada, restaurant=restaurant)
        AddressFactory.create(user=ada, is_chosen=False)
    client.force_login(ada)
    client.post(reverse("customers:place-choose"), MISSION)

    with django_assert_max_num_queries(14):
        client.get(reverse("home"))
