"""Requests a second through the API, and 200 orders a second for a minute.

There are 100,000 restaurants (`--size`), ten times as many past orders and 50,000
customers, each with a token of their own and a full cart. Requests go over kept
connections to the web server that bin/run starts, as an app's do: signed in, and with
gzip. The baseline of each endpoint is a bare view of the same framework in the same
server, asked with the same headers: it recognises the token and counts the request as
all views do, and answers with a constant of the same size. They take turns, and the
cost is the CPU time of the servers (web, PostgreSQL and Redis) for a request, as a
multiple of the bare one's; what a view costs that asks for no token and counts nothing
is told as well. Then orders are placed at a rate, while a worker plans what people are
told of them, and every one is accounted for.
"""

import gzip
import http.client
import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from django.core.management import call_command
from django.db import connection

from benchmarks._api_rows import CUSTOMERS, SHOPS, TOKEN, Shop, prepare
from benchmarks._http import Answers, as_many, at_rate
from benchmarks.checkout import web_server
from config.processes import Process, stop_all
from notifications.doorbell import lane_queue
from notifications.models import Priority

RESTAURANTS = 100_000
ORDERS_A_RESTAURANT = 10
LINES = 8
ROUNDS = 7
ROUND_SECONDS = 1.5
PER_SECOND = 200
SECONDS = 60
PATIENCE_SECONDS = 60
SETTLE_SECONDS = 20
# What a process that this one started is, by its command.
PARTS = {
    "granian": "web",
    "celery": "worker",
    "postgres": "PostgreSQL",
    "redis-server": "Redis",
}
SERVERS = ("web", "PostgreSQL", "Redis")
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def run(*, size: int | None) -> dict[str, object]:
    """Measure each endpoint against its bare view, and then orders at a rate."""
    restaurants = size or RESTAURANTS
    orders = restaurants * ORDERS_A_RESTAURANT
    call_command("migrate", verbosity=0)
    asking = Asking(prepare(restaurants=restaurants, orders=orders))
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks._api_settings"
    with TemporaryDirectory() as folder:
        answers = Path(folder) / "answers.json"
        os.environ["BENCH_ANSWERS"] = str(answers)
        with web_server() as port:
            sizes = keep_answers(port, asking, answers)
            endpoints = measure(port, asking, sizes)
            with worker():
                sustained = sustain(port, asking)
    place = endpoints["place order"]
    missed = [
        name
        for name, goal in GOALS.items()
        if endpoints[name]["times the bare view"] > goal
    ]
    return {
        "name": "api",
        "value": sustained["orders/s"],
        "unit": f"orders/s placed, of {PER_SECOND} asked for",
        "baseline": place["bare requests/s"],
        "ratio": place["times the bare view"],
        "goal": f"{PER_SECOND} orders/s, all accounted for; times the bare view: "
        + ", ".join(f"{name} at most {goal}" for name, goal in GOALS.items()),
        "met": not missed and sustained["met"],
        "detail": {
            "restaurants": restaurants,
            "orders before": orders,
            "too dear": missed,
            "endpoints": endpoints,
            "orders at a rate": sustained,
        },
    }


