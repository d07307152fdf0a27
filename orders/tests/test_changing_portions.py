"""The portions of a line changed after ordering: taken once, returned uncooked."""

import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from menus.models import Item
from menus.tests.factories import ItemFactory
from orders.exceptions import ItemRefusedError
from orders.models import Order, OrderEvent
from orders.services import Actor, answer_line_change, propose_line_change
from orders.tests.factories import fill_cart, submit

pytestmark = pytest.mark.django_db
KITCHEN = Actor(OrderEvent.Actor.RESTAURANT)


@pytest.fixture
def tiramisu(margherita):
    return ItemFactory(section=margherita.section, name="Tiramisu", price=7)


@pytest.fixture
def cake(margherita):
    return ItemFactory(section=margherita.section, name="Cake", price=6)


@pytest.fixture
def order(ada, margherita, tiramisu):
    """Two Margheritas and three Tiramisus."""
    fill_cart(ada, margherita, 2)
    return submit(fill_cart(ada, tiramisu, 3), ada)


def propose(order, name="Tiramisu", **wish):
    line = order.lines.get(name=name)
    return propose_line_change(
        order_pk=order.pk, line_pk=line.pk, actor=KITCHEN, **wish
    )


def answer(change, customer):
    return answer_line_change(
        public_id=change.public_id, customer=customer, answer="accepted"
    )


def portions_of(*items):
    """Return how many portions of some items are left."""
    for item in items:
        item.refresh_from_db()
    return [item.portions_left for item in items]


@pytest.mark.parametrize("left", [3, 0])
def test_a_lower_price_for_the_same_item_takes_no_portions(order, ada, tiramisu, left):
    change = propose(order, item_pk=tiramisu.pk, unit_price=Decimal("5.00"))
    Item.objects.filter(pk=tiramisu.pk).update(portions_left=left)

    answer(change, ada)

    assert portions_of(tiramisu) == [left]
    assert order.lines.get(name="Tiramisu").amount == Decimal("15.00")


@pytest.mark.parametrize("accept", [False, True])
@pytest.mark.parametrize("replace", [False, True])
def test_a_line_given_up_before_cooking_gives_its_portions_back(
    order, ada, tiramisu, cake, accept, replace
):
    Item.objects.update(portions_left=4)
    if accept:
        Order.objects.filter(pk=order.pk).update(status=Order.Status.ACCEPTED)

    answer(propose(order, item_pk=cake.pk if replace else None), ada)

    assert portions_of(tiramisu, cake) == [7, 1 if replace else 4]


def test_a_line_given_up_while_it_is_cooked_gives_nothing_back(
    order, ada, tiramisu, cake
):
    Item.objects.update(portions_left=4)
    Order.objects.filter(pk=order.pk).update(status=Order.Status.PREPARING)

    answer(propose(order, item_pk=cake.pk), ada)

    assert portions_of(tiramisu, cake) == [4, 1]


def test_a_replacement_refused_leaves_the_portions_as_they_were(
    order, ada, tiramisu, cake
):
    change = propose(order, item_pk=cake.pk)
    Item.objects.update(portions_left=2)

    with pytest.raises(ItemRefusedError):
        answer(change, ada)

    assert portions_of(tiramisu, cake) == [2, 2]


@pytest.mark.parametrize("replacing", ["Tiramisu", "Margherita"])
def test_portions_move_in_the_order_of_the_items(
    order, ada, margherita, tiramisu, cake, replacing
):
    """Whichever was made first, so that no two orders wait for each other."""
    Item.objects.update(portions_left=9)
    instead = margherita if replacing == "Tiramisu" else cake
    change = propose(order, replacing, item_pk=instead.pk)

    with CaptureQueriesContext(connection) as queries:
        answer(change, ada)

    moved = [
        int(found[1])
        for query in queries
        if (found := re.search(r'^UPDATE "menus_item".*"id" = (\d+)', query["sql"]))
    ]
    assert len(moved) == 2
    assert moved == sorted(moved)
