"""Opening hours by keyboard and the map of the radius, in a real browser."""

import os
from datetime import time

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from config.tests.conftest import session_of
from restaurants.models import Restaurant
from restaurants.opening import WeeklySpan
from restaurants.selectors import list_week
from restaurants.tests.factories import MembershipFactory, RestaurantFactory

pytestmark = pytest.mark.django_db(transaction=True)
PICTURES = os.environ.get("BROWSER_PICTURES", "")
FRIDAY = 4


def tab_to(page: Page, label: str) -> None:
    for _press in range(150):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.ariaLabel") == label:
            return
    raise AssertionError(label)


def open_pages(
    browser: Browser, live_server: LiveServer, ugo: Restaurant, width: int
) -> tuple[Page, list[str]]:
    context = browser.new_context(viewport={"width": width, "height": 900})
    context.add_cookies(
        session_of(MembershipFactory.create(restaurant=ugo).user, live_server.url)
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page, complaints


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


@pytest.mark.parametrize("width", [768, 1280])
def test_friday_is_changed_by_keyboard_and_the_radius_is_drawn(
    browser: Browser, live_server: LiveServer, width: int
) -> None:
    ugo = RestaurantFactory.create(
        country="US",
        hours=[(FRIDAY, time(18), time(22)), (5, time(11), time(1))],
        fee_step_metres=[4000.0],
        fee_step_fees=[3],
    )
    page, complaints = open_pages(browser, live_server, ugo, width)

    page.goto(f"{live_server.url}/owner/r/{ugo.pk}/hours/")
    tab_to(page, "Friday, opens")
    page.keyboard.type("0915a")  # some browsers ask for the half of the day
    preview = page.locator("[data-preview]")
    expect(preview).to_contain_text("Not saved yet")
    expect(preview).to_contain_text("09:15–22:00")
    picture(page, f"hours-{width}")
    page.get_by_role("button", name="Save the week").press("Enter")
    expect(page.get_by_text("Saved. Customers now see")).to_be_visible()
    assert list_week(ugo)[0] == WeeklySpan(FRIDAY, time(9, 15), time(22))

    page.goto(f"{live_server.url}/owner/r/{ugo.pk}/terms/")
    circles = page.locator(".leaflet-overlay-pane path")
    expect(circles).to_have_count(2)
    before = circles.first.get_attribute("d")
    page.get_by_label("Delivers as far as").fill("5")
    expect(page.locator("[data-preview]")).to_contain_text("2.49–5 mi")
    assert circles.first.get_attribute("d") != before
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    picture(page, f"terms-{width}")
    assert complaints == []
    page.context.close()
