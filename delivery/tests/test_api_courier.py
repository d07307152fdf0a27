"""The courier's part of the API: whoever has the token, and nobody else."""

import pytest

from customers.tests.factories import UserFactory
from delivery.models import Delivery
from delivery.services import assign_courier, pick_up_delivery
from delivery.tests.factories import KITCHEN, deliver
from orders.models import Order
from orders.services import cancel_order, complete_order

pytestmark = pytest.mark.django_db
BERNAL = {"latitude": 37.7413, "longitude": -122.4158}


def at(delivery: Delivery, step: str = "") -> str:
    return f"/courier/deliveries/{delivery.token}{step and f'/{step}'}"


@pytest.fixture
def delivery():
    return deliver(UserFactory.create())


def test_a_courier_sees_what_to_take_where(api, delivery):
    order = delivery.order

    answer = api.get(at(delivery))

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    told = answer.json()
    assert (told["status"], told["is_over"]) == ("requested", False)
    assert told["next_steps"] == ["pick_up", "give_back"]
    assert told["order_number"] == order.number
    assert told["restaurant"]["name"] == order.restaurant_name
    assert told["short_number"] == order.short_number
    assert told["drop_off"]["address"]["text"] == order.address
    assert told["drop_off"]["customer_phone"] == order.customer_phone
    assert told["collect"] == {
        "amount": int(order.total * 100),
        "currency": order.currency,
    }
    line = order.lines.get()
    assert told["lines"] == [{"name": line.name, "quantity": line.quantity}]


def test_what_a_courier_sees_costs_as_much_whatever_the_order_holds(
    api, delivery, django_assert_num_queries
):
    with django_assert_num_queries(2):
        api.get(at(delivery))
    line = delivery.order.lines.get()
    for _again in range(3):
        line.pk = None
        line.save()

    with django_assert_num_queries(2):
        api.get(at(delivery))


def test_a_courier_carries_an_order_to_the_door(api, delivery):
    picked_up = api.post(at(delivery, "pick-up")).json()
    assert (picked_up["status"], picked_up["order_status"]) == (
        "picked_up",
        "out_for_delivery",
    )
    assert picked_up["next_steps"] == ["arrive", "hand_over"]

    arrived = api.post(at(delivery, "arrive")).json()
    assert (arrived["status"], arrived["next_steps"]) == ("arrived", ["hand_over"])

    over = api.post(at(delivery, "hand-over")).json()
    assert (over["status"], over["order_status"]) == ("handed_over", "delivered")
    assert (over["is_over"], over["next_steps"]) == (True, [])
    # What is the customer's is no longer the courier's to see.
    assert (over["drop_off"], over["collect"], over["lines"]) == (None, None, [])


def test_a_step_that_comes_twice_is_taken_once(api, delivery):
    for step in ("pick-up", "arrive", "hand-over", "hand-over", "pick-up"):
        assert api.post(at(delivery, step)).status_code == 200

    assert delivery.events.filter(to_status="picked_up").count() == 1
    assert delivery.events.filter(to_status="handed_over").count() == 1


def test_food_that_was_not_picked_up_is_not_handed_over(api, delivery):
    answer = api.post(at(delivery, "hand-over"))

    assert answer.status_code == 409
    problem = answer.json()
    assert problem["code"] == "step_not_due"
    assert problem["state"] == {"status": "requested", "order_status": "accepted"}
    assert Delivery.objects.get().status == Delivery.Status.REQUESTED


def test_a_courier_may_give_a_delivery_back_before_it_is_picked_up(api, delivery):
    assert api.post(at(delivery, "give-back")).json()["is_over"]
    assert api.post(at(delivery, "give-back")).status_code == 200

    answer = api.post(at(delivery, "pick-up"))
    assert (answer.status_code, answer.json()["code"]) == (409, "delivery_ended")


def test_food_on_the_way_is_not_given_back(api, delivery):
    pick_up_delivery(token=delivery.token)

    answer = api.post(at(delivery, "give-back"))

    assert (answer.status_code, answer.json()["code"]) == (409, "step_not_due")


def test_an_order_that_was_cancelled_is_carried_no_further(api, delivery):
    order = delivery.order
    cancel_order(
        order_pk=order.pk,
        actor=KITCHEN,
        reason="too_busy",
    )

    for step in ("pick-up", "hand-over"):
        answer = api.post(at(delivery, step))
        assert answer.status_code == 409
        assert answer.json()["state"]["order_status"] == "cancelled"
    assert Order.objects.get(pk=order.pk).status == Order.Status.CANCELLED


def test_a_courier_tells_where_they_are(api, delivery):
    answer = api.post(at(delivery, "position"), {**BERNAL, "accuracy_meters": 12})

    assert (answer.status_code, answer.content) == (204, b"")
    kept = Delivery.objects.get()
    assert (kept.latitude, kept.longitude) == (37.7413, -122.4158)

    again = api.post(at(delivery, "position"), {**BERNAL, "latitude": 37.75})
    assert again.status_code == 204
    assert Delivery.objects.get().latitude == 37.7413


def test_a_position_that_is_far_off_is_not_kept(api, delivery):
    answer = api.post(at(delivery, "position"), {**BERNAL, "accuracy_meters": 5000})

    assert answer.status_code == 204
    assert Delivery.objects.get().latitude is None


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"latitude": 91, "longitude": 0}, "/latitude"),
        ({"latitude": "37", "longitude": 0}, "/latitude"),
        ({"latitude": 10**400, "longitude": 0}, "/latitude"),
        ({"latitude": 37}, "/longitude"),
        ({**BERNAL, "accuracy_meters": -1}, "/accuracy_meters"),
        ({**BERNAL, "speed": 3}, "/speed"),
    ],
)
def test_what_is_no_position_is_refused(api, delivery, body, pointer):
    answer = api.post(at(delivery, "position"), body)

    assert answer.status_code == 400
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert Delivery.objects.get().latitude is None


def test_a_position_after_the_end_is_a_conflict(api, delivery):
    complete_order(order_pk=delivery.order_id, actor=KITCHEN)

    answer = api.post(at(delivery, "position"), BERNAL)

    assert (answer.status_code, answer.json()["code"]) == (409, "delivery_ended")


@pytest.mark.parametrize("token", ["guess", "%00", "x" * 500, "%ED%A0%80", "%F0"])
def test_without_the_token_there_is_nothing(api, delivery, token):
    for step in ("pick-up", "arrive", "hand-over", "give-back"):
        answer = api.post(f"/courier/deliveries/{token}/{step}")
        assert answer.status_code in (400, 404)
    assert api.post(f"/courier/deliveries/{token}/position", BERNAL).status_code in (
        *(400, 404),
    )
    assert api.get(f"/courier/deliveries/{token}").status_code in (400, 404)
    assert Delivery.objects.get().status == Delivery.Status.REQUESTED


def test_the_token_of_the_courier_before_is_good_for_nothing(api, delivery):
    assign_courier(delivery_pk=delivery.pk, name="Carla", phone="+14155550177")
    old = Delivery.objects.get()
    assign_courier(delivery_pk=delivery.pk, name="Dario", phone="+14155550178")

    assert api.post(at(old, "pick-up")).status_code == 404
    assert api.get(at(Delivery.objects.get())).status_code == 200


def test_a_token_may_be_used_only_so_often(api, delivery, settings):
    settings.LIMIT_ATTEMPTS = True
    answers = [api.get(at(delivery)) for _once in range(121)]

    assert {answer.status_code for answer in answers[:120]} == {200}
    assert answers[120].status_code == 429
    assert int(answers[120]["Retry-After"]) > 0
