"""Past orders found as one types, and favourites let go, in a real browser."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from config.tests.conftest import session_of
from customers.tests.factories import UserFactory
from orders.tests.factories import OrderFactory
from restaurants.services.favourites import set_favourite
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_history_is_searched_and_leafed_through_without_a_reload(
    browser: Browser, live_server: LiveServer
) -> None:
    ada = UserFactory.create()
    trattoria = RestaurantFactory.create(name="Trattoria")
    for hours in range(24):
        OrderFactory.create(
            customer=ada,
            restaurant=trattoria,
            restaurant_name="Cantina" if hours == 3 else "Trattoria",
            status="collected",
            placed_at=timezone.now() - timedelta(hours=hours),
        )
    set_favourite(user=ada, restaurant_pk=trattoria.pk, wanted=True)
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.add_cookies(session_of(ada, live_server.url))
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" else None,
    )
    entries = page.locator(".order-entry")

    page.goto(f"{live_server.url}{reverse('orders:order-list')}")
    expect(entries).to_have_count(20)
    page.get_by_label("Restaurant, dish or number").fill("cant")
    expect(entries).to_have_count(1)
    expect(page.locator("#history-said")).to_have_text("1 order shown.")
    assert "q=cant" in page.url
    expect(page.get_by_label("Restaurant, dish or number")).to_be_focused()

    page.go_back()
    expect(entries).to_have_count(20)
    page.get_by_role("link", name="Older orders").press("Enter")
    expect(entries).to_have_count(24)
    # One goes on where the link was.
    expect(entries.nth(20).get_by_role("link").first).to_be_focused()

    page.goto(f"{live_server.url}{reverse('restaurants:favourite-list')}")
    heart = page.get_by_role("button", name="Favourite Trattoria")
    heart.press("Enter")
    expect(heart).to_have_attribute("aria-pressed", "false")
    expect(heart).to_be_focused()
    assert complaints == []
    context.close()
