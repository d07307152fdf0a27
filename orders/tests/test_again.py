"""An order put into the cart once more, and what is said about what changed."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from menus.pricing import Choice
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    offer,
)
from orders.exceptions import OtherRestaurantError
from orders.models import Cart, Order
from orders.services import add_line, empty_cart, get_or_create_cart, order_again
from orders.services.again import LeftOut, Repriced
from orders.tests.factories import fill_cart, submit
from restaurants.services import pause_restaurant

pytestmark = [pytest.mark.django_db]


def lines_of(cart):
    return {line.item.name: line.quantity for line in cart.lines.select_related("item")}


def order_of(user, *items):
    cart = get_or_create_cart(user=user)
    for item in items:
        add_line(cart=cart, item_public_id=item.public_id, quantity=2)
    return submit(cart, user)


@pytest.fixture
def salad(margherita):
    return ItemFactory(section=margherita.section, name="Salad")


def test_an_order_is_put_into_the_cart_as_it_was(ada, margherita):
    group = ModifierGroupFactory(restaurant=margherita.restaurant)
    large = ModifierFactory(group=group)
    offer(margherita, group)
    cart = get_or_create_cart(user=ada)
    add_line(
        cart=cart,
        item_public_id=margherita.public_id,
        quantity=3,
        choices=[choice_of(large)],
        note="crisp",
    )
    order = submit(cart, ada)

    done = order_again(order=order, cart=cart)

    line = cart.lines.get()
    assert (line.quantity, line.note) == (3, "crisp")
    assert line.modifiers.get().modifier == large
    assert (done.added, done.left_out, done.repriced, done.closed) == (3, [], [], "")


def choice_of(modifier):
    return Choice(modifier.public_id)


def test_what_is_no_longer_on_the_menu_is_left_out_and_said(ada, margherita, salad):
    order = order_of(ada, margherita, salad)
    salad.delete()
    cart = get_or_create_cart(user=ada)

    done = order_again(order=order, cart=cart)

    assert done.left_out == [LeftOut("Salad", "It is no longer on the menu.")]
    assert lines_of(cart) == {"Margherita": 2}


def test_what_is_sold_out_is_left_out_with_the_time_it_returns(ada, margherita, salad):
    order = order_of(ada, margherita, salad)
    salad.sold_out_until = timezone.now() + timedelta(days=1, minutes=1)
    salad.save()

    done = order_again(order=order, cart=get_or_create_cart(user=ada))

    [left_out] = done.left_out
    assert left_out.why.startswith("Sold out until tomorrow")


def test_a_dish_without_a_modifier_that_is_gone_is_not_had_instead(ada, margherita):
    group = ModifierGroupFactory(restaurant=margherita.restaurant, min_choices=0)
    without_nuts = ModifierFactory(group=group, name="Without nuts")
    offer(margherita, group)
    cart = get_or_create_cart(user=ada)
    choices = [choice_of(without_nuts)]
    add_line(cart=cart, item_public_id=margherita.public_id, choices=choices)
    order = submit(cart, ada)
    without_nuts.delete()

    done = order_again(order=order, cart=cart)

    assert not cart.lines.exists()
    assert done.added == 0
    assert done.left_out[0].why == "“Without nuts” is no longer offered with it."


def test_a_changed_price_is_told_with_both(ada, margherita):
    order = order_of(ada, margherita)
    margherita.price = Decimal("14.00")
    margherita.save()

    done = order_again(order=order, cart=get_or_create_cart(user=ada))

    price = Repriced("Margherita", Decimal("12.50"), Decimal("14.00"))
    assert done.repriced == [price]


def test_another_restaurants_cart_is_kept_until_they_say_so(ada, margherita):
    order = order_of(ada, margherita)
    taco = ItemFactory(name="Taco")
    cart = fill_cart(ada, taco)

    with pytest.raises(OtherRestaurantError):
        order_again(order=order, cart=cart)
    assert lines_of(cart) == {"Taco": 1}

    order_again(order=order, cart=cart, replace_restaurant=True)
    assert lines_of(cart) == {"Margherita": 2}


def test_a_cart_is_not_emptied_for_nothing(ada, margherita):
    order = order_of(ada, margherita)
    margherita.delete()
    cart = fill_cart(ada, ItemFactory(name="Taco"))

    done = order_again(order=order, cart=cart, replace_restaurant=True)

    assert done.added == 0
    assert lines_of(cart) == {"Taco": 1}


def test_a_kitchen_on_a_break_says_when_it_is_back(ada, margherita):
    order = order_of(ada, margherita)
    back = timezone.now() + timedelta(hours=2)
    pause_restaurant(restaurant_pk=margherita.restaurant_id, until=back)
    order.restaurant.refresh_from_db()
    cart = get_or_create_cart(user=ada)

    done = order_again(order=order, cart=cart)

    assert lines_of(cart) == {"Margherita": 2}
    assert "It takes orders again" in done.closed


def test_ordering_again_twice_does_not_double_the_cart(ada, margherita, salad):
    order = order_of(ada, margherita, salad)
    cart = get_or_create_cart(user=ada)
    add_line(cart=cart, item_public_id=salad.public_id, quantity=3)

    for _time in range(2):
        done = order_again(order=order, cart=cart)

    assert lines_of(cart) == {"Margherita": 2, "Salad": 3}
    assert done.added == 4


def test_many_lines_take_as_many_queries_as_one(ada, margherita):
    group = ModifierGroupFactory(restaurant=margherita.restaurant)
    large = ModifierFactory(group=group)

    def asked(count):
        cart = get_or_create_cart(user=ada)
        for _number in range(count):
            item = ItemFactory(section=margherita.section)
            offer(item, group)
            add_line(
                cart=cart, item_public_id=item.public_id, choices=[choice_of(large)]
            )
        order = submit(cart, ada)
        with CaptureQueriesContext(connection) as queries:
            done = order_again(order=order, cart=cart)
        assert done.added == count
        empty_cart(cart=cart)
        return len(queries)

    assert asked(6) == asked(1) <= 20


def test_the_cart_says_what_changed(client, ada, margherita, salad):
    order = order_of(ada, margherita, salad)
    Order.objects.update(is_test=True)
    margherita.price = Decimal("14.00")
    margherita.save()
    salad.delete()
    client.force_login(ada)

    page = client.post(
        reverse("orders:order-again", args=[order.public_id]), follow=True
    ).text

    assert "2 items from your order are in the cart." in page
    assert "“Salad” is not in the cart: It is no longer on the menu." in page
    assert "“Margherita” now costs $14.00; it was $12.50." in page


def test_they_are_asked_before_another_cart_is_replaced(client, ada, margherita):
    order = order_of(ada, margherita)
    fill_cart(ada, ItemFactory(name="Taco"))
    client.force_login(ada)
    again = reverse("orders:order-again", args=[order.public_id])

    asked = client.post(again)
    kept = lines_of(Cart.objects.get(user=ada))
    client.post(again, {"replace": "1"})

    assert asked.status_code == 409
    assert kept == {"Taco": 1}
    assert lines_of(Cart.objects.get(user=ada)) == {"Margherita": 2}


def test_when_nothing_is_left_that_is_said(client, ada, margherita):
    order = order_of(ada, margherita)
    margherita.delete()
    client.force_login(ada)

    page = client.post(
        reverse("orders:order-again", args=[order.public_id]), follow=True
    )

    assert "Nothing of this order can be had any more." in page.text
    assert page.status_code == 200
