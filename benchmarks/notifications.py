"""Push messages a second, from published to accepted, for a minute; --size N stored.

Two Celery workers of the bulk lane plan and send an offer to everybody again and again,
with people's choices, quiet hours, buckets in Redis, words, rows and attempts; then
orders and alarms go out while a million offers drain; then planning alone on one core;
and again with N messages in the tables. The baseline is a Celery task per message that
sends one request over a kept connection and writes one row, on as many processes.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.db.models import QuerySet
from django.template import Engine

from benchmarks import _topics
from benchmarks._peer import provider
from config.processes import Process, stop_all
from notifications.doorbell import wake
from notifications.models import Chunk, Priority
from notifications.services.planning import plan_next_batch
from notifications.services.publishing import publish
from notifications.topics import Topic

# A billion a day.
GOAL = 11_574
PEOPLE = 200_000
SECONDS = 60
STORED = 1_000_000
CAMPAIGN = 1_000_000
BASELINE = 4_000
PROBES = 100
WORKERS = 2
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
WORDS = {"name": "Luigi", "what": "all pizzas at half price", "url": "/restaurants/"}
User = get_user_model()

FILL = """
INSERT INTO customers_user
       (password, is_superuser, email, name, phone, time_zone, locale, is_active,
        is_staff, date_joined)
SELECT '', false, 'bench-' || n || '@example.com', '', '',
       (ARRAY['America/New_York', 'America/Los_Angeles', 'Europe/London',
              'Asia/Kolkata', 'UTC'])[n %% 5 + 1], 'en', true, false, now()
  FROM generate_series(1, %(people)s) n;
INSERT INTO push_notifications_gcmdevice
       (user_id, registration_id, active, cloud_message_type, date_created)
SELECT id, 'bench' || id || repeat('x', 140), true, 'FCM', now()
  FROM customers_user WHERE email LIKE 'bench-%%';
-- One in twenty wants no offers on the phone, one in twenty has quiet hours.
INSERT INTO notifications_preference
       (user_id, category, channel, is_enabled, changed_at)
SELECT id, 'bench_offers', 'push', false, now()
  FROM customers_user WHERE email LIKE 'bench-%%' AND id %% 20 = 0;
INSERT INTO notifications_recipientsettings (user_id, quiet_from, quiet_until)
SELECT id, '22:00', '07:00'
  FROM customers_user WHERE email LIKE 'bench-%%' AND id %% 20 = 1;
ANALYZE;
"""
STORE = """
INSERT INTO notifications_wording (id, title, body, url)
SELECT %(low)s, 'Old news', 'It was once new.', '';
INSERT INTO notifications_notification
       (id, event_id, recipient_id, wording_id, in_inbox)
SELECT %(low)s + n, -%(low)s, %(first)s + n, %(low)s, false
  FROM generate_series(1, %(count)s) n;
INSERT INTO notifications_message (id, notification_id, channel, provider, endpoint,
                                   status, reason, expires_at, attempt_count, ended_at)
SELECT %(low)s + n, %(low)s + n, 'push', 'fcm', n::text, 'accepted', '', now(), 1, now()
  FROM generate_series(1, %(count)s) n;
INSERT INTO notifications_attempt (message_id, number, at, outcome, answer)
SELECT %(low)s + n, 1, now(), 'accepted', '0:1500415314455276'
  FROM generate_series(1, %(count)s) n;
"""
BYTES = """
SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits
 WHERE inhparent::regclass::text LIKE 'notifications_%'
