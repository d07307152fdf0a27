"""The senders against servers that nobody here wrote, from npm.

The outside world of this folder was written by whoever wrote the senders, and may share
their misunderstandings; these two were not.
"""

import base64
import json
import os
import queue
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from django.db import connection
from push_notifications.models import WebPushDevice

from config.tests import npm
from notifications.models import Message, Priority, SmsReference, Suppression
from notifications.services.publishing import publish
from notifications.services.receiving import Receiver
from notifications.services.working import work_lane
from notifications.tests.accounts import p256_key
from notifications.tests.factories import RecipientFactory
from notifications.tests.text_topics import TEST_TEXT
from notifications.tests.topics import TEST_PUSH

pytestmark = pytest.mark.django_db
STATUS = Message.Status
PEERS = Path(__file__).parent / "peers"
WORDS = {"name": "Luigi", "what": "on its way", "url": "/orders/7/", "order": "7"}
NUMBER = "+14155550123"
PASSWORD = "secret"
SECONDS = 20


@pytest.fixture(scope="module")
def packages() -> Path:
    """Return where the packages are, installed at the first use."""
    return npm.install(PEERS, "peers") / "node_modules"


@contextmanager
def running(packages: Path, script: str, argument: str) -> Iterator["queue.Queue[str]"]:
    """Run a script; yield what it says, line by line."""
    process = subprocess.Popen(  # noqa: S603 (our own scripts)
        [shutil.which("node") or "node", str(PEERS / script), argument],
        env={**os.environ, "NODE_PATH": str(packages)},
        stdout=subprocess.PIPE,
        text=True,
    )
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)

    reader = Thread(target=read)
    reader.start()
    try:
        yield lines
    finally:
        process.terminate()
        process.wait(SECONDS)
        reader.join(SECONDS)
        assert process.stdout is not None
        process.stdout.close()


def wait_for_status(message: Message, status: str) -> None:
    ends_at = monotonic() + SECONDS
    while message.status != status:
        assert monotonic() < ends_at, message.status
        sleep(0.02)
        message.refresh_from_db()


def tell(topic: Any, user: Any, **context: str) -> Message:
    publish(
        topic=topic,
        recipients=[user.pk],
        key=f"test:{user.pk}",
        context={**WORDS, **context},
    )
    work_lane(lane=Priority.STANDARD, seconds=20)
    return Message.objects.latest("pk")


class PushService:
    """The service of `web-push-testing`, and the browsers that it plays."""

    def __init__(self, port: int, server_key: str) -> None:
        self.url = f"http://localhost:{port}"
        self.server_key = server_key

    def subscribe(self) -> tuple[WebPushDevice, str]:
        asked = {
            "userVisibleOnly": "true",
            "applicationServerKey": self.server_key,
        }
        subscription = self._ask("subscribe", asked)["data"]
        device = WebPushDevice.objects.create(
            user=RecipientFactory.create(),
            registration_id=subscription["endpoint"],
            **subscription["keys"],
        )
        return device, subscription["clientHash"]

    def shown(self, browser: str) -> list[Any]:
        answer = self._ask("get-notifications", {"clientHash": browser})
        return [json.loads(message) for message in answer["data"]["messages"]]

    def expire(self, browser: str) -> None:
        requests.post(
            f"{self.url}/expire-subscription/{browser}", timeout=SECONDS
        ).raise_for_status()

    def _ask(self, path: str, content: Any) -> Any:
        answer = requests.post(f"{self.url}/{path}", json=content, timeout=SECONDS)
        answer.raise_for_status()
        return answer.json()


