"""A Celery task per message: what the notification system is measured against.

Kinder than django-push-notifications' own senders, whose client makes each request in
its own event loop: here each process keeps one connection open.
"""

import os
import sys
import time
from functools import cache

import django
import requests
from celery import shared_task
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks._settings")
django.setup()

from django.db import connection  # noqa: E402
from push_notifications.models import GCMDevice  # noqa: E402

from config.processes import Process, stop_all  # noqa: E402

QUEUE = "baseline"


@cache
def session() -> requests.Session:
    kept = requests.Session()
    kept.verify = settings.NOTIFICATIONS["CA_BUNDLE"]
    kept.trust_env = False
    return kept


@shared_task(name="benchmarks.send_one")
def send_one(device_pk: int) -> None:
    """Send one push and write down that it was accepted."""
    device = GCMDevice.objects.get(pk=device_pk)
    message = {
        "token": device.registration_id,
        "notification": {"title": "Luigi has an offer for you", "body": "Half price"},
    }
    answer = session().post(
        settings.NOTIFICATIONS["FCM"]["url"] + "/v1/projects/bench/messages:send",
        json={"message": message},
        timeout=10,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_sent (device, answer) VALUES (%s, %s)",
            [device_pk, answer.text],
        )


def say(name: str, line: str) -> None:
    sys.stderr.write(f"{name}: {line}\n")


def main() -> None:
    count = int(os.environ["BENCH_TASKS"])
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_sent (device bigint, answer text)")
    for pk in GCMDevice.objects.values_list("pk", flat=True)[:count]:
        send_one.apply_async(args=(pk,), queue=QUEUE)
    command = [
        *(sys.executable, "-W", "ignore::UserWarning:celery.platforms"),
        *("-m", "celery", "--app", "config", "--quiet", "worker"),
        *("--include", "benchmarks._baseline", "--queues", QUEUE),
        *("--concurrency", "2", "--without-gossip", "--without-mingle"),
        *("--loglevel", "ERROR"),
    ]
    process = Process("baseline", command, say)
    process.start()
    try:
        first = wait_for_rows(1)
        seconds = wait_for_rows(count) - first
    finally:
        stop_all([process])
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bench_sent")
    sys.stdout.write(f"{count / seconds}\n")


def wait_for_rows(count: int) -> float:
    """Return the moment at which so many were sent; within two minutes."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM bench_sent")
            if cursor.fetchone()[0] >= count:
                break
        time.sleep(0.02)
    return time.monotonic()


if __name__ == "__main__":
    main()