"""


def tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def run(*, size: int | None) -> dict[str, object]:
    """Measure all of it; `size` is how many messages are stored for the last part."""
    call_command("migrate", verbosity=0)
    words = settings.BASE_DIR / "benchmarks/templates"
    Engine.get_default().dirs.append(str(words))
    tell(f"{PEOPLE:,} people with a phone each")
    execute(FILL, people=PEOPLE)
    with provider() as (peer, account):
        os.environ.update(account)
        os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks._settings"
        baseline = tasks_per_second()
        tell(f"Baseline: {baseline:.0f} messages/s, a Celery task each")
        sustained = sustain(SECONDS)
        tell(f"Sustained: {sustained['messages/s']:,} messages/s against {peer}")
        latencies = {"idle": probe(0), "campaign": probe(CAMPAIGN)}
        planning = plan_on_one_core()
        tell(f"Planning: {planning:,} recipients/s")
        few = cost_of_message()
        store(size or STORED)
        many = cost_of_message()
    speed = float(sustained["messages/s"])
    return {
        "name": "notifications",
        "value": speed,
        "unit": "messages/s from published to accepted",
        "baseline": round(baseline, 1),
        "ratio": round(speed / baseline, 2),
        "goal": GOAL,
        "met": speed >= GOAL,
        "detail": {
            "provider": peer,
            **sustained,
            "milliseconds from published to accepted": latencies,
            "ratio to 850/s, a task per message at its best": round(speed / 850, 1),
            "recipients planned/s on one core": planning,
            "recipients planned/s goal": 50_000,
            "microseconds per message, few stored": few,
            f"microseconds per message, {size or STORED:,} stored": many,
        },
    }


def execute(statements: str, **parameters: int) -> None:
    with connection.cursor() as cursor:
        for statement in statements.split(";\n"):
            if statement.strip():
                cursor.execute(statement, parameters)


def fetch(query: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def everybody() -> QuerySet[Any]:
    return User.objects.filter(email__startswith="bench-")


def offer(topic: Topic = _topics.BULK, recipients: Any = None) -> None:
    people = everybody() if recipients is None else recipients
    publish(topic, recipients=people, key=str(uuid4()), context=WORDS)


def accepted() -> int:
    return int(
        fetch(
            "SELECT coalesce(sum(count), 0) FROM notifications_tally"
            " WHERE outcome = 'accepted'"
        )
    )


def worker(lane: str, number: int, *, niceness: int = 0) -> Process:
    command = [
        *("nice", "-n", str(niceness), sys.executable),
        *("-W", "ignore::UserWarning:celery.platforms"),
        *("-m", "celery", "--app", "config", "--quiet", "worker", "--pool", "solo"),
        *("--queues", f"notifications.{lane}", "--hostname", f"{lane}{number}@bench"),
        *("--include", "benchmarks._topics", "--without-gossip", "--without-mingle"),
        *("--loglevel", "ERROR"),
    ]
    return Process(lane, command, lambda name, line: tell(f"{name}: {line}"))


@contextmanager
def workers(*lanes: str) -> Iterator[None]:
    """Run two workers for the bulk lane, one for each other."""
    running = [
        worker(lane, number, niceness=10 if lane == Priority.BULK else 0)
        for lane in lanes
        for number in range(WORKERS if lane == Priority.BULK else 1)
    ]
    try:
        for process in running:
            process.start()
        yield
    finally:
        stop_all(running)


def wait_for(true: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)


def busy_seconds() -> float:
    """Return the CPU seconds that all of the machine has worked so far."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _wait, irq, soft = (int(one) for one in fields[:7])
    return (user + nice + system + irq + soft) / CLOCK_TICKS


def sustain(seconds: float) -> dict[str, float]:
    """Keep two workers busy with offers to everybody, and count what was accepted."""
    for _ in range(int(30_000 * (seconds + 15) / PEOPLE) + 1):
        offer()
    size = fetch(BYTES)
    with workers(Priority.BULK):
        for _ in range(WORKERS):
            wake(Priority.BULK)
        before = accepted()
        wait_for(lambda: accepted() > before + GOAL, 60)
        start, first, cpu = time.monotonic(), accepted(), busy_seconds()
        while (elapsed := time.monotonic() - start) < seconds:
            time.sleep(min(2.0, seconds - elapsed))
            wake(Priority.BULK)
        count, cpu = accepted() - first, busy_seconds() - cpu
        elapsed = time.monotonic() - start
    written = fetch("SELECT count(*) FROM notifications_message")
    Chunk.objects.all().delete()
    return {
        "seconds": round(elapsed, 1),
        "messages/s": round(count / elapsed),
        "messages per CPU-second": round(count / cpu),
        "CPU microseconds per message": round(cpu / count * 1e6),
        "database bytes per message": round((fetch(BYTES) - size) / written),
    }


