"""What changes how one signs in or is reached, over the API."""

import pytest
from django.core import mail

from customers.models import Scope
from customers.tests.factories import PASSWORD, UserFactory
from notifications.models import Event

pytestmark = pytest.mark.django_db
NEW = "a finer dinner for three"


@pytest.fixture
def ada():
    return UserFactory.create()


@pytest.fixture
def app(api, ada):
    return api.sign_in(ada)


def faults(answer):
    return [(it["pointer"], it["code"]) for it in answer.json()["errors"]]


def test_another_password_ends_all_apps_and_is_told(ada, app):
    answer = app.post(
        "/me/password", {"current_password": PASSWORD, "new_password": NEW}
    )

    ada.refresh_from_db()
    assert answer.status_code == 204
    assert ada.check_password(NEW)
    assert app.get("/me").status_code == 401
    assert Event.objects.filter(topic="password_changed").count() == 1


@pytest.mark.parametrize(
    ("current", "new", "found"),
    [
        ("guess", NEW, [("/current_password", "wrong_password")]),
        (PASSWORD, "password", [("/new_password", "password_too_common")]),
        (PASSWORD, "", [("/new_password", "blank")]),
    ],
)
def test_a_password_has_the_rules_of_the_page(ada, app, current, new, found):
    answer = app.post(
        "/me/password", {"current_password": current, "new_password": new}
    )

    ada.refresh_from_db()
    assert (answer.status_code, faults(answer)) == (400, found)
    assert ada.check_password(PASSWORD)


@pytest.mark.usefixtures("limits")
def test_the_old_password_is_not_guessed_without_end(ada, app):
    body = {"current_password": "guess", "new_password": NEW}
    for _ in range(10):
        app.post("/me/password", body)

    answer = app.post("/me/password", {**body, "current_password": PASSWORD})

    ada.refresh_from_db()
    assert answer.status_code == 429
    assert ada.check_password(PASSWORD)


def test_another_email_is_mailed_a_link_first(ada, app):
    body = {"email": "new@example.com", "password": PASSWORD}

    answer = app.post("/me/email", body)

    assert answer.status_code == 202
    assert [letter.to for letter in mail.outbox] == [["new@example.com"]]
    assert app.get("/me").json()["email"] == ada.email


def test_an_email_that_is_anothers_is_answered_alike(app):
    other = UserFactory.create()

    answer = app.post("/me/email", {"email": other.email, "password": PASSWORD})

    assert answer.status_code == 202
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"password": "guess"}, [("/password", "wrong_password")]),
        ({"password": None}, [("/password", "null")]),
        ({"email": "nobody"}, [("/email", "invalid")]),
    ],
)
def test_an_email_has_the_rules_of_the_page(app, changes, found):
    body = {"email": "new@example.com", "password": PASSWORD}

    answer = app.post("/me/email", {**body, **changes})

    assert (answer.status_code, faults(answer)) == (400, found)
    assert mail.outbox == []


def test_an_email_needs_the_password(app):
    answer = app.post("/me/email", {"email": "new@example.com"})

    assert faults(answer) == [("/password", "required")]


def test_a_code_is_texted_once_a_minute(app, settings):
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "TWILIO": {"sender": "+1"}}

    first, again = (app.post("/me/phone/code") for _ in range(2))

    assert first.status_code == 202
    assert (again.status_code, again.json()["code"]) == (422, "code_just_sent")
    assert Event.objects.filter(topic="phone_code").count() == 1


def test_without_a_phone_there_is_no_code(api, settings):
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "TWILIO": {"sender": "+1"}}
    app = api.sign_in(UserFactory.create(phone=""))

    answer = app.post("/me/phone/code")

    assert (answer.status_code, answer.json()["code"]) == (422, "no_phone")


@pytest.mark.parametrize("path", ["/me/password", "/me/email", "/me/phone/code"])
def test_an_account_is_kept_by_its_customer(api, ada, path):
    tablet = api.sign_in(ada, Scope.RESTAURANT)

    assert api.post(path).status_code == 401
    assert tablet.post(path).status_code == 403
