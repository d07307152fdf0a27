"""Apps sign in over the API: a pair of tokens, which is made anew again and again."""

import pytest

from customers.models import AppSession
from customers.tests.factories import UserFactory

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
