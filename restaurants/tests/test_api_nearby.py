"""Restaurants near a place over the API: the same list as the page's."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
import time_machine

from customers.tests.factories import UserFactory
from restaurants.models import UNTIL_FURTHER_NOTICE, Restaurant
from restaurants.selectors import Sort, list_restaurants_near
from restaurants.services import refresh_search_document
from restaurants.services.favourites import set_favourite
from restaurants.tests.factories import CuisineFactory, RestaurantFactory

pytestmark = pytest.mark.django_db
# A Friday, noon in San Francisco.
NOON = datetime(2026, 11, 20, 20, tzinfo=UTC)
MISSION = {"latitude": 37.7599, "longitude": -122.4148}
# Two find the restaurants (open ones, closed ones), and one loads them.
QUERIES = 3


@pytest.fixture(autouse=True)
def _at_noon():
    with time_machine.travel(NOON, tick=False):
        yield


def near(metres, **fields):
    """Return a restaurant so far to the north of the Mission."""
    return RestaurantFactory.create(latitude=37.7599 + metres / 111_195, **fields)


def names(answer):
    return [one["name"] for one in answer.json()["results"]]


def test_a_restaurant_shows_what_its_card_shows(api):
    trattoria = near(
        500,
        name="Trattoria Uno",
        delivery_fee=Decimal("2.99"),
        minimum_order=Decimal(10),
        rating_total=92,
        rating_count=20,
    )
    trattoria.cuisines.add(CuisineFactory())

    answer = api.get("/restaurants", MISSION)

    assert answer.status_code == 200
    assert answer.json()["next"] is None
    [shown] = answer.json()["results"]
    assert shown["id"] == str(trattoria.public_id)
    assert shown["url"].endswith(f"/restaurants/{trattoria.slug}/")
    assert shown["picture_url"] is None
    assert shown["cuisines"] == [{"slug": "italian", "name": "Italian"}]
    assert shown["rating"] == {"average": 4.6, "count": 20}
    assert shown["distance_meters"] == 500
    assert shown["delivery_fee"] == {"amount": 299, "currency": "USD"}
    assert shown["minimum_order"] == {"amount": 1000, "currency": "USD"}
    assert shown["arrives_in"] == {"minutes_from": 30, "minutes_until": 45}
    assert [badge["code"] for badge in shown["badges"]] == ["top_rated"]
    assert shown["availability"] == {
        "can_order": True,
        "code": "available",
        "message": None,
        "opens_at": None,
    }


def test_closed_ones_come_last_and_say_when_they_open(api):
    near(100, name="Closed", hours=[(4, time(17), time(22))])
    near(900, name="Open")
    near(500, name="Paused", paused_until=UNTIL_FURTHER_NOTICE)

    answer = api.get("/restaurants", MISSION)

    assert names(answer) == ["Open", "Closed", "Paused"]
    _open, closed, paused = answer.json()["results"]
    assert not closed["is_open"]
    assert closed["availability"]["code"] == "restaurant_closed"
    assert closed["availability"]["message"].startswith("Opens ")
    assert closed["availability"]["opens_at"] == "2026-11-21T01:00:00Z"
    assert closed["arrives_in"] is None
    assert paused["availability"]["code"] == "restaurant_paused"
    assert paused["availability"]["opens_at"] is None


@pytest.mark.parametrize("sort", Sort.values)
def test_every_sort_and_page_is_the_pages_own(api, sort):
    for number in range(5):
        near(
            100 + 300 * number,
            preparation_minutes=60 - 10 * number,
            delivery_fee=Decimal((number * 3) % 5),
            rating_total=number * 9,
            rating_count=10,
        )

    found, cursor = [], None
    while cursor or not found:
        page = {"cursor": cursor} if cursor else {}
        answer = api.get("/restaurants", {**MISSION, "sort": sort, "limit": 2, **page})
        found += names(answer)
        cursor = answer.json()["next"]

    expected = list_restaurants_near(**MISSION, moment=NOON, sort=Sort(sort))
    assert found == [one.restaurant.name for one in expected.results]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"fulfilment": "pickup"}, {"Plain", "Kiosk"}),
        ({"cuisine": "italian"}, {"Pasta"}),
        ({"open_now": "true"}, {"Plain", "Pasta"}),
        ({"free_delivery": "true"}, {"Plain"}),
        ({"free_delivery": "true", "fulfilment": "pickup"}, {"Plain", "Kiosk"}),
        ({"min_rating": 4}, {"Pasta"}),
        ({"q": "pasta"}, {"Pasta"}),
    ],
)
def test_filters_narrow_the_list(api, query, expected):
    near(100, name="Plain")
    pasta = near(
        200,
        name="Pasta",
        delivery_fee=Decimal(2),
        rating_total=45,
        rating_count=10,
        offers_pickup=False,
    )
    pasta.cuisines.add(CuisineFactory())
    near(300, name="Kiosk", offers_delivery=False)
    near(400, name="Night", delivery_fee=Decimal(1), hours=[], offers_pickup=False)

    assert set(names(api.get("/restaurants", {**MISSION, **query}))) == expected


def test_a_misspelt_word_is_mended_and_dishes_are_named(api):
    trattoria = near(100, name="Trattoria Uno")
    refresh_search_document(restaurant_pk=trattoria.pk, dish_names=["Margherita"])

    answer = api.get("/restaurants", {**MISSION, "q": "margerita"})

    assert names(answer) == ["Trattoria Uno"]
    assert answer.json()["corrected_query"] == "margherita"
    assert answer.json()["results"][0]["dishes"] == []


def test_favourites_are_marked_for_who_is_signed_in(api):
    ada, trattoria = UserFactory.create(), near(100)
    set_favourite(user=ada, restaurant_pk=trattoria.pk, wanted=True)

    for client, expected in ((api, False), (api.sign_in(ada), True)):
        [shown] = client.get("/restaurants", MISSION).json()["results"]
        assert shown["is_favourite"] is expected


@pytest.mark.parametrize("count", [1, 6])
def test_many_restaurants_take_as_many_queries_as_one(
    api, count, django_assert_num_queries
):
    for number in range(count):
        near(100 * number).cuisines.add(CuisineFactory())

    with django_assert_num_queries(QUERIES):
        answer = api.get("/restaurants", MISSION)

    assert len(answer.json()["results"]) == count


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ({"latitude": ""}, "/latitude", "invalid"),
        ({"latitude": "91"}, "/latitude", "max_value"),
        ({"longitude": "nan"}, "/longitude", "invalid"),
        ({"min_rating": "nan"}, "/min_rating", "invalid"),
        ({"fulfilment": "drone"}, "/fulfilment", "invalid_choice"),
        ({"sort": "luck"}, "/sort", "invalid_choice"),
        ({"open_now": "perhaps"}, "/open_now", "invalid"),
        ({"limit": "0"}, "/limit", "min_value"),
        ({"q": "x" * 101}, "/q", "max_length"),
        ({"radius": "5"}, "/radius", "unknown_field"),
    ],
)
def test_a_bad_question_says_where_it_is_wrong(api, query, pointer, code):
    answer = api.get("/restaurants", {**MISSION, **query})

    assert answer.status_code == 400
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [
        (pointer, code)
    ]


def test_a_cursor_of_another_list_is_refused(api):
    for number in range(3):
        near(100 * number)
    cursor = api.get("/restaurants", {**MISSION, "limit": 1}).json()["next"]

    for query in ({"cursor": "x"}, {"cursor": cursor, "sort": "fee"}):
        answer = api.get("/restaurants", {**MISSION, **query})
        assert answer.status_code == 400
        assert answer.json()["code"] == "invalid_cursor"


def test_a_picture_has_a_whole_address(api):
    near(100, picture="restaurants/front.webp")

    [shown] = api.get("/restaurants", MISSION).json()["results"]

    assert shown["picture_url"].startswith("http")
    assert shown["picture_url"].endswith("/media/restaurants/front.webp")


def test_cuisines_around_are_listed_by_name(api, django_assert_num_queries):
    for slug, name in (("mexican", "Mexican"), ("italian", "Italian")):
        near(100).cuisines.add(CuisineFactory(slug=slug, name=name))

    with django_assert_num_queries(1):
        answer = api.get("/cuisines", MISSION)

    assert [one["slug"] for one in answer.json()["results"]] == ["italian", "mexican"]
    assert api.get("/cuisines", {"latitude": 1}).status_code == 400


def test_restaurants_that_are_not_live_are_not_listed(api):
    near(100, status=Restaurant.Status.SUSPENDED)

    assert names(api.get("/restaurants", MISSION)) == []


def test_a_new_restaurant_is_called_new(api):
    young = near(100)
    Restaurant.objects.filter(pk=young.pk).update(
        created_at=NOON - timedelta(days=1), offers_delivery=False
    )

    [shown] = api.get("/restaurants", {**MISSION, "fulfilment": "pickup"}).json()[
        "results"
    ]

    assert [one["code"] for one in shown["badges"]] == ["new", "pickup_only"]
    assert shown["delivery_fee"] is None


def test_badges_are_in_the_readers_language(api):
    near(100)

    words = []
    for language in ("en", "ar", "en"):
        answer = api.get("/restaurants", MISSION, Accept_Language=language)
        words.append(answer.json()["results"][0]["badges"][-1]["text"])

    assert words[0] == words[2] == "Free delivery"
    assert words[1] != words[0]
