"""Choosing food in a real browser: the dialog, its price and warnings, the cart."""

import re
from decimal import Decimal
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from config.tests.conftest import session_of
from customers.tests.factories import AddressFactory, UserFactory
from menus.models import Item
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    offer,
)

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lasagne() -> Item:
    """Return an item with two sizes, of which the large asks for at most two dips."""
    item = ItemFactory.create(
        name="Lasagne",
        price=Decimal(18),
        allergens=["gluten"],
        section__menu__restaurant__minimum_order=Decimal(60),
    )
    restaurant = item.restaurant
    dips = ModifierGroupFactory.create(
        restaurant=restaurant, name="Dip", min_choices=0, max_choices=2
    )
    for name, allergens in (("Pesto", ["nuts"]), ("Chili", []), ("Aioli", ["eggs"])):
        ModifierFactory.create(
            group=dips, name=name, allergens=allergens, price_difference=Decimal("0.50")
        )
    size = ModifierGroupFactory.create(restaurant=restaurant, name="Size")
    ModifierFactory.create(group=size, name="Small", price_difference=Decimal(0))
    large = ModifierFactory.create(
        group=size, name="Large", price_difference=Decimal(4)
    )
    large.nested_groups.add(dips)
    offer(item, size)
    ItemFactory.create(section=item.section, name="Crème brûlée", allergens=["eggs"])
    return item


@pytest.fixture
def opened(request: Any, browser: Browser, live_server: LiveServer) -> Any:
    """Return a page of somebody who is signed in, and what its console complained."""
    ada = UserFactory.create()
    AddressFactory.create(user=ada)
    context = browser.new_context(viewport={"width": request.param, "height": 860})
    context.add_cookies(session_of(ada, live_server.url))
    context.add_init_script(Axe().axe_script)
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page, complaints
    context.close()


def faults_of(page: Page) -> list[str]:
    found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    return [one["id"] for one in found if one["impact"] in {"serious", "critical"}]


def avoid_eggs(page: Page) -> None:
    page.click("text=Hide what I can")
    page.check("input[value=eggs]")
    page.click("button:has-text('Apply')")
    expect(page.get_by_text("1 item hidden.")).to_be_visible()
    expect(page.get_by_text("Crème brûlée")).to_have_count(0)


@pytest.mark.parametrize("opened", [390, 1280], indirect=True)
def test_food_is_chosen_with_its_price_and_warnings_in_sight(
    opened: Any, live_server: LiveServer, lasagne: Item
) -> None:
    page, complaints = opened
    page.goto(live_server.url + lasagne.restaurant.get_absolute_url())
    avoid_eggs(page)
    faults = faults_of(page)

    page.click("h3 >> text=Lasagne")
    dialog = page.get_by_role("dialog")
    add = dialog.locator("[data-add]")
    expect(add).to_have_text("Add 1 · $18.00")
    expect(add).to_have_attribute("aria-disabled", "true")
    expect(dialog.get_by_text("Choose Size first.")).to_be_visible()
    expect(dialog.get_by_text("Aioli")).to_be_hidden()
    dialog.get_by_label("Large").check()
    dialog.get_by_label("Chili").check()
    expect(dialog.get_by_role("alert")).to_have_count(0)
    dialog.get_by_label("Aioli").check()
    expect(dialog.get_by_label("Pesto")).to_be_disabled()
    expect(dialog.get_by_role("alert")).to_contain_text("avoid: Eggs")
    dialog.get_by_label("One more").click()
    expect(add).to_have_text("Add 2 · $46.00")
    faults += faults_of(page)
    add.click()

    expect(dialog).to_be_hidden()
    expect(page.locator("#cart-count")).to_have_text("2")
    expect(page.get_by_text("is in your cart")).to_be_visible()
    expect(page.locator("h3 a", has_text="Lasagne")).to_be_focused()
    missing = page.get_by_text(re.compile(r"\$14\.00 more to order"))
    expect(missing.and_(page.locator(":visible"))).to_have_count(1)
    assert [*faults, *faults_of(page), *complaints] == []


@pytest.mark.parametrize("opened", [1280], indirect=True)
def test_the_cart_beside_the_menu_is_changed_in_place(
    opened: Any, live_server: LiveServer, lasagne: Item
) -> None:
    page, complaints = opened
    page.goto(live_server.url + lasagne.restaurant.get_absolute_url())
    page.click("h3 >> text=Crème")
    page.get_by_role("dialog").locator("[data-add]").click()
    cart = page.locator("#cart")
    more = cart.get_by_label("One more of Crème brûlée")
    more.click()
    expect(cart.locator(".stepper-count")).to_contain_text("2")
    expect(more).to_be_focused()
    # Faster than the answers come.
    more.evaluate("it => { it.click(); it.click(); it.click(); }")
    expect(cart.locator(".stepper-count")).to_contain_text("5")
    cart.get_by_label("Remove Crème brûlée").click()
    expect(cart.get_by_text("Your cart is empty.")).to_be_visible()
    cart.get_by_text("Put it back").click()
    expect(cart.locator(".stepper-count")).to_contain_text("5")

    cart.get_by_label("Edit Crème brûlée").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Note for the kitchen").fill("No spoon")
    dialog.locator("[data-add]").click()
    expect(cart.get_by_text("“No spoon”")).to_be_visible()

    page.fill("#menu-q", "creme")
    expect(page.get_by_text("One item fits “creme”.")).to_be_visible()
    expect(page.locator("h3", has_text="Lasagne")).to_be_hidden()
    page.press("#menu-q", "Escape")
    expect(page.locator("h3", has_text="Lasagne")).to_be_visible()
    assert complaints == []
