"""The operators' search finds people, restaurants, orders, deliveries; owners' not."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from config.operator_search import MOST_OF_A_KIND
from customers.tests.factories import UserFactory
from delivery.tests.factories import deliver
from orders.tests.factories import OrderFactory
from restaurants.models import Application
from restaurants.tests.factories import MembershipFactory, RestaurantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client):
    user = UserFactory(is_staff=True, is_superuser=True, email="op@tiffin.example")
    client.force_login(user)
    return user


def search(client, term, site="admin", **more):
    address = reverse(f"{site}:search")
    answer = client.get(address, {"s": term, "extended": "1", **more})
    return answer.content.decode()


def test_each_kind_is_found_by_what_people_know_of_it(client, operator):
    ada = UserFactory(email="zora@example.com", name="Zora Quill")
    delivery = deliver(ada)
    order = delivery.order
    restaurant = RestaurantFactory(name="Quince & Quill")
    application = Application.objects.create(
        restaurant=restaurant, legal_name="Quill Kitchens LLC", registration="HF-7"
    )

    by_name = search(client, "quill")
    by_number = search(client, f"#{order.number}")

    for kind, row in (
        ("customers_user", ada),
        ("restaurants_restaurant", restaurant),
        ("restaurants_application", application),
        ("orders_order", order),
    ):
        assert reverse(f"admin:{kind}_change", args=[row.pk]) in by_name, kind
    assert reverse("admin:orders_order_change", args=[order.pk]) in by_number
    assert reverse("admin:delivery_delivery_change", args=[delivery.pk]) in by_number


def test_a_common_word_gives_a_few_of_each_and_the_way_to_the_rest(client, operator):
    restaurant = RestaurantFactory()
    for _number in range(MOST_OF_A_KIND + 3):
        OrderFactory(restaurant=restaurant, customer_name="Common Name")

    page = search(client, "common name")

    assert page.count('<li class="group"') == MOST_OF_A_KIND + 1
    assert f"{reverse('admin:orders_order_changelist')}?q=common+name" in page


def test_an_operator_finds_only_what_they_may_see(client):
    clerk = UserFactory(is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_restaurant"))
    client.force_login(clerk)
    UserFactory(name="Zora Quill")
    RestaurantFactory(name="Quill")

    page = search(client, "quill")

    assert "Zora" not in page
    assert reverse("admin:restaurants_restaurant_changelist")[:-1] in page


def test_an_owner_finds_nothing_with_it(client):
    owner = MembershipFactory()
    client.force_login(owner.user)
    RestaurantFactory(name="Quill")

    assert "Quill" not in search(client, "quill", site="owner")
    assert client.get(reverse("admin:search"), {"s": "quill"}).status_code == 302


@pytest.mark.parametrize("term", ["", "x", "99999999999999999999", "%_\\", "٣٣"])
@pytest.mark.parametrize("site", ["admin", "owner"])
def test_odd_words_are_no_error(client, operator, term, site):
    MembershipFactory(user=operator)

    answer = client.get(reverse(f"{site}:search"), {"s": term, "extended": "1"})

    assert answer.status_code == 200


@pytest.mark.parametrize("site", ["admin", "owner"])
def test_a_page_that_does_not_exist_is_not_found(client, operator, site):
    MembershipFactory(user=operator)

    for number in ("x", "99"):
        answer = client.get(reverse(f"{site}:search"), {"s": "a", "page": number})
        assert answer.status_code == 404
