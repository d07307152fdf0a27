import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.test import RequestFactory

from customers.models import User
from customers.places import (
    SESSION_KEY,
    ChosenPlace,
    choose_place,
    forget_place,
    get_chosen_place,
)
from customers.tests.factories import AddressFactory, UserFactory

pytestmark = pytest.mark.django_db

BERLIN = ChosenPlace(label="Berlin", latitude=52.5, longitude=13.4)


def make_request(user: User | None = None) -> HttpRequest:
    request = RequestFactory().get("/")
    request.session = SessionStore()
    request.user = user or AnonymousUser()
    return request


def test_nobody_has_a_place_at_first() -> None:
    assert get_chosen_place(make_request()) is None
    assert get_chosen_place(make_request(UserFactory.create())) is None


def test_the_chosen_address_is_the_place() -> None:
    address = AddressFactory.create(delivery_instructions="Ring twice.")

    place = get_chosen_place(make_request(address.user))

    assert place == ChosenPlace(
        label="2100 Mission Street, San Francisco, 94110",
        latitude=37.7629,
        longitude=-122.4194,
        street_address="2100 Mission Street",
        locality="San Francisco",
        postal_code="94110",
        country="US",
        delivery_instructions="Ring twice.",
        address_pk=address.pk,
    )


def test_the_place_of_the_visit_comes_before_the_chosen_address() -> None:
    address = AddressFactory.create()
    request = make_request(address.user)

    choose_place(request, BERLIN)
    during = get_chosen_place(request)
    forget_place(request)
    after = get_chosen_place(request)

    assert during == BERLIN
    assert after is not None
    assert after.address_pk == address.pk


def test_a_place_from_another_release_is_forgotten() -> None:
    request = make_request()
    request.session[SESSION_KEY] = {"city": "Berlin"}

    assert get_chosen_place(request) is None
    assert SESSION_KEY not in request.session
