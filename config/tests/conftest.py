"""A real browser and the outside world for the tests of this folder."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, sync_playwright

from config.outside_world.starting import World, outside_world
from config.testing import BROWSERS
from customers.models import User
from notifications.tests.accounts import p256_key

# The number that texts come from.
SENDER = "+12125550199"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, BROWSERS)))
    # Playwright's loop makes Django think that it is called from async code.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not work for root.
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        started = playwright.chromium.launch(
            executable_path=path, args=["--disable-gpu", *root]
        )
        yield started
        started.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def running_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with outside_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def world(running_world: World, settings: Any) -> World:
    """Return the outside world as if new, with accounts at its providers."""
    running_world.reset()
    here = running_world.http
    account = running_world.fcm["service_account"]
    settings.NOTIFICATIONS = {
        "CA_BUNDLE": running_world.ca,
        "ALLOW_LOCAL_ENDPOINTS": True,
        "FCM": {"service_account": account, "url": here},
        "APNS": {**running_world.apns, "url": here},
        "WEB_PUSH": {"key": p256_key(), "contact": "mailto:us@tiffin.example"},
        "TWILIO": {**running_world.twilio, "url": here, "sender": SENDER},
    }
    return running_world


def session_of(user: User, url: str) -> Any:
    """Return the cookies of somebody who is signed in."""
    client = Client()
    client.force_login(user)
    return [
        {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}
    ]
