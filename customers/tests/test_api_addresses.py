"""A customer's addresses over the API, by the rules of the page."""

from uuid import uuid4

import pytest

from customers.models import Address, Scope
from customers.services.addresses import MAX_ADDRESSES
from customers.tests.factories import AddressFactory, UserFactory
from customers.throttling import PLACES, count_request
from notifications.opaque import opaque_id

pytestmark = pytest.mark.django_db
BODY = {
    "label": "Work",
    "street_address": "3180 18th Street",
    "locality": "San Francisco",
    "postal_code": "94110",
    "country": "us",
    "latitude": 37.7618,
    "longitude": -122.4156,
}


@pytest.fixture
def ada():
    return UserFactory.create()


@pytest.fixture
def app(api, ada):
    return api.sign_in(ada)


def path_of(address):
    return f"/me/addresses/{opaque_id('address', address.pk)}"


def test_an_address_is_added_chosen_and_listed_first(ada, app):
    AddressFactory.create(user=ada)

    answer = app.post("/me/addresses", BODY)

    assert answer.status_code == 201
    made = answer.json()
    assert (made["country"], made["is_chosen"]) == ("US", True)
    assert (made["latitude"], made["longitude"]) == (37.7618, -122.4156)
    results = app.get("/me/addresses").json()["results"]
    assert [it["label"] for it in results] == ["Work", None]
    assert app.get(f"/me/addresses/{made['id']}").json() == made


def test_what_is_not_known_of_an_address_is_null_both_ways(app):
    unknown = {"label": None, "locality": None, "postal_code": None, "country": None}

    made = app.post("/me/addresses", {**BODY, **unknown})
    changed = app.patch(f"/me/addresses/{made.json()['id']}", {"locality": None})

    assert (made.status_code, changed.status_code) == (201, 200)
    assert {name: made.json()[name] for name in unknown} == unknown
    assert changed.json() == made.json()
    assert Address.objects.get().locality == ""


def test_an_address_may_be_kept_without_being_chosen(ada, app):
    first = AddressFactory.create(user=ada)

    assert app.post("/me/addresses", {**BODY, "choose": False}).status_code == 201

    assert Address.objects.get(is_chosen=True) == first


def test_an_address_without_coordinates_is_looked_up(app):
    body = {"street_address": "Pine", "locality": "San Francisco", "country": "US"}

    made = app.post("/me/addresses", body).json()

    assert made["latitude"] == pytest.approx(37.77, abs=0.1)
    assert made["longitude"] == pytest.approx(-122.42, abs=0.1)


@pytest.mark.parametrize("count", [1, 5])
def test_listing_addresses_asks_as_little_for_many(
    ada, app, count, django_assert_num_queries
):
    AddressFactory.create_batch(count - 1, user=ada, is_chosen=False)
    AddressFactory.create(user=ada)

    with django_assert_num_queries(2):
        assert len(app.get("/me/addresses").json()["results"]) == count


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"street_address": ""}, ("/street_address", "blank")),
        ({"latitude": 91}, ("/latitude", "max_value")),
        ({"latitude": "37"}, ("/latitude", "invalid")),
        ({"longitude": -181}, ("/longitude", "min_value")),
        ({"label": "x" * 41}, ("/label", "max_length")),
        ({"label": "a\0b"}, ("/label", "null_characters_not_allowed")),
        ({"is_chosen": True}, ("/is_chosen", "unknown_field")),
    ],
)
def test_what_is_no_address_is_refused(app, changes, found):
    answer = app.post("/me/addresses", {**BODY, **changes})

    [fault] = answer.json()["errors"]
    assert (fault["pointer"], fault["code"]) == found
    assert answer.status_code == 400
    assert not Address.objects.exists()


def test_an_address_that_nobody_finds_is_refused(app):
    body = {"street_address": "Nowhere at all", "locality": "Qqqxxz"}

    answer = app.post("/me/addresses", body)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "address_not_found"


