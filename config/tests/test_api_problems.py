"""Whatever goes wrong in the API, it is told in one way (RFC 9457)."""

import json
import logging

import pytest

from config.api_codes import list_codes
from config.request_ids import AddRequestId, begin_request
from config.views import server_error
from customers.api.throttling import PER_USER
from customers.models import Scope
from customers.tests.factories import UserFactory
from customers.throttling import count_request

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"


def test_an_unknown_address_is_a_problem_and_no_page(api):
    answer = api.get("/nothing/here")

    assert (answer.status_code, answer["Content-Type"]) == (404, PROBLEM)
    assert answer.json()["code"] == "not_found"
    assert answer.json()["request_id"] == answer["X-Request-Id"]


def test_a_body_that_is_no_json_is_a_problem(api):
    answer = api.client.post(
        "/api/v1/auth/sign-in", b'{"email": ', content_type="application/json"
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


@pytest.mark.parametrize("body", [b"[]", b"7", b'"text"', b"null"])
def test_a_body_must_be_an_object(api, body):
    answer = api.client.post(
        "/api/v1/auth/sign-in", body, content_type="application/json"
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


def test_a_body_nested_without_end_is_a_problem(api):
    deep = b'{"email":' * 7_000
    answer = api.client.post(
        "/api/v1/auth/sign-in", deep, content_type="application/json"
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


def test_a_body_of_megabytes_is_refused(api):
    answer = api.post("/auth/sign-in", {"email": "a" * 1_100_000})

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_forms_are_not_read(api):
    answer = api.client.post("/api/v1/auth/sign-in", {"email": "ada@example.com"})

    assert (answer.status_code, answer.json()["code"]) == (
        415,
        "unsupported_media_type",
    )


def test_another_method_says_which_there_are(api):
    answer = api.get("/auth/sign-in")

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "POST" in answer["Allow"]


def test_nobody_is_told_to_sign_in(api):
    answer = api.get("/me")

    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_token_without_the_scope_is_refused(api):
    app = api.sign_in(UserFactory.create(), Scope.RESTAURANT)

    answer = app.get("/me")

    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_a_token_of_who_was_shut_out_is_good_for_nothing(api):
    ada = UserFactory.create()
    app = api.sign_in(ada)
    ada.is_active = False
    ada.save()

    assert app.get("/me").status_code == 401


def test_answers_say_what_is_left_and_a_429_how_long_to_wait(api, settings):
    settings.LIMIT_ATTEMPTS = True
    ada = UserFactory.create()
    app = api.sign_in(ada)

    first, second = app.get("/me"), app.get("/me")

    assert first["RateLimit-Policy"] == '"api-user";q=600;w=60'
    left = [int(it["RateLimit"].split("r=")[1].split(";")[0]) for it in (first, second)]
    assert left[0] - left[1] == 1
    for _ in range(left[1]):
        count_request([(PER_USER, f"user {ada.pk}")])
    answer = app.get("/me")
    assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
    assert 0 < int(answer["Retry-After"]) <= 60


def test_a_line_of_the_log_names_its_request(rf):
    request_id = begin_request(rf.get("/"))
    record = logging.makeLogRecord({"msg": "Something happened."})

    AddRequestId().filter(record)

    assert record.request_mark == f" [{request_id}]"


def test_the_id_of_a_request_is_a_proxys_only_where_there_is_one(rf, settings):
    asked = rf.get("/", headers={"X-Request-Id": "from-the-proxy-7"})

    assert begin_request(asked) != "from-the-proxy-7"
    settings.PROXY_COUNT = 1
    assert begin_request(asked) == "from-the-proxy-7"


def test_every_code_is_told_in_words(client):
    page = client.get("/api/v1/problems").content.decode()

    for code, statuses, words in list_codes():
        assert f'id="{code}"' in page
        assert min(statuses) >= 400
        assert words, code


def test_what_nobody_expected_is_a_problem_for_apps_and_a_page_for_people(rf):
    answer = server_error(rf.get("/api/v1/orders"))
    page = server_error(rf.get("/orders/"))

    assert (answer.status_code, answer["Content-Type"]) == (500, PROBLEM)
    assert json.loads(answer.content)["code"] == "internal_error"
    assert (page.status_code, page["Content-Type"][:9]) == (500, "text/html")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/orders", {}),
        ("/me/favourites", {}),
        ("/me/inbox", {}),
        ("/restaurants", {"latitude": "37.76", "longitude": "-122.41"}),
    ],
)
def test_what_is_no_cursor_is_told_alike_by_every_list(api, path, query):
    app = api.sign_in(UserFactory.create())

    answer = app.get(path, {**query, "cursor": "made-up"})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")
    [fault] = answer.json()["errors"]
    assert (fault["pointer"], fault["code"]) == ("/cursor", "invalid_cursor")
    assert "made-up" not in answer.content.decode()
