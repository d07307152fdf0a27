"""Every page that customers see, in a real browser.

At 320 pixels in the light and 1280 in the dark nothing is cut off, axe finds no serious
fault, and nothing breaks the content policy. What is 320 pixels wide is also what a
screen of 640 shows at 200 per cent, and one of 1280 at 400.
"""

from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page

from config.tests.conftest import session_of
from config.tests.test_portal_accessibility import CONTRAST, look_at
from config.tests.test_tenancy import (  # noqa: F401 (adas is a fixture)
    EVERYBODYS,
    ONES_OWN,
    SIGNED_IN,
    adas,
    address_of,
)
from customers.places import SESSION_KEY
from delivery.tests.factories import KITCHEN
from menus.tests.factories import ItemFactory
from orders.models import Order
from orders.services import complete_order
from orders.tests.factories import MISSION, OrderFactory

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PHONE: dict[str, Any] = {
    "viewport": {"width": 320, "height": 1000},
    "service_workers": "block",
}
# What differs at another width in the dark is contrast.
LOOKS: list[tuple[int, str, dict[str, Any]]] = [
    (320, "light", {}),
    (1280, "dark", CONTRAST),
]


@pytest.fixture
def rows(adas: dict[str, Any]) -> dict[str, Any]:  # noqa: F811
    """Give Ada a restaurant with a menu, and an order that has arrived."""
    line = adas["line"]
    for number, name in enumerate(["Marinara", "Diavola", "Quattro formaggi"]):
        section = line.item.section
        ItemFactory.create(section=section, name=name, price=Decimal(11 + number))
    arrived = OrderFactory.create(
        customer=adas["user"], restaurant=line.item.restaurant, status="ready"
    )
    complete_order(order_pk=arrived.pk, actor=KITCHEN)
    return {**adas, "arrived": arrived, "item": line.item}


def list_urls(rows: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield name and address of what might be a page."""
    item = rows["item"]
    yield "restaurants:restaurant-detail", item.restaurant.get_absolute_url()
    yield "menus:item-detail", reverse("menus:item-detail", args=[item.public_id])
    yield "place found", reverse("customers:place-choose") + "?q=94110"
    yield "nothing found", reverse("restaurants:restaurant-list") + "?text=zzzz"
    args = {"restaurants:restaurant-detail", "menus:item-detail", "orders:cart-add"}
    for name in sorted((EVERYBODYS | SIGNED_IN) - args):
        if name != "restaurants:favourite-toggle":
            yield name, reverse(name)
    for name in sorted(ONES_OWN):
        yield name, address_of(name, rows)
        # What an order's own page shows, its other pages show of it, too.
        if name in {"orders:order-detail", "orders:order-claim", "orders:order-review"}:
            later = {**rows, "order": rows["arrived"]}
            yield f"{name}, arrived", address_of(name, later)


def is_page(client: Client, url: str) -> bool:
    answer = client.get(url)
    kind = answer.headers.get("Content-Type", "")
    return (
        answer.status_code == HTTPStatus.OK
        and kind.startswith("text/html")
        and b"<main" in answer.content
    )


def look_through(page: Page, urls: dict[str, str]) -> list[str]:
    """Return what is wrong with these pages, in words."""
    faults: list[str] = []
    errors: list[str] = []
    page.on(
        "console",
        lambda said: errors.append(said.text) if said.type == "error" else None,
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    for name, url in urls.items():
        page.goto(url)
        found = [fault for look in LOOKS for fault in look_at(page, *look)]
        faults += [f"{name}: {fault}" for fault in [*found, *errors]]
        errors.clear()
    return faults


def test_no_page_of_a_customer_has_a_serious_fault(
    browser: Browser, client: Client, live_server: Any, rows: dict[str, Any]
) -> None:
    client.force_login(rows["user"])
    urls = {
        name: live_server.url + url
        for name, url in list_urls(rows)
        if is_page(client, url)
    }
    context = browser.new_context(**PHONE)
    context.add_cookies(session_of(rows["user"], live_server.url))
    context.add_init_script(Axe().axe_script)

    faults = look_through(context.new_page(), urls)
    context.close()

    assert not faults, "\n".join(faults)
    assert len(urls) > 30
    assert Order.objects.count() == 2


def test_no_page_of_a_visitor_has_a_serious_fault(
    browser: Browser, client: Client, live_server: Any, rows: dict[str, Any]
) -> None:
    session = client.session
    session[SESSION_KEY] = asdict(MISSION)
    session.save()
    add = reverse("orders:cart-add", args=[rows["item"].public_id])
    client.post(add, {"quantity": "2"})
    names = {
        *("home", "orders:checkout", "customers:sign-up", "customers:sign-in"),
        "customers:password-reset",
    }
    urls = {name: live_server.url + reverse(name) for name in sorted(names)}
    context = browser.new_context(**PHONE)
    visit = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": visit, "url": live_server.url}])
    context.add_init_script(Axe().axe_script)

    faults = look_through(context.new_page(), urls)
    context.close()

    assert not faults, "\n".join(faults)
