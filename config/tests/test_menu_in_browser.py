"""The menu editor in a real browser: by pointer, by keyboard, on a tablet."""

import os
from decimal import Decimal

import pytest
from django.urls import reverse

from config.tests.conftest import session_of
from menus.models import Item, Section
from menus.tests.factories import ItemFactory, SectionFactory
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db(transaction=True)
PICTURES = os.environ.get("BROWSER_PICTURES", "")


@pytest.fixture
def pizza() -> Section:
    section = SectionFactory.create()
    for place, name in enumerate(["Margherita", "Marinara", "Diavola"]):
        ItemFactory.create(
            section=section, name=name, position=place, price=Decimal(10)
        )
    pasta = SectionFactory.create(menu=section.menu, name="Pasta", position=1)
    ItemFactory.create(section=pasta, name="Carbonara", price=Decimal(11))
    return section


@pytest.fixture(params=[1280, 768])
def page(browser, live_server, pizza, request):
    member = MembershipFactory(restaurant=pizza.menu.restaurant)
    context = browser.new_context(
        viewport={"width": request.param, "height": 1600},
        has_touch=request.param == 768,
    )
    context.add_cookies(session_of(member.user, live_server.url))
    page = context.new_page()
    complaints = []
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(live_server.url + reverse("owner:menu", args=[pizza.menu.restaurant_id]))
    yield page
    if PICTURES:
        name = request.node.name.split("[")[0].removeprefix("test_")
        page.screenshot(path=f"{PICTURES}/{name}-{request.param}.png", full_page=True)
    wide = page.evaluate("document.documentElement.scrollWidth")
    context.close()
    assert wide <= request.param
    # A refusal is an answer, which the browser notes too.
    assert [it for it in complaints if "Failed to load resource" not in it] == []


def names(section: Section) -> list[str]:
    return list(section.items.order_by("position").values_list("name", flat=True))


def row(page, name: str):
    return page.locator(f"li.menu-item[data-name='{name}']")


def drag(page, name: str, target: str, *, is_below: bool) -> None:
    grip = row(page, name).locator(".menu-grip").bounding_box()
    box = row(page, target).bounding_box()
    page.mouse.move(grip["x"] + 10, grip["y"] + 10)
    page.mouse.down()
    y = box["y"] + box["height"] * (0.9 if is_below else 0.1)
    page.mouse.move(grip["x"] + 10, y, steps=12)
    page.mouse.move(grip["x"] + 12, y)
    with page.expect_response("**/menu/order/"):
        page.mouse.up()


def test_an_item_is_dragged_by_pointer_within_its_section_and_to_another(page, pizza):
    drag(page, "Diavola", "Margherita", is_below=False)
    assert names(pizza) == ["Diavola", "Margherita", "Marinara"]
    assert "Diavola, now 1 of 3" in page.get_by_role("status").first.inner_text()

    drag(page, "Margherita", "Carbonara", is_below=True)
    pasta = Section.objects.get(name="Pasta")
    assert names(pasta) == ["Carbonara", "Margherita"]
    assert names(pizza) == ["Diavola", "Marinara"]
    page.reload()
    assert page.locator("li.menu-item").first.get_attribute("data-name") == "Diavola"


def test_items_and_sections_are_arranged_by_keyboard(page, pizza):
    down = page.get_by_role("button", name="Move down: Margherita")
    down.focus()
    for _press in range(2):
        with page.expect_response("**/menu/order/"):
            page.keyboard.press("Enter")
    assert names(pizza) == ["Marinara", "Diavola", "Margherita"]
    assert "Margherita, now 3 of 3" in page.get_by_role("status").first.inner_text()
    assert down.evaluate("button => button === document.activeElement")

    page.get_by_role("button", name="Move to section: Margherita").press("Enter")
    page.keyboard.press("ArrowDown")
    with page.expect_response("**/menu/order/"):
        page.keyboard.press("Enter")
    assert names(Section.objects.get(name="Pasta")) == ["Carbonara", "Margherita"]

    with page.expect_response("**/menu/order/"):
        page.get_by_role("button", name="Move up: Pasta").press("Enter")
    order = pizza.menu.sections.values_list("name", flat=True)
    assert list(order) == ["Pasta", "Pizza"]
    headings = page.locator(".menu-section h3").all_inner_texts()
    assert headings == ["Pasta", "Pizza"]


def test_an_order_that_somebody_else_changed_is_put_back_and_said(page, pizza):
    # Answered with 409, which Chromium logs as an error of the page's own.
    ItemFactory.create(section=pizza, name="Bufala")

    with page.expect_response("**/menu/order/"):
        page.get_by_role("button", name="Move up: Diavola").click()
    page.get_by_text("The menu was changed meanwhile; look again.").wait_for()

    shown = page.locator("li.menu-item").evaluate_all(
        "rows => rows.slice(0, 3).map(row => row.dataset.name)"
    )
    assert shown == ["Margherita", "Marinara", "Diavola"]


def test_the_prices_of_a_section_are_saved_or_refused_without_losing_any(page, pizza):
    margherita = page.get_by_label("Price of Margherita")
    marinara = page.get_by_label("Price of Marinara")
    save = page.get_by_role("button", name="Save prices").first
    margherita.fill("12,50")
    marinara.fill("much")

    save.click()
    page.get_by_text("Type a price like 9.99").wait_for()
    assert margherita.input_value() == "12,50"
    assert marinara.get_attribute("aria-invalid") == "true"
    assert set(pizza.items.values_list("price", flat=True)) == {Decimal(10)}

    marinara.fill("9")
    marinara.press("Enter")
    page.get_by_text("2 prices saved.").wait_for()
    found = pizza.items.order_by("position").values_list("price", flat=True)
    assert list(found) == [Decimal("12.50"), Decimal("9.00"), Decimal("10.00")]


def test_an_item_is_hidden_by_its_switch_and_one_is_added(page, pizza):
    switch = page.get_by_role("switch", name="Shown to customers: Diavola")
    with page.expect_response("**/menu/item/"):
        switch.click()
    page.get_by_text("hidden from customers").wait_for()
    assert switch.get_attribute("aria-checked") == "false"
    assert not Item.objects.get(name="Diavola").is_active

    form = page.locator(f"form.menu-add:has(#add-item-{pizza.pk})")
    form.get_by_label("New item").fill("Bufala")
    form.get_by_label("Price").fill("14,00")
    form.get_by_role("button", name="Add item").click()
    row(page, "Bufala").wait_for()
    assert page.evaluate("document.activeElement.id") == f"add-item-{pizza.pk}"
