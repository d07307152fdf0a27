from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from notifications.tests.mail_server import MailServer


@pytest.fixture(autouse=True)
def _no_broker(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let doorbells of tests go nowhere: the broker is another process's."""
    monkeypatch.setattr("notifications.services.publishing.ring", lambda lane: None)


@pytest.fixture(autouse=True)
def _own_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test full buckets: Redis outlives the test's rows."""
    monkeypatch.setattr("notifications.throttling.PREFIX", f"test:{uuid4()}:")


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    with MailServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST = "127.0.0.1"
        settings.EMAIL_PORT = server.port
        settings.EMAIL_TIMEOUT = 5
        yield server
