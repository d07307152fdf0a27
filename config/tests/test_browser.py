"""Pages in a real browser: nothing is cut off, nothing breaks the content policy."""

import os
from decimal import Decimal

import pytest
from django.urls import reverse

from config.tests.conftest import session_of
from customers.tests.factories import AddressFactory, UserFactory
from menus.tests.factories import ItemFactory
from orders.tests.factories import MISSION, fill_cart, submit

pytestmark = pytest.mark.django_db(transaction=True)
PICTURES = os.environ.get("BROWSER_PICTURES", "")


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_pages_fit_the_screen_and_keep_the_policy(browser, live_server, width):
    ada = UserFactory()
    AddressFactory(user=ada)
    item = ItemFactory(description="Tomato, mozzarella, basil.")
    for number, name in enumerate(["Marinara", "Diavola", "Quattro formaggi"]):
        ItemFactory(section=item.section, name=name, price=Decimal(11 + number))
    order = submit(fill_cart(ada, item), ada, place=MISSION)
    fill_cart(ada, item, 2)
    context = browser.new_context(viewport={"width": width, "height": 900})
    context.add_cookies(session_of(ada, live_server.url))
    page = context.new_page()
    complaints = []
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" else None,
    )
    paths = {
        "home": reverse("home"),
        "list": reverse("restaurants:restaurant-list"),
        "restaurant": item.restaurant.get_absolute_url(),
        "item": reverse("menus:item-detail", args=[item.public_id]),
        "cart": reverse("orders:cart-detail"),
        "checkout": reverse("orders:checkout"),
        "order": order.get_absolute_url(),
        "orders": reverse("orders:order-list"),
        "inbox": reverse("notifications:inbox"),
        "preferences": reverse("notifications:preferences"),
    }
    for name, path in paths.items():
        answer = page.goto(live_server.url + path)
        assert answer.status == 200, name
        wide = page.evaluate("document.documentElement.scrollWidth")
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/{name}-{width}.png")
        assert wide <= width, name
    assert complaints == []
    context.close()
