"""Orders a second through the pages: item into the cart, checkout, order.

The web server that bin/run starts answers on this machine, and clients on the same
machine send what a browser would. The baseline, from the same clients to the same
server, is the health page: three requests of it per order. Then one order after the
other is placed in this process, to see where the time goes.
"""

import http.client
import socket
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from re import search
from statistics import median
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.processes import Process, stop_all, wait_until
from customers.models import User
from customers.places import SESSION_KEY as PLACE_KEY
from menus.models import Item
from notifications.models import Event
from orders.models import Order
from restaurants.availability import check_orderability
from restaurants.models import Fulfilment

ORDERS = 600
CLIENTS = 8
ALONE = 40
CSRF = "a" * 32
PLACE = {
    "label": "3180 18th St",
    "latitude": 37.7618,
    "longitude": -122.4156,
    "street_address": "3180 18th St",
    "locality": "San Francisco",
    "postal_code": "94110",
    "country": "US",
    "delivery_instructions": "",
}


def tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def run(*, size: int | None) -> dict[str, object]:
    """Place `size` orders and account for every one of them."""
    count = size or ORDERS
    call_command("migrate", verbosity=0)
    call_command("load_demo_city", verbosity=0, stdout=sys.stderr)
    items = sellable_items()
    diners = [Diner.create(number, items) for number in range(CLIENTS)]
    with web_server() as port:
        baseline = healths_per_second(port) / 3
        tell(f"Baseline: {baseline:.0f} times three health pages a second")
        seconds, steps = place_all(diners, port, count)
    detail = {
        "orders": count,
        "seconds": round(seconds, 2),
        "milliseconds by request": {
            name: round(median(times), 1) for name, times in sorted(steps.items())
        },
        "one at a time, milliseconds": where_the_time_goes(diners[0]),
        "accounted for": accounted_for(count),
    }
    speed = count / seconds
    return {
        "name": "checkout",
        "value": round(speed, 1),
        "unit": "orders/s through the pages",
        "baseline": round(baseline, 1),
        "ratio": round(speed / baseline, 3),
        "goal": "all accounted for",
        "met": detail["accounted for"],
        "detail": detail,
    }


def sellable_items() -> list[Item]:
    """Return dishes, of several restaurants, that can be ordered just as they are."""
    now = timezone.now()
    place = (37.7618, -122.4156)
    items = Item.objects.filter(
        modifier_groups=None,
        portions_left=None,
        sold_out_until=None,
        section__menu__hours=None,
    )
    return [
        item
        for item in items.select_related("restaurant")
        if check_orderability(
            item.restaurant,
            moment=now,
            place=place,
            fulfilment=Fulfilment.DELIVERY,
        ).can_order
    ]


@dataclass
class Diner:
    """A signed-in person with a session, who orders one dish after another."""

    session: str
    items: list[Item]
    turn: int

    @classmethod
    def create(cls, number: int, items: list[Item]) -> "Diner":
        user = User.objects.create_user(
            f"bench-{number}@tiffin.example", None, name="Bench", phone="+14155550198"
        )
        session = import_module(settings.SESSION_ENGINE).SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session[PLACE_KEY] = PLACE
        session.create()
        return cls(session.session_key, items, number)

    @property
    def cookies(self) -> dict[str, str]:
        return {
            settings.SESSION_COOKIE_NAME: self.session,
            settings.CSRF_COOKIE_NAME: CSRF,
        }

    def next_item(self) -> Item:
        self.turn += CLIENTS
        return self.items[self.turn % len(self.items)]

    def order(self, ask: "Ask") -> None:
        """Add enough of a dish, open the checkout and order."""
        item = self.next_item()
        quantity = int(item.restaurant.minimum_order // item.price) + 1
        cart = reverse("orders:cart-add", args=[item.public_id])
        ask("add to cart", "POST", cart, {"quantity": str(quantity), "replace": "1"})
        page = ask("open checkout", "GET", reverse("orders:checkout"), None)
        ask("order", "POST", reverse("orders:checkout"), _filled_in(page))


Ask = Callable[[str, str, str, dict[str, str] | None], str]


def _filled_in(page: str) -> dict[str, str]:
    form = {
        name: _value(page, name) for name in ("seen_from", "seen_until", "seen_total")
    }
    return form | {
        "action": "place",
        "fulfilment": "delivery",
        "when": "",
        "name": "Bench",
        "phone": "+14155550198",
        "tip": "0",
        "street_address": "3180 18th St",
        "key": str(uuid.uuid4()),
    }


def _value(page: str, name: str) -> str:
    found = search(rf'name="{name}"\s+value="([^"]*)"', page)
    if found is None:
        raise RuntimeError(f"The checkout has no {name}.")
    return found[1]


@contextmanager
def web_server() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi"),
        *("config.wsgi:application", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "2", "--blocking-threads", "4", "--log-level", "warning"),
    ]
    web = Process("web", command, lambda name, line: tell(f"{name}: {line}"))
    web.start()
    try:
        if not wait_until(lambda: _is_up(port), web, 60):
            raise RuntimeError("The web server did not start.")
        yield port
    finally:
        stop_all([web])