def probe(campaign: int) -> dict[str, dict[str, float]]:
    """Publish alarms and orders one by one, while a campaign drains or not."""
    people = list(everybody().values_list("pk", flat=True)[:PROBES])
    for _ in range(campaign // PEOPLE):
        offer()
    with workers(*Priority.values):
        if campaign:
            for _ in range(WORKERS):
                wake(Priority.BULK)
        time.sleep(8)
        for person in people:
            for topic in (_topics.CRITICAL, _topics.STANDARD):
                offer(topic, [person])
            time.sleep(0.1)
        time.sleep(3)
    figures = {
        topic.priority.value: percentiles(topic.name)
        for topic in (_topics.CRITICAL, _topics.STANDARD)
    }
    tell(f"Latency with {campaign:,} offers to send: {figures}")
    Chunk.objects.all().delete()
    return figures


def percentiles(topic: str) -> dict[str, float]:
    """Return milliseconds from published to accepted of the last probes of a topic."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT extract(epoch FROM a.at - e.published_at) * 1000
              FROM notifications_event e
              JOIN notifications_notification n ON n.event_id = e.id
              JOIN notifications_message m ON m.notification_id = n.id
              JOIN notifications_attempt a ON a.message_id = m.id
             WHERE e.topic = %s AND a.outcome = 'accepted'
             ORDER BY e.id DESC LIMIT %s
            """,
            [topic, PROBES],
        )
        times = [float(row[0]) for row in cursor.fetchall()]
    if len(times) < PROBES:
        tell(f"Only {len(times)} of {PROBES} were accepted.")
    cuts = quantiles(times, n=100)
    return {"p50": round(cuts[49], 1), "p99": round(cuts[98], 1)}


def plan_on_one_core() -> int:
    """Return how many recipients are planned in a second of CPU.

    Of this process and of PostgreSQL's that works for it, which take turns.
    """
    offer()
    backend = Path(f"/proc/{fetch('SELECT pg_backend_pid()')}/stat")
    cpu, count = time.process_time() + seconds_of(backend), 0
    while taken := plan_next_batch(lane=Priority.BULK).taken:
        count += taken
    cpu = time.process_time() + seconds_of(backend) - cpu
    execute("DELETE FROM notifications_timer")
    return round(count / cpu)


def seconds_of(process: Path) -> float:
    """Return the CPU seconds that a process of /proc has used."""
    fields = process.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def cost_of_message() -> float:
    """Return CPU microseconds per message of a run of ten seconds."""
    return sustain(10)["CPU microseconds per message"]


def store(count: int) -> None:
    """Fill the tables of today with messages that were sent earlier."""
    tell(f"Storing {count:,} messages")
    low = fetch("SELECT (extract(epoch FROM date_trunc('day', now())) * 1000)::bigint")
    first = everybody().order_by("pk").values_list("pk", flat=True)[0]
    for part in range(0, count, PEOPLE):
        size = min(PEOPLE, count - part)
        execute(STORE, low=(low << 20) + part * 2, first=first, count=size)
    execute("ANALYZE")


def tasks_per_second() -> float:
    """Return how many messages two Celery processes send, a task each."""
    environ = {**os.environ, "BENCH_TASKS": str(BASELINE)}
    command = [sys.executable, "-m", "benchmarks._baseline"]
    answer = subprocess.run(  # noqa: S603
        command, env=environ, check=True, capture_output=True, text=True
    )
    return float(answer.stdout.split()[-1])
