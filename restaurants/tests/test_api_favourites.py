"""Favourites over the API."""

import uuid

import pytest

from customers.models import Scope
from customers.tests.factories import UserFactory
from restaurants.models import Favourite
from restaurants.services.favourites import set_favourite
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db
MISSION = {"latitude": 37.7629, "longitude": -122.4194}


@pytest.fixture
def ada():
    return UserFactory.create()


@pytest.fixture
def trattoria():
    return RestaurantFactory.create(name="Trattoria Uno")


def path_of(restaurant):
    return f"/me/favourites/{restaurant.public_id}"


def test_a_favourite_is_kept_once_and_let_go(api, ada, trattoria):
    signed_in = api.sign_in(ada)

    for _ in range(2):
        assert signed_in.put(path_of(trattoria)).status_code == 204
    assert Favourite.objects.filter(user=ada).count() == 1

    for _ in range(2):
        assert signed_in.delete(path_of(trattoria)).status_code == 204
    assert not Favourite.objects.exists()


def test_favourites_are_listed_newest_first(api, ada):
    for name in ("First", "Second", "Third"):
        restaurant = RestaurantFactory.create(name=name)
        set_favourite(user=ada, restaurant_pk=restaurant.pk, wanted=True)
    signed_in = api.sign_in(ada)

    first = signed_in.get("/me/favourites", {"limit": 2}).json()
    rest = signed_in.get("/me/favourites", {"cursor": first["next"]}).json()

    shown = [one["name"] for one in first["results"] + rest["results"]]
    assert shown == ["Third", "Second", "First"]
    assert rest["next"] is None
    assert all(one["is_favourite"] for one in first["results"])


def test_a_place_tells_how_far_and_how_soon(api, ada, trattoria):
    set_favourite(user=ada, restaurant_pk=trattoria.pk, wanted=True)
    signed_in = api.sign_in(ada)

    [there] = signed_in.get("/me/favourites", MISSION).json()["results"]
    [nowhere] = signed_in.get("/me/favourites").json()["results"]

    assert there["distance_meters"] == 524
    assert there["arrives_in"] is not None
    assert nowhere["distance_meters"] is None
    assert nowhere["arrives_in"] is None
    assert nowhere["availability"]["can_order"]


@pytest.mark.parametrize("count", [1, 4])
def test_many_favourites_take_as_many_queries_as_one(
    api, ada, count, django_assert_num_queries
):
    for _ in range(count):
        restaurant = RestaurantFactory.create()
        set_favourite(user=ada, restaurant_pk=restaurant.pk, wanted=True)
    signed_in = api.sign_in(ada)

    # The token takes one, then the favourites and their cuisines.
    with django_assert_num_queries(3):
        answer = signed_in.get("/me/favourites")

    assert len(answer.json()["results"]) == count


def test_others_favourites_are_not_listed(api, ada, trattoria):
    set_favourite(user=ada, restaurant_pk=trattoria.pk, wanted=True)

    answer = api.sign_in(UserFactory.create()).get("/me/favourites")

    assert answer.json()["results"] == []


def test_only_live_restaurants_can_be_favourites(api, ada):
    hidden = RestaurantFactory.create(status="suspended")
    signed_in = api.sign_in(ada)

    assert signed_in.put(path_of(hidden)).status_code == 404
    assert signed_in.put(f"/me/favourites/{uuid.uuid4()}").status_code == 404
    assert not Favourite.objects.exists()


def test_nobody_has_no_favourites(api, trattoria):
    for answer in (
        api.get("/me/favourites"),
        api.put(path_of(trattoria)),
        api.delete(path_of(trattoria)),
    ):
        assert answer.status_code == 401


def test_a_token_for_the_portal_alone_is_not_enough(api, ada, trattoria):
    answer = api.sign_in(ada, Scope.RESTAURANT).put(path_of(trattoria))

    assert answer.status_code == 403
    assert not Favourite.objects.exists()


@pytest.mark.parametrize(
    ("query", "pointer"),
    [({"latitude": 1}, "/longitude"), ({"limit": "many"}, "/limit")],
)
def test_a_bad_question_says_where_it_is_wrong(api, ada, query, pointer):
    answer = api.sign_in(ada).get("/me/favourites", query)

    assert answer.status_code == 400
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


def test_a_cursor_of_nothing_is_refused(api, ada):
    answer = api.sign_in(ada).get("/me/favourites", {"cursor": "x"})

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_cursor"
