"""The streams' server for tests: a process of its own, on the tests' database."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse

from django.conf import settings

from config.tests.test_launcher import wait_for
from notifications.tests.addresses import database_url, free_port

SITE = "http://site.example:8000"


@contextmanager
def running_server() -> Iterator[int]:
    """Start the server; give its port."""
    port = free_port()
    variables = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "SITE_URL": SITE,
        "SECURE_COOKIES": "false",
    }
    # Without what the browser's fixture allows, so that it is still found here.
    kept = os.environ.keys() - {"DJANGO_ALLOW_ASYNC_UNSAFE"}
    arguments = ["--interface", "asgi", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(  # noqa: S603 (our own argument list)
        [sys.executable, "-m", "granian", *arguments, "config.asgi:application"],
        cwd=settings.BASE_DIR,
        env={name: os.environ[name] for name in kept} | variables,
    )
    wait_for(lambda: listens(port))
    yield port
    process.terminate()
    process.wait(10)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def next_event(stream: HTTPResponse) -> str:
    """Return the next event, without the line that says when to come again."""
    lines: list[str] = []
    while (line := stream.readline().decode().rstrip("\n")) or not lines:
        if line and not line.startswith("retry:"):
            lines.append(line)
    return "\n".join(lines)
