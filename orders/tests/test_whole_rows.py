"""What one statement loads is what the ORM finds in many."""

from datetime import time
from decimal import Decimal

from menus.pricing import Choice
from menus.selectors import load_items
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    offer,
)
from orders.models import Order
from orders.selectors import (
    choices_of,
    get_order_for_customer,
    list_cart_lines,
    load_whole_cart,
)
from orders.services import add_line
from orders.tests.factories import fill_cart, submit
from restaurants.models import Restaurant


def fields_of(row):
    return {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields  # noqa: SLF001
        if field.name not in {"location", "search_document"}
    }


def menu_of(item):
    """Tell of all that is loaded with an item, in its order."""
    menu = item.section.menu
    groups = [
        (fields_of(group), [_modifier(one) for one in group.modifiers.all()])
        for group in item.modifier_groups.all()
    ]
    hours = [fields_of(row) for row in menu.hours.all()]
    return fields_of(item), fields_of(item.section), fields_of(menu), hours, groups


def _modifier(modifier):
    nested = [
        (fields_of(group), [fields_of(one) for one in group.modifiers.all()])
        for group in modifier.nested_groups.all()
    ]
    return fields_of(modifier), nested


def rich_cart(ada, margherita):
    """Fill a cart with nested choices, of two items of a menu with hours."""
    restaurant = margherita.restaurant
    size, extras, crust = (
        ModifierGroupFactory(restaurant=restaurant, name=name, min_choices=0)
        for name in ("Size", "Extras", "Crust")
    )
    large = ModifierFactory(group=size, allergens=["milk"], position=1)
    ModifierFactory(group=size, name="Small", price_difference=Decimal("-1.50"))
    thin = ModifierFactory(group=crust, name="Thin", diets=["vegan"])
    ModifierFactory(group=extras, name="Olives")
    large.nested_groups.add(crust)
    offer(margherita, size, position=2)
    offer(margherita, extras, position=1)
    add_line(
        cart=fill_cart(ada, ItemFactory(section=margherita.section, name="Marinara")),
        item_public_id=margherita.public_id,
        quantity=2,
        choices=[Choice(large.public_id, [Choice(thin.public_id)])],
        note="Well done",
    )
    for weekday in reversed(range(7)):
        margherita.section.menu.hours.create(
            weekday=weekday, opens_at=time(0), closes_at=time(0)
        )
    return fill_cart(ada, margherita)


def test_a_whole_cart_is_what_the_tables_hold(
    ada, margherita, django_assert_num_queries
):
    cart = rich_cart(ada, margherita)
    lines = list_cart_lines(cart=cart)
    items = load_items([line.item_id for line in lines])
    restaurant = Restaurant.objects.get(pk=margherita.restaurant_id)
    expected = [
        (fields_of(line), choices_of(line), menu_of(items[line.item_id]))
        for line in lines
    ]

    with django_assert_num_queries(1):
        whole = load_whole_cart(cart_pk=cart.pk)
        found = [
            (fields_of(line), choices_of(line), menu_of(line.item))
            for line in whole.lines
        ]
        where = fields_of(whole.restaurant), whole.restaurant.region.code

    assert found == expected
    assert where == (fields_of(restaurant), restaurant.region.code)
    assert len(found) == 3


def test_it_stays_what_it_is_when_it_is_asked_often(ada, margherita):
    """Once it was asked a few times the statement is prepared."""
    cart = rich_cart(ada, margherita)

    found = [
        [menu_of(line.item) for line in load_whole_cart(cart_pk=cart.pk).lines]
        for _ in range(12)
    ]

    assert all(one == found[0] for one in found)


def test_some_of_what_is_loaded_are_those_of_their_owner_alone(ada, margherita):
    cart = rich_cart(ada, margherita)
    marinara = load_whole_cart(cart_pk=cart.pk).lines[0].item
    first = submit(cart, ada)
    submit(fill_cart(ada, ItemFactory()), ada, place=None, fulfilment="pickup")

    order = get_order_for_customer(customer=ada, public_id=first.public_id)

    assert list(order.lines.filter(quantity__gt=0)) == list(order.lines.all())
    assert order.events.filter(to_status="placed").count() == 1
    assert marinara.name == "Marinara"
    assert not marinara.modifier_groups.filter(name="Size")


def test_a_whole_order_is_what_the_tables_hold(
    ada, margherita, django_assert_num_queries
):
    placed = submit(rich_cart(ada, margherita), ada)
    expected = Order.objects.get(pk=placed.pk)

    with django_assert_num_queries(1):
        order = get_order_for_customer(customer=ada, public_id=placed.public_id)
        lines = [
            (fields_of(line), [fields_of(one) for one in line.modifiers.all()])
            for line in order.lines.all()
        ]
        events = [fields_of(one) for one in order.events.all()]
        assert not hasattr(order, "review")
        assert not hasattr(order, "claim")
        item_ids = {line.item.public_id for line in order.lines.all()}
        restaurant = fields_of(order.restaurant)

    assert margherita.public_id in item_ids
    assert fields_of(order) == fields_of(expected)
    assert restaurant == fields_of(expected.restaurant)
    assert events == [fields_of(one) for one in expected.events.all()]
    assert lines == [
        (fields_of(line), [fields_of(one) for one in line.modifiers.all()])
        for line in expected.lines.all()
    ]
