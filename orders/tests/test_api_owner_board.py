"""The board, the list and the trail of a restaurant's orders over the API."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers.tests.factories import UserFactory
from menus.tests.factories import ItemFactory, SectionFactory
from notifications.models import Channel, Event
from notifications.tests.factories import MessageFactory, NotificationFactory
from orders.models import (
    Claim,
    ClaimLine,
    LineChange,
    OrderEvent,
    OrderLine,
    OrderLineModifier,
    Review,
)
from orders.notifications import tell_claim
from orders.tests.factories import OrderFactory
from restaurants.models import BoardPresence, Membership
from restaurants.services.acting import start_acting
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def ana(db):
    return MembershipFactory.create(role=Membership.Role.STAFF).user


@pytest.fixture
def trattoria(ana):
    return ana.memberships.get().restaurant


@pytest.fixture
def tablet(api, ana):
    return api.sign_in(ana)


@pytest.fixture
def manager(api, trattoria):
    role = Membership.Role.MANAGER
    return api.sign_in(MembershipFactory.create(restaurant=trattoria, role=role).user)


def make(restaurant, status="placed", **fields):
    now = timezone.now()
    fields = {"placed_at": now, "due_at": now + 20 * MINUTE, **fields}
    return OrderFactory.create(restaurant=restaurant, status=status, **fields)


def add_line(order, quantity=2, **fields):
    section = SectionFactory.create(menu__restaurant=order.restaurant)
    return OrderLine.objects.create(
        order=order,
        item=ItemFactory.create(section=section),
        name="Family menu",
        quantity=quantity,
        unit_price=Decimal(12),
        amount=12 * quantity,
        tax_rate=0,
        **fields,
    )


def columns(tablet, **query):
    board = tablet.get("/owner/board", query).json()
    return {
        column["name"]: [order["number"] for order in column["orders"]]
        for column in board["columns"]
    }


def test_orders_stand_in_the_columns_of_the_board(tablet, trattoria):
    now = timezone.now()
    make(trattoria, number=11, answer_by=now + 9 * MINUTE)
    make(trattoria, number=12, answer_by=now + 2 * MINUTE)
    make(trattoria, "preparing", number=21)
    make(trattoria, "out_for_delivery", number=31)
    make(trattoria, "accepted", number=41, due_at=now + timedelta(hours=3))
    make(trattoria, "delivered", number=51)

    assert columns(tablet) == {
        "new": [12, 11],
        "kitchen": [21],
        "ready": [31],
        "later": [41],
    }


def test_an_order_tells_the_kitchen_all_it_needs(tablet, trattoria):
    order = make(
        trattoria,
        number=1047,
        kitchen_note="Ring twice",
        fulfilment="delivery",
        address="2100 Mission Street",
        latitude=37.76,
        longitude=-122.41,
        distance=2400,
    )
    line = add_line(order, note="no basil", allergens=["milk"])
    pizza = OrderLineModifier.objects.create(
        line=line, name="Diavola", price_difference=0
    )
    OrderLineModifier.objects.create(
        line=line, parent=pizza, name="Olives", price_difference=1
    )

    board = tablet.get("/owner/board").json()

    [shown] = board["columns"][0]["orders"]
    assert shown["short_number"] == "047"
    assert shown["customer_name"] == "Ada Diner"
    assert shown["customer_phone"] == "+14155550123"
    assert shown["address"]["text"] == "2100 Mission Street"
    assert shown["distance_meters"] == 2400
    assert shown["kitchen_note"] == "Ring twice"
    assert shown["total"] == {"amount": 1250, "currency": "USD"}
    assert shown["next_steps"] == ["accept", "reject", "change_line"]
    assert shown["opened_at"] is None
    [row] = shown["lines"]
    assert row["note"] == "no basil"
    assert row["allergens"] == ["milk"]
    assert row["item_id"] == str(line.item.public_id)
    assert row["to_make"] == [
        {"quantity": 2, "name": "Diavola", "depth": 1},
        {"quantity": 2, "name": "Olives", "depth": 2},
    ]


@pytest.mark.parametrize("is_named", [True, False])
def test_attending_the_board_says_that_somebody_is_there(tablet, trattoria, is_named):
    body = {"restaurant_id": str(trattoria.public_id)} if is_named else {}

    answer = tablet.post("/owner/board/attend", body)

    assert answer.status_code == 204
    assert BoardPresence.objects.filter(restaurant=trattoria).exists()


def test_reading_the_board_changes_nothing(tablet):
    tablet.get("/owner/board")

    assert not BoardPresence.objects.exists()


def test_nobody_attends_anothers_board(api, tablet):
    theirs = str(MembershipFactory.create().restaurant.public_id)

    assert (
        tablet.post("/owner/board/attend", {"restaurant_id": theirs}).status_code == 404
    )
    assert tablet.post("/owner/board/attend", {"restaurant_id": 7}).status_code == 400
    assert api.post("/owner/board/attend", {}).status_code == 401
    diner = api.sign_in(UserFactory.create())
    assert diner.post("/owner/board/attend", {}).status_code == 403
    assert not BoardPresence.objects.exists()


def test_an_operator_who_looks_in_is_not_somebody_there(api, trattoria):
    operator = UserFactory.create(is_staff=True, is_superuser=True)
    start_acting(operator=operator, restaurant_pk=trattoria.pk, reason="Helps")
    desk = api.sign_in(operator)

    answer = desk.post("/owner/board/attend", {})

    assert answer.status_code == 204
    [own] = desk.get("/owner/restaurants").json()["results"]
    assert own["role"] is None
    assert not BoardPresence.objects.exists()


def test_the_board_is_of_one_restaurant_or_of_all(tablet, ana, trattoria):
    other = MembershipFactory.create(user=ana).restaurant
    make(trattoria, number=1)
    make(other, number=2)

    both = columns(tablet)
    one = columns(tablet, restaurant_id=str(other.public_id))

    assert sorted(both["new"]) == [1, 2]
    assert one["new"] == [2]


def test_who_has_no_board_is_refused(api):
    assert api.sign_in(UserFactory.create()).get("/owner/board").status_code == 403


def test_the_board_tells_what_happened_without_the_kitchen(tablet, trattoria):
    now = timezone.now()
    lost = make(
        trattoria,
        "cancelled",
        ended_at=now,
        end_actor="customer",
        end_reason="changed_mind",
    )
    asked = make(trattoria, "accepted")
    line = add_line(asked)
    change = LineChange.objects.create(
        order=asked,
        line=line,
        line_name="Family menu",
        line_amount=24,
        status="accepted",
        proposed_at=now,
        answered_at=now,
        total_before=24,
        total_after=12,
    )

    board = tablet.get("/owner/board").json()

    assert [one["id"] for one in board["lost"]] == [str(lost.public_id)]
    [news] = board["answered"]
    assert news["order_id"] == str(asked.public_id)
    assert news["line_change"]["id"] == str(change.public_id)


def test_a_full_board_costs_as_many_queries_as_one_order(tablet, trattoria):
    add_line(make(trattoria))
    tablet.get("/owner/board")
    with CaptureQueriesContext(connection) as one:
        tablet.get("/owner/board")
    for status in ("accepted", "ready", "placed"):
        order = make(trattoria, status)
        line = add_line(order)
        OrderLineModifier.objects.create(line=line, name="Olives", price_difference=1)

    with CaptureQueriesContext(connection) as several:
        tablet.get("/owner/board")

    assert len(several) == len(one)


def test_reading_an_order_leaves_its_alarm_on_and_opening_it_stops_it(
    tablet, trattoria
):
    path = f"/owner/orders/{make(trattoria).public_id}"

    read = tablet.get(path)
    opened = tablet.post(f"{path}/open")

    assert read.json()["opened_at"] is None
    assert opened.status_code == 200
    assert opened.json()["opened_at"] is not None


def test_staff_read_the_orders_of_now_and_managers_those_of_the_past(
    tablet, manager, trattoria
):
    ended = timezone.now() - timedelta(hours=2)
    order = make(trattoria, "delivered", ended_at=ended)

    assert tablet.get(f"/owner/orders/{order.public_id}").status_code == 404
    answer = manager.get(f"/owner/orders/{order.public_id}")
    assert answer.status_code == 200
    assert answer.json()["next_steps"] == []
    assert answer.json()["column"] is None


def test_an_order_that_is_not_paid_is_nobodys_yet(manager, trattoria):
    order = make(trattoria, "pending_payment")

    assert manager.get(f"/owner/orders/{order.public_id}").status_code == 404
    assert manager.get("/owner/orders").json()["results"] == []


def test_orders_are_listed_newest_first_a_page_at_a_time(manager, trattoria):
    now = timezone.now()
    for number in (1, 2, 3):
        make(trattoria, number=number, placed_at=now + number * MINUTE)

    first = manager.get("/owner/orders", {"limit": 2}).json()
    last = manager.get("/owner/orders", {"limit": 2, "cursor": first["next"]}).json()

    assert [one["number"] for one in first["results"]] == [3, 2]
    assert [one["number"] for one in last["results"]] == [1]
    assert last["next"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "bruno"}, [2]),
        ({"q": "1"}, [1]),
        ({"status": "delivered"}, [2]),
        ({"fulfilment": "delivery"}, []),
        ({"is_test": "true"}, [3]),
        ({"from": "2026-11-10", "until": "2026-11-10"}, [2]),
        ({"until": "2026-11-09"}, []),
    ],
)
def test_orders_are_found_by_what_is_asked(manager, trattoria, query, found):
    make(trattoria, number=1)
    make(
        trattoria,
        "delivered",
        number=2,
        customer_name="Bruno",
        # Ten in the evening of the tenth, there.
        placed_at=datetime(2026, 11, 11, 6, tzinfo=UTC),
    )
    make(trattoria, number=3, is_test=True)

    answer = manager.get("/owner/orders", query)

    assert [one["number"] for one in answer.json()["results"]] == found


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"cursor": "x"}, "/cursor"),
        ({"limit": "0"}, "/limit"),
        ({"status": "pending_payment"}, "/status"),
        ({"from": "yesterday"}, "/from"),
        ({"q": "\0"}, "/q"),
        ({"sort": "number"}, "/sort"),
        ({"restaurant_id": "1"}, "/restaurant_id"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(manager, query, pointer):
    answer = manager.get("/owner/orders", query)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_list_costs_as_many_queries_as_one_order(manager, trattoria):
    make(trattoria)
    with CaptureQueriesContext(connection) as one:
        manager.get("/owner/orders")
    make(trattoria)
    make(trattoria, "delivered", ended_at=timezone.now())

    with CaptureQueriesContext(connection) as several:
        manager.get("/owner/orders")

    assert len(several) == len(one)


def test_staff_look_up_no_orders(tablet):
    assert tablet.get("/owner/orders").status_code == 403


def test_the_trail_names_colleagues(manager, trattoria):
    ugo = UserFactory.create(name="Ugo")
    order = make(trattoria, "accepted")
    OrderEvent.objects.create(
        order=order,
        at=timezone.now(),
        actor="restaurant",
        user=ugo,
        from_status="placed",
        to_status="accepted",
        window_after_from=order.current_from,
        window_after_until=order.current_until,
    )

    answer = manager.get(f"/owner/orders/{order.public_id}/trail")

    assert answer.status_code == 200
    [event] = answer.json()["events"]
    assert event["by"] == "Ugo"
    assert event["to_status"] == "accepted"
    assert not event["is_window_moved"]


def test_the_trail_tells_what_was_said_of_an_order_and_who_was_told(manager, trattoria):
    order = make(trattoria, "delivered", ended_at=timezone.now())
    line = add_line(order)
    claim = Claim.objects.create(
        order=order, proposed_refund=12, created_at=timezone.now()
    )
    ClaimLine.objects.create(claim=claim, line=line, quantity=1, kind="bad")
    Review.objects.create(
        order=order, restaurant=trattoria, food_rating=2, created_at=timezone.now()
    )
    tell_claim(claim)
    told = NotificationFactory.create(
        event=Event.objects.latest("pk"),
        recipient=trattoria.memberships.get(role=Membership.Role.MANAGER).user,
    )
    MessageFactory.create(notification=told, channel=Channel.IN_APP, status="accepted")

    answer = manager.get(f"/owner/orders/{order.public_id}/trail")

    assert answer.status_code == 200
    assert answer.json()["claim"]["lines"][0]["kind"] == "bad"
    assert answer.json()["review"]["food_rating"] == 2
    [shown] = answer.json()["notifications"]
    assert shown["to"].endswith("(Manager)")
    [message] = shown["messages"]
    assert message["channel"] == "in_app"
    assert message["outcome_text"] == "It is in the inbox."


def test_a_trail_is_not_for_staff(tablet, trattoria):
    order = make(trattoria)

    assert tablet.get(f"/owner/orders/{order.public_id}/trail").status_code == 404
