"""A campaign whose workers are killed again and again tells everybody once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Count

from notifications.models import Campaign, Chunk, Notification
from notifications.services.campaigns import schedule_campaign
from notifications.tests.addresses import database_url
from notifications.tests.factories import CampaignFactory
from notifications.tests.topics import TEST_INBOX

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PEOPLE = 20_000
WORKER = """
import django
django.setup()
import notifications.tests.topics
from notifications.services.campaigns import launch_due_campaigns
from notifications.services.working import work_lane
launch_due_campaigns()
print("launched", flush=True)
work_lane(lane="bulk", seconds=60)
"""


@pytest.fixture
def start_worker() -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings_test",
        "DATABASE_URL": database_url(),
    }
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        worker = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", WORKER],
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=subprocess.PIPE,
        )
        started.append(worker)
        return worker

    yield start
    for worker in started:
        if worker.poll() is None:
            kill(worker)


def kill(worker: subprocess.Popen[bytes]) -> None:
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    assert worker.returncode == -signal.SIGKILL


def wait_for_launch(worker: subprocess.Popen[bytes]) -> None:
    assert worker.stdout
    assert worker.stdout.readline() == b"launched\n"


def count_told() -> int:
    return Notification.objects.count()


def wait_for_more(before: int) -> None:
    deadline = time.monotonic() + 30
    while count_told() == before:
        assert time.monotonic() < deadline, "Nobody was told."
        time.sleep(0.005)


def test_killed_workers_neither_skip_nor_double_anybody(
    monkeypatch: pytest.MonkeyPatch,
    start_worker: Callable[[], subprocess.Popen[bytes]],
) -> None:
    monkeypatch.setattr("notifications.services.publishing.ring", lambda lane: None)
    user = get_user_model()
    user.objects.bulk_create(
        [user(email=f"guest{number}@example.com") for number in range(PEOPLE)]
    )
    campaign = CampaignFactory.create(topic=TEST_INBOX.name)
    schedule_campaign(campaign_pk=campaign.pk)

    # Once while it publishes: the lock on the chunks lets it come no further.
    with connection.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE notifications_chunk IN SHARE MODE")
        worker = start_worker()
        wait_until_it_waits()
        kill(worker)
        cursor.execute("ROLLBACK")
    campaign.refresh_from_db()
    assert (campaign.status, campaign.event) == (Campaign.Status.SCHEDULED, None)

    # And while it plans.
    told = []
    for pause in (0.0, 0.01, 0.03, 0.05):
        worker = start_worker()
        wait_for_launch(worker)
        wait_for_more(count_told())
        time.sleep(pause)
        kill(worker)
        told.append(count_told())
    assert 0 < told[0] < told[-1] < PEOPLE
    worker = start_worker()
    worker.communicate(timeout=100)

    assert worker.returncode == 0
    assert not Chunk.objects.exists()
    campaign.refresh_from_db()
    per_person: Any = (
        Notification.objects.filter(event=campaign.event)
        .order_by()
        .values("recipient")
        .annotate(count=Count("pk"))
    )
    assert {row["count"] for row in per_person} == {1}
    assert len(per_person) == PEOPLE == count_told()


def wait_until_it_waits() -> None:
    deadline = time.monotonic() + 30
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT count(*) FROM pg_locks"
                " WHERE NOT granted AND relation = 'notifications_chunk'::regclass"
            )
            [waiting] = cursor.fetchone()
            if waiting:
                return
            assert time.monotonic() < deadline, "It published nothing."
            time.sleep(0.02)
