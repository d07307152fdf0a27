"""Payloads against Google's own description of FCM, as its client library ships it."""

import json
from datetime import timedelta
from pathlib import Path

import googleapiclient
import pytest
from django.utils import timezone

from notifications.people import Person
from notifications.providers.apns import ApnsProvider
from notifications.providers.base import Envelope, Response, Result, Subject
from notifications.providers.fcm import FcmProvider
from notifications.tests.accounts import fcm_account, p256_key
from notifications.tests.topics import TEST_NEWS, TEST_OFFER, TEST_PUSH

DOCUMENT = Path(googleapiclient.__path__[0]) / "discovery_cache/documents/fcm.v1.json"
SCHEMAS = json.loads(DOCUMENT.read_text())["schemas"]
TYPES = {"string": str, "boolean": bool, "integer": int, "number": (int, float)}


def snake_to_camel(name):
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def see_valid(value, schema, where="message"):
    """Fail where a value is not as a discovery document describes it."""
    schema = SCHEMAS.get(schema.get("$ref"), schema)
    kind = schema.get("type", "object")
    if "enum" in schema:
        assert value in schema["enum"], where
    if kind == "object":
        assert isinstance(value, dict), where
        for name, inner in value.items():
            properties = schema.get("properties", {})
            # Protocol buffers' JSON takes both spellings of a name.
            known = properties.get(name) or properties.get(snake_to_camel(name))
            known = known or schema.get("additionalProperties")
            assert known, f"{where}.{name} is unknown"
            see_valid(inner, known, f"{where}.{name}")
    elif kind == "array":
        for inner in value:
            see_valid(inner, schema["items"], where)
    else:
        assert isinstance(value, TYPES[kind]), where


@pytest.fixture
def fcm():
    account = fcm_account()["FCM"]
    return FcmProvider(**account, ca_bundle="")


def letter(topic, **said):
    now = timezone.now()
    subject = Subject(7, "k", topic, topic.priority, {"order": "42"}, now)
    return Envelope(
        1, 2, subject, Person(3, "", "", "en", "UTC"), "push", "fcm", "5",
        said.get("token", "a:b-c_d"), None, said.get("title", "Luigi’s “news”"),
        said.get("body", "Ready\nnow \U0001f355"), "/orders/7/", 1,
        now + timedelta(hours=1), now,
    )  # fmt: skip


@pytest.mark.parametrize(
    "topic", [TEST_NEWS, TEST_PUSH, TEST_OFFER], ids=lambda topic: topic.name
)
def test_payload_is_as_google_describes_it(fcm, topic):
    envelope = letter(topic)

    payload = json.loads(fcm.request(envelope, timezone.now()).body)

    see_valid(payload, {"$ref": "SendMessageRequest"})
    message = payload["message"]
    assert message["token"] == "a:b-c_d"
    assert message["notification"]["title"] == "Luigi’s “news”"
    assert message["android"]["priority"] in {"HIGH", "NORMAL"}
    assert message["android"]["ttl"] in {"3600s", "3599s"}


def test_description_catches_what_is_wrong():
    with pytest.raises(AssertionError, match="unknown"):
        see_valid({"message": {"tokn": "x"}}, {"$ref": "SendMessageRequest"})


def test_token_and_words_cannot_break_out_of_the_payload(fcm):
    envelope = letter(TEST_PUSH, token='"},{', title='"}', body='\\"')

    payload = json.loads(fcm.request(envelope, timezone.now()).body)

    assert payload["message"]["token"] == '"},{'
    assert payload["message"]["notification"] == {"title": '"}', "body": '\\"'}


def test_two_people_who_read_the_same_share_but_their_own_part(fcm):
    first, second = letter(TEST_PUSH), letter(TEST_PUSH, token="other")
    second.subject, second.message_id = first.subject, 99
    now = timezone.now()

    one = json.loads(fcm.request(first, now).body)["message"]
    other = json.loads(fcm.request(second, now).body)["message"]

    assert (one["data"]["message_id"], other["data"]["message_id"]) == ("1", "99")
    assert one["notification"] == other["notification"]


@pytest.mark.parametrize(
    ("context", "about"),
    [
        ({}, {}),
        (
            {"subject": {"kind": "order", "id": 'b"7'}},
            {"subject_kind": "order", "subject_id": 'b"7'},
        ),
    ],
)
def test_apps_read_the_same_beside_the_words_from_google_and_apple(fcm, context, about):
    envelope = letter(TEST_PUSH)
    envelope.subject.context = context
    now = timezone.now()
    apns = ApnsProvider(
        key=p256_key(), key_id="KEY", team_id="TEAM", topic="app", url="https://a"
    )

    data = json.loads(fcm.request(envelope, now).body)["message"]["data"]
    custom = json.loads(apns.request(envelope, now).body)

    told = {"message_id": "1", "url": "/orders/7/", "topic": "test_push", **about}
    assert data == told
    assert {key: custom[key] for key in custom if key != "aps"} == told


# As in Firebase's page of error codes: two meanings of INVALID_ARGUMENT among them.
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


@pytest.mark.parametrize(
    ("status", "details", "message", "result", "reason"),
    [
        (404, [(FCM_ERROR, "UNREGISTERED")], "", Result.PERMANENT, "token_dead"),
        (
            400,
            [(FCM_ERROR, "INVALID_ARGUMENT")],
            "The registration token is not a valid FCM registration token",
            Result.PERMANENT,
            "token_dead",
        ),
        (400, [(BAD_REQUEST, None)], "too big", Result.PERMANENT, "payload_invalid"),
        (
            400,
            [(FCM_ERROR, "INVALID_ARGUMENT"), (BAD_REQUEST, None)],
            "Android message is too big",
            Result.PERMANENT,
            "payload_invalid",
        ),
        (
            403,
            [(FCM_ERROR, "SENDER_ID_MISMATCH")],
            "",
            Result.PERMANENT,
            "wrong_project",
        ),
        (401, [(FCM_ERROR, "THIRD_PARTY_AUTH_ERROR")], "", Result.RETRY, "credentials"),
        (401, [], "", Result.RETRY, "credentials"),
        (429, [(FCM_ERROR, "QUOTA_EXCEEDED")], "", Result.RETRY, "rate_limited"),
        (503, [(FCM_ERROR, "UNAVAILABLE")], "", Result.RETRY, "provider_error"),
        (500, [], "", Result.RETRY, "provider_error"),
    ],
)
def test_answers_are_sorted_by_googles_table(
    fcm, status, details, message, result, reason
):
    error = {
        "code": status,
        "message": message,
        "details": [
            {"@type": kind} | ({"errorCode": code} if code else {})
            for kind, code in details
        ],
    }
    answer = Response(status, json.dumps({"error": error}).encode(), None)

    outcome = fcm.judge(letter(TEST_PUSH), answer)

    assert (outcome.result, outcome.reason) == (result, reason)
    assert outcome.is_endpoint_dead == (reason == "token_dead")


def test_answer_that_is_no_json_is_the_providers_trouble(fcm):
    outcome = fcm.judge(letter(TEST_PUSH), Response(502, b"<html>", 7.0))

    assert (outcome.reason, outcome.retry_after) == ("provider_error", 7.0)
