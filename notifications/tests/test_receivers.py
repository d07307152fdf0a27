from base64 import b64encode

import pytest
from anymail.signals import AnymailTrackingEvent, tracking
from django.test import Client

from notifications.models import Preference, Suppression
from notifications.tests.factories import MessageFactory
from notifications.tests.topics import ORDERS, SECURITY

pytestmark = pytest.mark.django_db


def tell(event_type, **fields):
    event = AnymailTrackingEvent(
        event_type=event_type,
        **{"recipient": "Grace@Example.com", "metadata": {}, **fields},
    )
    tracking.send(sender=object, event=event, esp_name="Test")


def suppressions():
    return [(it.channel, it.address, it.reason) for it in Suppression.objects.all()]


@pytest.mark.parametrize(
    ("event_type", "reject_reason", "reason"),
    [
        ("bounced", "bounced", "bounce"),
        ("bounced", "invalid", "bounce"),
        ("bounced", None, "bounce"),
        ("rejected", "bounced", "bounce"),
        ("complained", None, "complaint"),
        ("unsubscribed", None, "complaint"),
    ],
)
def test_an_address_that_nobody_reads_is_not_written_to(
    event_type, reject_reason, reason
):
    tell(event_type, reject_reason=reject_reason, mta_response="550 5.1.1 no such user")

    assert suppressions() == [("email", "grace@example.com", reason)]
    assert Suppression.objects.get().detail == "550 5.1.1 no such user"


@pytest.mark.parametrize(
    ("event_type", "reject_reason"),
    [
        ("deferred", "bounced"),
        ("delivered", None),
        ("opened", None),
        ("failed", None),
        ("rejected", "spam"),
        ("bounced", "timed_out"),
        ("bounced", "blocked"),
    ],
)
def test_what_says_nothing_of_the_address_changes_nothing(event_type, reject_reason):
    tell(event_type, reject_reason=reject_reason)

    assert suppressions() == []


def test_an_event_of_nobody_changes_nothing():
    tell("bounced", recipient=None)

    assert suppressions() == []


def test_told_twice_is_written_once():
    tell("bounced")
    tell("complained")

    assert [reason for _, _, reason in suppressions()] == ["bounce"]


def metadata_of(message, category):
    return {"message_id": str(message.pk), "category": category}


def test_unsubscribing_turns_off_what_the_mail_was_about():
    message = MessageFactory.create()

    tell("unsubscribed", metadata=metadata_of(message, ORDERS.name))

    wish = Preference.objects.get()
    assert (wish.user_id, wish.category, wish.channel, wish.is_enabled) == (
        message.notification.recipient_id,
        "test_orders",
        "email",
        False,
    )
    assert suppressions() == []


def test_unsubscribing_from_security_changes_nothing():
    message = MessageFactory.create()

    tell("unsubscribed", metadata=metadata_of(message, SECURITY.name))

    assert not Preference.objects.exists()
    assert suppressions() == []


@pytest.mark.parametrize(
    "metadata",
    [
        {"message_id": "x", "category": "test_orders"},
        {"message_id": "9" * 30, "category": "test_orders"},
        {"message_id": "1", "category": "test_orders"},
    ],
)
def test_unsubscribing_from_what_nobody_knows_stops_all_mail(metadata):
    tell("unsubscribed", metadata=metadata)

    assert suppressions() == [("email", "grace@example.com", "complaint")]


def test_unsubscribing_from_a_category_that_is_no_more_stops_all_mail():
    message = MessageFactory.create()

    tell("unsubscribed", metadata=metadata_of(message, "retired"))

    assert suppressions() == [("email", "grace@example.com", "complaint")]


def test_the_webhooks_are_not_there_without_a_secret():
    assert Client().post("/anymail/postmark/tracking/").status_code == 404


@pytest.fixture
def webhooks(settings):
    """Mount the webhooks, as the settings do where there is a secret."""
    settings.ANYMAIL = {"WEBHOOK_SECRET": "name:password"}
    settings.ROOT_URLCONF = "anymail.urls"


BOUNCE = {
    "RecordType": "Bounce",
    "Type": "HardBounce",
    "MessageID": "1",
    "Email": "gone@example.com",
    "BouncedAt": "2026-06-01T10:00:00Z",
    "Details": "550 no such user",
    "Metadata": {},
}


@pytest.mark.parametrize(
    ("secret", "status", "count"), [("name:password", 200, 1), ("name:guess", 400, 0)]
)
def test_a_bounce_at_the_webhook_is_heard_from_who_knows_the_secret(
    webhooks, secret, status, count
):
    answer = Client().post(
        "/postmark/tracking/",
        BOUNCE,
        content_type="application/json",
        headers={"Authorization": f"Basic {b64encode(secret.encode()).decode()}"},
    )

    assert answer.status_code == status
    assert Suppression.objects.count() == count
