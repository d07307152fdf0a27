"""From the address box to the list on a phone: no reloads, and a map."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from restaurants.tests.factories import CuisineFactory, RestaurantFactory

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PHONE = ViewportSize(width=390, height=844)
SOON = 15_000


def faults_of(page: Page) -> list[str]:
    """Return what axe finds serious, in light and in dark."""
    faults = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        faults += [
            f"{page.url} {scheme}: {fault['id']}: {node['html'][:150]}"
            for fault in page.evaluate("() => axe.run()")["violations"]
            if fault["impact"] in {"serious", "critical"}
            for node in fault["nodes"]
        ]
    return faults


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=PHONE)
    context.set_default_timeout(SOON)
    context.add_init_script(Axe().axe_script)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []
    context.close()


def test_the_address_box_leads_to_a_list_that_narrows_without_a_reload(
    page: Page, live_server: LiveServer
) -> None:
    thai = RestaurantFactory.create(name="Larb House")
    thai.cuisines.add(CuisineFactory.create(slug="thai", name="Thai"))
    RestaurantFactory.create_batch(24)

    page.goto(live_server.url)
    page.fill("#home-place", "Mission District")
    page.locator(".suggestions li").first.wait_for()
    faults = faults_of(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(reverse("restaurants:restaurant-list")))
    loaded = page.evaluate("() => performance.timeOrigin")
    page.locator(".spots-more").scroll_into_view_if_needed()
    expect(page.locator(".spot")).to_have_count(25)
    page.get_by_text("Thai", exact=True).first.click()

    expect(page.locator("#result-count")).to_have_text("1 restaurant")
    page.wait_for_url(re.compile("cuisine=thai$"))
    assert page.evaluate("() => performance.timeOrigin") == loaded
    assert faults + faults_of(page) == []


def test_the_map_opens_by_keyboard_and_again_from_its_address(
    page: Page, live_server: LiveServer
) -> None:
    RestaurantFactory.create(name="Larb House")
    page.goto(live_server.url)
    page.fill("#home-place", "Mission District")
    page.locator(".suggestions li").first.click()
    page.wait_for_url(re.compile(reverse("restaurants:restaurant-list")))

    page.get_by_role("button", name="Map").focus()
    page.keyboard.press("Enter")
    page.locator(".map-spot").focus()
    page.keyboard.press("Enter")
    popup = page.locator(".leaflet-popup")
    expect(popup.get_by_role("link", name="Larb House")).to_be_visible()
    assert faults_of(page) == []

    page.reload()
    expect(page.locator(".map-spot")).to_have_count(1)
