"""What a stranger sends costs little, is answered with little, and is never a 500."""

import json
import threading
import time
from decimal import Decimal

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from config.api_errors import MOST_FAULTS, answer
from config.api_parsing import LARGEST_BODY
from config.wsgi import application
from customers.tests.factories import UserFactory
from delivery.tests.factories import place
from notifications.fields import Listed, Number, Strict, minor_units
from orders.pricing import round_amount

pytestmark = pytest.mark.django_db
SIGN_IN = {"email": "ada@example.com", "password": "no", "device_name": "Phone"}
HALF = "\ud800"


def faults(answer) -> list[tuple[str, str]]:
    assert answer.status_code == 400, answer.content[:200]
    return [(one["pointer"], one["code"]) for one in answer.json()["errors"]]


def test_a_body_is_no_larger_than_any_app_needs(api):
    large = api.post("/auth/sign-in", {**SIGN_IN, "email": "a" * LARGEST_BODY})

    assert (large.status_code, large.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("said", ["7", "none", "-1", ""])
def test_what_a_header_says_of_the_length_is_not_believed(api, said):
    body = json.dumps({**SIGN_IN, "email": "a" * LARGEST_BODY})

    answer = api.client.post(
        "/api/v1/auth/sign-in",
        body,
        content_type="application/json",
        headers={"Content-Length": said},
    )

    assert answer.status_code == 400


def test_a_list_is_measured_before_it_is_read(api):
    answer = api.post("/auth/sign-in", {**SIGN_IN, "scopes": [1] * 20_000})

    assert faults(answer) == [("/scopes", "max_length")]


def test_of_a_list_the_first_faults_are_told(api):
    app = api.sign_in(UserFactory.create())
    cart = {
        "restaurant_id": "6f1c1f0e-7c58-4f6e-9f5a-2c1e8f0c7d11",
        "lines": [{}] * 100,
    }

    told = faults(app.put("/cart", cart))

    assert {pointer.split("/")[2] for pointer, _ in told if "lines" in pointer} == {
        str(index) for index in range(10)
    }


def test_lists_in_lists_in_lists_are_refused_soon(api):
    app = api.sign_in(UserFactory.create())
    lines = [{"modifiers": [{"modifiers": [{}] * 48}] * 24}] * 10
    before = time.perf_counter()

    told = faults(app.put("/cart", {"fulfilment": "delivery", "lines": lines}))

    assert len(told) < MOST_FAULTS
    assert time.perf_counter() - before < 2


def test_claims_and_preferences_take_so_many_at_most(api):
    ada = UserFactory.create()
    app = api.sign_in(ada)
    order = place(ada)

    lines = app.post(f"/orders/{order.public_id}/claims/quote", {"lines": [{}] * 101})
    wishes = app.patch("/me/preferences", {"preferences": [{}] * 201})

    assert faults(lines) == [("/lines", "max_length")]
    assert faults(wishes) == [("/preferences", "max_length")]


def test_of_names_that_mean_nothing_a_few_are_told(api):
    answer = api.post("/auth/sign-in", {f"n{index:05}": 1 for index in range(5000)})

    assert len(faults(answer)) == 20
    assert answer.json()["code"] == "unknown_field"


class Numbers(Strict):
    numbers = Listed(child=Number(), max_length=3)
    more = serializers.ListField(child=Number())


def test_a_problem_tells_of_so_many_faults_at_most():
    asked = Numbers(data={"numbers": [], "more": ["x"] * 200})
    with pytest.raises(ValidationError) as raised:
        asked.is_valid(raise_exception=True)

    assert len(answer(raised.value, {}).data["errors"]) == MOST_FAULTS == 50


@pytest.mark.parametrize("sent", [{"numbers": "x"}, {"numbers": {}}, {"numbers": None}])
def test_what_is_no_list_is_refused(sent):
    assert not Numbers(data={**sent, "more": []}).is_valid()


@pytest.mark.parametrize(
    "body",
    [{HALF: 1}, {"email": HALF}, {"scopes": [{"a": [f"x{HALF}"]}]}, {"a\0b": 1}],
)
def test_halves_of_characters_are_refused_wherever_they_are(api, body):
    told = api.post("/auth/sign-in", body)

    assert (told.status_code, told.json()["code"]) == (400, "bad_character")


def test_a_half_of_a_character_is_no_choice(api):
    app = api.sign_in(UserFactory.create())

    told = app.patch("/cart", {"fulfilment": HALF})

    assert (told.status_code, told.json()["code"]) == (400, "bad_character")


def test_a_whole_character_in_two_escapes_is_one(api):
    body = b'{"email": "\\ud83c\\udf5c@example.com", "password": "no", "x": 1}'

    told = api.client.post(
        "/api/v1/auth/sign-in", body, content_type="application/json"
    )

    assert faults(told) == [("/x", "unknown_field")]


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [("12.50", "JPY", 13), ("13.49", "JPY", 13), ("12.345", "USD", 1235)],
)
def test_amounts_are_rounded_as_totals_are(amount, currency, said):
    assert minor_units(Decimal(amount), currency) == said
    whole = round_amount(Decimal(amount), currency)
    assert minor_units(whole, currency) == said


