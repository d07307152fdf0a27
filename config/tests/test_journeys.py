"""The whole job in a real browser: the customer's side and the kitchen's."""

import re
from collections.abc import Iterator
from decimal import Decimal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from customers.models import User
from customers.tests.factories import PASSWORD, UserFactory
from delivery.tests.factories import own
from menus.models import Item
from menus.tests.factories import ItemFactory, ModifierFactory, ModifierGroupFactory
from orders.models import Order
from orders.tests.factories import fill_cart, submit

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
# The page looks again every four seconds.
SOON = 15_000
# How often an order's page asks, in milliseconds.
POLL = 4_000
MOST_TABS = 120


@pytest.fixture
def lasagne() -> Item:
    item = ItemFactory.create(
        name="Lasagne", price=Decimal(18), section__menu__restaurant__name="Da Ugo"
    )
    group = ModifierGroupFactory.create(
        restaurant=item.restaurant, name="Size", min_choices=1, max_choices=1
    )
    ModifierFactory.create(group=group, name="Small")
    ModifierFactory.create(group=group, name="Large", price_difference=Decimal(4))
    item.modifier_groups.add(group)
    return item


@pytest.fixture
def ada() -> User:
    return UserFactory.create(email="ada@example.com", phone="")


@pytest.fixture
def contexts(browser: Browser) -> Iterator[list[BrowserContext]]:
    opened: list[BrowserContext] = []
    yield opened
    for context in opened:
        context.close()


def open_page(
    browser: Browser,
    contexts: list[BrowserContext],
    width: int,
    *,
    javascript: bool = True,
) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, java_script_enabled=javascript
    )
    contexts.append(context)
    context.set_default_timeout(SOON)
    return context.new_page()


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until an element is reached, as who has no mouse does."""
    for _press in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            assert page.evaluate(
                "() => document.activeElement.matches(':focus-visible')"
            )
            return
    raise AssertionError(f"Tab never reaches {selector}")


def press(page: Page, selector: str, key: str = "Enter") -> None:
    tab_to(page, selector)
    page.keyboard.press(key)


def type_into(page: Page, selector: str, text: str) -> None:
    tab_to(page, selector)
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def find_by_keyboard(page: Page, lasagne: Item) -> None:
    """Go from the home page to a filled cart."""
    type_into(page, "#home-place", "Mission District")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("place"))
    press(page, "main li button")
    page.wait_for_url(re.compile("/restaurants/$"))
    press(page, f"a[href='{lasagne.restaurant.get_absolute_url()}']")
    page.wait_for_url(re.compile(lasagne.restaurant.slug))
    press(page, "a[href^='/items/']")
    expect(page.get_by_role("dialog")).to_be_visible()
    press(page, "dialog input[type=radio]", "Space")
    press(page, "dialog button[data-add]")
    expect(page.get_by_text("is in your cart")).to_be_visible()


def order_by_keyboard(page: Page, ada: User) -> None:
    """Go from the cart through the sign-in to an order."""
    press(page, "a[href='/cart/']")
    page.wait_for_url(re.compile("/cart/"))
    press(page, "a[href='/checkout/']")
    page.wait_for_url(re.compile("/checkout/"))
    press(page, "button[value=sign-in]")
    page.wait_for_url(re.compile("sign-in"))
    expect(page.locator("input[name=username]")).to_be_focused()
    page.keyboard.type(ada.email)
    type_into(page, "input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("//[^/]+/checkout/$"))
    type_into(page, "input[name=street_address]", "2100 Mission Street")
    type_into(page, "input[name=phone]", "+1 415 555 0123")
    press(page, "button[value=place]")
    page.wait_for_url(re.compile("/orders/[0-9a-f-]+/$"))


def sign_in_to_portal(page: Page, live_server: LiveServer, owner: User) -> None:
    page.goto(f"{live_server.url}/owner/login/")
    page.focus("input[name=username]")
    page.keyboard.type(owner.email)
    type_into(page, "input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/owner/board/"))


@pytest.mark.parametrize("width", [390, 1280])
def test_a_dinner_is_ordered_and_handed_over_by_keyboard_alone(
    browser: Browser,
    contexts: list[BrowserContext],
    live_server: LiveServer,
    lasagne: Item,
    ada: User,
    width: int,
) -> None:
    page, kitchen = (open_page(browser, contexts, width) for _ in range(2))
    page.clock.install()

    page.goto(live_server.url)
    find_by_keyboard(page, lasagne)
    order_by_keyboard(page, ada)
    expect(page.get_by_text("Waiting for Da Ugo to accept.")).to_be_visible()

    sign_in_to_portal(kitchen, live_server, own(lasagne.restaurant))
    expect(kitchen.get_by_text("1 × Lasagne")).to_be_visible()
    with kitchen.expect_response(re.compile("/step/accept/")):
        press(kitchen, "button[name=preparation_minutes][value='20']")
    page.clock.run_for(POLL)
    expect(page.get_by_text("Da Ugo is on it.")).to_be_visible(timeout=SOON)
    expect(page.get_by_text("Cancel this order")).to_have_count(0)
    for step in ("preparing", "ready", "out"):
        kitchen.wait_for_selector(f"form[action*='/step/{step}/']")
        with kitchen.expect_response(re.compile(f"/step/{step}/")):
            press(kitchen, f"form[action*='/step/{step}/'] button")
    page.clock.run_for(POLL)
    expect(page.get_by_text("On the way to you.")).to_be_visible(timeout=SOON)
    expect(page.get_by_text(re.compile(r"^Last updated \d+ s ago$"))).to_be_visible()
    kitchen.wait_for_selector("form[action*='/step/complete/']")
    with kitchen.expect_response(re.compile("/step/complete/")):
        press(kitchen, "form[action*='/step/complete/'] button")
    page.clock.run_for(POLL)
    expect(page.get_by_text("Enjoy your meal!")).to_be_visible(timeout=SOON)

    press(page, "a[href='/orders/']")
    page.wait_for_url(re.compile("/orders/$"))
    expect(page.get_by_text("Delivered", exact=True)).to_be_visible()


def test_a_new_order_comes_onto_the_board_by_itself(
    browser: Browser,
    contexts: list[BrowserContext],
    live_server: LiveServer,
) -> None:
    item = ItemFactory.create(name="Gnocchi")
    board = open_page(browser, contexts, 1280)
    sign_in_to_portal(board, live_server, own(item.restaurant))
    expect(board.get_by_text("1 × Gnocchi")).to_have_count(0)

    bea = UserFactory.create()
    submit(fill_cart(bea, item), bea)

    expect(board.get_by_text("1 × Gnocchi")).to_be_visible(timeout=SOON)


def test_an_order_needs_no_script(
    browser: Browser,
    contexts: list[BrowserContext],
    live_server: LiveServer,
    lasagne: Item,
    ada: User,
) -> None:
    page = open_page(browser, contexts, 390, javascript=False)

    page.goto(live_server.url)
    page.fill("#home-place", "94110")
    page.click("text=Find food")
    page.click("main li button >> nth=0")
    page.click("text=Da Ugo")
    page.click("text=Lasagne")
    page.check("text=Large")
    page.click("text=Add to cart")
    page.goto(f"{live_server.url}/checkout/")
    page.click("button[value=sign-in]")
    page.fill("input[name=username]", ada.email)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.fill("input[name=street_address]", "2100 Mission Street")
    page.fill("input[name=phone]", "+14155550123")
    page.click("button[value=place]")

    assert page.inner_text("h1") == "Order 1 from Da Ugo"
    assert Order.objects.get().total == Decimal(22)
