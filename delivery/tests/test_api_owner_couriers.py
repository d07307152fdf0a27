"""A restaurant gives an order to a courier of its own over the API."""

import pytest
from django.utils import timezone

from customers.models import Scope
from delivery.models import Delivery
from orders.tests.factories import OrderFactory
from restaurants.models import Membership
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
ENZO = {"name": "Enzo", "phone": "+1 415 555 0188"}


@pytest.fixture
def ana(db):
    return MembershipFactory.create(role=Membership.Role.STAFF).user


@pytest.fixture
def tablet(api, ana):
    return api.sign_in(ana)


@pytest.fixture
def order(ana):
    return OrderFactory.create(
        restaurant=ana.memberships.get().restaurant,
        status="accepted",
        fulfilment="delivery",
        latitude=37.76,
        longitude=-122.41,
        distance=900,
    )


@pytest.fixture
def delivery(order):
    return Delivery.objects.create(order=order)


def path_of(order):
    return f"/owner/orders/{order.public_id}/courier"


def test_an_order_is_given_to_a_courier_whose_link_is_answered(tablet, order, delivery):
    answer = tablet.post(path_of(order), ENZO)

    assert answer.status_code == 200
    assert answer.json()["name"] == "Enzo"
    assert answer.json()["phone"] == "+14155550188"
    assert answer.json()["status"] == "assigned"
    delivery.refresh_from_db()
    assert delivery.courier_name == "Enzo"
    assert answer.json()["token"] == delivery.token
    assert answer.json()["link"].endswith(delivery.get_courier_url())
    assert tablet.get(path_of(order)).json() == answer.json()


def test_the_same_courier_keeps_the_link_and_another_gets_a_new_one(
    tablet, order, delivery
):
    first = tablet.post(path_of(order), ENZO).json()
    again = tablet.post(path_of(order), ENZO).json()
    other = tablet.post(path_of(order), {**ENZO, "name": "Lea"}).json()

    assert again == first
    assert other["token"] != first["token"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"phone": "call me"}, "/phone"),
        ({"phone": 5}, "/phone"),
        ({"age": 20}, "/age"),
    ],
)
def test_a_courier_has_a_name_and_a_phone(tablet, order, delivery, change, pointer):
    answer = tablet.post(path_of(order), {**ENZO, **change})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer
    delivery.refresh_from_db()
    assert delivery.courier_name == ""


def test_nothing_is_carried_before_it_is_accepted(tablet, order):
    assert tablet.get(path_of(order)).status_code == 404
    assert tablet.post(path_of(order), ENZO).status_code == 409


def test_what_is_over_has_no_new_courier(tablet, order, delivery):
    type(order).objects.update(status="delivered", ended_at=timezone.now())

    answer = tablet.post(path_of(order), ENZO)

    assert answer.status_code == 409
    assert answer.json()["code"] == "delivery_ended"
    delivery.refresh_from_db()
    assert delivery.courier_name == ""


def test_another_restaurants_order_does_not_exist(api, order, delivery):
    stranger = api.sign_in(MembershipFactory.create().user)

    assert stranger.get(path_of(order)).status_code == 404
    assert stranger.post(path_of(order), ENZO).status_code == 404
    delivery.refresh_from_db()
    assert delivery.courier_name == ""


def test_a_customers_token_and_nobody_give_no_order_away(api, ana, order, delivery):
    customer = api.sign_in(ana, Scope.CUSTOMER)

    assert customer.post(path_of(order), ENZO).status_code == 403
    assert api.post(path_of(order), ENZO).status_code == 401
