"""A restaurant's people read how it stands, and switch it, over the API."""

from datetime import UTC, datetime, time

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.tests.factories import UserFactory
from menus.models import Item
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    SectionFactory,
    offer,
)
from restaurants.models import UNTIL_FURTHER_NOTICE, Membership
from restaurants.tests.factories import MembershipFactory, RestaurantFactory

pytestmark = pytest.mark.django_db
# Friday 19:00 in San Francisco.
EVENING = datetime(2026, 11, 21, 3, tzinfo=UTC)
EVENINGS = [(day, time(17), time(23)) for day in range(7)]
STAFF = Membership.Role.STAFF


@pytest.fixture(autouse=True)
def _evening():
    with time_machine.travel(EVENING, tick=False):
        yield


@pytest.fixture
def trattoria(db):
    return RestaurantFactory.create(name="Trattoria", hours=EVENINGS)


@pytest.fixture
def ana(trattoria):
    return MembershipFactory.create(restaurant=trattoria, role=STAFF).user


@pytest.fixture
def tablet(api, ana):
    return api.sign_in(ana)


@pytest.fixture
def margherita(trattoria):
    return ItemFactory.create(section__menu__restaurant=trattoria)


@pytest.fixture
def extra(margherita):
    """Return a margherita that can be had on top of something else."""
    group = ModifierGroupFactory.create(
        restaurant=margherita.restaurant, name="And with it", min_choices=0
    )
    offer(margherita, group)
    return ModifierFactory.create(
        group=group, name="A margherita", linked_item=margherita
    )


def post(tablet, restaurant, verb, body=None):
    return tablet.post(f"/owner/restaurants/{restaurant.public_id}/{verb}", body)


def test_somebody_reads_the_restaurants_they_run_by_name(tablet, ana, trattoria):
    MembershipFactory.create(user=ana, restaurant__name="Antica")
    MembershipFactory.create(restaurant__name="Of somebody else")

    answer = tablet.get("/owner/restaurants")

    assert answer.status_code == 200
    antica, shown = answer.json()["results"]
    assert antica["name"] == "Antica"
    assert antica["role"] == "owner"
    assert "money" in antica["duties"]
    assert shown["id"] == str(trattoria.public_id)
    assert shown["role"] == "staff"
    assert shown["duties"] == ["board"]
    assert shown["is_open"]
    assert shown["can_order"]
    assert shown["hours_text"] == "Open until 23:00"
    assert shown["pause"] is shown["busy"] is shown["unattended_since"] is None


def test_own_restaurants_come_a_page_at_a_time(tablet, ana, trattoria):
    MembershipFactory.create(user=ana, restaurant__name="Antica")

    first = tablet.get("/owner/restaurants", {"limit": 1}).json()
    last = tablet.get(
        "/owner/restaurants", {"limit": 1, "cursor": first["next"]}
    ).json()

    assert [one["name"] for one in first["results"]] == ["Antica"]
    assert [one["name"] for one in last["results"]] == ["Trattoria"]
    assert last["next"] is None


def test_a_cursor_of_nowhere_is_refused(tablet):
    answer = tablet.get("/owner/restaurants", {"cursor": "somewhere"})

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_cursor"
    assert answer.json()["errors"][0]["pointer"] == "/cursor"


def test_several_restaurants_cost_as_many_queries_as_one(tablet, ana):
    with CaptureQueriesContext(connection) as one:
        tablet.get("/owner/restaurants")
    for _ in range(3):
        MembershipFactory.create(user=ana)

    with CaptureQueriesContext(connection) as several:
        answer = tablet.get("/owner/restaurants")

    assert len(answer.json()["results"]) == 4
    assert len(several) == len(one)


def test_who_runs_no_restaurant_has_an_empty_list(api):
    answer = api.sign_in(UserFactory.create()).get("/owner/restaurants")

    assert answer.json() == {"results": [], "next": None}


def test_a_pause_ends_by_itself_when_the_choice_says(tablet, trattoria):
    answer = post(tablet, trattoria, "pause", {"until": "minutes_30"})

    assert answer.status_code == 200
    assert answer.json()["pause"] == {
        "reason": "owner",
        "until": "2026-11-21T03:30:00Z",
    }
    assert not answer.json()["can_order"]


