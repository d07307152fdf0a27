import pytest
from django.test import Client
from django.urls import reverse

from customers.tests.factories import UserFactory
from delivery.models import Delivery
from delivery.tests.factories import KITCHEN, deliver
from orders.services import cancel_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def delivery() -> Delivery:
    return deliver(UserFactory.create())


def step(delivery: Delivery, name: str) -> str:
    return reverse("delivery:courier-step", args=[delivery.token, name])


def test_the_courier_sees_where_to_go_and_what_to_collect(
    client: Client, delivery: Delivery
) -> None:
    response = client.get(delivery.get_courier_url())

    page = response.content.decode()
    assert "2100 Mission Street" in page
    assert f"tel:{delivery.order.customer_phone}" in page
    assert "in cash" in page
    assert "openstreetmap.org/?mlat=37.7629" in page
    assert response["Referrer-Policy"] == "same-origin"


def test_an_unknown_link_is_not_found(client: Client) -> None:
    response = client.get(reverse("delivery:courier-delivery", args=["guess"]))

    assert response.status_code == 404


def test_the_courier_walks_all_steps_and_confirms_the_last(
    client: Client, delivery: Delivery
) -> None:
    client.post(step(delivery, "picked-up"))
    client.post(step(delivery, "arrived"))
    question = client.post(step(delivery, "handed-over"))
    delivery.refresh_from_db()
    before = delivery.status
    client.post(step(delivery, "handed-over"), {"confirmed": "yes"})

    delivery.refresh_from_db()
    assert question.status_code == 200
    assert (before, delivery.status) == ("arrived", "handed_over")


def test_a_link_shows_nothing_personal_after_the_order_has_ended(
    client: Client, delivery: Delivery
) -> None:
    cancel_order(order_pk=delivery.order_id, actor=KITCHEN, reason="other")

    page = client.get(delivery.get_courier_url()).content.decode()

    assert "Mission" not in page
    assert delivery.order.customer_name not in page
    assert delivery.order.customer_phone not in page


def test_a_position_is_kept_and_nonsense_is_refused(
    client: Client, delivery: Delivery
) -> None:
    url = reverse("delivery:courier-position", args=[delivery.token])

    nonsense = client.post(url, {"latitude": "nan", "longitude": "200"})
    kept = client.post(url, {"latitude": "37.76", "longitude": "-122.41"})

    delivery.refresh_from_db()
    assert (nonsense.status_code, kept.json()) == (400, {"kept": True})
    assert delivery.latitude == 37.76
