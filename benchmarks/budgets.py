"""What a cheap phone on a slow line gets of the pages people order from.

Chromium, slowed four times, on a line of 1.6 Mbit/s with 150 ms there and back (what
Lighthouse calls a slow 4G), without a cache, opens each page of the demo city, served
with collected static files as in production. The baseline is the plainest page there
is, the one for when there is no connection. `--size` is how often each is opened.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from statistics import median
from typing import Any

from django.conf import settings
from django.core.management import call_command
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from config.launcher import address
from config.processes import Process, stop_all, wait_until
from config.testing import BROWSERS
from menus.models import Item
from restaurants.models import Restaurant

RUNS = 5
BYTES_A_SECOND = 1_600_000 / 8
LATENCY_MILLISECONDS = 150
SLOWED = 4
GOAL_MILLISECONDS = 1500
GOAL_BYTES = 100_000
GOAL_SHIFT = 0.05
PLACE = {
    "latitude": "37.7618",
    "longitude": "-122.4156",
    "label": "3180 18th St",
    "street_address": "3180 18th St",
    "locality": "San Francisco",
    "postal_code": "94110",
    "country": "US",
}
# Pictures are not counted: what a page is made of before them.
PICTURES = ("image/",)
PAINTS = """
() => new Promise((done) => {
  const found = { paint: 0, shift: 0 };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) found.paint = entry.startTime;
  }).observe({ type: "largest-contentful-paint", buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries())
      if (!entry.hadRecentInput) found.shift += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(found), 1500);
})
"""


@dataclass
class Seen:
    """One opening of a page."""

    milliseconds: float
    shift: float
    bytes: int
    errors: list[str] = field(default_factory=list)


def tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def run(*, size: int | None) -> dict[str, object]:
    """Open each page a few times; the slowest one's largest paint is the value."""
    call_command("migrate", verbosity=0)
    tell("Loading the demo city.")
    call_command("load_demo_city", verbosity=0)
    paths = addresses()
    with site() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=next(filter(None, map(which, BROWSERS))),
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        pages = {
            name: look_often(browser, url, path, size or RUNS)
            for name, path in paths.items()
        }
        browser.close()
    baseline = pages.pop("baseline")
    slowest = max(pages, key=lambda name: pages[name]["ms"])
    value = pages[slowest]["ms"]
    met = all(
        page["ms"] <= GOAL_MILLISECONDS
        and page["bytes before pictures"] <= GOAL_BYTES
        and page["shift"] <= GOAL_SHIFT
        and not page["errors"]
        for page in pages.values()
    )
    return {
        "name": "budgets",
        "value": value,
        "unit": f"ms to the largest paint of the slowest page ({slowest})",
        "baseline": baseline["ms"],
        "ratio": round(value / baseline["ms"], 2),
        "goal": (
            f"{GOAL_MILLISECONDS} ms, {GOAL_BYTES} bytes before pictures, a shift of"
            f" {GOAL_SHIFT}, no error on the console"
        ),
        "met": met,
        "detail": pages,
    }


def addresses() -> dict[str, str]:
    """Return the pages to open: those of the way from hunger to a full cart."""
    busiest = (
        Restaurant.objects.live()
        .filter(takes_orders=True, items__isnull=False)
        .order_by("pk")[0]
    )
    item = Item.objects.filter(restaurant=busiest, is_draft=False).order_by("pk")[0]
    return {
        "baseline": "/offline/",
        "home": "/",
        "list": "/restaurants/",
        "restaurant": busiest.get_absolute_url(),
        "item": f"/items/{item.public_id}/",
        "cart": "/cart/",
    }


@contextmanager
def site() -> Iterator[str]:
    """Serve the site as it is in production, but without TLS; yield its address."""
    os.environ.setdefault("PORT", "8765")
    host, port = address()
    url = f"http://{host}:{port}"
    environment = {
        "STATIC_FROM_SOURCE": "false",
        "DEBUG": "false",
        "SITE_URL": url,
        # Nothing of it is looked at here.
        "STREAMS_URL": url,
    }
    tell("Collecting the static files.")
    os.environ.update(environment)
    root = Path(settings.BASE_DIR)
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"]
    subprocess.run(collect, cwd=root, check=True)  # noqa: S603 (our own)
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi"),
        *("config.wsgi:application", "--host", host, "--port", str(port)),
        *("--workers", "1", "--blocking-threads", "4", "--log-level", "warning"),
    ]
    process = Process("web", command, lambda name, line: tell(f"{name}: {line}"))
    process.start()
    try:
        wait_until(lambda: _answers(host, port), process, 30)
        yield url
    finally:
        stop_all([process])


def _answers(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def look_often(browser: Browser, url: str, path: str, runs: int) -> dict[str, Any]:
    seen = [look(browser, url, path) for _run in range(runs)]
    shown = {
        "ms": round(median(one.milliseconds for one in seen)),
        "shift": round(max(one.shift for one in seen), 3),
        "bytes before pictures": max(one.bytes for one in seen),
        "errors": sorted({error for one in seen for error in one.errors}),
    }
    tell(f"{path:<40} {shown}")
    return shown


def look(browser: Browser, url: str, path: str) -> Seen:
    """Open a page as a phone that was never here, but whose place is known."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        device_scale_factor=2,
        is_mobile=True,
        has_touch=True,
        service_workers="block",
    )
    page = context.new_page()
    _choose_place(page, url)
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY_MILLISECONDS,
            "downloadThroughput": BYTES_A_SECOND,
            "uploadThroughput": BYTES_A_SECOND,
        },
    )
    kinds: dict[str, str] = {}
    sizes: dict[str, int] = {}
    errors: list[str] = []

    def note_kind(event: dict[str, Any]) -> None:
        kinds[event["requestId"]] = event["response"]["mimeType"]

    def note_size(event: dict[str, Any]) -> None:
        sizes[event["requestId"]] = int(event["encodedDataLength"])

    def note_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    session.on("Network.responseReceived", note_kind)
    session.on("Network.loadingFinished", note_size)
    page.on("console", note_console)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url + path, wait_until="load")
    found = page.evaluate(PAINTS)
    context.close()
    return Seen(
        milliseconds=found["paint"],
        shift=found["shift"],
        bytes=sum(
            size
            for request, size in sizes.items()
            if not kinds.get(request, "").startswith(PICTURES)
        ),
        errors=errors,
    )


def _choose_place(page: Page, url: str) -> None:
    page.goto(f"{url}/account/place/")
    token = page.locator("[name=csrfmiddlewaretoken]").first.get_attribute("value")
    page.context.request.post(
        f"{url}/account/place/",
        form={**PLACE, "csrfmiddlewaretoken": token or ""},
        headers={"Referer": url},
        max_redirects=0,
    )
