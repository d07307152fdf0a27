"""The order's page in a browser: it follows the order, offline and back."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect

from config.tests.conftest import session_of
from config.tests.test_portal_accessibility import CONTRAST, look_at
from customers.tests.factories import UserFactory
from delivery.models import Delivery
from delivery.services import Position, assign_courier, pick_up_delivery, share_position
from delivery.tests.factories import KITCHEN, place
from orders.models import Order
from orders.services import accept_order, complete_order
from orders.services.lifecycle import delay_order

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = ViewportSize(width=390, height=844)
BERNAL = Position(37.7413, -122.4158)
# A little more than the page waits between two questions without a stream.
POLL = 4_500
SOON = 15_000


def see_nothing_change(page: Page) -> None:
    head = page.locator("[data-part=head]")
    head.evaluate("it => { it.firstElementChild.id = 'untouched'; }")
    page.clock.run_for(POLL)
    expect(page.get_by_text(re.compile(r"Last updated \d s ago"))).to_be_visible()
    expect(page.locator("#untouched")).to_have_count(1)


def go_offline_and_back(page: Page, order: Order) -> None:
    page.context.set_offline(True)
    accept_order(order_pk=order.pk, actor=KITCHEN)
    page.clock.run_for(POLL)
    expect(page.get_by_text("You are offline. This is")).to_be_visible()
    expect(page.get_by_text("Waiting for")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("is on it.")).to_be_visible(timeout=SOON)
    expect(page.get_by_text("Cancel this order")).to_have_count(0)


def send_out(order: Order) -> None:
    delay_order(order_pk=order.pk, actor=KITCHEN, minutes=10)
    delivery = Delivery.objects.get(order=order)
    assign_courier(delivery_pk=delivery.pk, name="Carla", phone="+14155550177")
    token = Delivery.objects.get().token
    pick_up_delivery(token=token)
    share_position(token=token, position=BERNAL)


def test_the_page_follows_the_order_and_says_when_it_cannot(
    browser: Browser, live_server: Any
) -> None:
    ada = UserFactory.create()
    order = place(ada)
    # Without motion: colours that are changing have no contrast of their own.
    context = browser.new_context(
        viewport=PHONE, has_touch=True, reduced_motion="reduce"
    )
    context.add_cookies(session_of(ada, live_server.url))
    context.add_init_script(Axe().axe_script)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.clock.install()
    page.goto(live_server.url + order.get_absolute_url())
    expect(page.get_by_text("Waiting for")).to_be_visible()

    see_nothing_change(page)
    go_offline_and_back(page, order)
    send_out(order)
    page.clock.run_for(POLL)
    expect(page.get_by_text("About 2.4 km away.")).to_be_visible(timeout=SOON)
    expect(page.get_by_role("group", name="Map of where")).to_be_visible(timeout=SOON)
    expect(page.locator(".map-courier")).to_be_visible()
    assert look_at(page, 320, "light", {}) == []
    assert look_at(page, 1280, "dark", CONTRAST) == []

    complete_order(order_pk=order.pk, actor=KITCHEN)
    page.clock.run_for(POLL)
    expect(page.get_by_text("Enjoy your meal!")).to_be_visible(timeout=SOON)
    assert errors == []
    context.close()
