"""Whoever is signed in with apps sees which, and can end it; what ends, stays ended."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken

from customers.exceptions import TokenRefusedError, WrongSignInError
from customers.models import AppSession, KnownBrowser, Scope, User
from customers.services import (
    change_password,
    refresh_app,
    sign_in_app,
    sign_in_device,
)
from customers.services.links import part_of_link
from customers.tasks import clear_tokens
from customers.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
NEW = "a finer dinner for three"


@pytest.fixture
def ada():
    return UserFactory.create()


@pytest.fixture
def app(api, ada):
    return api.sign_in(ada)


def test_the_apps_are_listed_with_the_one_that_asks(api, ada, app):
    api.sign_in(ada, Scope.RESTAURANT)
    api.sign_in(UserFactory.create())

    results = app.get("/auth/sessions").json()["results"]

    assert [it["is_current"] for it in results] == [False, True]
    assert [it["scopes"] for it in results] == [
        ["restaurant"],
        ["customer", "restaurant"],
    ]


@pytest.mark.parametrize("count", [1, 4])
def test_listing_apps_asks_as_little_for_many(
    api, ada, app, count, django_assert_num_queries
):
    for _ in range(count - 1):
        api.sign_in(ada)

    with django_assert_num_queries(2):
        assert len(app.get("/auth/sessions").json()["results"]) == count


def test_the_pages_session_sees_the_apps_too(api, ada, app):
    api.client.force_login(ada)

    [one] = api.get("/auth/sessions").json()["results"]

    assert one["is_current"] is False


def test_a_lost_phone_is_signed_out_by_another(api, ada, app):
    lost = api.sign_in(ada)
    [one] = [
        it for it in app.get("/auth/sessions").json()["results"] if not it["is_current"]
    ]

    answer = app.delete(f"/auth/sessions/{one['id']}")

    assert answer.status_code == 204
    assert lost.get("/auth/sessions").status_code == 401
    assert app.get("/auth/sessions").status_code == 200


def test_anothers_session_does_not_exist(api, app):
    other = UserFactory.create()
    theirs = api.sign_in(other)
    [session] = other.app_sessions.all()

    answer = app.delete(f"/auth/sessions/{session.public_id}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert app.delete(f"/auth/sessions/{uuid4()}").status_code == 404
    assert theirs.get("/auth/sessions").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/auth/sessions"),
        ("DELETE", f"/auth/sessions/{UUID(int=7)}"),
        ("POST", "/auth/sign-out"),
        ("POST", "/auth/sign-out-everywhere"),
    ],
)
def test_nobody_has_no_sessions(api, method, path):
    assert api.ask(method, path, body={}).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/auth/sessions"), ("POST", "/auth/sign-out-everywhere")],
)
def test_a_restaurants_token_does_not_keep_the_account(api, ada, method, path):
    tablet = api.sign_in(ada, Scope.RESTAURANT)

    assert tablet.ask(method, path, body={}).status_code == 403


def test_signing_out_ends_this_app_only(api, ada, app):
    other = api.sign_in(ada)

    assert app.post("/auth/sign-out").status_code == 204
    assert app.get("/auth/sessions").status_code == 401
    assert other.get("/auth/sessions").status_code == 200


def test_signing_out_ends_a_session_of_the_site_as_well(api, ada):
    api.client.force_login(ada)

    assert api.post("/auth/sign-out").status_code == 204
    assert api.get("/auth/sessions").status_code == 401


def test_signing_out_everywhere_ends_apps_and_browsers(api, ada, app):
    browser = Client()
    browser.login(username=ada.email, password=PASSWORD)
    page = reverse("customers:security")
    before = browser.get(page).status_code
    KnownBrowser.objects.create(
        user=ada, digest="d", label="Firefox", last_seen_at=timezone.now()
    )

    answer = app.post("/auth/sign-out-everywhere", {"password": PASSWORD})

    assert (answer.status_code, before) == (204, 200)
    assert app.get("/auth/sessions").status_code == 401
    assert browser.get(page).status_code == 302
    assert not KnownBrowser.objects.filter(user=ada).exists()
    assert browser.login(username=ada.email, password=PASSWORD)


@pytest.mark.parametrize("body", [{}, {"password": "guess"}])
def test_signing_out_everywhere_needs_the_password(ada, app, body):
    answer = app.post("/auth/sign-out-everywhere", body)

    assert answer.status_code == 400
    [fault] = answer.json()["errors"]
    assert (fault["pointer"], fault["code"]) == ("/password", "wrong_password")
    assert app.get("/auth/sessions").status_code == 200


def test_who_has_no_password_needs_none(ada, api):
    ada.set_unusable_password()
    ada.save()
    app = api.sign_in(ada)

    assert app.post("/auth/sign-out-everywhere").status_code == 204
    assert app.get("/auth/sessions").status_code == 401


@pytest.mark.usefixtures("limits")
def test_the_password_is_not_guessed_there_without_end(app):
    for _ in range(10):
        app.post("/auth/sign-out-everywhere", {"password": "guess"})

    answer = app.post("/auth/sign-out-everywhere", {"password": PASSWORD})

    assert answer.status_code == 429


# What the site's pages and the operators do ends apps as well.


def test_the_pages_sign_out_elsewhere_ends_the_apps(client, ada, app):
    client.force_login(ada)

    client.post(reverse("customers:security"), {"password": PASSWORD})

    assert app.get("/auth/sessions").status_code == 401


def test_a_password_changed_on_the_page_ends_the_apps(client, ada, app):
    client.force_login(ada)
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}

    client.post(reverse("customers:password-change"), form)

    assert app.get("/auth/sessions").status_code == 401


def test_a_password_that_was_reset_ends_the_apps(client, ada, app):
    parts = [part_of_link(ada), default_token_generator.make_token(ada)]
    page = client.get(
        reverse("customers:password-reset-confirm", args=parts), follow=True
    )

    client.post(
        page.redirect_chain[-1][0], {"new_password1": NEW, "new_password2": NEW}
    )

    ada.refresh_from_db()
    assert ada.check_password(NEW)
    assert app.get("/auth/sessions").status_code == 401


@pytest.fixture
def operator(client):
    boss = User.objects.create_superuser(email="boss@example.com", password=PASSWORD)
    client.force_login(boss)
    return boss


def test_a_password_set_by_an_operator_ends_the_apps(client, operator, ada, app):
    url = reverse("admin:auth_user_password_change", args=[ada.pk])

    client.post(url, {"password1": NEW, "password2": NEW, "usable_password": "true"})

    ada.refresh_from_db()
    assert ada.check_password(NEW)
    assert not AppSession.objects.filter(user=ada).exists()
    assert app.get("/auth/sessions").status_code == 401


def test_a_password_changed_in_a_back_office_ends_the_apps(client, api, operator):
    app = api.sign_in(operator)
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}

    refused = client.post(
        reverse("admin:password_change"), {**form, "old_password": "guess"}
    )
    before = app.get("/auth/sessions")
    client.post(reverse("admin:password_change"), form)

    assert (refused.status_code, before.status_code) == (200, 200)
    assert app.get("/auth/sessions").status_code == 401


def test_an_account_that_an_operator_closes_has_no_apps(client, operator, ada, app):
    url = reverse("admin:customers_user_change", args=[ada.pk])
    form = client.get(url).context["adminform"].form
    sent = {name: value for name, value in form.initial.items() if value}
    sent |= {"date_joined_0": "2026-01-01", "date_joined_1": "12:00:00"}
    for kind in ("addresses", "known_browsers"):
        sent |= {f"{kind}-TOTAL_FORMS": 0, f"{kind}-INITIAL_FORMS": 0}
    sent = {k: v for k, v in sent.items() if k not in ("is_active", "last_login")}

    client.post(url, sent)

    ada.refresh_from_db()
    assert not ada.is_active
    assert not AppSession.objects.filter(user=ada).exists()


def test_operators_see_apps_and_no_tokens_and_sign_out(client, operator, ada, app):
    url = reverse("admin:customers_appsession_changelist")
    page = client.get(url).content.decode()
    session = AppSession.objects.get()

    client.post(url, {"action": "sign_out", "_selected_action": [session.pk]})

    assert ada.email in page
    assert app.get("/auth/sessions").status_code == 401
    assert client.get("/admin/oauth2_provider/accesstoken/").status_code == 404


# What happens at once.


def test_a_sign_in_that_a_changed_password_overtook_is_refused(ada):
    overtaken = User.objects.get(pk=ada.pk)
    change_password(user=ada, password=NEW)

    with pytest.raises(WrongSignInError):
        sign_in_device(user=overtaken, name="Late", device_id="", scopes=[])


def refresh(token, barrier):
    try:
        barrier.wait(5)
        return refresh_app(refresh_token=token)
    except TokenRefusedError:
        return None
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_refresh_at_once_one_is_refused_and_the_session_ends(ada):
    first = sign_in_app(user=ada, name="Ada's", scopes=[Scope.CUSTOMER])
    barrier = Barrier(2)

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(refresh, [first.refresh] * 2, [barrier] * 2))

    [won] = [tokens for tokens in found if tokens]
    assert won.access
    assert won.refresh
    # Two had the token: one of them is a thief, and nobody knows which.
    assert not AppSession.objects.exists()
    assert not AccessToken.objects.exists()
    assert not RefreshToken.objects.filter(revoked__isnull=True).exists()


@pytest.mark.django_db(transaction=True)
def test_what_a_used_token_ends_is_ended_although_an_error_is_answered(api, ada):
    first = sign_in_app(user=ada, name="Ada's", scopes=[Scope.CUSTOMER])
    second = refresh_app(refresh_token=first.refresh)

    again = api.post("/auth/refresh", {"refresh_token": first.refresh})
    thief = api.post("/auth/refresh", {"refresh_token": second.refresh})

    assert (again.status_code, thief.status_code) == (401, 401)
    assert not AppSession.objects.exists()
    assert not AccessToken.objects.exists()


def test_tokens_that_are_over_are_forgotten(ada, time_machine):
    old = sign_in_app(user=ada, name="Old", scopes=[Scope.CUSTOMER])
    time_machine.move_to(timezone.now() + timedelta(days=61))
    sign_in_app(user=ada, name="New", scopes=[Scope.CUSTOMER])

    clear_tokens()

    assert [it.name for it in AppSession.objects.all()] == ["New"]
    assert AccessToken.objects.count() == RefreshToken.objects.count() == 1
    with pytest.raises(TokenRefusedError):
        refresh_app(refresh_token=old.refresh)


def test_the_fiftieth_app_and_one_signs_the_oldest_out(ada):
    oldest = sign_in_app(user=ada, name="Oldest", scopes=[Scope.CUSTOMER])

    for _ in range(50):
        sign_in_app(user=ada, name="Later", scopes=[Scope.CUSTOMER])

    assert ada.app_sessions.count() == 50
    with pytest.raises(TokenRefusedError):
        refresh_app(refresh_token=oldest.refresh)