@pytest.fixture
def push_service(packages: Path, settings: Any) -> Iterator[PushService]:
    key = p256_key()
    point = (
        load_pem_private_key(key.encode(), password=None)
        .public_key()
        .public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    )
    settings.NOTIFICATIONS = {
        "ALLOW_LOCAL_ENDPOINTS": True,
        "WEB_PUSH": {"key": key, "contact": "mailto:us@tiffin.example"},
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with running(packages, "webpush.js", str(port)) as lines:
        assert "running" in lines.get(timeout=SECONDS)
        server_key = base64.urlsafe_b64encode(point).rstrip(b"=").decode()
        yield PushService(port, server_key)


def test_foreign_service_decrypts_what_it_is_sent(push_service: PushService) -> None:
    device, browser = push_service.subscribe()

    message = tell(TEST_PUSH, device.user)

    assert message.status == STATUS.ACCEPTED
    [shown] = push_service.shown(browser)
    assert (shown["title"], shown["body"]) == ("Luigi has news", "It is on its way.")
    assert shown["message_id"] == str(message.pk)


def test_foreign_service_takes_the_longest_message(push_service: PushService) -> None:
    device, browser = push_service.subscribe()

    message = tell(TEST_PUSH, device.user, what="é" * 5000)

    assert message.status == STATUS.ACCEPTED
    [shown] = push_service.shown(browser)
    assert shown["body"].endswith("é…")


def test_foreign_services_expired_subscription_ends(push_service: PushService) -> None:
    device, browser = push_service.subscribe()
    push_service.expire(browser)

    message = tell(TEST_PUSH, device.user)

    assert (message.status, message.reason) == (STATUS.FAILED, "token_dead")
    device.refresh_from_db()
    assert not device.active


@pytest.fixture
def centre(packages: Path, settings: Any) -> Iterator["queue.Queue[str]"]:
    with running(packages, "centre.js", PASSWORD) as lines:
        port = json.loads(lines.get(timeout=SECONDS))["port"]
        settings.NOTIFICATIONS = {
            "SMPP": {
                "host": "127.0.0.1",
                "port": port,
                "system_id": "tiffin",
                "password": PASSWORD,
                "source": "TIFFIN",
            }
        }
        yield lines
        # Its links end before the centre does.
        settings.NOTIFICATIONS = {}


def parts_of(centre: "queue.Queue[str]", count: int) -> list[Any]:
    return [json.loads(centre.get(timeout=SECONDS)) for _ in range(count)]


@pytest.mark.parametrize(
    ("what", "count", "coding"),
    [
        ("ready at €9.50 [now]", 1, 0),
        ("{ready} " * 40, 3, 0),
        ("готово 😀 " * 20, 4, 8),
    ],
)
def test_foreign_centre_reads_what_it_is_sent(
    centre: "queue.Queue[str]", what: str, count: int, coding: int
) -> None:
    message = tell(TEST_TEXT, RecipientFactory.create(phone=NUMBER), what=what, url="")

    assert message.status == STATUS.ACCEPTED
    parts = parts_of(centre, count)
    assert "".join(part["text"] for part in parts) == (f"Luigi has news: It is {what}.")
    assert {part["to"] for part in parts} == {NUMBER.removeprefix("+")}
    assert {part["coding"] for part in parts} == {coding}
    assert [part["wants"] for part in parts] == [*[0] * (count - 1), 1]
    if count > 1:
        reference = message.pk % 256
        assert [part["header"][0][-3:] for part in parts] == [
            [reference, count, number] for number in range(1, count + 1)
        ]


@pytest.mark.django_db(transaction=True)
def test_foreign_centre_tells_of_receipts_and_replies(
    centre: "queue.Queue[str]", settings: Any
) -> None:
    stopped = Event()

    def listen() -> None:
        Receiver(**settings.NOTIFICATIONS["SMPP"]).run(stopped)
        connection.close()

    thread = Thread(target=listen)
    thread.start()
    try:
        ends_at = monotonic() + SECONDS
        while not Suppression.objects.filter(address="+14155550199").exists():
            assert monotonic() < ends_at
            sleep(0.02)
        message = tell(TEST_TEXT, RecipientFactory.create(phone=NUMBER))
        wait_for_status(message, STATUS.DELIVERED)
    finally:
        stopped.set()
        thread.join(SECONDS)
    assert not SmsReference.objects.exists()


def test_foreign_centre_refuses_a_wrong_password(
    centre: "queue.Queue[str]", settings: Any
) -> None:
    account = {**settings.NOTIFICATIONS["SMPP"], "password": "guess"}
    settings.NOTIFICATIONS = {"SMPP": account}

    message = tell(TEST_TEXT, RecipientFactory.create(phone=NUMBER))

    assert (message.status, message.reason) == (STATUS.READY, "credentials")