def test_a_fault_repeats_what_can_be_repeated():
    error = ValidationError({HALF: ["no"], "b": [f"“{HALF}” is none."]})

    told = answer(error, {}).data["errors"]

    assert [one["pointer"] for one in told] == ["/?", "/b"]
    assert told[1]["detail"] == "“?” is none."


@pytest.mark.parametrize("charset", ["utf-7", "base64", "rot13", "utf-16", "nonsense"])
def test_a_charset_changes_nothing(rf, charset):
    kind = f"application/json; charset={charset}"
    asked = rf.get("/api/v1/places?q=a&x%2B2AA-=1").environ
    sent = rf.generic("POST", "/api/v1/auth/sign-in", b'{"x": 1}').environ

    told = [
        json.loads(application({**one, "CONTENT_TYPE": kind}, lambda *_: None).content)
        for one in (asked, sent)
    ]

    assert [one["code"] for one in told] == ["unknown_field", "unknown_field"]
    assert told[0]["errors"][0]["pointer"] == "/x+2AA-"


def test_each_asker_is_told_in_their_language(api):
    def detail(language: str) -> str:
        told = api.get("/orders", {"limit": "1000"}, Accept_Language=language)
        return str(told.json()["errors"][0]["detail"])

    api = api.sign_in(UserFactory.create(locale=""))

    told = [detail(language) for language in ("ar", "en", "ar")]

    assert told[0] == told[2] != told[1]
    assert told[1].startswith("Ensure this value")


def test_many_who_ask_wrongly_at_once_are_all_told_so(api):
    found = []

    def ask() -> None:
        told = Client(raise_request_exception=False).get(
            "/api/v1/places?q=" + "x" * 999
        )
        found.append(told.status_code)

    askers = [threading.Thread(target=ask) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()

    assert found == [400] * 8


def test_answers_are_kept_from_others_caches(api):
    ada = UserFactory.create()
    app = api.sign_in(ada)

    read, changed = app.get("/me"), app.patch("/me", {"name": "Ada"})
    nobody, tokens = api.get("/"), api.post("/auth/sign-in", SIGN_IN)

    assert [one["Cache-Control"] for one in (read, changed, nobody, tokens)] == [
        *("private, no-cache", "no-store"),
        *("private, no-cache", "no-store"),
    ]
    assert all("Authorization" in one["Vary"] for one in (read, changed, nobody))


def test_a_wrong_token_is_nobody_even_beside_a_session(api):
    client = Client()
    client.force_login(UserFactory.create())
    wrong = {"Authorization": "Bearer wrong"}

    assert client.get("/api/v1/me").status_code == 200
    refused = client.get("/api/v1/me", headers=wrong)
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused["WWW-Authenticate"]
    assert client.get("/api/v1/", headers=wrong).status_code == 200


def test_every_list_that_is_sent_has_a_bound():
    schema = SchemaGenerator().get_schema(public=True)

    def lists_in(node, where):
        if isinstance(node, dict):
            if node.get("type") == "array" and "maxItems" not in node:
                yield where
            for name, inner in node.items():
                yield from lists_in(inner, f"{where}.{name}")

    sent = {
        name: part
        for name, part in schema["components"]["schemas"].items()
        if name.endswith("Request")
    }
    assert list(lists_in(sent, "")) == []
