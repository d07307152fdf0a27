"""Push messages to Google and Apple as the outside world plays them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from config.outside_world.starting import World
from notifications.models import Message, Priority, Timer
from notifications.models.messages import public_id_of
from notifications.services.publishing import publish
from notifications.services.working import work_lane
from notifications.tests.factories import (
    APNSDeviceFactory,
    GCMDeviceFactory,
    RecipientFactory,
)
from notifications.tests.topics import TEST_NEWS, TEST_PUSH

pytestmark = pytest.mark.django_db
STATUS = Message.Status
WORDS = {"name": "Luigi", "what": "on its way", "url": "/orders/7/", "order": "7"}


def tell(device: Any, **context: str) -> Message:
    """Publish to a device's user, work until all is done, return the message."""
    publish(
        topic=TEST_PUSH,
        recipients=[device.user.pk],
        key=f"k{device.registration_id[:90]}",
        context={**WORDS, **context},
    )
    work_lane(lane=Priority.STANDARD, seconds=20)
    return Message.objects.latest("pk")


def again() -> Message:
    Timer.objects.update(due_at=timezone.now())
    work_lane(lane=Priority.STANDARD, seconds=20)
    return Message.objects.latest("pk")


PHONES = pytest.mark.parametrize(
    ("factory", "provider"), [(GCMDeviceFactory, "fcm"), (APNSDeviceFactory, "apns")]
)


@PHONES
def test_push_arrives_with_its_words(world: World, factory: Any, provider: str) -> None:
    device = factory.create()

    message = tell(device)

    assert message.status == STATUS.ACCEPTED
    [arrived] = world.ledger(provider=provider)
    assert arrived["endpoint"] == device.registration_id
    assert (arrived["title"], arrived["text"]) == (
        "Luigi has news",
        "It is on its way.",
    )
    assert arrived["collapse"] in {"order-7", "test_push"}


def test_every_phone_of_a_person_is_told(world: World) -> None:
    person = RecipientFactory.create()
    GCMDeviceFactory.create_batch(2, user=person)
    tell(APNSDeviceFactory.create(user=person))

    assert Message.objects.filter(status=STATUS.ACCEPTED).count() == 3
    assert world.count()["total"] == 3


@PHONES
def test_dead_token_ends_its_device_and_no_other(
    world: World, factory: Any, provider: str
) -> None:
    token = "dead-1" if provider == "fcm" else "dead" * 16
    device, other = factory.create(registration_id=token), factory.create()

    message = tell(device)

    assert (message.status, message.reason) == (STATUS.FAILED, "token_dead")
    device.refresh_from_db()
    other.refresh_from_db()
    assert (device.active, other.active) == (False, True)


def test_token_that_registered_after_its_death_lives(world: World) -> None:
    device = APNSDeviceFactory.create(registration_id="dead" * 16)
    died_at = datetime(2026, 1, 1, tzinfo=UTC)
    world.control("apns", unregistered_at=int(died_at.timestamp() * 1000))

    message = tell(device)

    device.refresh_from_db()
    assert (message.status, device.active) == (STATUS.FAILED, True)


@PHONES
def test_outage_is_waited_out(world: World, factory: Any, provider: str) -> None:
    device = factory.create()
    world.control(provider, outage=True)

    message = tell(device)
    assert (message.status, message.reason) == (STATUS.READY, "provider_error")

    world.control(provider, outage=False)
    assert again().status == STATUS.ACCEPTED
    device.refresh_from_db()
    assert device.active


@PHONES
def test_expired_credentials_are_the_operators_trouble_not_the_tokens(
    world: World, factory: Any, provider: str
) -> None:
    device = factory.create()
    world.control(provider, credentials="expired")

    message = tell(device)

    assert (message.status, message.reason) == (STATUS.READY, "credentials")
    device.refresh_from_db()
    assert device.active
    world.control(provider, credentials="valid")
    assert again().status == STATUS.ACCEPTED


@PHONES
def test_payload_that_is_too_large_ends_the_message_not_the_device(
    world: World, factory: Any, provider: str
) -> None:
    device = factory.create()

    message = tell(device, what="x" * 5000)

    assert (message.status, message.reason) == (STATUS.FAILED, "payload_invalid")
    device.refresh_from_db()
    assert device.active


@pytest.mark.parametrize(
    ("factory", "token"),
    [(APNSDeviceFactory, "bad0" * 16), (GCMDeviceFactory, "mismatch-1")],
)
def test_wrong_environment_ends_no_device(
    world: World, factory: Any, token: str
) -> None:
    device = factory.create(registration_id=token)

    message = tell(device)

    assert message.status == STATUS.FAILED
    device.refresh_from_db()
    assert device.active


@PHONES
def test_retry_after_is_obeyed(world: World, factory: Any, provider: str) -> None:
    world.control(provider, throttle_rate=1, retry_after=120)
    before = timezone.now()

    message = tell(factory.create())

    assert (message.status, message.reason) == (STATUS.READY, "rate_limited")
    assert Timer.objects.get().due_at >= before + timedelta(seconds=120)


def test_provider_that_is_not_there_is_tried_again(world: World, settings: Any) -> None:
    settings.NOTIFICATIONS = {
        **settings.NOTIFICATIONS,
        "APNS": {**world.apns, "url": "https://127.0.0.1:9"},
    }

    message = tell(APNSDeviceFactory.create())

    assert (message.status, message.reason) == (STATUS.READY, "no_connection")


def test_lost_answer_is_unknown_and_replaces_itself_when_it_goes_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.transport.SECONDS", 1)
    world.control("apns", lost_answer_rate=1)
    message = tell(APNSDeviceFactory.create())
    assert [attempt.outcome for attempt in message.attempts.all()] == ["unknown"]

    world.control("apns", lost_answer_rate=0)
    message = again()

    assert message.status == STATUS.ACCEPTED
    first, second = world.ledger(provider="apns")
    assert first["message_id"] == second["message_id"] == str(public_id_of(message.pk))
    assert first["collapse"] == second["collapse"] == "order-7"


def test_mail_keeps_its_message_id_and_says_how_to_stop_it(
    world: World, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = world.smtp["host"]
    settings.EMAIL_PORT = world.smtp["port"]
    grace = RecipientFactory.create(email="grace@example.com")
    world.control("smtp", error_rate=1)
    publish(topic=TEST_NEWS, recipients=[grace.pk], key="k", context=WORDS)
    work_lane(lane=Priority.STANDARD, seconds=20)
    message = Message.objects.get(channel="email")
    assert message.status == STATUS.READY

    world.control("smtp", error_rate=0)
    Timer.objects.update(due_at=timezone.now())
    work_lane(lane=Priority.STANDARD, seconds=20)

    [arrived] = world.ledger(provider="smtp")
    assert arrived["endpoint"] == "grace@example.com"
    assert str(message.public_id) in arrived["message_id"]
    assert arrived["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