def test_there_is_a_most_that_is_kept(ada, app):
    AddressFactory.create_batch(MAX_ADDRESSES, user=ada, is_chosen=False)

    answer = app.post("/me/addresses", BODY)

    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_addresses")


def test_what_is_not_named_stays(ada, app):
    address = AddressFactory.create(user=ada, label="Home")

    answer = app.patch(path_of(address), {"delivery_instructions": "The blue door."})

    changed = answer.json()
    assert changed["delivery_instructions"] == "The blue door."
    assert (changed["label"], changed["postal_code"]) == ("Home", "94110")
    assert (changed["latitude"], changed["longitude"]) == (37.7629, -122.4194)


def test_an_address_that_moves_to_another_town_is_looked_up_anew(ada, app):
    address = AddressFactory.create(user=ada)

    moved = app.patch(
        path_of(address), {"locality": "Berlin", "postal_code": "", "country": "DE"}
    ).json()

    assert moved["latitude"] == pytest.approx(52.5, abs=0.3)


def test_an_address_is_chosen(ada, app):
    AddressFactory.create(user=ada)
    other = AddressFactory.create(user=ada, is_chosen=False)

    answer = app.post(f"{path_of(other)}/choose")

    assert answer.json()["is_chosen"] is True
    assert Address.objects.get(is_chosen=True) == other


def test_an_address_is_forgotten(ada, app):
    address = AddressFactory.create(user=ada)

    assert app.delete(path_of(address)).status_code == 204
    assert app.delete(path_of(address)).status_code == 404
    assert not Address.objects.exists()


CALLS = [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/choose")]


@pytest.mark.parametrize(("method", "act"), CALLS)
def test_anothers_address_does_not_exist(app, method, act):
    foreign = AddressFactory.create()
    before = Address.objects.values().get()

    for path in (path_of(foreign), f"/me/addresses/{uuid4()}"):
        answer = app.ask(method, path + act, body={})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert Address.objects.values().get() == before


@pytest.mark.parametrize(("method", "act"), [*CALLS, ("GET", ".."), ("POST", "..")])
def test_addresses_are_their_customers(api, ada, method, act):
    address = AddressFactory.create(user=ada)
    path = "/me/addresses" if act == ".." else path_of(address) + act
    tablet = api.sign_in(ada, Scope.RESTAURANT)

    assert api.ask(method, path, body={}).status_code == 401
    assert tablet.ask(method, path, body={}).status_code == 403


def test_a_geocoder_that_is_down_is_no_fault_of_the_address(ada, app, settings):
    # Nothing listens on this port.
    settings.GEOCODER_URL = "http://127.0.0.1:9"
    kept = AddressFactory.create(user=ada, locality="San Francisco")
    body = {"street_address": "Pine", "locality": "San Francisco", "country": "US"}

    added = app.post("/me/addresses", body)
    moved = app.patch(path_of(kept), {"locality": "Oakland"})

    for answer in (added, moved):
        assert answer.status_code == 503
        assert answer.json()["code"] == "geocoder_unavailable"
    assert app.post("/me/addresses", BODY).status_code == 201


def test_looking_up_addresses_counts_as_looking_up_places(ada, app, settings):
    settings.LIMIT_ATTEMPTS = True
    kept = AddressFactory.create(user=ada, locality="San Francisco")
    body = {"street_address": "Pine", "locality": "San Francisco", "country": "US"}
    assert app.get("/places", {"q": "Pine"}).status_code == 200
    for _ in range(PLACES.count - 1):
        count_request([(PLACES, f"user {ada.pk}")])

    added = app.post("/me/addresses", body)
    moved = app.patch(path_of(kept), {"locality": "Oakland"})

    for answer in (added, moved):
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")
        assert int(answer["Retry-After"]) > 0
    assert app.post("/me/addresses", BODY).status_code == 201
