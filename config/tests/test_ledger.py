"""Every message accounted for, whatever is killed while it is sent.

Real PostgreSQL, Redis, Celery workers and beat, and the outside world as provider.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from config.embedded import Postgres, socket_folder, start_redis
from config.outside_world.starting import World, outside_world
from config.processes import Process, stop_all

EVENTS = 2_500
KILLS = 5
CELERY = (
    *("-W", "ignore::UserWarning:celery.platforms"),
    *("-m", "celery", "--app", "config", "--quiet"),
)
QUIET = ("--without-gossip", "--without-mingle", "--loglevel", "ERROR")

# Takes about as long as the trouble, so that the trouble meets every stage of the work.
PUBLISH = """
import django; django.setup()
from time import sleep
from django.contrib.auth import get_user_model
from django.db import transaction
from notifications.services.publishing import publish
from notifications.tests.topics import TEST_PUSH
people = list(get_user_model().objects.order_by("pk").values_list("pk", flat=True))
for start in range(0, len(people), 50):
    sleep(0.1)
    with transaction.atomic():
        for pk in people[start : start + 50]:
            publish(TEST_PUSH, recipients=[pk], key=f"order:{pk}", context={
                "name": "Luigi", "what": "on its way", "order": str(pk)})
"""
PEOPLE = """
WITH people AS (
    INSERT INTO customers_user (password, is_superuser, email, name, phone, time_zone,
                                locale, is_active, is_staff, date_joined)
    SELECT '', false, 'grace' || n || '@example.com', '', '', 'UTC', 'en', true, false,
           now()
      FROM generate_series(1, %s) n RETURNING id
)
INSERT INTO push_notifications_gcmdevice
       (user_id, registration_id, active, cloud_message_type, date_created)
SELECT id, 'token-' || id, true, 'FCM', now() FROM people
"""
LEFT = """
SELECT (SELECT count(*) FROM notifications_chunk)
     + (SELECT count(*) FROM notifications_timer)
     + (SELECT count(*) FROM notifications_lease)
"""
TOLD = """
SELECT count(*), count(DISTINCT recipient_id) FROM notifications_notification
"""
STATUSES = "SELECT status, count(*) FROM notifications_message GROUP BY status"
SENT = "SELECT id FROM notifications_message"
TRIED = "SELECT EXISTS (SELECT FROM notifications_attempt)"
UNKNOWN = "SELECT message_id FROM notifications_attempt WHERE outcome = 'unknown'"

pytestmark = pytest.mark.slow


def say(name: str, line: str) -> None:
    sys.stderr.write(f"{name}: {line}\n")


@dataclass
class Plant:
    """The servers and workers of one trial."""

    folder: Path
    sockets: Path
    world: World
    postgres: Process = field(init=False)
    redis: Process = field(init=False)
    environ: dict[str, str] = field(init=False)
    workers: list[Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cluster = Postgres(
            self.folder / "postgres", self.sockets / "pg", durable=True
        )
        self.postgres = self.cluster.start(say)
        self.redis, url = start_redis(self.folder / "redis", self.sockets, say)
        account = self.world.fcm["service_account"]
        self.environ = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings_test",
            "DATABASE_URL": self.cluster.url,
            "REDIS_URL": url,
            "DATA_DIR": str(self.folder / "data"),
            "FCM_SERVICE_ACCOUNT": json.dumps(account),
            "FCM_URL": self.world.http,
            "PROVIDERS_CA_BUNDLE": self.world.ca,
        }

    def run(self, *arguments: str) -> None:
        subprocess.run(  # noqa: S603
            [sys.executable, *arguments], env=self.environ, check=True, timeout=300
        )

    def start_workers(self) -> None:
        topics = ("--include", "notifications.tests.topics")
        for name, queue, pool in (
            ("standard1", "notifications.standard", "solo"),
            ("standard2", "notifications.standard", "prefork"),
            ("tasks", "celery", "solo"),
        ):
            options = ("--queues", queue, "--pool", pool, "--concurrency", "1")
            naming = ("--hostname", f"{name}@ledger")
            self._start(name, *CELERY, "worker", *options, *naming, *topics, *QUIET)
        schedule = ("--schedule", str(self.folder / "beat"), "--pidfile=")
        self._start("beat", *CELERY, "beat", *schedule, "--loglevel", "ERROR")

    def _start(self, name: str, *argv: str) -> None:
        process = Process(name, [sys.executable, *argv], say, environ=self.environ)
        process.start()
        self.workers.append(process)

    def kill_one(self, number: int) -> None:
        """Kill a worker and start it again; each has its turn, so none is spared."""
        process = self.workers[number % len(self.workers)]
        process.kill()
        process.start()

    def restart_postgres(self) -> None:
        self.postgres.kill()
        self.postgres = self.cluster.start(say)

    def restart_redis(self) -> None:
        self.redis.kill()
        self.redis, _ = start_redis(self.folder / "redis", self.sockets, say)

    def flush_redis(self) -> None:
        with redis.Redis.from_url(self.environ["REDIS_URL"]) as client:
            client.flushall()

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Return rows, however long PostgreSQL takes to be back."""
        while True:
            try:
                with psycopg.connect(
                    host=str(self.cluster.sockets), user="tiffin", dbname="tiffin"
                ) as connection:
                    return connection.execute(query).fetchall()
            except psycopg.OperationalError:
                time.sleep(0.5)

    def stop(self) -> None:
        for worker in self.workers:
            worker.kill()
        stop_all([self.postgres, self.redis])


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    with ExitStack() as stack:
        world = stack.enter_context(outside_world(tmp_path))
        sockets = stack.enter_context(socket_folder(tmp_path))
        plant = Plant(tmp_path, sockets, world)
        stack.callback(plant.stop)
        yield plant


