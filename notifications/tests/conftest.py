from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from notifications.tests.mail_server import MailServer


@pytest.fixture(autouse=True)
def _test_templates(settings: Any) -> None:
    """Give the test topic its words."""
    [engine] = settings.TEMPLATES
    words = Path(__file__).parent / "templates"
    settings.TEMPLATES = [{**engine, "DIRS": [*engine["DIRS"], words]}]


@pytest.fixture(autouse=True)
def _no_broker(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let doorbells of tests go nowhere: the broker is another process's."""
    monkeypatch.setattr("notifications.services.publishing.ring", lambda priority: None)


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    with MailServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST = "127.0.0.1"
        settings.EMAIL_PORT = server.port
        settings.EMAIL_TIMEOUT = 5
        yield server
