"""The whole site under many people at once, while a worker is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from config.tests.test_launcher import (
    SECONDS,
    environment,
    launch,
    processes_of,
    wait_for,
)
from notifications.tests.addresses import free_port

pytestmark = pytest.mark.slow


def simulate(data: Path, orders: int) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "manage.py",
        "simulate",
        "--orders",
        str(orders),
        "--rate",
        "4",
    ]
    return subprocess.Popen(  # noqa: S603 (our own command)
        command,
        cwd=settings.BASE_DIR,
        env=environment(DATA_DIR=str(data), PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def workers_of(data: Path, lane: str) -> list[int]:
    commands = processes_of(data).items()
    return [pid for pid, command in commands if f"{lane}@tiffin" in command]


def test_every_order_and_message_is_accounted_for_when_a_worker_is_killed(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    site = launch({"PORT": str(free_port()), "DATA_DIR": str(data)})
    try:
        wait_for((data / "environment").exists)
        wait_for(lambda: workers_of(data, "standard"))
        with simulate(data, 12) as simulation:
            assert simulation.stdout is not None
            said = ""
            while "placed 1" not in said:
                said += simulation.stdout.readline()
                assert simulation.poll() is None, said
            for pid in workers_of(data, "standard"):
                os.kill(pid, signal.SIGKILL)
            said += "".join(simulation.stdout)
    finally:
        site.terminate()
        told = site.communicate(timeout=SECONDS)[0]

    assert "standard ended (by SIGKILL); starting it again." in told
    assert "Everything reconciles." in said, said
    assert "ok  orders in the database: 12 of 12" in said
