"""The board through its pages: what it shows, and what a tap does."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from customers.tests.factories import UserFactory
from menus.tests.factories import ItemFactory, SectionFactory
from orders.models import (
    LineChange,
    Order,
    OrderEvent,
    OrderLine,
    OrderLineModifier,
    PendingEnd,
)
from orders.services.ending import finish_pending_ends
from orders.tests.factories import OrderFactory
from restaurants.models import BoardPresence, Membership
from restaurants.services.acting import start_acting
from restaurants.tests.factories import MembershipFactory, RestaurantFactory

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
SCRIPT = {"accept": "application/json"}


@pytest.fixture
def ana(client):
    """Return Ana, staff of a restaurant, signed in."""
    user = UserFactory.create(name="Ana")
    MembershipFactory.create(user=user, role=Membership.Role.STAFF)
    client.force_login(user)
    return user


@pytest.fixture
def trattoria(ana):
    return ana.memberships.get().restaurant


def make(restaurant, status="placed", **fields):
    now = timezone.now()
    fields = {"placed_at": now, "due_at": now + 20 * MINUTE, **fields}
    return OrderFactory.create(restaurant=restaurant, status=status, **fields)


def add_line(order, name="Family menu", quantity=2, **fields):
    section = SectionFactory.create(menu__restaurant=order.restaurant)
    return OrderLine.objects.create(
        order=order,
        item=ItemFactory.create(section=section, name=name),
        name=name,
        quantity=quantity,
        unit_price=Decimal(12),
        amount=12 * quantity,
        tax_rate=0,
        **fields,
    )


def words(response):
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split())


def cards(client):
    return client.get(reverse("owner:board-cards"))


def numbers_in(client, column):
    """Return the full numbers in a column of the board, from the top."""
    columns = cards(client).content.decode().split("<section")[1:]
    text = next(one for one in columns if column in one)
    return [int(number) for number in re.findall(r">Order (\d+)<", text)]


def post(client, name, *args, **data):
    address = reverse(f"owner:{name}", args=args)
    return client.post(address, data, headers=SCRIPT)


def test_columns_follow_the_state_and_the_most_pressing_is_first(client, trattoria):
    now = timezone.now()
    make(trattoria, number=11, answer_by=now + 9 * MINUTE)
    make(trattoria, number=12, answer_by=now + 2 * MINUTE)
    make(trattoria, "preparing", number=21, due_at=now + 15 * MINUTE)
    make(trattoria, "accepted", number=22, due_at=now - 3 * MINUTE)
    make(trattoria, "out_for_delivery", number=31)
    make(trattoria, "accepted", number=41, due_at=now + timedelta(hours=3))
    make(trattoria, "delivered", number=51)

    assert numbers_in(client, "New") == [12, 11]
    assert numbers_in(client, "In the kitchen") == [22, 21]
    assert numbers_in(client, "Ready and out") == [31]
    assert numbers_in(client, "Later today") == [41]


def test_a_card_tells_the_kitchen_all_it_needs(client, trattoria):
    trattoria.country = "US"
    trattoria.save()
    order = make(
        trattoria,
        number=1047,
        kitchen_note="Ring twice",
        fulfilment="delivery",
        latitude=37.76,
        longitude=-122.41,
        distance=2400,
    )
    line = add_line(order, note="no basil", allergens=["milk"])
    pizza = OrderLineModifier.objects.create(
        line=line, name="Diavola", price_difference=0
    )
    OrderLineModifier.objects.create(
        line=line, name="Extra cheese", price_difference=0, parent=pizza
    )

    page = cards(client)

    text = words(page)
    for said in (
        "047",
        "2 × Family menu",
        "2 × Diavola",
        "2 × Extra cheese",
        "“no basil”",
        "Note: Ring twice",
        "Ada Diner",
        "Cash $12.50",
        "1.5 mi",
    ):
        assert said in text, said
    assert "<strong>Milk</strong>" in page.content.decode()
    assert 'href="tel:+14155550123"' in page.content.decode()


def test_what_is_late_says_so_in_words(client, trattoria):
    make(trattoria, "preparing", due_at=timezone.now() - 6 * MINUTE)

    assert "6 min late" in words(cards(client))


def test_opening_a_card_ends_its_alarm_everywhere(client, trattoria):
    order = make(trattoria)
    assert "data-unopened" in cards(client).content.decode()

    post(client, "board-open", order.pk)

    assert "data-unopened" not in cards(client).content.decode()


def test_one_tap_accepts_with_the_usual_minutes_or_others(client, trattoria):
    usual, slow = make(trattoria), make(trattoria)

    post(client, "board-step", usual.pk, "accept", preparation_minutes="20")
    post(client, "board-step", slow.pk, "accept", preparation_minutes="45")

    usual.refresh_from_db()
    slow.refresh_from_db()
    assert (usual.status, usual.preparation_minutes) == ("accepted", 20)
    assert slow.due_at - slow.accepted_at == 45 * MINUTE
    assert slow.opened_at is not None


@pytest.mark.parametrize("minutes", ["0", "-5", "999", "soon"])
def test_minutes_that_cannot_be_change_nothing(client, trattoria, minutes):
    order = make(trattoria)

    answer = post(client, "board-step", order.pk, "accept", preparation_minutes=minutes)

    order.refresh_from_db()
    assert (answer.status_code, order.status) == (400, "placed")


def test_ten_more_minutes_move_what_is_in_the_kitchen(client, trattoria):
    order = make(trattoria, "preparing")

    post(client, "board-step", order.pk, "delay")

    assert Order.objects.get().due_at == order.due_at + 10 * MINUTE


def test_a_rejection_shows_who_does_it_and_can_be_undone(client, trattoria):
    order = make(trattoria)

    post(client, "board-end", order.pk, "reject", reason="closing")
    assert "Rejecting" in words(cards(client))
    assert "by Ana" in words(cards(client))

    post(client, "board-undo", order.pk)
    assert not PendingEnd.objects.exists()
    assert finish_pending_ends(now=timezone.now() + MINUTE) == 0


@pytest.mark.parametrize(
    ("reason", "offer"), [("sold_out", "Family menu"), ("too_busy", "20")]
)
def test_a_reason_leads_on_to_what_mends_it(client, trattoria, reason, offer):
    order = make(trattoria)
    add_line(order)

    panel = post(client, "board-end", order.pk, "reject", reason=reason).json()["panel"]

    assert offer in panel
    assert "/sold-out/" in panel or "/busy/" in panel


def test_an_end_without_a_reason_is_asked_for_it(client, trattoria):
    order = make(trattoria)

    answer = post(client, "board-end", order.pk, "cancel", reason="")

    assert answer.status_code == 400
    assert not PendingEnd.objects.exists()


def test_who_comes_second_reads_who_was_first_and_when(client, trattoria):
    order = make(trattoria)
    ben = Client()
    ben.force_login(
        MembershipFactory.create(restaurant=trattoria, user__name="Ben").user
    )
    post(ben, "board-step", order.pk, "accept", preparation_minutes="20")

    answer = post(client, "board-step", order.pk, "accept", preparation_minutes="30")

    assert answer.status_code == 409
    message = answer.json()["message"]
    assert re.search(r"already accepted at \d\d:\d\d by Ben", message)


def test_without_a_script_the_board_is_shown_again_with_the_answer(client, trattoria):
    order = make(trattoria)
    address = reverse("owner:board-step", args=[order.pk, "accept"])

    page = client.post(address, {"preparation_minutes": "20"}, follow=True)

    assert page.redirect_chain[-1][0] == reverse("owner:board")
    assert "Accepted" in words(page)


def test_a_ticket_is_printed_once_and_then_marked(client, trattoria):
    order = make(trattoria, "accepted", kitchen_note="Ring twice")

    first = post(client, "board-print", order.pk).json()
    again = post(client, "board-print", order.pk).json()

    assert (first["is_duplicate"], again["is_duplicate"]) == (False, True)
    assert "hidden>DUPLICATE" in first["html"]
    assert ">DUPLICATE" in again["html"]
    assert "hidden>DUPLICATE" not in again["html"]
    assert "Ring twice" in first["html"]


def test_looking_at_a_ticket_prints_nothing(client, trattoria):
    order = make(trattoria, "accepted")

    client.get(reverse("owner:board-ticket", args=[order.pk]))

    order.refresh_from_db()
    assert order.printed_at is None


def test_a_proposed_change_stands_at_its_line(client, trattoria):
    order = make(trattoria, "accepted")
    line = add_line(order)
    LineChange.objects.create(
        order=order,
        line=line,
        line_name=line.name,
        line_amount=line.amount,
        new_name="Panna cotta",
        new_unit_price=7,
        proposed_at=timezone.now(),
        total_before=12,
        total_after=10,
    )

    assert "Waiting for the customer: Panna cotta instead?" in words(cards(client))


def test_an_order_lost_to_its_customer_is_told(client, trattoria):
    now = timezone.now()
    make(
        trattoria,
        "cancelled",
        number=30,
        ended_at=now - MINUTE,
        end_actor="customer",
        end_reason="mistake",
    )

    assert "030 The customer cancelled this order." in words(cards(client))


def test_asking_for_the_cards_is_the_heartbeat(client, trattoria):
    cards(client)

    assert BoardPresence.objects.get().restaurant == trattoria


def test_an_operator_who_looks_in_is_no_heartbeat_and_acts_as_tiffin(client):
    order = make(RestaurantFactory.create())
    operator = UserFactory.create(is_staff=True, is_superuser=True)
    start_acting(restaurant_pk=order.restaurant_id, operator=operator, reason="call")
    client.force_login(operator)

    cards(client)
    post(client, "board-step", order.pk, "accept", preparation_minutes="20")

    event = order.events.get(to_status="accepted")
    assert (event.actor, event.user) == (OrderEvent.Actor.PLATFORM, operator)
    assert not BoardPresence.objects.exists()


def test_cards_that_are_as_before_are_not_sent_again(client, trattoria):
    mark = cards(client)["ETag"]
    again = client.get(reverse("owner:board-cards"), headers={"If-None-Match": mark})
    make(trattoria)
    changed = client.get(reverse("owner:board-cards"), headers={"If-None-Match": mark})

    assert (again.status_code, changed.status_code) == (304, 200)


def test_one_of_several_restaurants_is_chosen_by_the_address(client, ana, trattoria):
    other = MembershipFactory.create(user=ana).restaurant
    make(trattoria, number=1)
    make(other, number=2)
    address = reverse("owner:board-cards")

    chosen = client.get(address, {"restaurant": other.pk}).content.decode()

    assert (">Order 2<" in chosen, ">Order 1<" in chosen) == (True, False)
    anothers = RestaurantFactory.create()
    assert client.get(address, {"restaurant": anothers.pk}).status_code == 404


def test_anothers_order_is_not_there(client, ana):
    order = make(RestaurantFactory.create())

    for name, *args in (
        ("board-open", order.pk),
        ("board-step", order.pk, "accept"),
        ("board-end", order.pk, "reject"),
        ("board-undo", order.pk),
        ("board-print", order.pk),
    ):
        assert post(client, name, *args, reason="other").status_code == 404
    order.refresh_from_db()
    assert (order.status, order.opened_at, order.printed_at) == ("placed", None, None)


def test_many_orders_ask_the_database_as_often_as_few(client, trattoria):
    def ask():
        with CaptureQueriesContext(connection) as queries:
            cards(client)
        return len(queries)

    def fill(count):
        for status in ("placed", "accepted", "ready") * count:
            line = add_line(make(trattoria, status))
            OrderLineModifier.objects.create(
                line=line, name="Diavola", price_difference=0
            )

    fill(1)
    cards(client)
    few = ask()
    fill(5)

    assert ask() == few


def test_staff_see_orders_of_now_and_managers_past_ones_too(client, ana, trattoria):
    past = make(trattoria, "delivered", ended_at=timezone.now() - timedelta(days=90))
    fresh = make(trattoria, "delivered", ended_at=timezone.now() - MINUTE)

    def sees(order):
        address = reverse("owner:board-ticket", args=[order.pk])
        return client.get(address).status_code == 200

    assert (sees(past), sees(fresh)) == (False, True)
    ana.memberships.update(role=Membership.Role.MANAGER)
    assert sees(past)
