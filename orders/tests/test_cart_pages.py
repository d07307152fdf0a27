"""The cart in sight: beside a menu, on its own page, and in parts put into a page."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.models import User
from customers.tests.factories import PASSWORD
from menus.models import Item
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    offer,
)
from orders.models import Cart, CartLine, Review
from orders.services import set_fulfilment
from orders.tests.factories import fill_cart, submit
from restaurants.services import record_rating

HTMX = {"HX-Request": "true"}


@pytest.fixture
def diner(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


@pytest.fixture
def sized(margherita: Item) -> Any:
    """Return a group of two sizes; the large one asks for a sauce."""
    group = ModifierGroupFactory.create(restaurant=margherita.restaurant)
    ModifierFactory.create(group=group, name="Small", price_difference=Decimal(0))
    large = ModifierFactory.create(group=group, name="Large")
    sauce = ModifierGroupFactory.create(
        restaurant=margherita.restaurant, name="Sauce", min_choices=0
    )
    ModifierFactory.create(
        group=sauce, name="Aioli", price_difference=Decimal(1), allergens=["eggs"]
    )
    large.nested_groups.add(sauce)
    offer(margherita, group)
    return group


def fields_for(group: Any, size: str, sauce: str = "") -> dict[str, str]:
    chosen = group.modifiers.get(name=size)
    fields = {f"g-{group.pk}": str(chosen.public_id)}
    if sauce:
        nested = chosen.nested_groups.get()
        modifier = nested.modifiers.get(name=sauce)
        fields[f"n-{chosen.public_id}.{nested.pk}"] = str(modifier.public_id)
    return fields


def add(client: Client, item: Item, **data: str) -> Any:
    return client.post(reverse("orders:cart-add", args=[item.public_id]), data)


def test_the_cart_stands_beside_the_menu(diner: Client, margherita: Item) -> None:
    assert (
        "Your cart is empty" in diner.get(margherita.restaurant.get_absolute_url()).text
    )
    add(diner, margherita, quantity="2")

    page = diner.get(margherita.restaurant.get_absolute_url())

    assert page.context["cart_count"] == 2
    assert "$25.00" in page.text
    assert reverse("orders:checkout") in page.text


def test_what_is_missing_to_the_minimum_is_shown(
    diner: Client, margherita: Item
) -> None:
    margherita.restaurant.minimum_order = Decimal(17)
    margherita.restaurant.save()
    add(diner, margherita)

    cart = diner.get(reverse("orders:cart-detail"))

    assert "Add $4.50 more to order." in cart.text
    assert 'max="17.00"' in cart.text
    assert 'value="12.50"' in cart.text
    assert "The minimum order is" not in cart.text
    add(diner, margherita)
    assert "<progress" not in diner.get(reverse("orders:cart-detail")).text


def test_an_added_item_is_answered_with_the_cart_alone(
    diner: Client, margherita: Item
) -> None:
    url = reverse("orders:cart-add", args=[margherita.public_id])
    answer = diner.post(url, {"quantity": "3"}, headers=HTMX)

    assert answer.headers["HX-Retarget"] == "#cart"
    assert "<html" not in answer.text
    assert "is in your cart" in answer.text
    assert 'id="cart-count"' in answer.text
    assert "$37.50" in answer.text


def test_a_refused_item_comes_back_into_the_dialog_as_it_was_chosen(
    diner: Client, margherita: Item, sized: Any
) -> None:
    url = reverse("orders:cart-add", args=[margherita.public_id])
    nested = fields_for(sized, "Large", "Aioli")
    only_nested = {key: one for key, one in nested.items() if key.startswith("n-")}
    wish = {**only_nested, "quantity": "4", "note": "No basil"}

    answer = diner.post(url, wish, headers=HTMX)

    assert answer.status_code == 422
    assert "<html" not in answer.text
    assert 'role="alert"' in answer.text
    assert 'value="No basil"' in answer.text
    assert 'value="4"' in answer.text
    (large,) = [one for one in answer.context["groups"][0].options if one.groups]
    assert large.groups[0].options[0].is_chosen


def test_another_restaurants_food_is_asked_about_in_the_dialog(
    diner: Client, margherita: Item
) -> None:
    add(diner, margherita)
    ramen = ItemFactory.create(name="Ramen")
    url = reverse("orders:cart-add", args=[ramen.public_id])

    asked = diner.post(url, {"quantity": "2"}, headers=HTMX)
    assert asked.status_code == 409
    assert "<html" not in asked.text
    diner.post(url, {"quantity": "2", "replace": "1"}, headers=HTMX)

    assert CartLine.objects.get().item == ramen


def test_a_step_changes_the_number_in_place(
    diner: Client, ada: User, margherita: Item
) -> None:
    line = fill_cart(ada, margherita).lines.get()
    url = reverse("orders:cart-change-line", args=[line.public_id])

    answer = diner.post(url, {"quantity": "2"}, headers=HTMX)

    assert "$25.00" in answer.text
    assert CartLine.objects.get().quantity == 2


def test_steps_add_up_whatever_the_page_showed(
    diner: Client, ada: User, margherita: Item
) -> None:
    line = fill_cart(ada, margherita).lines.get()
    url = reverse("orders:cart-change-line", args=[line.public_id])

    for step in ("1", "1", "x", "9" * 5000, "-1"):
        diner.post(url, {"step": step}, headers=HTMX)
    assert CartLine.objects.get().quantity == 2

    gone = diner.post(url, {"step": "-2"}, headers=HTMX)
    assert "is out of your cart" in gone.text
    assert not CartLine.objects.exists()


def test_what_was_taken_out_is_put_back_as_it_was(
    diner: Client, margherita: Item, sized: Any
) -> None:
    wish = fields_for(sized, "Large", "Aioli")
    add(diner, margherita, **wish, quantity="2", note="Crisp")
    line = CartLine.objects.get()
    gone = diner.post(reverse("orders:cart-remove-line", args=[line.public_id]))
    page = diner.get(gone.headers["Location"])
    removed = page.context["removed"]
    assert "Put it back" in page.text
    assert not CartLine.objects.exists()

    back = dict(removed["fields"], back="cart")
    answer = diner.post(reverse("orders:cart-add", args=[removed["item"]]), back)

    assert answer.headers["Location"] == reverse("orders:cart-detail")
    again = CartLine.objects.get()
    names = {row.modifier.name for row in again.modifiers.all()}
    assert (again.quantity, again.note, names) == (2, "Crisp", {"Large", "Aioli"})
    assert "Put it back" not in diner.get(reverse("orders:cart-detail")).text


def test_a_line_is_edited_with_what_was_chosen_before(
    diner: Client, margherita: Item, sized: Any
) -> None:
    add(diner, margherita, **fields_for(sized, "Large", "Aioli"), note="Crisp")
    line = CartLine.objects.get()
    url = reverse("orders:cart-edit-line", args=[line.public_id])

    form = diner.get(url)
    large = form.context["groups"][0].options[1]
    assert large.is_chosen
    assert large.groups[0].options[0].is_chosen
    assert 'value="Crisp"' in form.text
    diner.post(url, {**fields_for(sized, "Small"), "quantity": "3", "note": ""})

    line.refresh_from_db()
    assert [row.modifier.name for row in line.modifiers.all()] == ["Small"]
    assert (line.quantity, line.note) == (3, "")
    assert line.unit_price_seen == Decimal("12.50")


def test_an_edited_line_joins_the_one_it_became_alike(
    diner: Client, margherita: Item, sized: Any
) -> None:
    add(diner, margherita, **fields_for(sized, "Small"), quantity="2")
    add(diner, margherita, **fields_for(sized, "Large"))
    large = CartLine.objects.get(quantity=1)

    diner.post(
        reverse("orders:cart-edit-line", args=[large.public_id]),
        {**fields_for(sized, "Small"), "quantity": "1"},
    )

    assert CartLine.objects.get().quantity == 3


def test_an_edit_that_breaks_a_rule_changes_nothing(
    diner: Client, margherita: Item, sized: Any
) -> None:
    add(diner, margherita, **fields_for(sized, "Large"))
    line = CartLine.objects.get()
    url = reverse("orders:cart-edit-line", args=[line.public_id])

    answer = diner.post(url, {"quantity": "9"})

    assert answer.status_code == 422
    assert CartLine.objects.get().quantity == 1
    assert line.modifiers.count() == 1


def test_a_line_that_is_gone_leads_to_the_cart(
    diner: Client, ada: User, margherita: Item
) -> None:
    line = fill_cart(ada, margherita).lines.get()
    url = reverse("orders:cart-edit-line", args=[line.public_id])
    margherita.is_active = False
    margherita.save()
    assert diner.get(url).headers["Location"] == reverse("orders:cart-detail")
    line.delete()
    assert diner.post(url).headers["Location"] == reverse("orders:cart-detail")


def test_the_cart_warns_of_what_somebody_avoids(
    diner: Client, margherita: Item, sized: Any
) -> None:
    diner.post(reverse("menus:diet"), {"allergens": "eggs"})
    add(diner, margherita, **fields_for(sized, "Large"))
    assert "what you avoid" not in diner.get(reverse("orders:cart-detail")).text

    add(diner, margherita, **fields_for(sized, "Large", "Aioli"))

    cart = diner.get(reverse("orders:cart-detail"))
    assert cart.text.count("Contains what you avoid: Eggs.") == 1


def test_pickup_chosen_on_the_page_is_the_carts(
    diner: Client, ada: User, margherita: Item
) -> None:
    url = reverse("orders:cart-fulfilment")
    wish = {"restaurant": margherita.restaurant.slug, "fulfilment": "pickup"}
    diner.post(url, wish)
    add(diner, margherita)
    assert Cart.objects.get(user=ada).fulfilment == "pickup"

    diner.post(url, {**wish, "fulfilment": "delivery"})

    assert Cart.objects.get(user=ada).fulfilment == "delivery"


def test_looking_at_a_page_changes_no_cart(
    diner: Client, ada: User, margherita: Item
) -> None:
    fill_cart(ada, margherita)

    page = diner.get(margherita.restaurant.get_absolute_url(), {"fulfilment": "pickup"})

    assert Cart.objects.get(user=ada).fulfilment == "delivery"
    assert page.context["fulfilment"] == "delivery"


def test_the_page_of_another_restaurant_leaves_the_cart_as_it_is(
    diner: Client, ada: User, margherita: Item
) -> None:
    set_fulfilment(cart=fill_cart(ada, margherita), fulfilment="pickup")
    other = ItemFactory.create().restaurant
    wish = {"restaurant": other.slug, "fulfilment": "delivery"}

    diner.post(reverse("orders:cart-fulfilment"), wish)

    assert Cart.objects.get(user=ada).fulfilment == "pickup"
    gone = diner.post(reverse("orders:cart-fulfilment"), {"restaurant": "x"})
    assert gone.status_code == 404


def test_the_cart_asks_as_much_for_ten_lines_as_for_one(
    diner: Client, ada: User, margherita: Item, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for more in (1, 9):
        for item in ItemFactory.create_batch(more, section=margherita.section):
            fill_cart(ada, item)
        with django_assert_max_num_queries(20) as asked:
            diner.get(reverse("orders:cart-detail"))
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_reviews_come_ten_at_a_time_with_their_averages(
    diner: Client, ada: User, margherita: Item
) -> None:
    restaurant = margherita.restaurant
    for number in range(12):
        order = submit(fill_cart(ada, margherita), ada)
        Review.objects.create(
            order=order,
            restaurant=restaurant,
            food_rating=5 if number % 2 else 2,
            delivery_rating=4,
            text=f"Meal number {number}.",
            created_at=timezone.now(),
        )
        record_rating(restaurant_pk=restaurant.pk, rating=5 if number % 2 else 2)

    page = diner.get(restaurant.get_absolute_url())
    assert "Meal number 11." in page.text
    assert "Meal number 1." not in page.text
    assert page.context["rating"].stars == [(5, 6), (4, 0), (3, 0), (2, 6), (1, 0)]
    assert page.context["rating"].delivery == Decimal("4.0")
    cursor = page.context["reviews"].next_cursor
    older = diner.get(restaurant.get_absolute_url(), {"reviews": cursor})

    assert "Meal number 1." in older.text
    assert "Meal number 11." not in older.text


def test_the_cart_from_before_signing_in_can_be_taken_back(client, ada, margherita):
    before = fill_cart(ada, margherita, 2)
    ramen = ItemFactory.create()
    add(client, ramen)

    form = {"username": ada.email, "password": PASSWORD}
    told = client.post(reverse("customers:sign-in"), form, follow=True)
    cart = client.get(reverse("orders:cart-detail"))
    client.post(reverse("orders:cart-take-back"))
    before.refresh_from_db()
    again = client.get(reverse("orders:cart-detail"))

    name = margherita.restaurant.name
    assert f"What you had from {name} is kept for now." in told.text
    assert cart.context["cart"].restaurant == ramen.restaurant
    assert cart.context["earlier"].restaurant == margherita.restaurant
    assert before.restaurant == margherita.restaurant
    assert [line.quantity for line in before.lines.all()] == [2]
    # Nor is the other lost by that.
    assert again.context["earlier"].restaurant == ramen.restaurant
    assert f"Back to {ramen.restaurant.name}" in again.text


def test_without_an_earlier_cart_there_is_none_to_take_back(diner, ada, margherita):
    cart = fill_cart(ada, margherita)

    answer = diner.post(reverse("orders:cart-take-back"))
    page = diner.get(answer["Location"])

    assert page.context["earlier"] is None
    assert cart.lines.count() == 1