def wait_until(true: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(1)


def give_people_phones(plant: Plant) -> None:
    with psycopg.connect(
        host=str(plant.cluster.sockets), user="tiffin", dbname="tiffin"
    ) as connection:
        connection.execute(PEOPLE, [EVENTS])


def make_trouble(plant: Plant) -> None:
    """Kill eight workers, and more, while the provider has an outage of 12 s."""
    outage_from = 0.0
    for kill in range(KILLS):
        time.sleep(random.uniform(0.8, 2.4))
        plant.kill_one(kill)
        match kill:
            case 2 | 6:
                plant.flush_redis()
            case 3:
                plant.world.control("fcm", outage=True)
                outage_from = time.monotonic()
            case 4:
                plant.restart_redis()
            case 5:
                plant.restart_postgres()
    time.sleep(max(0.0, outage_from + 12 - time.monotonic()))


def test_every_message_is_accounted_for_whatever_is_killed(plant: Plant) -> None:
    plant.run("manage.py", "migrate", "--verbosity", "0")
    give_people_phones(plant)
    plant.world.control("fcm", latency=1.0, error_rate=0.05, hang_rate=0.02)
    plant.start_workers()
    publisher = Process(
        "publisher", [sys.executable, "-c", PUBLISH], say, environ=plant.environ
    )
    publisher.start()

    wait_until(lambda: plant.ask(TRIED) == [(True,)], seconds=60)
    make_trouble(plant)
    assert plant.ask(LEFT) != [(0,)], "The trouble came too late."
    plant.world.control("fcm", outage=False, latency=0.0, error_rate=0.0, hang_rate=0.0)
    assert publisher.child is not None
    if publisher.child.wait(60):
        # PostgreSQL was restarted under it: what it had committed stands.
        plant.run("-c", PUBLISH)
    wait_until(lambda: plant.ask(LEFT) == [(0,)], seconds=150)

    assert plant.ask(TOLD) == [(EVENTS, EVENTS)]
    assert plant.ask(STATUSES) == [("accepted", EVENTS)]
    arrived = Counter(entry["message_id"] for entry in plant.world.ledger())
    assert set(arrived) == {str(pk) for (pk,) in plant.ask(SENT)}
    repeated = {pk for pk, count in arrived.items() if count > 1}
    unknown = {str(pk) for (pk,) in plant.ask(UNKNOWN)}
    assert unknown
    assert repeated <= unknown
