"""What only a browser can do: tell where it is, and be a courier's phone."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Geolocation, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from customers.tests.factories import UserFactory
from delivery.models import Delivery
from delivery.tests.factories import deliver
from orders.models import Order

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = ViewportSize(width=390, height=844)
BERNAL = Geolocation(latitude=37.7413, longitude=-122.4158)
SOON = 15_000


def test_where_the_browser_is_becomes_the_place(
    browser: Browser, live_server: LiveServer
) -> None:
    context = browser.new_context(
        viewport=PHONE, geolocation=BERNAL, permissions=["geolocation"]
    )
    page = context.new_page()

    page.goto(live_server.url + reverse("customers:place-choose"))
    page.click("text=Use where I am")

    page.wait_for_url(re.compile("/restaurants/$"))
    expect(page.get_by_text("No restaurant serves this place yet.")).to_be_visible()
    context.close()


def test_a_refused_position_says_what_else_can_be_done(
    browser: Browser, live_server: LiveServer
) -> None:
    context = browser.new_context(viewport=PHONE, permissions=[])
    page = context.new_page()

    page.goto(live_server.url + reverse("customers:place-choose"))
    page.click("text=Use where I am")

    expect(page.get_by_text("did not tell where you are")).to_be_visible(timeout=SOON)
    context.close()


def test_a_point_is_picked_on_the_map_by_keyboard(
    browser: Browser, live_server: LiveServer
) -> None:
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()

    page.goto(live_server.url + reverse("customers:place-choose"))
    page.click("text=Pick on a map")
    page.focus("#address-map")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Point picked.")).to_be_visible()
    page.click("text=Deliver to this point")

    page.wait_for_url(re.compile("/restaurants/$"))
    context.close()


def test_a_courier_carries_an_order_with_a_phone_and_no_account(
    browser: Browser, live_server: LiveServer
) -> None:
    delivery = deliver(UserFactory.create())
    context = browser.new_context(
        viewport=PHONE, geolocation=BERNAL, permissions=["geolocation"]
    )
    page = context.new_page()

    page.goto(live_server.url + delivery.get_courier_url())
    expect(page.get_by_role("link", name="Call the customer")).to_be_visible()
    page.click("text=Picked up")
    with page.expect_response(re.compile("/position/")) as shared:
        page.click("text=Share my position")
    page.click("text=I have arrived")
    page.click("text=Handed over")
    page.click("text=Yes")
    expect(page.get_by_text("Yes")).to_have_count(0)

    delivery.refresh_from_db()
    assert shared.value.ok
    assert (delivery.latitude, delivery.longitude) == (37.7413, -122.4158)
    assert delivery.status == Delivery.Status.HANDED_OVER
    assert delivery.order.status == Order.Status.DELIVERED
    context.close()