@dataclass
class Asking:
    """What the customers' apps send; who orders has not ordered before."""

    shops: list[Shop]

    def __post_init__(self) -> None:
        # Carts of the second half are quoted and never ordered.
        self.orderers = iter(range(CUSTOMERS // 2))
        self.others = itertools.cycle(range(CUSTOMERS // 2, CUSTOMERS - SHOPS))

    def nearby(self, customer: int) -> bytes:
        place = self._place_of(customer)
        return _get(
            f"/api/v1/restaurants?latitude={place['latitude']}"
            f"&longitude={place['longitude']}",
            customer,
        )

    def menu(self, customer: int) -> bytes:
        shop = self.shops[customer % len(self.shops)]
        return _get(f"/api/v1/restaurants/{shop.public_id}/menu", customer)

    def order_list(self, customer: int) -> bytes:
        return _get("/api/v1/orders", customer)

    def quote(self, customer: int) -> bytes:
        body = {"place": self._place_of(customer)}
        return _post("/api/v1/cart/quote", customer, body)

    def place_order(self, customer: int) -> bytes:
        body = {"fulfilment": "delivery", "place": self._place_of(customer)}
        return _post("/api/v1/orders", customer, body)

    def _place_of(self, customer: int) -> dict[str, object]:
        """Return a place some hundred metres from the shop of a customer's cart."""
        shop = self.shops[customer % len(self.shops)]
        return {
            "latitude": round(shop.latitude + customer % 17 / 10_000, 6),
            "longitude": round(shop.longitude + customer % 13 / 10_000, 6),
            "street_address": f"{customer} Broadway",
            "locality": "New York",
            "postal_code": "10012",
            "country": "US",
        }


# Each with the status that it is answered with.
ENDPOINTS: dict[str, tuple[Callable[[Asking, int], bytes], int]] = {
    "nearby": (Asking.nearby, 200),
    "menu": (Asking.menu, 200),
    "quote": (Asking.quote, 200),
    "place order": (Asking.place_order, 201),
    "order list": (Asking.order_list, 200),
}
# How many times the cost of a bare view each may have.
GOALS = {"nearby": 3, "menu": 3, "order list": 3, "place order": 12}


def _get(path: str, customer: int) -> bytes:
    return _head("GET", path, customer) + b"\r\n"


def _post(path: str, customer: int, asked: object) -> bytes:
    body = json.dumps(asked).encode()
    head = (
        "Content-Type: application/json\r\n"
        f"Idempotency-Key: {uuid4()}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return _head("POST", path, customer) + head.encode() + body


def _head(method: str, path: str, customer: int) -> bytes:
    return (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "User-Agent: Tiffin/1.0\r\nAccept: application/json\r\n"
        "Accept-Encoding: gzip\r\nAccept-Language: en-US,en;q=0.9\r\n"
        f"Authorization: Bearer {TOKEN % customer}\r\n"
    ).encode()


def _requests(asking: Asking, name: str) -> Iterator[bytes]:
    """Ask an endpoint for one customer after the other."""
    ask, status = ENDPOINTS[name]
    customers = asking.orderers if status == HTTPStatus.CREATED else asking.others
    return (ask(asking, customer) for customer in customers)


def _requests_to(view: str, asking: Asking, name: str) -> Iterator[bytes]:
    """Send the same to a view that answers with a constant and spends no cart."""
    path = f"/api/{view}/{name.replace(' ', '-')}".encode()
    for customer in asking.others:
        method, _path, rest = ENDPOINTS[name][0](asking, customer).split(b" ", 2)
        yield b" ".join([method, path, rest])


def keep_answers(port: int, asking: Asking, path: Path) -> dict[str, int]:
    """Write an answer of each endpoint where the bare views read it; its bytes."""
    kept: dict[str, Any] = {}
    sizes = {}
    for name, (_ask, status) in ENDPOINTS.items():
        answered, body = _fetch(port, next(_requests(asking, name)))
        if answered != status:
            raise RuntimeError(f"{name}: {answered} {body[:500]!r}")
        kept[name.replace(" ", "-")] = json.loads(body)
        sizes[name] = len(body)
    path.write_text(json.dumps(kept))
    return sizes


def _fetch(port: int, request: bytes) -> tuple[int, bytes]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    line.connect()
    line.sock.sendall(request)
    answer = http.client.HTTPResponse(line.sock)
    answer.begin()
    body = answer.read()
    line.close()
    if answer.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return answer.status, body


def measure(
    port: int, asking: Asking, sizes: dict[str, int]
) -> dict[str, dict[str, Any]]:
    """Let each endpoint and its bare views take turns; return what each costs."""
    return {
        name: _measure_one(port, asking, name, size) for name, size in sizes.items()
    }


def _measure_one(port: int, asking: Asking, name: str, size: int) -> dict[str, Any]:
    status = ENDPOINTS[name][1]
    unguarded = _requests_to("unguarded", asking, name)
    bare = _requests_to("bare", asking, name)
    real = _requests(asking, name)
    turns = [
        (
            _turn(port, unguarded, name, 200),
            _turn(port, bare, name, 200),
            _turn(port, real, name, status),
        )
        for _ in range(ROUNDS + 1)
    ]
    # The first is for warming up.
    unguardeds, bares, reals = zip(*turns[1:], strict=True)
    figures = {
        "requests/s": round(median(it.per_second for it in reals), 1),
        "p50 ms": median(it.answers.milliseconds(50) for it in reals),
        "p99 ms": median(it.answers.milliseconds(99) for it in reals),
        "bytes": size,
        "bare requests/s": round(median(it.per_second for it in bares), 1),
        "times the bare view": _times(reals, bares),
        "times a view without authentication and throttle": _times(reals, unguardeds),
        "CPU ms by part": {
            part: round(median(it.cpu_milliseconds_of(part) for it in reals), 2)
            for part in SERVERS
        },
        "bare CPU ms": round(median(it.cpu_milliseconds for it in bares), 2),
        "times fewer requests/s than the bare view": round(
            median(
                bare.per_second / real.per_second
                for bare, real in zip(bares, reals, strict=True)
            ),
            2,
        ),
    }
    tell(f"{name:<12} {figures}")
    return figures


@dataclass
class Turn:
    """What came of a while of requests, and the CPU seconds that they took."""

    answers: Answers
    cpu: dict[str, float]

    @property
    def per_second(self) -> float:
        return self.answers.per_second

    @property
    def cpu_milliseconds(self) -> float:
        """Of the servers, for each request; those who ask are not counted."""
        return sum(self.cpu_milliseconds_of(part) for part in SERVERS)

    def cpu_milliseconds_of(self, part: str) -> float:
        return self.cpu[part] * 1000 / max(self.answers.accepted, 1)


def _times(turns: Sequence[Turn], bare_turns: Sequence[Turn]) -> float:
    """Return how many times the CPU of a bare view a request takes."""
    return round(
        median(
            turn.cpu_milliseconds / bare.cpu_milliseconds
            for turn, bare in zip(turns, bare_turns, strict=True)
        ),
        2,
    )


def _turn(port: int, requests: Iterator[bytes], name: str, expected: int) -> Turn:
    before = busy()
    answers = as_many(
        port, requests, lines=LINES, seconds=ROUND_SECONDS, expected=expected
    )
    after = busy()
    if answers.others:
        raise RuntimeError(f"{name}: {answers.others[0][:600]!r}")
    return Turn(answers, {part: after[part] - before[part] for part in after})


@contextmanager
def worker() -> Iterator[None]:
    """Run a worker for the notifications about orders, as bin/run does."""
    command = [
        *(sys.executable, "-W", "ignore::UserWarning:celery.platforms"),
        *("-m", "celery", "--app", "config", "--quiet", "worker"),
        *("--queues", lane_queue(Priority.STANDARD), "--concurrency", "1"),
        *("--hostname", "standard@bench", "--without-gossip", "--without-mingle"),
        *("--loglevel", "ERROR"),
    ]
    process = Process("worker", command, lambda name, line: tell(f"{name}: {line}"))
    process.start()
    try:
        # It first works off what the measuring of single requests left.
        time.sleep(SETTLE_SECONDS)
        yield
    finally:
        stop_all([process])


def sustain(port: int, asking: Asking) -> dict[str, Any]:
    """Place orders at a rate, and account for every one of them."""
    last = _fetch_one("SELECT max(id) FROM orders_order")
    requests = list(
        itertools.islice(_requests(asking, "place order"), PER_SECOND * SECONDS)
    )
    before, start = busy(), time.monotonic()
    answers = at_rate(
        port, requests, per_second=PER_SECOND, lines=4 * LINES, expected=201
    )
    seconds = time.monotonic() - start
    after = busy()
    cores = {
        name: round((after[name] - before.get(name, 0)) / seconds, 2) for name in after
    }
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (counts := account_for(last))["planned"] < counts["orders"]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.2)
    late = time.monotonic() - start - seconds
    is_whole = set(counts.values()) == {answers.accepted} and not answers.others
    speed = round(answers.accepted / seconds, 1)
    figures = {
        "orders/s": speed,
        "seconds": round(seconds, 1),
        "asked for": len(requests),
        "accepted": answers.accepted,
        "accounted for": is_whole,
        **counts,
        "planned within seconds after the last": round(late, 1),
        "p50 ms": answers.milliseconds(50),
        "p99 ms": answers.milliseconds(99),
        "cores busy": cores,
        "refused": [it[:300].decode(errors="replace") for it in answers.others],
        # Whoever is behind catches up in the last half second.
        "met": is_whole and speed > PER_SECOND * 0.99,
    }
    tell(f"at a rate    {figures}")
    return figures


def account_for(last: int) -> dict[str, int]:
    """Count the orders made since, their numbers, lines, first events and news."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*), count(DISTINCT (o.restaurant_id, o.number)),
                   count(*) FILTER (WHERE EXISTS (
                       SELECT FROM orders_orderline l WHERE l.order_id = o.id)),
                   count(*) FILTER (WHERE EXISTS (
                       SELECT FROM orders_orderevent e
                        WHERE e.order_id = o.id AND e.to_status = 'placed')),
                   count(n.id)
              FROM orders_order o
              LEFT JOIN notifications_event e
                     ON e.key = 'order_placed:' || o.public_id
              LEFT JOIN notifications_notification n ON n.event_id = e.id
             WHERE o.id > %s
            """,
            [last],
        )
        names = ("orders", "numbers", "with lines", "with events", "planned")
        return dict(zip(names, cursor.fetchone(), strict=True))


def _fetch_one(query: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])


def busy() -> dict[str, float]:
    """Return the CPU seconds used so far, by what this process has started."""
    parents, words, used = {}, {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            words[int(folder.name)] = (folder / "cmdline").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(folder.name)] = int(fields[1])
        # Its own, and of those it started that ended, as backends of connections do.
        used[int(folder.name)] = sum(map(int, fields[11:15])) / CLOCK_TICKS
    sums = dict.fromkeys((*PARTS.values(), "clients"), 0.0)
    for pid, seconds in used.items():
        child = pid
        while child in parents and parents[child] != os.getpid() != child:
            child = parents[child]
        if child == os.getpid():
            sums["clients"] += seconds
        for word, part in PARTS.items():
            if child in parents and word in words.get(child, ""):
                sums[part] += seconds
    return sums
