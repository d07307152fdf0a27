"""Operators see what partners were sent, and send it again."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from notifications.models import Message
from notifications.tests.factories import MessageFactory, WebhookEndpointFactory
from notifications.tests.test_admin import sign_in_operator

pytestmark = pytest.mark.django_db
STATUS = Message.Status


@pytest.fixture
def endpoint():
    return WebhookEndpointFactory.create()


def told(endpoint, status=STATUS.ACCEPTED, **fields):
    return MessageFactory.create(
        channel="webhook",
        provider="webhook",
        endpoint=str(endpoint.pk),
        status=status,
        notification__event__context={"payload": {"type": "order.ready"}},
        **fields,
    )


def replay_url(endpoint):
    return reverse("admin:notifications_webhookendpoint_replay", args=[endpoint.pk])


def ready():
    return set(Message.objects.filter(status="ready").values_list("pk", flat=True))


def test_operators_see_what_was_sent_and_no_secret(client, endpoint):
    message = told(endpoint)
    message.attempts.create(
        number=1, at=timezone.now(), outcome="accepted", answer="204 <b>"
    )
    sign_in_operator(client)

    page = client.get(
        reverse("admin:notifications_webhookendpoint_change", args=[endpoint.pk])
    ).content.decode()

    assert "order.ready" in page
    assert "204 &lt;b&gt;" in page
    assert endpoint.secret not in page


def test_one_message_is_sent_again_once_confirmed(client, endpoint):
    message, _other = told(endpoint), told(endpoint)
    sign_in_operator(client)

    page = client.get(replay_url(endpoint), {"message": message.pk})
    assert b"<strong>1</strong>" in page.content
    assert not ready()
    client.post(replay_url(endpoint), {"message": message.pk})

    assert ready() == {message.pk}


def test_all_since_a_moment_are_sent_again(client, endpoint):
    mine = {told(endpoint).pk, told(endpoint, status=STATUS.DEAD).pk}
    told(WebhookEndpointFactory.create())
    since = f"{timezone.now() - timedelta(hours=1):%Y-%m-%dT%H:%M}"
    sign_in_operator(client)

    page = client.get(replay_url(endpoint), {"since": since})
    assert b"<strong>2</strong>" in page.content
    client.post(replay_url(endpoint), {"since": since})

    assert ready() == mine


@pytest.mark.parametrize(
    "asked",
    [{"message": "x"}, {"message": "9" * 30}, {"since": "1000-01-01T00:00"}, {}],
)
def test_what_makes_no_sense_sends_nothing(client, endpoint, asked):
    told(endpoint)
    sign_in_operator(client)

    assert client.get(replay_url(endpoint), asked).status_code == 200
    assert client.post(replay_url(endpoint), asked).status_code == 200
    assert not ready()


def test_anothers_message_is_not_sent_from_here(client, endpoint):
    foreign = told(WebhookEndpointFactory.create())
    sign_in_operator(client)

    client.post(replay_url(endpoint), {"message": foreign.pk})

    assert not ready()


def test_what_is_switched_off_is_sent_nothing(client):
    off = WebhookEndpointFactory.create(is_active=False)
    message = told(off)
    sign_in_operator(client)

    page = client.post(replay_url(off), {"message": message.pk}, follow=True)

    assert b"switched off" in page.content
    assert not ready()


def test_the_list_takes_few_queries(client, django_assert_max_num_queries):
    sign_in_operator(client)
    WebhookEndpointFactory.create_batch(5)

    with django_assert_max_num_queries(12):
        client.get(reverse("admin:notifications_webhookendpoint_changelist"))


def test_others_are_turned_away(client, endpoint):
    client.force_login(endpoint.owner)

    assert client.get(replay_url(endpoint)).status_code in (302, 403)


def test_operators_switch_endpoints_off(client, endpoint):
    sign_in_operator(client)

    client.post(
        reverse("admin:notifications_webhookendpoint_changelist"),
        {"action": "switch_off", "_selected_action": [endpoint.pk]},
    )

    endpoint.refresh_from_db()
    assert (endpoint.is_active, endpoint.disabled_because) == (False, "operator")
