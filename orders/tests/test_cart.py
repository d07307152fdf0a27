from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory
from django.utils import timezone

from customers.tests.factories import UserFactory
from menus.pricing import Choice
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    offer,
)
from orders.exceptions import ItemRefusedError, OtherRestaurantError
from orders.models import Cart
from orders.selectors import choices_of, count_cart_items, list_cart_lines
from orders.services import (
    add_line,
    adopt_cart,
    change_line,
    get_or_create_cart,
)
from orders.services.cart import drop_old_carts
from orders.tests.factories import fill_cart


def test_the_same_item_twice_is_one_line(ada, margherita):
    fill_cart(ada, margherita)
    cart = fill_cart(ada, margherita, 2)

    assert [line.quantity for line in cart.lines.all()] == [3]
    assert count_cart_items(user=ada, token=None) == 3


def test_food_from_another_restaurant_is_asked_about_and_changes_nothing(
    ada, margherita
):
    cart = fill_cart(ada, margherita)
    ramen = ItemFactory()

    with pytest.raises(OtherRestaurantError):
        add_line(cart=cart, item_public_id=ramen.public_id)

    assert [line.item for line in cart.lines.all()] == [margherita]


def test_starting_anew_replaces_the_restaurant(ada, margherita):
    cart = fill_cart(ada, margherita)
    ramen = ItemFactory()

    add_line(cart=cart, item_public_id=ramen.public_id, replace_restaurant=True)

    cart.refresh_from_db()
    assert cart.restaurant == ramen.restaurant
    assert [line.item for line in cart.lines.all()] == [ramen]


def test_nested_choices_are_kept_and_priced(ada, margherita):
    size = ModifierGroupFactory(restaurant=margherita.restaurant)
    offer(margherita, size)
    large = ModifierFactory(group=size)
    dip = ModifierGroupFactory(restaurant=margherita.restaurant, min_choices=0)
    pesto = ModifierFactory(group=dip, price_difference=Decimal("0.75"))
    large.nested_groups.add(dip)
    choices = [Choice(large.public_id, [Choice(pesto.public_id)])]
    cart = get_or_create_cart(user=ada)

    add_line(cart=cart, item_public_id=margherita.public_id, choices=choices)
    add_line(cart=cart, item_public_id=margherita.public_id, choices=choices)

    [line] = list_cart_lines(cart=cart)
    assert choices_of(line) == choices
    assert (line.quantity, line.unit_price_seen) == (2, Decimal("16.25"))


def test_a_sold_out_item_is_not_put_in(ada):
    item = ItemFactory(portions_left=0)

    with pytest.raises(ItemRefusedError) as refusal:
        fill_cart(ada, item)

    assert refusal.value.code == "item_sold_out"


def test_taking_the_last_line_out_frees_the_restaurant(ada, margherita):
    cart = fill_cart(ada, margherita)

    change_line(cart=cart, line_public_id=cart.lines.get().public_id, quantity=0)

    cart.refresh_from_db()
    assert cart.restaurant is None


def test_signing_in_carries_the_visitors_cart_over(ada, margherita):
    visitor = get_or_create_cart()
    add_line(cart=visitor, item_public_id=margherita.public_id)
    request = RequestFactory().post("/")
    request.session = SessionStore()
    request.session["cart_token"] = visitor.token

    user_logged_in.send(type(ada), request=request, user=ada)

    assert [line.item for line in Cart.objects.get(user=ada).lines.all()] == [
        margherita
    ]
    assert not Cart.objects.filter(pk=visitor.pk).exists()


def test_nobody_elses_cart_can_be_adopted(ada, margherita):
    theirs = fill_cart(UserFactory(), margherita)

    adopt_cart(token=theirs.token, user=ada)

    assert theirs.lines.count() == 1
    assert not Cart.objects.filter(user=ada).exists()


def test_the_cart_of_a_visitor_who_is_long_gone_is_deleted(ada, margherita):
    def fill(days):
        cart = get_or_create_cart()
        line = add_line(cart=cart, item_public_id=margherita.public_id)
        touched = timezone.now() - timedelta(days=days)
        Cart.objects.filter(pk=cart.pk).update(updated_at=touched)
        cart.lines.filter(pk=line.pk).update(created_at=touched)
        return cart

    fill(61)
    kept = [fill(59), fill(61), fill_cart(ada, margherita)]
    Cart.objects.filter(user=ada).update(updated_at=timezone.now() - timedelta(days=90))
    add_line(cart=kept[1], item_public_id=margherita.public_id, note="Crisp")

    assert drop_old_carts() == 1

    assert set(Cart.objects.all()) == set(kept)
