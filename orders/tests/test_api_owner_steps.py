"""A kitchen takes an order from step to step over the API."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from customers.tests.factories import UserFactory
from menus.tests.factories import ItemFactory, SectionFactory
from notifications.fields import present_moment
from orders.models import LineChange, Order, OrderEvent, OrderLine, PendingEnd
from orders.services.ending import finish_pending_ends
from orders.services.lifecycle import Actor, accept_order, cancel_order
from orders.tests.factories import OrderFactory
from restaurants.models import Membership
from restaurants.services.acting import start_acting
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def ana(db):
    return MembershipFactory.create(role=Membership.Role.STAFF, user__name="Ana").user


@pytest.fixture
def trattoria(ana):
    return ana.memberships.get().restaurant


@pytest.fixture
def tablet(api, ana):
    return api.sign_in(ana)


@pytest.fixture
def order(trattoria):
    return make(trattoria)


def make(restaurant, status="placed", **fields):
    now = timezone.now()
    fields = {"placed_at": now, "due_at": now + 20 * MINUTE, **fields}
    order = OrderFactory.create(restaurant=restaurant, status=status, **fields)
    OrderEvent.objects.create(
        order=order,
        at=now,
        actor="customer",
        to_status=status,
        window_after_from=order.current_from,
        window_after_until=order.current_until,
    )
    return order


def add_line(order, price=12):
    section = SectionFactory.create(menu__restaurant=order.restaurant)
    return OrderLine.objects.create(
        order=order,
        item=ItemFactory.create(section=section, name="Margherita", price=price),
        name="Margherita",
        quantity=1,
        unit_price=Decimal(price),
        amount=price,
        tax_rate=0,
    )


def post(tablet, order, verb, body=None):
    return tablet.post(f"/owner/orders/{order.public_id}/{verb}", body)


def test_an_order_goes_from_placed_to_collected(tablet, order):
    accepted = post(tablet, order, "accept", {"minutes": 25})
    started = post(tablet, order, "start")
    ready = post(tablet, order, "ready")
    collected = post(tablet, order, "complete")

    answers = [accepted, started, ready, collected]
    assert [one.status_code for one in answers] == [200] * 4
    assert [one.json()["status"] for one in answers] == [
        *("accepted", "preparing", "ready", "collected"),
    ]
    assert accepted.json()["preparation_minutes"] == 25
    assert accepted.json()["opened_at"] is not None
    assert accepted.json()["next_steps"] == [
        *("start", "ready", "cancel", "delay", "change_line"),
    ]
    assert collected.json()["payment"]["status"] == "captured"


def test_a_delivery_is_sent_out_before_it_is_delivered(tablet, trattoria):
    order = make(
        trattoria,
        "ready",
        fulfilment="delivery",
        latitude=37.76,
        longitude=-122.41,
        distance=900,
    )

    out = post(tablet, order, "send-out")
    delivered = post(tablet, order, "complete")

    assert out.json()["status"] == "out_for_delivery"
    assert out.json()["next_steps"] == ["complete", "cancel"]
    assert delivered.json()["status"] == "delivered"


def test_accepting_twice_changes_nothing(tablet, order):
    post(tablet, order, "accept", {"minutes": 25})

    again = post(tablet, order, "accept", {"minutes": 40})

    assert again.status_code == 200
    assert again.json()["preparation_minutes"] == 25
    assert OrderEvent.objects.filter(to_status="accepted").count() == 1


def test_who_comes_second_is_told_how_the_order_stands(api, tablet, order):
    ugo = MembershipFactory.create(restaurant=order.restaurant, user__name="Ugo").user
    actor = Actor(OrderEvent.Actor.RESTAURANT, ugo)
    accept_order(order_pk=order.pk, actor=actor)

    answer = post(tablet, order, "accept")

    assert answer.status_code == 409
    assert answer.json()["code"] == "already_moved"
    assert "Ugo" in answer.json()["detail"]
    assert answer.json()["state"]["status"] == "accepted"
    assert answer.json()["state"]["since"].endswith("Z")


def test_what_the_customer_cancelled_cannot_be_accepted(tablet, order):
    actor = Actor(OrderEvent.Actor.CUSTOMER, order.customer)
    cancel_order(order_pk=order.pk, actor=actor, reason="mistake")

    answer = post(tablet, order, "accept")

    assert answer.status_code == 409
    assert answer.json()["state"]["status"] == "cancelled"


def test_a_pickup_is_not_sent_out(tablet, trattoria):
    order = make(trattoria, "ready")

    answer = post(tablet, order, "send-out")

    assert answer.status_code == 409
    assert answer.json()["code"] == "illegal_transition"
    order.refresh_from_db()
    assert order.status == "ready"


@pytest.mark.parametrize("minutes", [0, 241, "20", 20.5, True, 10**400])
def test_a_preparation_time_that_is_none_is_refused(tablet, order, minutes):
    answer = post(tablet, order, "accept", {"minutes": minutes})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/minutes"
    order.refresh_from_db()
    assert (order.status, order.opened_at) == ("placed", None)


def test_a_rejection_waits_ten_seconds(tablet, order):
    answer = post(tablet, order, "reject", {"reason": "sold_out", "note": "No dough"})

    assert answer.status_code == 200
    assert answer.json()["status"] == "placed"
    assert answer.json()["next_steps"] == ["keep"]
    pending = PendingEnd.objects.get()
    assert answer.json()["pending_end"] == {
        "to_status": "rejected",
        "reason": "sold_out",
        "reason_text": "Something is sold out",
        "note": "No dough",
        "by": "Ana",
        "due_at": present_moment(pending.due_at),
    }


def test_a_rejection_is_taken_back(tablet, order):
    post(tablet, order, "reject", {"reason": "too_busy"})

    answer = post(tablet, order, "keep")

    assert answer.status_code == 200
    assert answer.json()["pending_end"] is None
    assert answer.json()["next_steps"] == ["accept", "reject", "change_line"]


def test_rejecting_twice_changes_nothing_even_once_it_is_done(tablet, order):
    wish = {"reason": "too_busy"}
    post(tablet, order, "reject", wish)

    held = post(tablet, order, "reject", wish)
    finish_pending_ends(timezone.now() + MINUTE)
    done = post(tablet, order, "reject", wish)

    assert held.status_code == done.status_code == 200
    assert done.json()["status"] == "rejected"
    assert done.json()["end_reason"] == "too_busy"


def test_it_is_too_late_to_keep_what_is_rejected(tablet, order):
    post(tablet, order, "reject", {"reason": "too_busy"})
    finish_pending_ends(timezone.now() + MINUTE)

    answer = post(tablet, order, "keep")

    assert answer.status_code == 409
    assert answer.json()["state"]["status"] == "rejected"


def test_an_accepted_order_is_cancelled(tablet, trattoria):
    order = make(trattoria, "accepted")

    answer = post(tablet, order, "cancel", {"reason": "no_show"})

    assert answer.json()["pending_end"]["to_status"] == "cancelled"
    assert PendingEnd.objects.get().user.name == "Ana"


@pytest.mark.parametrize(
    ("verb", "body", "pointer"),
    [
        ("reject", {}, "/reason"),
        ("reject", {"reason": "no_show"}, "/reason"),
        ("reject", {"reason": "changed_mind"}, "/reason"),
        ("cancel", {"reason": "other", "note": "x" * 301}, "/note"),
        ("cancel", {"reason": "other", "note": "\0"}, "/note"),
        ("delay", {"minutes": 10}, "/due_at"),
        ("delay", {"due_at": "soon"}, "/due_at"),
        ("delay", {"due_at": "2026-11-21T03:20:00Z", "minutes": 61}, "/minutes"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(tablet, order, verb, body, pointer):
    answer = post(tablet, order, verb, body)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert not PendingEnd.objects.exists()


def test_a_delay_that_comes_twice_is_one(tablet, trattoria):
    order = make(trattoria, "preparing")
    wish = {"due_at": present_moment(order.due_at)}

    first = post(tablet, order, "delay", wish)
    second = post(tablet, order, "delay", wish)

    assert first.status_code == second.status_code == 200
    assert first.json()["due_at"] == present_moment(order.due_at + 10 * MINUTE)
    assert second.json()["due_at"] == first.json()["due_at"]


def test_what_is_not_accepted_cannot_be_delayed(tablet, order):
    answer = post(tablet, order, "delay", {"due_at": present_moment(order.due_at)})

    assert answer.status_code == 409
    order.refresh_from_db()
    assert order.preparation_minutes == 20


def test_a_ticket_is_printed_once(tablet, order):
    first = post(tablet, order, "print")
    second = post(tablet, order, "print")

    assert not first.json()["is_duplicate"]
    assert first.json()["order"]["printed_at"] is not None
    assert second.json()["is_duplicate"]


def test_an_operator_steps_as_tiffin_and_ends_no_alarm(api, order):
    operator = UserFactory.create(is_staff=True, is_superuser=True)
    start_acting(operator=operator, restaurant_pk=order.restaurant_id, reason="Helps")

    answer = post(api.sign_in(operator), order, "accept")

    assert answer.status_code == 200
    assert answer.json()["opened_at"] is None
    assert OrderEvent.objects.get(to_status="accepted").actor == "platform"


@pytest.fixture
def changeable(trattoria):
    order = make(trattoria, "accepted", subtotal=Decimal(24))
    add_line(order)
    add_line(order)
    return order


def propose(tablet, order, **wish):
    order_json = tablet.get(f"/owner/orders/{order.public_id}").json()
    body = {"line_id": order_json["lines"][0]["id"], "item_id": None, **wish}
    return post(tablet, order, "line-changes", body)


def test_the_customer_is_asked_to_go_without_a_line(tablet, changeable):
    answer = propose(tablet, changeable, note="None left")

    assert answer.status_code == 201
    assert answer.json()["status"] == "proposed"
    assert answer.json()["new_name"] is None
    assert answer.json()["total_before"] == {"amount": 2400, "currency": "USD"}
    assert answer.json()["total_after"] == {"amount": 1200, "currency": "USD"}
    shown = tablet.get(f"/owner/orders/{changeable.public_id}").json()
    assert shown["line_changes"] == [answer.json()]


def test_a_replacement_is_chosen_priced_and_proposed(tablet, changeable):
    path = f"/owner/orders/{changeable.public_id}"
    line_id = tablet.get(path).json()["lines"][0]["id"]
    marinara = ItemFactory.create(
        section__menu__restaurant=changeable.restaurant, name="Marinara", price=11
    )

    offered = tablet.get(f"{path}/lines/{line_id}/replacements")
    wish = {
        "line_id": line_id,
        "item_id": str(marinara.public_id),
        "unit_price": {"amount": 1000, "currency": "USD"},
    }
    preview = tablet.post(f"{path}/line-changes/preview", wish)
    was_asked = LineChange.objects.exists()
    proposed = tablet.post(f"{path}/line-changes", wish)

    assert str(marinara.public_id) in [one["id"] for one in offered.json()["results"]]
    assert preview.status_code == 200
    assert preview.json()["total_after"] == {"amount": 2200, "currency": "USD"}
    assert not was_asked
    assert proposed.json()["new_name"] == "Marinara"
    assert proposed.json()["new_unit_price"] == {"amount": 1000, "currency": "USD"}


def test_a_question_is_taken_back_and_twice_is_once(tablet, changeable):
    change_id = propose(tablet, changeable).json()["id"]
    path = f"/owner/orders/{changeable.public_id}/line-changes/{change_id}"

    first = tablet.delete(path)
    second = tablet.delete(path)

    assert first.status_code == second.status_code == 204
    assert LineChange.objects.get().status == "withdrawn"


def test_what_is_answered_cannot_be_taken_back(tablet, changeable):
    change_id = propose(tablet, changeable).json()["id"]
    LineChange.objects.update(status="declined")

    answer = tablet.delete(
        f"/owner/orders/{changeable.public_id}/line-changes/{change_id}"
    )

    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"line_id": "1"}, "/line_id"),
        ({"line_id": "0b5c2d0e-7d3d-4b6a-94a2-6c6f2b5f6a5e"}, "/line_id"),
        ({"item_id": "0b5c2d0e-7d3d-4b6a-94a2-6c6f2b5f6a5e"}, "/item_id"),
        ({"unit_price": {"amount": 100, "currency": "EUR"}}, "/unit_price/currency"),
        ({"unit_price": {"amount": 1.5, "currency": "USD"}}, "/unit_price/amount"),
    ],
)
def test_a_change_of_what_is_not_there_is_refused(tablet, changeable, wish, pointer):
    answer = propose(tablet, changeable, **wish)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert not LineChange.objects.exists()


def test_the_price_can_be_lowered_only(tablet, changeable):
    item = changeable.lines.first().item

    answer = propose(
        tablet,
        changeable,
        item_id=str(item.public_id),
        unit_price={"amount": 10**9, "currency": "USD"},
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "price_too_high")
    assert not LineChange.objects.exists()


def test_a_line_of_what_is_ready_stays(tablet, changeable):
    Order.objects.update(status="ready")

    answer = propose(tablet, changeable)

    assert answer.status_code == 409
    assert not LineChange.objects.exists()
