"""One restaurant over the API, and what customers wrote about it."""

import uuid
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
import time_machine

from customers.places import SESSION_KEY as PLACE_KEY
from customers.tests.factories import UserFactory
from notifications.fields import present_moment, present_money
from orders.services import write_review
from orders.tests.factories import MISSION, OrderFactory
from restaurants.models import SpecialHours
from restaurants.services.favourites import set_favourite
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db
# A Friday, noon in San Francisco.
NOON = datetime(2026, 11, 20, 20, tzinfo=UTC)
NEAR = {"latitude": 37.7629, "longitude": -122.4194}
FAR = {"latitude": 38.5, "longitude": -122.4194}


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def trattoria():
    return RestaurantFactory.create(
        name="Trattoria Uno",
        hours=[(4, time(11), time(22)), (5, time(17), time(1))],
        delivery_fee=Decimal("2.50"),
        fee_step_metres=[3000.0],
        fee_step_fees=[Decimal(4)],
        tax_rate=Decimal("8.625"),
    )


def path_of(restaurant):
    return f"/restaurants/{restaurant.public_id}"


def review(restaurant, stars=4):
    done = OrderFactory.create(restaurant=restaurant, status="delivered")
    return write_review(
        order_pk=done.pk, customer=done.customer, food_rating=stars, text="Crisp."
    )


def test_a_restaurant_tells_what_its_page_tells(api, trattoria):
    SpecialHours.objects.create(
        restaurant=trattoria, date=date(2026, 11, 26), note="Thanksgiving"
    )

    answer = api.get(path_of(trattoria), NEAR)

    assert answer.status_code == 200
    shown = answer.json()
    assert shown["name"] == "Trattoria Uno"
    assert shown["phone"] == "+14155550100"
    assert shown["time_zone"] == "America/Los_Angeles"
    assert shown["tax_rate_percent"] == "8.625"
    assert shown["opening_hours"] == [
        {"weekday": "friday", "opens_at": "11:00", "closes_at": "22:00"},
        {"weekday": "saturday", "opens_at": "17:00", "closes_at": "01:00"},
    ]
    assert shown["special_hours"] == [
        {
            "date": "2026-11-26",
            "opens_at": None,
            "closes_at": None,
            "note": "Thanksgiving",
        }
    ]
    assert shown["open_until"] == "2026-11-21T06:00:00Z"
    assert shown["availability"]["can_order"]
    assert shown["delivery_fee"] == {"amount": 250, "currency": "USD"}
    assert shown["delivery_terms"]["is_in_range"]
    assert [
        (step["until_meters"], step["fee"]["amount"], step["is_here"])
        for step in shown["delivery_terms"]["fee_steps"]
    ] == [(3000, 250, True), (16093, 400, False)]
    assert shown["rating_summary"]["count"] == 0


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "place_unknown"),
        (FAR, "out_of_range"),
        ({"fulfilment": "pickup"}, "available"),
        ({**FAR, "fulfilment": "pickup"}, "available"),
    ],
)
def test_it_says_why_nothing_can_be_ordered(api, trattoria, query, code):
    shown = api.get(path_of(trattoria), query).json()

    assert shown["availability"]["code"] == code
    assert (shown["arrives_in"] is None) is (code != "available")


def test_a_closed_one_says_when_it_opens(api, trattoria, at_noon):
    at_noon.move_to(NOON + timedelta(hours=11))

    shown = api.get(path_of(trattoria), NEAR).json()

    assert not shown["is_open"]
    assert shown["availability"]["code"] == "restaurant_closed"
    assert shown["availability"]["opens_at"] == "2026-11-22T01:00:00Z"
    assert shown["open_until"] is None


def test_who_only_offers_pickup_is_asked_about_pickup(api):
    kiosk = RestaurantFactory.create(offers_delivery=False)

    shown = api.get(path_of(kiosk)).json()

    assert shown["fulfilment"] == "pickup"
    assert shown["delivery_terms"] is None
    assert shown["delivery_fee"] is None
    assert shown["availability"]["can_order"]


