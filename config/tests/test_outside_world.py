"""The outside world, spoken to by the clients that the real one is spoken to by."""

import json
import smtplib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pycurl
import pytest
import requests
import smpplib.consts
import smpplib.exceptions
from pywebpush import WebPushException  # type: ignore[import-untyped]

from config.outside_world.starting import World, outside_world
from config.outside_world.tests.senders import (
    SECONDS,
    Phone,
    Webhook,
    apple_token,
    google_token,
    mail_to,
    post,
    push,
    send_apns,
    send_fcm,
    send_twilio,
    signature,
)

DEVICE = "ab" * 32
UUID = "6f5902ac-237b-4f5b-8d7b-1f3b1a1b1c1d"
TIMED_OUT = 28


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with outside_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def world(started: World) -> World:
    started.reset()
    return started


def test_fcm_takes_a_message_of_a_google_account(world: World) -> None:
    answer = send_fcm(
        world,
        "phone-1",
        data={"message_id": "m-1"},
        android={"collapse_key": "order-17", "priority": "high"},
    )

    assert answer.status == 200
    assert answer.json["name"].startswith(f"projects/{world.fcm['project_id']}/")
    (noted,) = world.ledger(provider="fcm")
    assert abs(noted.pop("at") - time.time()) < SECONDS
    assert noted == {
        "provider": "fcm",
        "endpoint": "phone-1",
        "message_id": "m-1",
        "collapse": "order-17",
        "title": "Ready",
        "text": "Pizza",
        "headers": {"priority": "high"},
    }


