"""Webhooks over the API: an owner's, and nobody else's."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from customers.models import Scope
from customers.tests.factories import UserFactory
from notifications.models import Event, Message, Priority, Timer, WebhookEndpoint
from notifications.services.webhooks import rotate_secret
from notifications.services.working import work_lane
from notifications.tests.factories import WebhookEndpointFactory
from notifications.tests.partner_server import partner_server
from restaurants.models import Membership
from restaurants.notifications import about_of
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
URL = "https://93.184.216.34/tiffin"
# The token with its user, the restaurant, its owner, the webhook, four for messages.
QUERIES = 8


@pytest.fixture
def membership():
    return MembershipFactory()


@pytest.fixture
def owner(api, membership):
    return api.sign_in(membership.user)


@pytest.fixture
def partner(settings):
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "ALLOW_LOCAL_ENDPOINTS": True}
    with partner_server() as server:
        yield server


@pytest.fixture
def webhook(membership, partner):
    about = about_of(membership.restaurant.public_id)
    return WebhookEndpointFactory(owner=membership.user, about=about, url=partner.url)


def path(membership, *parts):
    base = f"/owner/restaurants/{membership.restaurant.public_id}/webhooks"
    return "/".join([base, *map(str, parts)])


def work():
    Timer.objects.update(due_at=timezone.now())
    work_lane(lane=Priority.STANDARD, seconds=20)


def test_an_owner_adds_a_webhook_and_sees_its_secret_once(owner, membership):
    answer = owner.post(path(membership), {"url": URL, "description": "The till"})

    assert answer.status_code == 201
    added = answer.json()
    assert added["secret"].startswith("whsec_")
    assert (added["url"], added["is_active"]) == (URL, True)
    assert added["restaurant_id"] == str(membership.restaurant.public_id)
    found = owner.get(path(membership, added["id"])).json()
    assert found == {key: added[key] for key in added if key != "secret"}
    assert owner.get(path(membership)).json() == {"results": [found]}


@pytest.mark.parametrize(
    "url", ["http://93.184.216.34/", "https://10.0.0.1/", "https://localhost/", "x"]
)
def test_an_inside_address_is_refused(owner, membership, url):
    answer = owner.post(path(membership), {"url": url})

    assert answer.status_code == 422
    assert answer.json()["code"] == "webhook_address"
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/url"),
        ({"url": 7}, "/url"),
        ({"url": ""}, "/url"),
        ({"url": "https://x.example/" + "x" * 500}, "/url"),
        ({"url": URL, "secret": "mine"}, "/secret"),
        ({"url": URL, "description": None}, "/description"),
    ],
)
def test_bad_input_is_pointed_at(owner, membership, body, pointer):
    answer = owner.post(path(membership), body)

    assert answer.status_code == 400
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


def test_the_same_address_twice_is_a_conflict(owner, membership):
    owner.post(path(membership), {"url": URL})
    answer = owner.post(path(membership), {"url": URL})

    assert answer.status_code == 409
    assert answer.json()["code"] == "webhook_taken"


def test_an_eleventh_webhook_is_refused(owner, membership):
    about = about_of(membership.restaurant.public_id)
    WebhookEndpointFactory.create_batch(10, owner=membership.user, about=about)

    answer = owner.post(path(membership), {"url": URL})

    assert answer.status_code == 422
    assert answer.json()["code"] == "too_many_webhooks"


def test_a_webhook_is_switched_off_and_on(owner, membership, webhook):
    one = path(membership, webhook.public_id)

    off = owner.patch(one, {"is_active": False}).json()
    assert (off["is_active"], off["disabled_because"]) == (False, "switched_off")
    on = owner.patch(one, {"is_active": True, "description": "Till 2"}).json()
    assert (on["is_active"], on["disabled_because"]) == (True, None)
    assert on["description"] == "Till 2"


def test_who_switches_it_on_answers_for_it(api, membership, webhook):
    other = MembershipFactory(restaurant=membership.restaurant).user
    WebhookEndpoint.objects.update(is_active=False, disabled_because="owner_left")

    api.sign_in(other).patch(path(membership, webhook.public_id), {"is_active": True})

    webhook.refresh_from_db()
    assert webhook.owner == other


def test_an_address_is_not_changed_to_one_inside(owner, membership, webhook, settings):
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "ALLOW_LOCAL_ENDPOINTS": False}

    answer = owner.patch(
        path(membership, webhook.public_id), {"url": "https://169.254.169.254/"}
    )

    assert answer.json()["code"] == "webhook_address"
    assert WebhookEndpoint.objects.get().url == webhook.url


def test_a_webhook_is_removed(owner, membership, webhook):
    answer = owner.delete(path(membership, webhook.public_id))

    assert answer.status_code == 204
    assert owner.get(path(membership, webhook.public_id)).status_code == 404


def test_a_secret_is_rotated(owner, membership, webhook):
    answer = owner.post(path(membership, webhook.public_id, "rotate-secret"))

    assert answer.status_code == 200
    assert answer.json()["secret"] != webhook.secret
    assert answer.json()["previous_secret_until"] is not None


def test_a_secret_that_signs_no_more_is_not_told_of(owner, membership, webhook):
    rotate_secret(endpoint_pk=webhook.pk, now=timezone.now() - timedelta(days=2))

    found = owner.get(path(membership, webhook.public_id)).json()

    assert found["previous_secret_until"] is None


def test_a_test_goes_to_one_webhook_and_its_message_is_seen(
    owner, membership, webhook, partner
):
    WebhookEndpointFactory(
        owner=membership.user, about=webhook.about, url=f"{partner.url}/other"
    )
    partner.answers = [500]
    answer = owner.post(path(membership, webhook.public_id, "test"))
    work()
    work()

    assert answer.status_code == 200
    assert len(partner.taken) == 2
    event = partner.taken[0].verify(webhook.secret)
    assert event["type"] == "webhook.test"
    page = owner.get(path(membership, webhook.public_id, "messages")).json()
    [message] = page["results"]
    assert page["next"] is None
    assert message["webhook_id"] == partner.taken[0].id
    assert (message["event"], message["status"]) == (event, "sent")
    attempts = [(one["outcome"], one["answer"]) for one in message["attempts"]]
    assert attempts == [("try_again", "500"), ("sent", "204")]


def test_a_webhook_that_is_off_is_not_tested(owner, membership, webhook):
    WebhookEndpoint.objects.update(is_active=False)

    answer = owner.post(path(membership, webhook.public_id, "test"))

    assert answer.status_code == 409
    assert answer.json()["code"] == "webhook_inactive"
    assert not Event.objects.exists()


def test_a_message_is_replayed_with_its_id(owner, membership, webhook, partner):
    owner.post(path(membership, webhook.public_id, "test"))
    work()
    messages = path(membership, webhook.public_id, "messages")
    [message] = owner.get(messages).json()["results"]
    replay = f"{messages}/{message['id']}/replay"

    answer = owner.post(replay)
    assert (answer.status_code, answer.json()["status"]) == (200, "waiting")
    assert owner.post(replay).json()["code"] == "not_replayable"
    work()

    assert [taken.id for taken in partner.taken] == [message["webhook_id"]] * 2


@pytest.mark.parametrize("count", [1, 5])
def test_messages_take_as_many_queries_for_one_as_for_several(
    owner, membership, webhook, partner, count, django_assert_num_queries
):
    for _ in range(count):
        owner.post(path(membership, webhook.public_id, "test"))
    work()

    with django_assert_num_queries(QUERIES):
        page = owner.get(path(membership, webhook.public_id, "messages")).json()

    assert len(page["results"]) == count


def test_messages_are_paged(owner, membership, webhook, partner):
    for _ in range(3):
        owner.post(path(membership, webhook.public_id, "test"))
    work()
    messages = path(membership, webhook.public_id, "messages")

    first = owner.get(messages, {"limit": 2}).json()
    second = owner.get(messages, {"limit": 2, "cursor": first["next"]}).json()

    ids = [one["id"] for one in first["results"] + second["results"]]
    assert len(set(ids)) == 3
    assert second["next"] is None
    answer = owner.get(messages, {"cursor": "x"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


def operations(membership, webhook):
    one = path(membership, webhook.public_id)
    return [
        ("GET", path(membership), None),
        ("POST", path(membership), {"url": URL}),
        ("GET", one, None),
        ("PATCH", one, {"is_active": False}),
        ("DELETE", one, None),
        ("POST", f"{one}/rotate-secret", {}),
        ("POST", f"{one}/test", {}),
        ("GET", f"{one}/messages", None),
        ("POST", f"{one}/messages/{uuid4()}/replay", {}),
    ]


def ask_all(client, membership, webhook):
    before = list(WebhookEndpoint.objects.values())
    statuses = {
        client.ask(method, where, body=body).status_code
        for method, where, body in operations(membership, webhook)
    }
    assert list(WebhookEndpoint.objects.values()) == before
    assert not Event.objects.exists()
    assert not Message.objects.exists()
    return statuses


def test_nobody_gets_at_them(api, membership, webhook):
    assert ask_all(api, membership, webhook) == {401}


@pytest.mark.parametrize("role", [None, *set(Membership.Role) - {"owner"}])
def test_who_is_no_owner_finds_none(api, membership, webhook, role):
    user = UserFactory()
    if role is not None:
        MembershipFactory(restaurant=membership.restaurant, user=user, role=role)

    assert ask_all(api.sign_in(user), membership, webhook) == {404}


def test_a_customers_token_does_not_open_them(api, membership, webhook):
    client = api.sign_in(membership.user, Scope.CUSTOMER)

    assert ask_all(client, membership, webhook) == {403}


def test_another_restaurants_webhook_is_not_found(api, webhook):
    other = MembershipFactory()
    client = api.sign_in(other.user)

    for method, where, body in operations(other, webhook)[2:]:
        assert client.ask(method, where, body=body).status_code == 404
    webhook.refresh_from_db()
    assert webhook.is_active