def test_orders_are_taken_again(tablet, trattoria):
    post(tablet, trattoria, "pause", {"until": "tomorrow"})

    answer = post(tablet, trattoria, "resume")

    assert answer.json()["pause"] is None
    trattoria.refresh_from_db()
    assert trattoria.paused_until is None


def test_busy_promises_more_until_it_is_calm(tablet, trattoria):
    busy = post(tablet, trattoria, "busy", {"minutes": 20, "until": "service"})
    calm = post(tablet, trattoria, "calm")

    assert busy.json()["busy"] == {"minutes": 20, "until": "2026-11-21T07:00:00Z"}
    assert calm.json()["busy"] is None


@pytest.mark.parametrize(
    ("verb", "body", "pointer"),
    [
        ("pause", {}, "/until"),
        ("pause", {"until": "service"}, "/until"),
        ("pause", {"until": "hour", "why": "rain"}, "/why"),
        ("busy", {"minutes": 15, "until": "hour"}, "/minutes"),
        ("busy", {"minutes": "10", "until": "hour"}, "/minutes"),
        ("busy", {"minutes": 10}, "/until"),
    ],
)
def test_a_switch_that_is_no_choice_is_refused(tablet, trattoria, verb, body, pointer):
    answer = post(tablet, trattoria, verb, body)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer
    trattoria.refresh_from_db()
    assert trattoria.paused_until is trattoria.busy_until is None


def test_the_kitchens_menu_tells_what_is_sold_out(tablet, trattoria, margherita, extra):
    Item.objects.update(sold_out_until=UNTIL_FURTHER_NOTICE)

    answer = tablet.get(f"/owner/restaurants/{trattoria.public_id}/menu")

    assert answer.status_code == 200
    [item] = answer.json()["items"]
    assert (item["name"], item["menu_name"]) == ("Margherita", "Dinner")
    assert item["price"] == {"amount": 1250, "currency": "USD"}
    assert item["is_sold_out"]
    assert item["sold_out_until"] is None
    assert item["modifier_ids"] == [str(extra.public_id)]
    [modifier] = answer.json()["modifiers"]
    assert modifier["item_id"] == str(margherita.public_id)
    assert not modifier["is_sold_out"]


def test_the_kitchens_menu_costs_the_same_for_more_items(tablet, trattoria, extra):
    path = f"/owner/restaurants/{trattoria.public_id}/menu"
    with CaptureQueriesContext(connection) as one:
        tablet.get(path)
    for _ in range(3):
        section = SectionFactory.create(menu__restaurant=trattoria)
        ItemFactory.create(section=section)
        ModifierFactory.create(group=extra.group)

    with CaptureQueriesContext(connection) as several:
        answer = tablet.get(path)

    assert len(answer.json()["items"]) == len(answer.json()["modifiers"]) == 4
    assert len(several) == len(one)


def test_an_item_and_what_it_is_are_sold_out_and_come_back(tablet, margherita, extra):
    path = f"/owner/items/{margherita.public_id}"

    gone = tablet.post(f"{path}/sold-out", {"until": "hour"})
    extra.refresh_from_db()
    was_gone = extra.is_sold_out_at(EVENING)
    back = tablet.post(f"{path}/back")

    assert gone.json()["is_sold_out"]
    assert gone.json()["sold_out_until"] == "2026-11-21T04:00:00Z"
    assert was_gone
    assert not back.json()["is_sold_out"]
    extra.refresh_from_db()
    assert not extra.is_sold_out_at(EVENING)


def test_a_modifier_is_sold_out_and_comes_back(tablet, extra):
    path = f"/owner/modifiers/{extra.public_id}"

    gone = tablet.post(f"{path}/sold-out", {"until": "notice"})
    back = tablet.post(f"{path}/back")

    assert gone.json()["is_sold_out"]
    assert gone.json()["sold_out_until"] is None
    assert not back.json()["is_sold_out"]


def test_selling_out_needs_one_of_the_choices(tablet, margherita):
    answer = tablet.post(
        f"/owner/items/{margherita.public_id}/sold-out", {"until": "2999-01-01"}
    )

    assert answer.status_code == 400
    margherita.refresh_from_db()
    assert margherita.sold_out_until is None
