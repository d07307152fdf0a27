"""bin/run as its user meets it, on services of its own in a folder of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.conf import settings

from config.launcher import address, check_services
from config.processes import StartError
from notifications.tests.addresses import free_port

SECONDS = 60

pytestmark = pytest.mark.slow


def environment(**variables: str) -> dict[str, str]:
    ours = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "LANG", "TMPDIR")
        if name in os.environ
    }
    return ours | variables


def launch(variables: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "config.launcher"],
        cwd=settings.BASE_DIR,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def complaint(**variables: str) -> str:
    """Start what cannot work; give the one line that it says."""
    launcher = launch(variables)
    said = launcher.communicate(timeout=SECONDS)[0]
    assert launcher.returncode == 2
    assert said.count("\n") == 1, said
    return said


def answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.1)


def processes_of(data: Path) -> dict[int, str]:
    """Every process that has this data folder in its environment or command."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal() or int(folder.name) == os.getpid():
            continue
        try:
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            command = (folder / "cmdline").read_bytes()
            known = (folder / "environ").read_bytes() + command
        except OSError:
            continue
        if state != "Z" and os.fsencode(data) in known:
            found[int(folder.name)] = command.replace(b"\0", b" ").decode()
    return found


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "data"
    yield folder
    for pid in processes_of(folder):
        os.kill(pid, signal.SIGKILL)


def workers_of(data: Path, lane: str) -> list[int]:
    commands = processes_of(data).items()
    return [pid for pid, command in commands if f"{lane}@tiffin" in command]


def simulate(data: Path, orders: int) -> str:
    """Let people order; kill a lane's workers at the first order; give the report."""
    arguments = ["--orders", str(orders), "--rate", "4"]
    with subprocess.Popen(  # noqa: S603 (our own command)
        [sys.executable, "manage.py", "simulate", *arguments],
        cwd=settings.BASE_DIR,
        env=environment(DATA_DIR=str(data), PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as simulation:
        assert simulation.stdout is not None
        said = ""
        while not re.search("placed [1-9]", said):
            said += simulation.stdout.readline()
            assert simulation.poll() is None, said
        for pid in workers_of(data, "standard"):
            os.kill(pid, signal.SIGKILL)
        return said + "".join(simulation.stdout)


def test_site_serves_survives_kills_and_leaves_nothing_behind(data: Path) -> None:
    port = free_port()
    site = launch({"PORT": str(port), "DATA_DIR": str(data)})
    wait_for(lambda: answers(port))
    wait_for(lambda: sum("celery" in it for it in processes_of(data).values()) >= 9)
    assert any("config.asgi" in it for it in processes_of(data).values())

    # Every order and message is accounted for when a worker is killed.
    wait_for(lambda: workers_of(data, "standard"))
    report = simulate(data, 6)
    assert "Everything reconciles." in report, report
    assert "ok  orders in the database: 6 of 6" in report

    site.kill()
    told = site.communicate(timeout=SECONDS)[0]
    assert "standard ended (by SIGKILL); starting it again." in told
    wait_for(lambda: not processes_of(data))

    again = launch({"PORT": str(port), "DATA_DIR": str(data)})
    assert again.stdout is not None
    said = ""
    while "Ctrl-C stops everything" not in said:
        said += again.stdout.readline()
    assert answers(port)
    # Another start in the same folder is told of this one.
    assert "already running" in complaint(PORT=str(free_port()), DATA_DIR=str(data))
    again.terminate()
    last_words = again.communicate(timeout=SECONDS)[0]
    assert again.returncode == 0
    assert f"Open http://127.0.0.1:{port}" in said
    assert "There is data already" in said
    assert "The data is kept." in last_words
    assert processes_of(data) == {}


def test_a_port_in_use_is_told_with_what_to_do(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = complaint(PORT=str(port), DATA_DIR=str(data))

    assert f"Cannot listen on 127.0.0.1:{port} (address already in use)" in said
    assert "PORT=8001 bin/run" in said
    assert not data.exists()


@pytest.mark.parametrize("port", ["http", "0", "70000", "-1", ""])
def test_a_port_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, port: str
) -> None:
    monkeypatch.setenv("PORT", port)

    with pytest.raises(StartError, match="PORT must be a number from 1 to 65535"):
        address()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "must look like postgres://user:password@host:5432/name."),
        ("mysql://root@127.0.0.1/shop", "must look like postgres://"),
        ("postgres://me@127.0.0.1:port/shop", "must look like postgres://"),
        ("postgres://me@127.0.0.1:1/shop", "does not answer"),
    ],
)
def test_a_broken_database_url_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    with pytest.raises(StartError, match=said):
        check_services()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "must look like redis://host:6379/0."),
        ("redis://127.0.0.1:1/0", "does not answer"),
    ],
)
def test_a_broken_redis_url_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("REDIS_URL", url)

    with pytest.raises(StartError, match=said):
        check_services()


def test_services_that_do_not_answer_start_nothing(data: Path) -> None:
    there = {"PORT": str(free_port()), "DATA_DIR": str(data)}
    nobody = "redis://127.0.0.1:1/0"

    assert "REDIS_URL does not answer" in complaint(REDIS_URL=nobody, **there)
    assert not data.exists()
