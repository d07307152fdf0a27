"""What is read over the API takes the same queries, however much there is of it."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.tests.factories import AddressFactory
from menus.pricing import Choice
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    offer,
)
from orders.services import add_line, get_or_create_cart, propose_line_change
from orders.services.lifecycle import Actor
from orders.tests.factories import OrderFactory, submit
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def app(api, ada):
    AddressFactory(user=ada)
    return api.sign_in(ada)


@pytest.fixture
def owner(api, margherita):
    member = MembershipFactory.create(restaurant=margherita.restaurant)
    return api.sign_in(member.user)


def count(ask):
    """Return how many queries a request takes that was asked before."""
    assert ask().status_code == 200
    with CaptureQueriesContext(connection) as queries:
        ask()
    return len(queries)


def make_item(margherita):
    """Return another item of the menu, with a size that must be chosen."""
    item = ItemFactory(section=margherita.section)
    size = ModifierGroupFactory(restaurant=item.restaurant)
    offer(item, size)
    return item, ModifierFactory(group=size)


def put_into_cart(user, margherita, lines):
    cart = get_or_create_cart(user=user)
    for _ in range(lines):
        item, large = make_item(margherita)
        add_line(
            cart=cart, item_public_id=item.public_id, choices=[Choice(large.public_id)]
        )
    return cart


@pytest.mark.parametrize("path", ["/cart", "/cart/quote", "/cart/slots"])
def test_a_cart(app, ada, margherita, path):
    def ask():
        return app.post(path, {}) if path == "/cart/quote" else app.get(path)

    put_into_cart(ada, margherita, 1)
    one = count(ask)
    put_into_cart(ada, margherita, 4)

    assert count(ask) == one


def test_an_order(app, ada, margherita):
    counts = []
    for lines in (1, 5):
        order = submit(put_into_cart(ada, margherita, lines), ada)
        if lines > 1:
            for line in order.lines.all()[:3]:
                propose_line_change(
                    order_pk=order.pk,
                    line_pk=line.pk,
                    item_pk=None,
                    actor=Actor("restaurant"),
                )
        counts.append(count(lambda: app.get(f"/orders/{order.public_id}")))  # noqa: B023

    assert counts[0] == counts[1]


def test_what_the_kitchen_can_mark_as_sold_out(owner, margherita):
    path = f"/owner/restaurants/{margherita.restaurant.public_id}/menu"
    make_item(margherita)
    one = count(lambda: owner.get(path))
    for _ in range(4):
        make_item(margherita)

    assert count(lambda: owner.get(path)) == one


def test_what_a_line_could_become(owner, ada, margherita):
    order = submit(put_into_cart(ada, margherita, 1), ada)
    told = owner.get(f"/owner/orders/{order.public_id}").json()
    path = (
        f"/owner/orders/{order.public_id}/lines/{told['lines'][0]['id']}/replacements"
    )
    one = count(lambda: owner.get(path))
    for _ in range(4):
        ItemFactory(section=margherita.section, price=Decimal(9))

    assert count(lambda: owner.get(path)) == one


def test_figures(owner, margherita):
    path = f"/owner/restaurants/{margherita.restaurant.public_id}/figures"
    query = {"from": "2026-11-01", "until": "2026-11-30"}

    def sell(day):
        OrderFactory.create(
            restaurant=margherita.restaurant,
            status="delivered",
            service_day=date(2026, 11, day),
        )

    sell(1)
    one = count(lambda: owner.get(path, query))
    for day in range(2, 7):
        sell(day)

    assert count(lambda: owner.get(path, query)) == one
