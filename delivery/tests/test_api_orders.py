"""An order over the API, with who brings it."""

import uuid
from decimal import Decimal

import pytest
from django.utils import timezone

from customers.models import Scope
from customers.tests.factories import UserFactory
from delivery.models import Delivery
from delivery.services import arrive, pick_up_delivery
from delivery.tests.factories import deliver, place
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    offer,
)
from orders.models import LineChange, OrderEvent
from orders.services import (
    Actor,
    accept_order,
    cancel_order,
    mark_order_ready,
    propose_line_change,
)

pytestmark = pytest.mark.django_db
KITCHEN = Actor(OrderEvent.Actor.RESTAURANT)


@pytest.fixture
def ada():
    return UserFactory.create()


@pytest.fixture
def app(api, ada):
    return api.sign_in(ada)


@pytest.fixture
def question(ada):
    """Propose a Tiramisu instead of Ada's Margherita."""
    order = place(ada)
    line = order.lines.get()
    tiramisu = ItemFactory(
        section=line.item.section, name="Tiramisu", price=Decimal("7.30")
    )
    return propose_line_change(
        order_pk=order.pk, line_pk=line.pk, item_pk=tiramisu.pk, actor=KITCHEN
    )


def answer(app, change, accepted, **further):
    path = f"/orders/{change.order.public_id}/line-changes/{change.public_id}/answer"
    return app.post(path, {"accepted": accepted, **further})


def test_an_order_tells_all_its_page_does(app, ada):
    order = accept_order(order_pk=place(ada).pk, actor=KITCHEN)

    told = app.get(f"/orders/{order.public_id}").json()

    assert told["number"] == order.number
    assert told["status"] == "accepted"
    assert told["status_text"].endswith(" is on it.")
    assert [(one["status"], one["state"]) for one in told["timeline"]] == [
        ("placed", "done"),
        ("accepted", "now"),
        ("preparing", "next"),
        ("ready", "next"),
        ("out_for_delivery", "next"),
        ("delivered", "next"),
    ]
    assert told["restaurant"]["phone"] == "+14155550100"
    assert told["lines"][0]["unit_price"] == {"amount": 1250, "currency": "USD"}
    assert told["address"]["text"].startswith("2100 Mission Street")
    assert told["restaurant"]["address"]["country"] is None
    assert told["next_steps"] == []
    assert told["delivery"]["position"] is None
    assert told["links"]["web"].endswith(f"/orders/{order.public_id}/")


def test_the_courier_is_told_of_once_they_have_the_food(app, ada):
    delivery = deliver(ada)
    mark_order_ready(order_pk=delivery.order_id, actor=KITCHEN)
    Delivery.objects.update(courier_name="Ben", courier_phone="+14155550177")
    path = f"/orders/{delivery.order.public_id}"

    before = app.get(path).json()["delivery"]
    pick_up_delivery(token=delivery.token)
    Delivery.objects.update(
        latitude=37.76, longitude=-122.41, position_at=timezone.now()
    )
    after = app.get(path).json()

    assert (before["courier_name"], before["courier_phone"]) == ("Ben", None)
    assert after["status_text"] == "On the way to you."
    assert after["delivery"]["courier_phone"] == "+14155550177"
    assert after["delivery"]["position"]["latitude"] == 37.76
    assert 500 < after["delivery"]["distance_meters"] < 1500
    arrive(token=delivery.token)
    assert app.get(path).json()["status_text"] == "The courier is at your door."


def test_an_order_of_another_is_not_found(api, ada):
    order = place(ada)
    path = f"/orders/{order.public_id}"

    assert api.sign_in(UserFactory.create()).get(path).status_code == 404
    assert api.sign_in(ada, Scope.RESTAURANT).get(path).status_code == 403
    assert api.get(path).status_code == 401
    assert api.sign_in(ada).get(f"/orders/{uuid.uuid4()}").status_code == 404


@pytest.mark.parametrize("count", [1, 4])
def test_an_order_takes_the_same_queries_however_long(
    app, ada, count, django_assert_num_queries
):
    item = ItemFactory.create()
    group = ModifierGroupFactory(restaurant=item.restaurant, min_choices=0)
    offer(item, group)
    ModifierFactory(group=group)
    order = place(ada, item)
    for _ in range(count - 1):
        line = order.lines.get(pk=order.lines.first().pk)
        line.pk = None
        line.save()
    path = f"/orders/{order.public_id}"
    app.get(path)

    # The token, the order, its lines, modifiers, events, line changes, the delivery.
    with django_assert_num_queries(3):
        told = app.get(path).json()

    assert len(told["lines"]) == count


def test_a_proposed_change_is_accepted(app, question):
    told = app.get(f"/orders/{question.order.public_id}").json()["line_changes"][0]

    accepted = answer(app, question, True, expected_total=told["total_after"])
    again = answer(app, question, True)

    assert (told["line_name"], told["new_name"]) == ("Margherita", "Tiramisu")
    assert accepted.status_code == again.status_code == 200
    order = accepted.json()
    assert order["total"] == told["total_after"] == {"amount": 730, "currency": "USD"}
    assert order["lines"][0]["name"] == "Tiramisu"
    assert order["line_changes"][0]["status"] == "accepted"


def test_a_change_answered_otherwise_before_says_how_it_is(app, question):
    answer(app, question, False)

    late = answer(app, question, True)

    assert late.status_code == 409
    assert late.json()["code"] == "already_moved"
    assert late.json()["state"]["status"] == "placed"
    assert late.json()["state"]["line_change_status"] == "declined"


def test_a_total_other_than_shown_is_asked_about(app, question):
    shown = {"amount": 700, "currency": "USD"}

    refused = answer(app, question, True, expected_total=shown)

    assert refused.status_code == 409
    assert refused.json()["code"] == "price_changed"
    assert LineChange.objects.get().status == LineChange.Status.PROPOSED


def test_a_change_of_another_order_is_not_found(app, api, ada, question):
    other = place(ada)
    path = f"/orders/{other.public_id}/line-changes/{question.public_id}/answer"
    stranger = api.sign_in(UserFactory.create())

    assert app.post(path, {"accepted": True}).status_code == 404
    assert answer(stranger, question, True).status_code == 404
    assert answer(api, question, True).status_code == 401
    assert answer(app, question, "yes").status_code == 400


def test_nobody_brings_what_was_cancelled(app, ada):
    order = place(ada)
    cancel_order(
        order_pk=order.pk,
        actor=Actor(OrderEvent.Actor.CUSTOMER, ada),
        reason="mistake",
    )

    told = app.get(f"/orders/{order.public_id}").json()

    assert told["delivery"] is None
    said = "You cancelled this order: it was ordered by mistake."
    assert told["ending"]["text"] == told["status_text"] == said