@pytest.mark.parametrize(
    ("device", "parts", "status", "state", "code"),
    [
        ("dead-1", {}, 404, "NOT_FOUND", "UNREGISTERED"),
        ("invalid-1", {}, 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
        ("mismatch-1", {}, 403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
        ("", {}, 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
        ("p", {"data": {"x": 1}}, 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
        ("p", {"data": {"x": "y" * 4100}}, 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
    ],
)
def test_fcm_refuses_as_google_does(
    world: World, device: str, parts: Any, status: int, state: str, code: str
) -> None:
    answer = send_fcm(world, device, **parts)

    error = answer.json["error"]
    assert (answer.status, error["code"], error["status"]) == (status, status, state)
    assert error["details"][0]["errorCode"] == code
    assert world.count()["total"] == 0


def test_fcm_wants_a_token_that_is_still_good(world: World) -> None:
    token = google_token(world)
    world.control("fcm", credentials="revoked")

    late = send_fcm(world, "phone-1", token)

    assert late.status == 401
    assert late.json["error"]["status"] == "UNAUTHENTICATED"
    assert send_fcm(world, "phone-1").status == 200


def test_apns_takes_a_message_and_gives_its_id_back(world: World) -> None:
    answer = send_apns(world, DEVICE, apns_id=UUID, apns_collapse_id="order-17")

    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["apns-id"] == UUID
    (noted,) = world.ledger(provider="apns", endpoint=DEVICE)
    assert noted["message_id"] == UUID
    assert (noted["title"], noted["text"]) == ("Ready", "Pizza")
    assert noted["collapse"] == "order-17"


@pytest.mark.parametrize(
    ("device", "headers", "status", "reason"),
    [
        ("dead" * 16, {}, 410, "Unregistered"),
        ("bad0" * 16, {}, 400, "BadDeviceToken"),
        ("abc", {}, 400, "BadDeviceToken"),
        ("", {}, 404, "BadPath"),
        (DEVICE, {"authorization": ""}, 403, "MissingProviderToken"),
        (DEVICE, {"authorization": "bearer a.b.c"}, 403, "InvalidProviderToken"),
        (DEVICE, {"apns_topic": ""}, 400, "MissingTopic"),
        (DEVICE, {"apns_topic": "com.other"}, 400, "TopicDisallowed"),
        (DEVICE, {"apns_push_type": "voip"}, 400, "DeviceTokenNotForTopic"),
        (DEVICE, {"apns_push_type": "loud"}, 400, "InvalidPushType"),
        (DEVICE, {"apns_priority": "7"}, 400, "BadPriority"),
        (DEVICE, {"apns_expiration": "soon"}, 400, "BadExpirationDate"),
        (DEVICE, {"apns_collapse_id": "x" * 65}, 400, "BadCollapseId"),
        (DEVICE, {"apns_id": "seventeen"}, 400, "BadMessageId"),
    ],
)
def test_apns_refuses_as_apple_does(
    world: World, device: str, headers: dict[str, str], status: int, reason: str
) -> None:
    answer = send_apns(world, device, **headers)

    assert (answer.status, answer.json["reason"]) == (status, reason)
    assert world.count()["total"] == 0


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (b"", 400, "PayloadEmpty"),
        ({"aps": {"alert": "x" * 4100}}, 413, "PayloadTooLarge"),
    ],
)
def test_apns_refuses_a_payload(
    world: World, content: Any, status: int, reason: str
) -> None:
    answer = send_apns(world, DEVICE, content)

    assert (answer.status, answer.json["reason"]) == (status, reason)


def test_apns_knows_old_tokens_and_those_of_others(world: World) -> None:
    old = apple_token(world, time.time() - 3700)
    foreign = apple_token(world, time.time(), iss="SOMEBODYEL")

    answers = [
        send_apns(world, DEVICE, authorization=f"bearer {token}").json["reason"]
        for token in (old, foreign)
    ]

    assert answers == ["ExpiredProviderToken", "InvalidProviderToken"]


def test_apns_says_when_a_device_was_unregistered(world: World) -> None:
    world.control("apns", unregistered_at=1_700_000_000_000)

    answer = send_apns(world, "dead" * 16)

    assert answer.json["timestamp"] == 1_700_000_000_000


def test_apns_is_http_2_only(world: World) -> None:
    answer = post(
        world, f"/3/device/{DEVICE}", {}, version=pycurl.CURL_HTTP_VERSION_1_1
    )

    assert answer.status == 505


@pytest.mark.parametrize(
    ("faults", "status"),
    [
        ({"outage": True}, 503),
        ({"throttle_rate": 1, "retry_after": 7}, 429),
        ({"error_rate": 1}, None),
    ],
)
def test_faults_are_told_in_the_words_of_the_provider(
    world: World, faults: Any, status: int | None
) -> None:
    world.control("fcm", **faults)
    world.control("apns", **faults)

    google, apple = send_fcm(world, "phone-1"), send_apns(world, DEVICE)

    expected = (500, 503) if status is None else (status,)
    assert google.status in expected
    assert apple.status in expected
    assert google.json["error"]["code"] == google.status
    assert apple.json["reason"]
    if status == 429:
        assert google.headers["retry-after"] == apple.headers["retry-after"] == "7"
    assert world.count()["total"] == 0


def test_an_answer_can_be_lost_after_the_message_was_taken(world: World) -> None:
    token = google_token(world)
    world.control("fcm", lost_answer_rate=1)

    with pytest.raises(pycurl.error) as lost:
        send_fcm(world, "phone-1", token)

    assert lost.value.args[0] == TIMED_OUT
    assert world.count() == {"total": 1, "by_provider": {"fcm": 1}}


def test_a_connection_can_be_dropped_and_the_next_one_works(world: World) -> None:
    token = google_token(world)
    world.control("fcm", drop_rate=1)

    with pytest.raises(pycurl.error) as dropped:
        send_fcm(world, "phone-1", token)
    world.control("fcm", drop_rate=0)

    assert dropped.value.args[0] != TIMED_OUT
    assert send_fcm(world, "phone-1", token).status == 200
    assert world.count()["total"] == 1


def test_latency_delays_the_answer(world: World) -> None:
    token = google_token(world)
    world.control("fcm", latency=0.3)

    started_at = time.monotonic()
    answer = send_fcm(world, "phone-1", token)

    assert answer.status == 200
    assert time.monotonic() - started_at >= 0.3


def test_a_browser_reads_what_was_pushed(world: World) -> None:
    shown = {"message_id": "m-1", "title": "Ready", "body": "Pizza è pronta"}

    answer = push(world, "laptop", json.dumps(shown), Urgency="high", Topic="order-17")

    assert answer.status_code == 201
    assert answer.headers["location"].startswith(world.http)
    (noted,) = world.ledger(provider="webpush", endpoint="laptop")
    assert noted["message_id"] == "m-1"
    assert (noted["title"], noted["text"]) == ("Ready", "Pizza è pronta")
    assert noted["collapse"] == "order-17"
    assert noted["headers"] == {"ttl": "60", "urgency": "high", "topic": "order-17"}


@pytest.mark.parametrize(
    ("name", "headers", "status"),
    [
        ("gone-1", {}, 410),
        ("dead-1", {}, 404),
        ("laptop", {"Urgency": "extreme"}, 400),
        ("laptop", {"Topic": "x" * 33}, 400),
    ],
)
def test_a_push_service_refuses(
    world: World, name: str, headers: dict[str, str | int | float], status: int
) -> None:
    with pytest.raises(WebPushException) as refused:
        push(world, name, "{}", **headers)

    assert refused.value.response is not None
    assert refused.value.response.status_code == status
    assert world.count()["total"] == 0


@pytest.mark.parametrize(
    ("authorization", "status"), [("", 401), ("vapid t=a.b.c, k=BA", 403)]
)
def test_a_push_service_wants_to_know_who_sends(
    world: World, authorization: str, status: int
) -> None:
    answer = post(
        world,
        "/push/laptop",
        b"x" * 120,
        "ttl: 60",
        "content-encoding: aes128gcm",
        f"authorization: {authorization}",
    )

    assert answer.status == status
    assert world.count()["total"] == 0


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    webhook = Webhook()
    thread = threading.Thread(target=webhook.server.serve_forever, args=(0.02,))
    thread.start()
    yield webhook
    webhook.server.shutdown()
    webhook.server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("number", "last", "error"),
    [
        ("+14155550111", "delivered", None),
        ("+14155550003", "undelivered", "30003"),
    ],
)
def test_twilio_tells_what_became_of_a_message(
    world: World, webhook: Webhook, number: str, last: str, error: str | None
) -> None:
    answer = send_twilio(world, number, StatusCallback=webhook.url, Body="é" * 161)

    sent = answer.json
    assert (answer.status, sent["status"], sent["num_segments"]) == (201, "queued", "2")
    told = [webhook.told.get(timeout=SECONDS) for _ in range(2)]
    assert [form["MessageStatus"] for form, _ in told] == ["sent", last]
    assert {form["MessageSid"] for form, _ in told} == {sent["sid"]}
    assert all(signed == signature(world, webhook.url, form) for form, signed in told)
    assert told[1][0].get("ErrorCode") == error
    (noted,) = world.ledger(provider="twilio")
    assert (noted["endpoint"], noted["message_id"]) == (number, sent["sid"])
    assert noted["text"] == "é" * 161


@pytest.mark.parametrize(
    ("number", "secret", "status", "code"),
    [
        ("4155550111", "", 400, 21211),
        ("+14155550000", "", 400, 21610),
        ("+14155550111", "guessed", 401, 20003),
    ],
)
def test_twilio_refuses(
    world: World, number: str, secret: str, status: int, code: int
) -> None:
    answer = send_twilio(world, number, secret=secret)

    assert (answer.status, answer.json["code"]) == (status, code)
    assert world.count()["total"] == 0


def test_a_person_who_writes_stop_to_twilio_gets_no_more(
    world: World, webhook: Webhook
) -> None:
    told = world.inbound(
        "twilio",
        from_="+14155550111",
        to="+15005550006",
        body="Stop",
        webhook=webhook.url,
    )

    assert (told["status"], told["body"]) == (200, "<Response/>")
    form, signed = webhook.told.get(timeout=SECONDS)
    assert (form["From"], form["Body"]) == ("+14155550111", "Stop")
    assert signed == signature(world, webhook.url, form)
    assert send_twilio(world, "+14155550111").json["code"] == 21610


@pytest.fixture
def phone(world: World) -> Iterator[Phone]:
    phone = Phone(world)
    yield phone
    phone.client.unbind()
    phone.client.disconnect()


@pytest.mark.parametrize(
    ("number", "state"), [("14155550111", "DELIVRD"), ("14155550003", "UNDELIV")]
)
def test_smpp_sends_a_receipt(
    world: World, phone: Phone, number: str, state: str
) -> None:
    phone.send(number, "Pizza [12 €]")
    phone.read_until(lambda: len(phone.told) == 1)

    message_id = phone.answers[0].message_id.decode()
    (receipt,) = phone.told
    assert receipt.esm_class == 4
    assert receipt.source_addr.decode() == number
    text = receipt.short_message.decode()
    assert text.startswith(f"id:{message_id} sub:001 dlvrd:")
    assert f" stat:{state} err:" in text
    (noted,) = world.ledger(provider="smpp")
    assert (noted["endpoint"], noted["text"]) == (number, "Pizza [12 €]")
    assert noted["message_id"] == message_id


@pytest.mark.parametrize("text", ["Margherita " * 30, "ピザができました" * 20])
def test_smpp_joins_the_parts_of_a_long_message(
    world: World, phone: Phone, text: str
) -> None:
    phone.send("14155550111", text)
    phone.read_until(lambda: len(phone.told) == 3)

    (noted,) = world.ledger(provider="smpp")
    assert noted["text"] == text
    assert len(noted["headers"]["message_ids"]) == 3


def test_smpp_throttles(world: World, phone: Phone) -> None:
    world.control("smpp", throttle_rate=1)

    phone.send("14155550111", "Pizza")
    phone.read_until(lambda: len(phone.answers) == 1)

    assert phone.answers[0].status == smpplib.consts.SMPP_ESME_RTHROTTLED
    assert world.count()["total"] == 0


def test_smpp_lets_nobody_in_with_a_wrong_password(world: World) -> None:
    with pytest.raises(smpplib.exceptions.PDUError) as refused:
        Phone(world, password="guessed")

    assert refused.value.args[1] == smpplib.consts.SMPP_ESME_RBINDFAIL


def test_a_person_can_write_by_smpp(world: World, phone: Phone) -> None:
    world.inbound("smpp", from_="14155550111", to="85999", body="STOP")
    phone.read_until(lambda: len(phone.told) == 1)

    (written,) = phone.told
    assert written.source_addr == b"14155550111"
    assert written.short_message == b"STOP"


def test_mail_is_kept_with_its_headers(world: World) -> None:
    mail_to(world, "anna@example.com")

    (noted,) = world.ledger(provider="smtp")
    assert noted["endpoint"] == "anna@example.com"
    assert noted["message_id"] == "<m-1@tiffin.example>"
    assert (noted["title"], noted["text"]) == (
        "Your pizza è pronta",
        "Come and get it.",
    )
    assert noted["headers"]["List-Unsubscribe"] == "<https://tiffin.example/stop>"


@pytest.mark.parametrize(
    ("address", "code"), [("bounce-1@example.com", 550), ("later@example.com", 451)]
)
def test_mail_is_refused(world: World, address: str, code: int) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        mail_to(world, address)

    assert refused.value.recipients[address][0] == code
    assert world.count()["total"] == 0


def test_a_mail_server_can_be_out(world: World) -> None:
    world.control("smtp", outage=True)

    with pytest.raises(smtplib.SMTPResponseException) as refused:
        mail_to(world, "anna@example.com")

    assert refused.value.smtp_code == 421


def test_the_page_shows_the_newest_message_first(world: World) -> None:
    mail_to(world, "anna@example.com")
    send_fcm(world, "<phone>")

    page = requests.get(world.http_plain, timeout=SECONDS).text

    assert page.index("&lt;phone&gt;") < page.index("anna@example.com")
    assert "<phone>" not in page


def test_the_file_has_every_message_and_the_program_ends_soon(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    with outside_world(tmp_path, ledger=file) as world:
        token = google_token(world)
        for number in range(3):
            send_fcm(world, f"phone-{number}", token)
        world.control("fcm", hang_rate=1)
        with pytest.raises(pycurl.error):
            send_fcm(world, "phone-3", token)
        started_at = time.monotonic()
        world.stop()
        seconds = time.monotonic() - started_at

    assert world.process.child is not None
    assert world.process.child.returncode == 0
    assert seconds < 2
    noted = [json.loads(line)["endpoint"] for line in file.read_text().splitlines()]
    assert noted == ["phone-0", "phone-1", "phone-2"]