def _is_up(port: int) -> bool:
    try:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        line.request("GET", "/healthz")
        return line.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False


def healths_per_second(port: int, *, seconds: float = 4) -> float:
    counts: Counter[int] = Counter()
    deadline = time.monotonic() + seconds

    def work(number: int) -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.monotonic() < deadline:
            line.request("GET", "/healthz")
            line.getresponse().read()
            counts[number] += 1

    in_threads([partial(work, number) for number in range(CLIENTS)])
    return counts.total() / seconds


@dataclass
class Line:
    """One client's connection to the server; keeps the time of each request."""

    port: int
    diner: Diner
    times: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.http = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        cookies = "; ".join(f"{name}={it}" for name, it in self.diner.cookies.items())
        self.headers = {
            "Cookie": cookies,
            "X-CSRFToken": CSRF,
            "Content-Type": "application/x-www-form-urlencoded",
        }

    def ask(self, name: str, method: str, path: str, data: Any) -> str:
        start = time.perf_counter()
        body = urlencode(data) if data else None
        self.http.request(method, path, body, self.headers)
        answer = self.http.getresponse()
        text = answer.read().decode()
        self.times.setdefault(name, []).append((time.perf_counter() - start) * 1000)
        expected = http.HTTPStatus.OK if method == "GET" else http.HTTPStatus.FOUND
        if answer.status != expected:
            raise RuntimeError(f"{name}: {answer.status}")
        return text


def place_all(
    diners: list[Diner], port: int, count: int
) -> tuple[float, dict[str, list[float]]]:
    """Let every diner order in a thread of their own; return seconds and times."""
    lines = [Line(port, diner) for diner in diners]
    shares = [count // CLIENTS + (n < count % CLIENTS) for n in range(CLIENTS)]

    def work(line: Line, share: int) -> None:
        for _turn in range(share):
            line.diner.order(line.ask)

    start = time.perf_counter()
    in_threads(
        [partial(work, line, share) for line, share in zip(lines, shares, strict=True)]
    )
    seconds = time.perf_counter() - start
    times: dict[str, list[float]] = {}
    for line in lines:
        for name, some in line.times.items():
            times.setdefault(name, []).extend(some)
    tell(f"{count} orders in {seconds:.1f} s")
    return seconds, times


def in_threads(works: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@dataclass
class Spent:
    """Adds up the queries of a request and the time in them."""

    queries: int = 0
    milliseconds: float = 0.0

    def __call__(
        self, execute: Any, sql: str, params: Any, many: Any, context: Any
    ) -> Any:
        start = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.queries += 1
            self.milliseconds += (time.perf_counter() - start) * 1000


def where_the_time_goes(diner: Diner) -> dict[str, dict[str, float]]:
    """Place orders here, one at a time; tell what of each request is the database."""
    client = Client(headers={"X-CSRFToken": CSRF}, SERVER_NAME="localhost")
    client.cookies.load(diner.cookies)
    taken: dict[str, list[tuple[float, float, int]]] = {}

    def ask(name: str, method: str, path: str, data: dict[str, str] | None) -> str:
        spent = Spent()
        start = time.perf_counter()
        with connection.execute_wrapper(spent):
            answer = client.generic(
                method,
                path,
                urlencode(data) if data else "",
                content_type="application/x-www-form-urlencoded",
            )
        total = (time.perf_counter() - start) * 1000
        taken.setdefault(name, []).append((total, spent.milliseconds, spent.queries))
        return answer.content.decode()

    for _turn in range(ALONE):
        diner.order(ask)
    return {
        name: {
            "in all": round(median(it[0] for it in rows), 2),
            "in the database": round(median(it[1] for it in rows), 2),
            "queries": median(it[2] for it in rows),
        }
        for name, rows in taken.items()
    }


def accounted_for(count: int) -> bool:
    """Tell whether each order is there once, with its lines, event and news."""
    orders = Order.objects.filter(customer__email__startswith="bench-")
    news = Event.objects.filter(
        key__in=[f"order_placed:{order.public_id}" for order in orders]
    )
    whole = orders.filter(lines__isnull=False, events__to_status="placed").distinct()
    expected = count + ALONE
    return orders.count() == whole.count() == news.count() == expected
