"""Other systems publish over the API, with a token of their own."""

import json
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from notifications.models import Event, ServiceToken
from notifications.opaque import opaque_id
from notifications.services.tokens import issue_service_token, revoke_service_tokens
from notifications.tests.factories import RecipientFactory
from notifications.tests.topics import TEST_NEWS

pytestmark = pytest.mark.django_db
EVENTS = "/notifications/events"


def as_service(api, secret):
    """Return a client that asks with a service token."""
    client = type(api)()
    client.headers["Authorization"] = f"Bearer {secret}"
    return client


@pytest.fixture
def service(api):
    """Return a client of a system that may publish."""
    return as_service(api, issue_service_token(name="billing")[1])


def id_of(pk):
    return str(opaque_id("user", pk))


def event(**changes):
    body = {
        "topic": TEST_NEWS.name,
        "recipients": [id_of(RecipientFactory.create().pk)],
        "key": "invoice:1",
        "context": {"name": "Luigi"},
    }
    return {k: v for k, v in (body | changes).items() if v is not ...}


def send(service, text):
    """Post a body as it is."""
    return service.client.post(
        f"/api/v1{EVENTS}",
        text,
        content_type="application/json",
        headers=service.headers,
    )


def codes_of(answer):
    """Return the codes of an answer's faults, or its own without any."""
    problem = answer.json()
    return [it["code"] for it in problem.get("errors", [])] or [problem["code"]]


def test_an_event_is_published_once(service):
    person = RecipientFactory.create()
    body = event(recipients=[id_of(person.pk)])

    first, again = service.post(EVENTS, body), service.post(EVENTS, body)

    made = Event.objects.get()
    assert (first.status_code, again.status_code) == (201, 200)
    shown = {"id": str(opaque_id("event", made.pk)), "recipients": 1}
    assert first.json() == again.json() == shown
    assert (made.topic, made.key) == ("test_news", "service:billing:invoice:1")
    assert made.context == {"name": "Luigi"}
    assert [chunk.recipient_ids for chunk in made.chunks.all()] == [[person.pk]]
    assert ServiceToken.objects.get().last_used_at is not None


def test_ten_thousand_recipients_are_one_event(service):
    answer = service.post(
        EVENTS, event(recipients=[id_of(n + 1) for n in range(10_000)])
    )

    assert answer.json()["recipients"] == 10_000


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"topic": "no_such"}, 422, "unknown_topic"),
        ({"topic": 7}, 400, "invalid"),
        ({"topic": ...}, 400, "required"),
        ({"recipients": []}, 400, "empty"),
        ({"recipients": 7}, 400, "not_a_list"),
        ({"recipients": ["7"]}, 400, "invalid"),
        ({"recipients": [True]}, 400, "invalid"),
        ({"recipients": [7]}, 400, "invalid"),
        ({"recipients": [str(UUID(int=7))]}, 400, "unknown_recipient"),
        ({"recipients": [str(UUID(int=7))] * 10_001}, 400, "max_length"),
        ({"key": ""}, 400, "blank"),
        ({"key": "x" * 141}, 400, "max_length"),
        ({"key": "a\0b"}, 400, "null_characters_not_allowed"),
        ({"key": "\ud800"}, 400, "bad_character"),
        ({"context": "words"}, 400, "not_a_dict"),
        ({"context": {"name": "a\0b"}}, 422, "event"),
        ({"context": {"name": "\ud800"}}, 400, "bad_character"),
        ({"context": {"url": "https://evil.example/"}}, 400, "invalid"),
        ({"context": {"url": "//evil.example/"}}, 400, "invalid"),
        ({"context": {"subject": "order"}}, 400, "invalid"),
        ({"context": {"subject": {"kind": "order"}}}, 400, "invalid"),
        ({"context": {"subject": {"kind": "order", "id": 7}}}, 400, "invalid"),
        ({"context": {"subject": {"kind": "", "id": "7"}}}, 400, "invalid"),
        ({"priority": "critical"}, 400, "unknown_field"),
    ],
)
def test_an_event_that_is_none_is_refused(service, changes, status, code):
    answer = service.post(EVENTS, event(**changes))

    assert (answer.status_code, codes_of(answer)) == (status, [code])
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "null", "7", '{"context": 1e400}', "[" * 100_000, '{"x": NaN}'],
)
def test_a_body_that_is_no_event_is_refused(service, body):
    answer = send(service, body)

    assert answer.status_code == 400
    assert answer.json()["code"]


def test_an_endless_number_is_refused(service):
    body = json.dumps(event(context={"x": 1})).replace('"x": 1', '"x": 1e400')

    assert send(service, body).json()["code"] == "event"


def test_a_body_without_end_is_refused(service):
    answer = service.post(EVENTS, event(context={"name": "x" * 1_000_001}))

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer tiffin_guess", "Basic YTpi", "Bearer \xff"]
)
def test_a_wrong_token_is_refused(api, header):
    issue_service_token(name="billing")

    answer = api.post(EVENTS, event(), Authorization=header)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert not Event.objects.exists()


def test_a_person_is_no_service(api):
    person = RecipientFactory.create()
    api.client.force_login(person)

    assert api.post(EVENTS, event()).status_code == 401
    assert api.sign_in(person).post(EVENTS, event()).status_code == 401


def test_a_service_is_no_person(service):
    assert service.get("/me/inbox").status_code == 401


def test_a_revoked_token_opens_nothing(service):
    revoke_service_tokens(token_pks=[ServiceToken.objects.get().pk])

    assert service.post(EVENTS, event()).status_code == 401


def test_two_systems_do_not_share_keys(api, service):
    other = as_service(api, issue_service_token(name="stock")[1])

    first, second = service.post(EVENTS, event()), other.post(EVENTS, event())

    assert second.status_code == 201
    assert first.json()["id"] != second.json()["id"]


def test_operators_make_a_token_and_see_it_once(client, api):
    operator = get_user_model().objects.create_superuser(
        email="operator@example.com", password="correct-horse-battery"
    )
    client.force_login(operator)

    made = client.post(
        reverse("admin:notifications_servicetoken_add"), {"name": "billing"}
    )
    page = client.get(made.headers["Location"]).content.decode()
    again = client.get(made.headers["Location"]).content.decode()

    token = ServiceToken.objects.get()
    secret = page[page.index("tiffin_") :].split()[0].split("<")[0]
    answer = as_service(api, secret).post(EVENTS, event())
    assert answer.status_code == 201
    assert secret not in again
    assert token.digest not in page
    client.post(
        reverse("admin:notifications_servicetoken_changelist"),
        {"action": "revoke", "_selected_action": [token.pk]},
    )
    token.refresh_from_db()
    assert token.revoked_at
