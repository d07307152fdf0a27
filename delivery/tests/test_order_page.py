"""What the page of an order shows of its delivery."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from customers.tests.factories import UserFactory
from delivery.services import (
    Position,
    arrive,
    assign_courier,
    pick_up_delivery,
    share_position,
)
from delivery.tests.factories import KITCHEN, deliver
from orders.models import Order
from orders.services import complete_order

pytestmark = [pytest.mark.django_db]
BERNAL = Position(37.7413, -122.4158)


def look(client: Client, order: Order) -> str:
    answer: Any = client.get(reverse("orders:order-status", args=[order.public_id]))
    text: str = answer.text
    return text


def words(page: str) -> str:
    """Return what is read on a page, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_courier_is_shown_only_on_the_way(client: Client) -> None:
    ada = UserFactory.create()
    client.force_login(ada)
    delivery = deliver(ada)
    order = delivery.order
    delivery = assign_courier(
        delivery_pk=delivery.pk, name="Carla", phone="+14155550177"
    )
    share_position(token=delivery.token, position=BERNAL)
    before = look(client, order)
    pick_up_delivery(token=delivery.token)
    on_the_way = look(client, order)
    arrive(token=delivery.token)
    arrived = look(client, order)
    complete_order(order_pk=order.pk, actor=KITCHEN)
    after = look(client, order)

    for other in (before, after):
        assert "data-position" not in other
        assert "+14155550177" not in other
    assert 'data-latitude="37.7413"' in on_the_way
    assert 'href="tel:+14155550177"' in on_the_way
    assert "Carla brings it to you. About 2.4 km away." in words(on_the_way)
    assert "The courier is at your door." in arrived


def test_a_courier_who_shares_no_position_is_on_no_map(client: Client) -> None:
    ada = UserFactory.create()
    client.force_login(ada)
    delivery = deliver(ada)
    pick_up_delivery(token=delivery.token)

    page = look(client, delivery.order)

    assert "On the way to you." in page
    assert "data-position" not in page
    assert "away" not in words(page)
