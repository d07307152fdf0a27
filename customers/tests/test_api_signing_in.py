"""Apps sign in over the API: a pair of tokens, which is made anew again and again."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from customers.models import AppSession, KnownBrowser, User
from customers.tests.factories import UserFactory
from notifications.models import Event

pytestmark = pytest.mark.django_db
PASSWORD = "a fine dinner for two"


@pytest.fixture
def ada():
    return UserFactory.create(email="ada@example.com", password=PASSWORD)


def sign_in(api, **changes):
    body = {"email": "ada@example.com", "password": PASSWORD, "device_name": "Ada's"}
    return api.post("/auth/sign-in", {**body, **changes})


def bearer(api, answer):
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def test_an_app_signs_in_and_gets_a_pair_of_tokens(api, ada):
    answer = sign_in(api)

    assert answer.status_code == 200
    assert answer.json()["expires_in"] == 900
    assert answer.json()["scopes"] == ["customer", "restaurant"]
    assert [it.name for it in AppSession.objects.filter(user=ada)] == ["Ada's"]


def test_a_wrong_password_is_a_problem_with_a_code(api, ada):
    answer = sign_in(api, password="guess")

    assert answer.status_code == 401
    problem = answer.json()
    assert problem["code"] == "wrong_sign_in"
    assert problem["request_id"] == answer["X-Request-Id"]
    assert problem["type"].endswith("/api/v1/problems#wrong_sign_in")


def test_an_unknown_field_is_refused_with_its_place(api, ada):
    answer = sign_in(api, remember=True)

    assert answer.status_code == 400
    assert answer.json()["code"] == "unknown_field"
    assert answer.json()["errors"][0]["pointer"] == "/remember"


def test_a_refresh_token_gives_a_new_pair_and_is_used_up(api, ada):
    first = sign_in(api).json()

    second = api.post("/auth/refresh", {"refresh_token": first["refresh_token"]})

    assert second.status_code == 200
    assert second.json()["access_token"] != first["access_token"]
    assert second.json()["refresh_token"] != first["refresh_token"]


def test_a_refresh_token_that_comes_twice_ends_its_session(api, ada):
    first = sign_in(api).json()
    second = api.post("/auth/refresh", {"refresh_token": first["refresh_token"]}).json()

    again = api.post("/auth/refresh", {"refresh_token": first["refresh_token"]})
    thief = api.post("/auth/refresh", {"refresh_token": second["refresh_token"]})

    assert again.status_code == thief.status_code == 401
    assert again.json()["code"] == thief.json()["code"] == "token_refused"


def test_tokens_are_kept_as_digests_only(api, ada):
    from oauth2_provider.models import AccessToken, RefreshToken  # noqa: PLC0415

    answer = sign_in(api).json()

    kept = [*AccessToken.objects.values_list("token", flat=True)]
    kept += RefreshToken.objects.values_list("token", flat=True)
    assert answer["access_token"] not in kept
    assert answer["refresh_token"] not in kept


SIGN_UP = {
    "email": "grace@example.com",
    "password": PASSWORD,
    "name": "Grace Guest",
    "device_name": "Grace's",
}
PHONE_ID = "6a1b4c5e-8f0d-4e7a-b1c2-9d3e5f7a8b90"


def told(user):
    return Event.objects.filter(
        topic="new_sign_in", chunks__recipient_ids=[user.pk]
    ).count()


def test_the_answer_says_who_signed_in(api, ada):
    user = sign_in(api).json()["user"]

    assert (user["email"], user["name"]) == ("ada@example.com", ada.name)


def test_an_app_may_ask_for_less(api, ada):
    answer = sign_in(api, scopes=["restaurant"])
    refreshed = api.post(
        "/auth/refresh", {"refresh_token": answer.json()["refresh_token"]}
    )

    assert answer.json()["scopes"] == refreshed.json()["scopes"] == ["restaurant"]
    assert api.get("/me", **bearer(api, refreshed)).status_code == 403
    assert api.post("/auth/sign-out", **bearer(api, refreshed)).status_code == 204


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["everything"]}, "/scopes/0"),
        ({"device_id": "short"}, "/device_id"),
        ({"device_name": ""}, "/device_name"),
        ({"password": 7}, "/password"),
        ({"email": "a\0b"}, "/email"),
    ],
)
def test_what_is_malformed_is_refused_where_it_is(api, ada, changes, pointer):
    answer = sign_in(api, **changes)

    assert answer.status_code == 400
    assert [it["pointer"] for it in answer.json()["errors"]] == [pointer]


def test_a_new_device_is_told_to_its_owner_and_a_known_one_is_not(api, ada):
    User.objects.update(date_joined=timezone.now() - timedelta(days=9))

    for _ in range(2):
        sign_in(api, device_id=PHONE_ID)

    assert told(ada) == 1
    assert KnownBrowser.objects.get(user=ada).label == "Ada's"


def test_who_names_no_device_is_told_each_time(api, ada):
    User.objects.update(date_joined=timezone.now() - timedelta(days=9))

    for _ in range(2):
        sign_in(api)

    assert told(ada) == 2


@pytest.mark.usefixtures("limits")
def test_guessing_ends_and_keeps_no_known_device_out(api, ada):
    sign_in(api, device_id=PHONE_ID)
    for _ in range(10):
        sign_in(api, password="guess")

    stranger, owner = sign_in(api), sign_in(api, device_id=PHONE_ID)

    assert (stranger.status_code, owner.status_code) == (429, 200)
    assert stranger.json()["code"] == "too_many_attempts"
    assert int(stranger["Retry-After"]) > 0


def test_a_closed_account_neither_signs_in_nor_goes_on(api, ada):
    tokens = sign_in(api)
    User.objects.update(is_active=False)

    refresh = {"refresh_token": tokens.json()["refresh_token"]}
    assert api.get("/me", **bearer(api, tokens)).status_code == 401
    assert api.post("/auth/refresh", refresh).status_code == 401
    assert sign_in(api).status_code == 401


def test_somebody_signs_up_and_is_signed_in(api):
    answer = api.post(
        "/auth/sign-up",
        {**SIGN_UP, "phone": "(415) 555-0123", "time_zone": "America/New_York"},
        Accept_Language="ar",
    )

    assert answer.status_code == 201, answer.json()
    grace = User.objects.get()
    assert (grace.email, str(grace.phone)) == ("grace@example.com", "+14155550123")
    assert (grace.time_zone, grace.locale) == ("America/New_York", "ar")
    assert api.get("/me", **bearer(api, answer)).json()["name"] == "Grace Guest"
    assert told(grace) == 0


def test_an_email_that_has_an_account_is_a_conflict(api, ada):
    answer = api.post("/auth/sign-up", {**SIGN_UP, "email": "ADA@example.com"})

    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"password": "password"}, "/password", "password_too_common"),
        ({"email": "nobody"}, "/email", "invalid"),
        ({"phone": "12"}, "/phone", "invalid"),
        ({"name": ""}, "/name", "blank"),
    ],
)
def test_signing_up_has_the_rules_of_the_page(api, changes, pointer, code):
    answer = api.post("/auth/sign-up", {**SIGN_UP, **changes})

    assert answer.status_code == 400
    faults = [(it["pointer"], it["code"]) for it in answer.json()["errors"]]
    assert faults == [(pointer, code)]
    assert not User.objects.exists()


@pytest.mark.usefixtures("limits")
def test_one_place_may_not_sign_up_without_end(api):
    api.client.defaults["REMOTE_ADDR"] = "8.8.8.8"
    for _ in range(20):
        api.post("/auth/sign-up", {**SIGN_UP, "email": "nobody"})

    answer = api.post("/auth/sign-up", SIGN_UP)

    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")


def link_mailed_to(api, email):
    api.post("/auth/link", {"email": email})
    found = re.search(r"/sign-in/link/([^/]+)/([^/]+)/", str(mail.outbox[-1].body))
    assert found is not None
    return {"uid": found[1], "token": found[2], "device_name": "Ada's"}


def test_a_link_that_was_mailed_signs_in_once(api, ada):
    link = link_mailed_to(api, "ada@example.com")

    first, again = (api.post("/auth/link/use", link) for _ in range(2))

    assert api.get("/me", **bearer(api, first)).json()["email"] == "ada@example.com"
    assert (again.status_code, again.json()["code"]) == (422, "link_expired")


def test_signing_in_spends_the_links_mailed_before(api, ada):
    link = link_mailed_to(api, "ada@example.com")
    sign_in(api)

    assert api.post("/auth/link/use", link).status_code == 422


@pytest.mark.parametrize(
    ("uid", "token"), [("MQ", "x"), ("é", "é-é"), ("////", "-"), ("OTk5OTk5", "a-b")]
)
def test_a_link_that_is_none_signs_nobody_in(api, ada, uid, token):
    link = {"uid": uid, "token": token, "device_name": "Ada's"}

    assert api.post("/auth/link/use", link).status_code == 422


@pytest.mark.parametrize("path", ["/auth/link", "/auth/password-reset"])
def test_nobody_learns_who_has_an_account(api, ada, path):
    known = api.post(path, {"email": "ada@example.com"})
    unknown = api.post(path, {"email": "nobody@example.com"})

    assert known.status_code == unknown.status_code == 202
    assert known.content == unknown.content == b""
    assert [letter.to for letter in mail.outbox] == [["ada@example.com"]]
    assert api.post(path, {"email": "nobody"}).status_code == 400


@pytest.mark.usefixtures("limits")
def test_links_are_not_mailed_without_end(api, ada):
    for _ in range(5):
        api.post("/auth/link", {"email": "ada@example.com"})

    answer = api.post("/auth/link", {"email": "ada@example.com"})

    assert (answer.status_code, len(mail.outbox)) == (429, 5)