def test_ratings_are_summed_up(api, trattoria):
    for stars in (5, 4, 4):
        review(trattoria, stars)

    shown = api.get(path_of(trattoria)).json()

    assert shown["rating"] == {"average": 4.3, "count": 3}
    assert shown["rating_summary"]["food_average"] == 4.3
    assert shown["rating_summary"]["delivery_average"] is None
    assert [one["count"] for one in shown["rating_summary"]["stars"]] == [1, 2, 0, 0, 0]


def test_a_favourite_is_marked(api, trattoria):
    ada = UserFactory.create()
    set_favourite(user=ada, restaurant_pk=trattoria.pk, wanted=True)

    assert api.sign_in(ada).get(path_of(trattoria)).json()["is_favourite"]
    assert not api.get(path_of(trattoria)).json()["is_favourite"]


def test_half_a_place_is_refused(api, trattoria):
    answer = api.get(path_of(trattoria), {"longitude": 1})

    assert answer.status_code == 400
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/latitude"]


def test_what_is_not_live_does_not_exist(api):
    hidden = RestaurantFactory.create(status="suspended")

    for public_id in (hidden.public_id, uuid.uuid4()):
        for part in ("", "/reviews"):
            answer = api.get(f"/restaurants/{public_id}{part}")
            assert answer.status_code == 404


def test_it_takes_a_few_queries_however_much_is_told(
    api, trattoria, django_assert_num_queries
):
    review(trattoria)

    # The restaurant, its cuisines, hours and special hours, and its ratings.
    with django_assert_num_queries(5):
        api.get(path_of(trattoria), NEAR)


def test_reviews_come_newest_first(api, trattoria, at_noon):
    for minutes, stars in enumerate((3, 4, 5)):
        at_noon.move_to(NOON + timedelta(minutes=minutes))
        review(trattoria, stars)
    review(RestaurantFactory.create(), 1)

    first = api.get(f"{path_of(trattoria)}/reviews", {"limit": 2}).json()
    rest = api.get(f"{path_of(trattoria)}/reviews", {"cursor": first["next"]}).json()

    shown = first["results"] + rest["results"]
    assert [one["food_rating"] for one in shown] == [5, 4, 3]
    assert len({one["id"] for one in shown}) == 3
    assert rest["next"] is None


@pytest.mark.parametrize("count", [1, 4])
def test_many_reviews_take_as_many_queries_as_one(
    api, trattoria, count, django_assert_num_queries
):
    for _ in range(count):
        review(trattoria)

    with django_assert_num_queries(2):
        answer = api.get(f"{path_of(trattoria)}/reviews")

    assert len(answer.json()["results"]) == count


def test_a_cursor_of_nothing_is_refused(api, trattoria):
    answer = api.get(f"{path_of(trattoria)}/reviews", {"cursor": "x"})

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_cursor"


@pytest.mark.parametrize("place", [MISSION, None])
@pytest.mark.parametrize("hours", [0, 11])
def test_the_page_says_the_same(api, client, trattoria, at_noon, place, hours):
    at_noon.move_to(NOON + timedelta(hours=hours))
    query = {}
    if place is not None:
        session = client.session
        session[PLACE_KEY] = asdict(place)
        session.save()
        query = {"latitude": place.latitude, "longitude": place.longitude}

    page = client.get(trattoria.get_absolute_url()).context
    shown = api.get(path_of(trattoria), query).json()

    answer = page["answer"]
    assert shown["availability"]["can_order"] is answer.can_order
    assert shown["availability"]["code"] == answer.code or answer.can_order
    assert shown["availability"]["opens_at"] == present_moment(answer.next_opening)
    assert shown["open_until"] == present_moment(page["open_until"])
    assert shown["is_open"] is page["is_open"]
    assert shown["delivery_fee"] == present_money(page["delivery_fee"], "USD")
    if answer.can_order:
        arrives = shown["arrives_in"]
        assert (arrives["minutes_from"], arrives["minutes_until"]) == page["minutes"]
