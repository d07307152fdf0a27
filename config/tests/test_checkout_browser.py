"""The checkout in a real browser: guests, lost sessions, kitchens that close."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from config.tests.conftest import session_of
from customers.models import User
from customers.tests.factories import PASSWORD, AddressFactory, UserFactory
from menus.models import Item
from menus.tests.factories import ItemFactory
from orders.models import Order
from orders.tests.factories import fill_cart
from restaurants.models import Restaurant

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
WAIT = 15_000
ORDER = re.compile(r"/orders/[0-9a-f-]{36}/$")


@pytest.fixture
def lasagne() -> Item:
    return ItemFactory.create(
        name="Lasagne", price=Decimal(18), section__menu__restaurant__name="Da Ugo"
    )


@pytest.fixture
def ada() -> User:
    ada = UserFactory.create(email="ada@example.com")
    AddressFactory.create(user=ada, label="Home")
    AddressFactory.create(
        user=ada, label="Work", street_address="1 Valencia Street", is_chosen=False
    )
    return ada


@pytest.fixture
def page(
    browser: Browser, request: pytest.FixtureRequest, live_server: LiveServer
) -> Iterator[Page]:
    settings = {"viewport": {"width": 390, "height": 900}, "has_touch": True}
    context = browser.new_context(**{**settings, **getattr(request, "param", {})})
    context.set_default_timeout(WAIT)
    yield context.new_page()
    context.close()


def open_checkout(page: Page, live_server: LiveServer, ada: User, item: Item) -> None:
    fill_cart(ada, item)
    page.context.add_cookies(session_of(ada, live_server.url))
    page.goto(f"{live_server.url}/checkout/")


def serious_findings(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [one["id"] for one in found if one["impact"] in {"serious", "critical"}]


def total_of(page: Page) -> str:
    return page.inner_text("#co-summary tr.total td")


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_a_guest_orders_without_script(
    page: Page, live_server: LiveServer, lasagne: Item
) -> None:
    page.goto(f"{live_server.url}/account/place/?q=94110")
    page.click("main li button >> nth=0")
    page.goto(f"{live_server.url}/items/{lasagne.public_id}/")
    page.click("main button:has-text('Add to cart')")
    page.goto(f"{live_server.url}/checkout/")
    page.fill("input[name=street_address]", "2100 Mission Street")
    page.check("#tip-10")
    page.click("aside button[value=update]")
    page.fill("input[name=email]", "gus@example.com")
    page.fill("input[name=name]", "Gus Guest")
    page.fill("input[name=phone]", "+14155550123")
    page.click("button[value=place]")

    assert ORDER.search(page.url)
    assert "Da Ugo" in page.inner_text("main")
    order = Order.objects.get()
    assert (order.tip, order.total) == (Decimal("1.80"), Decimal("19.80"))
    assert order.guest_token


@pytest.mark.parametrize(
    "page",
    [
        {"color_scheme": "dark", "viewport": {"width": 320, "height": 800}},
        {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    ],
    indirect=True,
)
def test_amounts_follow_what_is_chosen_and_what_was_typed_stays(
    page: Page, live_server: LiveServer, ada: User, lasagne: Item
) -> None:
    open_checkout(page, live_server, ada, lasagne)
    page.fill("#field-kitchen_note", "No basil")

    page.check("#tip-10")
    expect(page.locator("#co-summary tr.total td")).to_have_text("$19.80")
    expect(page.locator("#co-said")).to_contain_text("The total is $19.80.")
    expect(page.locator("#tip-10")).to_be_focused()
    page.fill("#field-tip", "3.50")
    page.press("#field-tip", "Tab")
    expect(page.locator("#co-summary tr.total td")).to_have_text("$21.50")
    expect(page.locator("#tip-own")).to_be_checked()
    page.check("#field-pickup")
    expect(page.get_by_text("You collect it here:")).to_be_visible()
    expect(page.locator("#field-pickup")).to_be_focused()
    expect(page.locator("#field-kitchen_note")).to_have_value("No basil")

    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert serious_findings(page) == []


def test_errors_take_the_focus_and_two_clicks_make_one_order(
    page: Page, live_server: LiveServer, ada: User, lasagne: Item
) -> None:
    open_checkout(page, live_server, ada, lasagne)

    page.fill("#field-phone", "12")
    page.click("button[value=place]")
    expect(page.locator("#co-problems .notice-error")).to_be_focused()
    page.click("#co-problems a")
    expect(page.locator("#field-phone")).to_be_in_viewport()
    assert serious_findings(page) == []
    page.fill("#field-phone", "+14155550123")
    page.dblclick("button[value=place]")
    page.wait_for_url(ORDER)

    assert Order.objects.count() == 1


def test_a_session_that_is_lost_at_checkout_loses_nothing_typed(
    page: Page, live_server: LiveServer, ada: User, lasagne: Item
) -> None:
    open_checkout(page, live_server, ada, lasagne)
    page.fill("#field-kitchen_note", "No basil")
    Session.objects.all().delete()

    page.click("button[value=place]")
    expect(page.get_by_text("You were signed out")).to_be_visible()
    page.click("text=Sign in and go on")
    page.fill("input[name=username]", ada.email)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(re.compile("/checkout/$"))
    expect(page.locator("#field-kitchen_note")).to_have_value("No basil")
    page.click("button[value=place]")
    page.wait_for_url(ORDER)

    assert Order.objects.get().kitchen_note == "No basil"


def test_a_kitchen_that_pauses_and_another_tab_are_both_asked_about(
    page: Page, live_server: LiveServer, ada: User, lasagne: Item
) -> None:
    open_checkout(page, live_server, ada, lasagne)
    other = page.context.new_page()
    other.goto(f"{live_server.url}/checkout/")
    until = timezone.now() + timedelta(minutes=50)
    Restaurant.objects.update(paused_until=until)

    page.click("button[value=place]")
    expect(page.get_by_text("Nothing is ordered yet")).to_be_visible()
    assert not Order.objects.exists()
    page.click("button[value=place]")
    page.wait_for_url(ORDER)
    other.click("button[value=place]")
    expect(other.get_by_text("It may have been ordered already")).to_be_visible()

    order = Order.objects.get()
    assert order.scheduled_for is not None
    assert order.scheduled_for >= until
