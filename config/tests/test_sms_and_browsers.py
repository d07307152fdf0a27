"""Texts, and push to browsers, through the outside world's carriers and services."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from push_notifications.models import WebPushDevice

from config.outside_world.starting import World
from config.tests.conftest import SENDER
from notifications.models import Message, Priority, SmsReference, Suppression, Timer
from notifications.services.publishing import publish
from notifications.services.receiving import Receiver
from notifications.services.working import work_lane
from notifications.tests.addresses import database_url
from notifications.tests.factories import RecipientFactory
from notifications.tests.text_topics import TEST_TEXT
from notifications.tests.topics import TEST_PUSH

pytestmark = pytest.mark.django_db
STATUS = Message.Status
NUMBER = "+14155550123"
UNREACHABLE = "+14155550003"
WORDS = {"name": "Luigi", "what": "on its way", "url": "/orders/7/", "order": "7"}
WAIT_SECONDS = 20


@pytest.fixture
def centre(world: World, settings: Any) -> World:
    """Return the outside world, texts going through its message centre."""
    accounts = {**settings.NOTIFICATIONS, "SMPP": {**world.smpp, "source": SENDER}}
    del accounts["TWILIO"]
    settings.NOTIFICATIONS = accounts
    return world


@pytest.fixture
def listening(centre: World, transactional_db: None) -> Iterator[World]:
    """Let a receiver listen to the centre meanwhile."""
    stopped = Event()

    def listen() -> None:
        Receiver(**{**centre.smpp, "source": SENDER}).run(stopped)
        connection.close()

    thread = Thread(target=listen)
    thread.start()
    yield centre
    stopped.set()
    thread.join(WAIT_SECONDS)
    assert not thread.is_alive()


def browser(world: World, name: str) -> WebPushDevice:
    subscription = world.subscription(name)
    return WebPushDevice.objects.create(
        user=RecipientFactory.create(),
        registration_id=subscription["endpoint"],
        **subscription["keys"],
    )


def tell(topic: Any, user: Any, **context: str) -> Message:
    """Publish to somebody, work until all is done, return the message."""
    publish(
        topic=topic,
        recipients=[user.pk],
        key=f"test:{user.pk}",
        context={**WORDS, **context},
    )
    work_lane(lane=Priority.STANDARD, seconds=20)
    return Message.objects.latest("pk")


def text_to(number: str, **context: str) -> Message:
    return tell(TEST_TEXT, RecipientFactory.create(phone=number), **context)


def again() -> Message:
    Timer.objects.update(due_at=timezone.now())
    work_lane(lane=Priority.STANDARD, seconds=20)
    return Message.objects.latest("pk")


def wait_for(condition: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < ends_at, "It did not happen."
        time.sleep(0.02)


def wait_for_status(message: Message, status: str) -> None:
    def has_it() -> bool:
        message.refresh_from_db()
        return message.status == status

    wait_for(has_it)


def test_browser_shows_its_words(world: World) -> None:
    message = tell(TEST_PUSH, browser(world, "ada").user)

    assert message.status == STATUS.ACCEPTED
    [arrived] = world.ledger(provider="webpush")
    assert arrived["endpoint"] == "ada"
    assert (arrived["title"], arrived["text"]) == (
        "Luigi has news",
        "It is on its way.",
    )
    assert arrived["message_id"] == str(message.pk)
    assert arrived["headers"]["urgency"] == "high"
    assert "error" not in arrived["headers"]


@pytest.mark.parametrize("name", ["gone-1", "dead-1"])
def test_subscription_that_has_ended_ends_its_device(world: World, name: str) -> None:
    device, other = browser(world, name), browser(world, "ada")

    message = tell(TEST_PUSH, device.user)

    assert (message.status, message.reason) == (STATUS.FAILED, "token_dead")
    device.refresh_from_db()
    other.refresh_from_db()
    assert (device.active, other.active) == (False, True)


def test_very_long_news_are_shortened_for_a_browser(world: World) -> None:
    message = tell(TEST_PUSH, browser(world, "ada").user, what="é" * 5000)

    assert message.status == STATUS.ACCEPTED
    [arrived] = world.ledger(provider="webpush")
    assert arrived["text"].endswith("é…")


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        ({"outage": True}, "provider_error"),
        ({"credentials": "expired"}, "credentials"),
        ({"throttle_rate": 1}, "rate_limited"),
    ],
)
def test_browsers_service_is_waited_for(
    world: World, faults: dict[str, Any], reason: str
) -> None:
    device = browser(world, "ada")
    world.control("webpush", **faults)

    message = tell(TEST_PUSH, device.user)

    assert (message.status, message.reason) == (STATUS.READY, reason)
    world.reset()
    assert again().status == STATUS.ACCEPTED
    device.refresh_from_db()
    assert device.active


def test_browser_that_names_an_inside_address_is_not_written_to(
    world: World, settings: Any
) -> None:
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "ALLOW_LOCAL_ENDPOINTS": False}

    message = tell(TEST_PUSH, browser(world, "ada").user)

    assert (message.status, message.reason) == (STATUS.FAILED, "payload_invalid")
    assert world.count()["total"] == 0


def test_text_is_accepted_by_twilio(world: World) -> None:
    message = text_to(NUMBER)

    assert (message.status, message.provider) == (STATUS.ACCEPTED, "twilio")
    [arrived] = world.ledger(provider="twilio")
    assert arrived["endpoint"] == NUMBER
    assert arrived["text"] == (
        f"Luigi has news: It is on its way.\n{django_settings.SITE_URL}/orders/7/"
    )
    assert arrived["headers"]["From"] == SENDER
    assert message.attempts.get().answer == arrived["message_id"]


def test_who_has_no_number_gets_no_text(world: World) -> None:
    message = text_to("")

    assert (message.status, message.reason) == (STATUS.SUPPRESSED, "no_endpoint")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("number", "status", "reason"),
    [
        (NUMBER, STATUS.DELIVERED, ""),
        (UNREACHABLE, STATUS.UNDELIVERED, "twilio_30003"),
    ],
)
def test_twilio_calls_back(
    world: World, live_server: Any, settings: Any, number: str, status: str, reason: str
) -> None:
    settings.SITE_URL = live_server.url

    message = text_to(number)

    wait_for_status(message, status)
    assert message.reason == reason


@pytest.mark.parametrize(
    ("number", "reason"),
    [("+1415555", "address_invalid"), ("+14155550000", "stopped")],
)
def test_number_that_twilio_refuses_is_not_tried_again(
    world: World, number: str, reason: str
) -> None:
    if reason == "address_invalid":
        number = "+12"

    message = text_to(number)

    assert (message.status, message.reason) == (STATUS.FAILED, reason)
    is_stopped = Suppression.objects.filter(channel="sms", address=number).exists()
    assert is_stopped == (reason == "stopped")


@pytest.mark.django_db(transaction=True)
def test_stop_beats_a_text_that_is_planned_already(
    world: World, live_server: Any, settings: Any
) -> None:
    settings.SITE_URL = live_server.url
    world.control("twilio", outage=True)
    message = text_to(NUMBER)
    assert message.status == STATUS.READY

    webhook = live_server.url + reverse("notifications:twilio-inbound")
    answer = world.inbound(
        "twilio", from_=NUMBER, to=SENDER, body="Stop.", webhook=webhook
    )
    world.reset()
    message = again()

    assert answer["status"] == 200
    assert (message.status, message.reason) == (STATUS.SUPPRESSED, "suppressed_stop")
    assert world.count()["total"] == 0


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        ({"outage": True}, "provider_error"),
        ({"throttle_rate": 1, "retry_after": 1}, "rate_limited"),
    ],
)
def test_twilio_is_waited_for(
    world: World, faults: dict[str, Any], reason: str
) -> None:
    world.control("twilio", **faults)

    message = text_to(NUMBER)

    assert (message.status, message.reason) == (STATUS.READY, reason)
    world.reset()
    assert again().status == STATUS.ACCEPTED


def test_text_whose_answer_was_lost_is_held(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.transport.SECONDS", 1)
    world.control("twilio", lost_answer_rate=1)

    message = text_to(NUMBER)

    assert (message.status, message.reason) == (STATUS.UNKNOWN, "connection_lost")
    assert not Timer.objects.exists()
    assert world.count()["total"] == 1


def test_centre_puts_a_long_text_together(centre: World) -> None:
    message = text_to(NUMBER, what="“nearly” ready – " * 20)

    assert (message.status, message.provider) == (STATUS.ACCEPTED, "smpp")
    [arrived] = centre.ledger(provider="smpp")
    assert arrived["endpoint"] == NUMBER.removeprefix("+")
    assert arrived["text"].startswith('Luigi has news: It is "nearly" ready - "nearly"')
    assert arrived["headers"]["source"] == SENDER.removeprefix("+")
    ids = arrived["headers"]["message_ids"]
    assert len(ids) == 3
    assert message.attempts.get().answer == " ".join(ids)
    assert SmsReference.objects.get().reference == ids[-1]


def test_centre_takes_other_alphabets(centre: World) -> None:
    text_to(NUMBER, what="готово 😀 " * 10)

    [arrived] = centre.ledger(provider="smpp")
    assert arrived["text"].count("готово 😀") == 10
    assert arrived["headers"]["data_coding"] == 8


def test_batch_is_submitted_over_one_link(centre: World) -> None:
    people = RecipientFactory.create_batch(50, phone=NUMBER)
    publish(
        topic=TEST_TEXT,
        recipients=[person.pk for person in people],
        key="many",
        context=WORDS,
    )

    work_lane(lane=Priority.STANDARD, seconds=20)

    assert Message.objects.filter(status=STATUS.ACCEPTED).count() == 50
    assert centre.count()["total"] == 50


@pytest.mark.parametrize(
    ("number", "status", "reason"),
    [
        (NUMBER, STATUS.DELIVERED, ""),
        (UNREACHABLE, STATUS.UNDELIVERED, "smpp_undeliv"),
    ],
)
def test_centre_says_whether_a_text_arrived(
    listening: World, number: str, status: str, reason: str
) -> None:
    message = text_to(number)

    wait_for_status(message, status)
    assert message.reason == reason
    wait_for(lambda: not SmsReference.objects.exists())


def test_stop_comes_through_the_centre(listening: World) -> None:
    listening.inbound("smpp", from_=NUMBER, to=SENDER, body="STOP")

    wait_for(Suppression.objects.exists)

    message = text_to(NUMBER)
    assert (message.status, message.reason) == (STATUS.SUPPRESSED, "suppressed_stop")


def test_centre_that_is_busy_is_waited_for(centre: World) -> None:
    centre.control("smpp", throttle_rate=1)

    message = text_to(NUMBER)

    assert (message.status, message.reason) == (STATUS.READY, "rate_limited")
    centre.reset()
    assert again().status == STATUS.ACCEPTED


def test_centre_refuses_a_number(centre: World) -> None:
    message = text_to("+1x")

    assert (message.status, message.reason) == (STATUS.FAILED, "address_invalid")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"password": "guess"}, "credentials"), ({"port": 9}, "no_connection")],
)
def test_centre_that_cannot_be_bound_is_tried_again(
    centre: World, settings: Any, changes: dict[str, Any], reason: str
) -> None:
    account = {**settings.NOTIFICATIONS["SMPP"], **changes}
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "SMPP": account}

    message = text_to(NUMBER)

    assert (message.status, message.reason) == (STATUS.READY, reason)


@pytest.mark.parametrize("fault", ["lost_answer_rate", "drop_rate"])
def test_text_that_the_centre_did_not_confirm_is_held(
    centre: World, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr("notifications.providers.smpp.ANSWER_SECONDS", 1)
    centre.control("smpp", **{fault: 1})

    message = text_to(NUMBER)

    assert (message.status, message.reason) == (STATUS.UNKNOWN, "connection_lost")
    assert not Timer.objects.exists()


def test_link_that_broke_is_made_again(
    centre: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.providers.smpp.IDLE_SECONDS", 0)
    assert text_to(NUMBER).status == STATUS.ACCEPTED
    centre.control("smpp", drop_rate=1)
    assert text_to(NUMBER).status == STATUS.UNKNOWN
    centre.reset()

    assert text_to(NUMBER).status == STATUS.ACCEPTED


@pytest.mark.django_db(transaction=True)
def test_receiver_ends_when_it_is_told_to(centre: World) -> None:
    place = centre.smpp
    process = subprocess.Popen(
        [sys.executable, "manage.py", "receive_smpp"],
        cwd=django_settings.BASE_DIR,
        env={
            **os.environ,
            "DATABASE_URL": database_url(),
            "SMPP_URL": f"smpp://{place['system_id']}:{place['password']}"
            f"@{place['host']}:{place['port']}",
            "SMS_FROM": SENDER,
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = process.stderr.readline() if process.stderr else ""
        while said and "Bound" not in said:
            said = process.stderr.readline() if process.stderr else ""
        centre.inbound("smpp", from_=NUMBER, to=SENDER, body="STOP")
        wait_for(Suppression.objects.exists)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=WAIT_SECONDS)
    finally:
        process.kill()

    assert process.returncode == 0
