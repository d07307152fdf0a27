"""What an order's answer says of its delivery."""

import pytest

from customers.tests.factories import UserFactory
from delivery.models import Delivery
from delivery.serializers import present_delivery
from delivery.services import (
    Position,
    assign_courier,
    pick_up_delivery,
    share_position,
)
from delivery.tests.factories import KITCHEN, deliver, place
from orders.models import Order
from orders.services import complete_order

pytestmark = pytest.mark.django_db
BERNAL = Position(37.7413, -122.4158)


def present(delivery: Delivery):
    return present_delivery(Order.objects.get(pk=delivery.order_id))


def test_the_customer_hears_of_the_courier_as_on_the_page():
    delivery = deliver(UserFactory.create())
    assert present(delivery) == {
        "status": "requested",
        "courier_name": None,
        "courier_phone": None,
        "position": None,
        "distance_meters": None,
    }

    delivery = assign_courier(
        delivery_pk=delivery.pk, name="Carla", phone="+14155550177"
    )
    share_position(token=delivery.token, position=BERNAL)
    before = present(delivery)
    assert (before["status"], before["courier_name"]) == ("assigned", "Carla")
    assert before["position"] is before["courier_phone"] is None

    pick_up_delivery(token=delivery.token)
    on_the_way = present(delivery)
    assert on_the_way["courier_phone"] == "+14155550177"
    assert on_the_way["position"]["latitude"] == 37.7413
    assert on_the_way["position"]["recorded_at"].endswith("Z")
    assert 2300 < on_the_way["distance_meters"] < 2500

    complete_order(order_pk=delivery.order_id, actor=KITCHEN)
    assert present(delivery) is None


def test_an_order_that_was_not_accepted_has_no_delivery():
    assert present_delivery(place(UserFactory.create())) is None
