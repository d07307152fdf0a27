"""One's own account over the API: profile, phone, data, and leaving."""

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from config.account import collect_data
from customers.models import AppSession, Scope, User
from customers.tests.factories import PASSWORD, AddressFactory, UserFactory
from notifications.models import Event
from orders.models import Order
from orders.tests.factories import OrderFactory
from restaurants.models import Membership
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return UserFactory.create(email="ada@example.com")


@pytest.fixture
def app(api, ada):
    return api.sign_in(ada)


def faults(answer):
    return [(it["pointer"], it["code"]) for it in answer.json()["errors"]]


def test_the_profile_says_who_one_is(ada, app, django_assert_num_queries):
    with django_assert_num_queries(2):
        profile = app.get("/me").json()

    assert profile["email"] == "ada@example.com"
    assert (profile["phone"], profile["phone_verified"]) == ("+14155550123", False)
    assert (profile["locale"], profile["time_zone"]) == ("en", "America/Los_Angeles")
    assert profile["is_member_of_restaurants"] is False


@pytest.mark.parametrize("none", [None, ""])
def test_a_phone_that_is_taken_away_is_null(ada, app, none):
    answer = app.patch("/me", {"phone": none})

    ada.refresh_from_db()
    assert answer.status_code == 200
    assert (answer.json()["phone"], str(ada.phone)) == (None, "")


def test_who_runs_a_restaurant_is_told_so(ada, app):
    MembershipFactory.create(user=ada, role=Membership.Role.STAFF)

    assert app.get("/me").json()["is_member_of_restaurants"] is True


def test_what_is_not_named_stays(ada, app):
    answer = app.patch("/me", {"name": "Ada Lovelace", "locale": "ar"})

    ada.refresh_from_db()
    assert answer.json()["name"] == ada.name == "Ada Lovelace"
    assert (ada.locale, str(ada.phone)) == ("ar", "+14155550123")


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"name": ""}, ("/name", "blank")),
        ({"phone": "12"}, ("/phone", "invalid")),
        ({"time_zone": "Mars/Olympus"}, ("/time_zone", "invalid_choice")),
        ({"locale": "tlh"}, ("/locale", "invalid_choice")),
        ({"email": "new@example.com"}, ("/email", "unknown_field")),
        ({"is_staff": True}, ("/is_staff", "unknown_field")),
    ],
)
def test_a_profile_has_the_rules_of_the_page(ada, app, body, found):
    answer = app.patch("/me", body)

    assert (answer.status_code, faults(answer)) == (400, [found])


def test_the_texted_code_verifies_the_phone(ada, app, settings):
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "TWILIO": {"sender": "+1"}}
    app.post("/me/phone/code")
    code = Event.objects.get(topic="phone_code").context["code"]
    wrong = f"{(int(code) + 1) % 10**6:06d}"

    refused = app.post("/me/phone/verify", {"code": wrong})
    answer = app.post("/me/phone/verify", {"code": code})

    assert (refused.status_code, refused.json()["code"]) == (422, "wrong_code")
    assert answer.json()["phone_verified"] is True
    assert app.post("/me/phone/code").status_code == 202


def test_the_data_are_those_of_the_page(ada, app):
    AddressFactory.create(user=ada)
    OrderFactory.create(customer=ada)
    browser = Client()
    browser.force_login(ada)

    data = app.get("/me/data").json()

    page = browser.get(reverse("account-data")).json()
    assert set(data) == set(collect_data(user=ada))
    assert data | {"made_at": ""} == page | {"made_at": "", "known_browsers": []}
    assert data["apps"][0]["name"] == "Test"


def test_the_data_are_not_fetched_without_end(app, settings):
    settings.LIMIT_ATTEMPTS = True
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    }
    codes = [app.get("/me/data").status_code for _ in range(11)]

    assert codes == [200] * 10 + [429]


def test_an_account_is_deleted_with_its_apps(app):
    answer = app.post("/me/delete", {"password": PASSWORD})

    assert answer.status_code == 204
    assert not User.objects.exists()
    assert not AppSession.objects.exists()
    assert app.get("/me").status_code == 401
    assert [letter.to for letter in mail.outbox] == [["ada@example.com"]]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, ("/password", "required")),
        ({"password": "guess"}, ("/password", "wrong_password")),
    ],
)
def test_an_account_is_not_deleted_without_the_password(app, body, found):
    answer = app.post("/me/delete", body)

    assert (answer.status_code, faults(answer)) == (400, [found])
    assert User.objects.exists()


def test_food_under_way_comes_first(ada, app):
    order = OrderFactory.create(customer=ada, status=Order.Status.ACCEPTED)

    answer = app.post("/me/delete", {"password": PASSWORD})

    assert (answer.status_code, answer.json()["code"]) == (409, "account_obstructed")
    assert answer.json()["state"]["order_ids"] == [str(order.public_id)]
    assert User.objects.filter(pk=ada.pk).exists()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/me"),
        ("PATCH", "/me"),
        ("GET", "/me/data"),
        ("POST", "/me/delete"),
        ("POST", "/me/phone/verify"),
    ],
)
def test_an_account_is_its_customers(api, ada, method, path):
    tablet = api.sign_in(ada, Scope.RESTAURANT)

    assert api.ask(method, path, body={}).status_code == 401
    assert tablet.ask(method, path, body={}).status_code == 403
