"""Pages in a language from right to left, on the smallest phone."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser

from config.tests.conftest import session_of
from customers.tests.factories import AddressFactory, UserFactory
from menus.tests.factories import ItemFactory
from orders.tests.factories import fill_cart

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
WIDTH = 320


def test_pages_begin_at_the_right_and_do_not_scroll_sideways(
    browser: Browser, live_server: Any
) -> None:
    ada = UserFactory.create(locale="ar")
    AddressFactory.create(user=ada)
    item = ItemFactory.create()
    fill_cart(ada, item)
    context = browser.new_context(viewport={"width": WIDTH, "height": 700})
    context.add_cookies(session_of(ada, live_server.url))
    page = context.new_page()
    paths = {
        "home": reverse("home"),
        "list": reverse("restaurants:restaurant-list"),
        "restaurant": item.restaurant.get_absolute_url(),
        "checkout": reverse("orders:checkout"),
    }
    for name, path in paths.items():
        page.goto(live_server.url + path)
        wide = page.evaluate("document.documentElement.scrollWidth")
        brand = page.locator("header .brand").bounding_box()
        account = page.locator("header nav").first.bounding_box()
        assert wide <= WIDTH, name
        assert brand, name
        assert account, name
        assert brand["x"] > account["x"], name
    context.close()
