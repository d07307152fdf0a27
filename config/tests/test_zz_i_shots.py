import pytest
from decimal import Decimal
from django.urls import reverse
from config.tests.conftest import session_of
from customers.tests.factories import AddressFactory, UserFactory
from menus.tests.factories import *
from orders.tests.factories import MISSION, fill_cart, submit
from restaurants.tests.factories import RestaurantFactory
import os
pytestmark = pytest.mark.django_db(transaction=True)
OUT='/tmp/plan/I/shots'
def test_shots(browser, live_server):
    ada = UserFactory(locale="ar", email="ada@example.com", name="أمينة")
    AddressFactory(user=ada)
    item = ItemFactory(description="Tomato, mozzarella, basil.", allergens=["milk","gluten"])
    try:
        g = ModifierGroupFactory(restaurant=item.restaurant)
    except Exception as e:
        print(e); g=None
    if g is not None:
        try:
            for n in range(3): ModifierFactory(group=g, name=f"Extra {n}", price_difference=Decimal("1.50"))
            ItemModifierGroupFactory(item=item, group=g)
        except Exception as e: print(e)
    for number, name in enumerate(["Marinara", "Diavola", "Quattro formaggi"]):
        ItemFactory(section=item.section, name=name, price=Decimal(11 + number))
    for n in range(3): RestaurantFactory(name=f"Kitchen {n}")
    other = ItemFactory(section=item.section, name="Calzone")
    order = submit(fill_cart(ada, other), ada, place=MISSION)
    fill_cart(ada, other, 2)
    paths = {
        "home": reverse("home"),
        "list": reverse("restaurants:restaurant-list"),
        "restaurant": item.restaurant.get_absolute_url(),
        "cart": reverse("orders:cart-detail"),
        "checkout": reverse("orders:checkout"),
        "order": order.get_absolute_url(),
        "receipt": order.get_absolute_url()+"receipt/",
        "orders": reverse("orders:order-list"),
        "inbox": reverse("notifications:inbox"),
        "preferences": reverse("notifications:preferences"),
        "profile": reverse("customers:profile"),
        "addresses": reverse("customers:address-list"),
        "security": reverse("customers:security"),
    }
    bad=[]
    for width in (320, 390, 1280):
        context = browser.new_context(viewport={"width": width, "height": 900}, has_touch=width<500)
        context.add_cookies(session_of(ada, live_server.url))
        page = context.new_page()
        for name, path in paths.items():
            a=page.goto(live_server.url + path)
            page.wait_for_timeout(250)
            wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            left = page.evaluate("""() => [...document.querySelectorAll('body *')].filter(e => {const r=e.getBoundingClientRect(); return r.width && r.height>1 && r.width>1 && (r.left<-1 || r.right>innerWidth+1) && getComputedStyle(e).position!='fixed' && !e.closest('.leaflet-container')}).slice(0,4).map(e=>e.tagName+'.'+e.className)""")
            if a.status!=200 or wide[0]>wide[1] or left: bad.append((width,name,a.status,wide,left))
            page.screenshot(path=f"{OUT}/{name}-{width}.png", full_page=width!=320)
            if name=="restaurant" and width!=320:
                page.locator("a", has_text=item.name).first.click()
                page.wait_for_timeout(700)
                page.screenshot(path=f"{OUT}/dialog-{width}.png")
        context.close()
    print(bad)
