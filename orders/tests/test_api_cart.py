"""The cart over the API: filled, changed, replaced as a whole, emptied."""

import uuid
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.models import Scope
from customers.tests.factories import AddressFactory, UserFactory
from menus.models import Item
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    offer,
)
from orders.models import Cart, CartLine
from orders.tests.factories import fill_cart
from restaurants.models import Restaurant

pytestmark = pytest.mark.django_db


@pytest.fixture
def app(api, ada):
    AddressFactory(user=ada)
    return api.sign_in(ada)


@pytest.fixture
def large(margherita):
    size = ModifierGroupFactory(restaurant=margherita.restaurant)
    offer(margherita, size)
    return ModifierFactory(group=size)


def wish(item, quantity=1, **further):
    return {"item_id": str(item.public_id), "quantity": quantity, **further}


def whole(restaurant, *lines, fulfilment="delivery"):
    return {
        "restaurant_id": str(restaurant.public_id),
        "fulfilment": fulfilment,
        "lines": list(lines),
    }


def test_an_empty_cart_is_a_cart(app):
    answer = app.get("/cart")

    assert answer.status_code == 200
    assert answer.json() == {
        "restaurant": None,
        "fulfilment": "delivery",
        "address": None,
        "lines": [],
        "item_count": 0,
        "subtotal": None,
        "minimum_order": None,
        "missing_to_minimum": None,
        "problems": [],
    }
    assert not Cart.objects.exists()


def test_a_cart_tells_what_is_in_it_and_what_is_missing(app, ada, margherita):
    Restaurant.objects.update(minimum_order=Decimal(30))
    fill_cart(ada, margherita, 2)

    cart = app.get("/cart").json()

    assert cart["restaurant"]["id"] == str(margherita.restaurant.public_id)
    assert cart["lines"][0]["name"] == "Margherita"
    assert cart["lines"][0]["amount"] == {"amount": 2500, "currency": "USD"}
    assert cart["missing_to_minimum"] == {"amount": 500, "currency": "USD"}
    assert [one["code"] for one in cart["problems"]] == ["below_minimum"]


def test_an_item_is_put_into_the_cart_with_its_modifiers(app, margherita, large):
    dip = ModifierGroupFactory(restaurant=margherita.restaurant, name="Dip")
    large.nested_groups.add(dip)
    garlic = ModifierFactory(group=dip, name="Garlic", price_difference=Decimal("0.50"))
    chosen = {
        "id": str(large.public_id),
        "modifiers": [{"id": str(garlic.public_id)}],
    }

    answer = app.post("/cart/lines", wish(margherita, 2, modifiers=[chosen], note="x"))

    assert answer.status_code == 201
    line = answer.json()["lines"][0]
    assert line["unit_price"]["amount"] == 1600
    assert line["modifiers"][0]["name"] == "Large"
    assert line["modifiers"][0]["modifiers"][0]["name"] == "Garlic"


@pytest.mark.parametrize(
    ("change", "status", "code", "pointer"),
    [
        ({"quantity": 0}, 400, "min_value", "/quantity"),
        ({"quantity": 10**30}, 400, "max_value", "/quantity"),
        ({"quantity": "2"}, 400, "invalid", "/quantity"),
        ({"item_id": str(uuid.uuid4())}, 400, "not_found", "/item_id"),
        ({"modifiers": [{"id": "x"}]}, 400, "invalid", "/modifiers/0/id"),
        ({"note": "x\0"}, 400, "null_characters_not_allowed", "/note"),
        ({"size": 1}, 400, "unknown_field", "/size"),
        ({"modifiers": []}, 422, "modifier_rule", ""),
    ],
)
def test_what_cannot_be_put_into_the_cart_is_refused_with_its_place(
    app, margherita, large, change, status, code, pointer
):
    answer = app.post("/cart/lines", {**wish(margherita), **change})

    assert answer.status_code == status
    assert answer.json()["errors"][0]["code"] == code
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert not CartLine.objects.exists()


def test_food_from_elsewhere_is_asked_about_with_where_the_cart_is_from(
    app, ada, margherita
):
    fill_cart(ada, margherita)
    elsewhere = ItemFactory(name="Ramen")

    asked = app.post("/cart/lines", wish(elsewhere))
    replaced = app.post("/cart/lines", wish(elsewhere, replace=True))

    assert asked.status_code == 409
    assert asked.json()["code"] == "other_restaurant"
    assert asked.json()["state"]["restaurant_id"] == str(
        margherita.restaurant.public_id
    )
    assert [one["name"] for one in replaced.json()["lines"]] == ["Ramen"]


def test_the_whole_cart_is_replaced_and_that_is_safe_to_repeat(app, ada, margherita):
    fill_cart(ada, ItemFactory(name="Ramen"))
    body = whole(
        margherita.restaurant,
        wish(margherita, 2),
        wish(margherita, 1, note="Cut it"),
        wish(margherita, 1),
        fulfilment="pickup",
    )

    first = app.put("/cart", body)
    second = app.put("/cart", body)

    assert first.status_code == second.status_code == 200
    assert second.json()["fulfilment"] == "pickup"
    lines = second.json()["lines"]
    assert [(one["quantity"], one["note"]) for one in lines] == [(3, ""), (1, "Cut it")]
    assert CartLine.objects.count() == 2


def test_replacing_names_each_line_that_cannot_be_had_and_changes_nothing(
    app, ada, margherita
):
    fill_cart(ada, margherita)
    gone = ItemFactory(section=margherita.section, is_active=False)
    elsewhere = ItemFactory(name="Ramen")
    lines = wish(margherita, 5), wish(gone), wish(elsewhere)

    answer = app.put("/cart", whole(margherita.restaurant, *lines))

    assert answer.status_code == 422
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [
        ("/lines/1", "item_not_available"),
        ("/lines/2", "item_not_available"),
    ]
    assert CartLine.objects.get().quantity == 1


def test_a_cart_is_replaced_in_the_same_queries_however_long(app, margherita):
    items = [ItemFactory(section=margherita.section) for _ in range(9)]
    body = whole(margherita.restaurant, *(wish(one) for one in items))
    app.put("/cart", whole(margherita.restaurant, wish(margherita)))

    counts = []
    for asked in (whole(margherita.restaurant, wish(margherita)), body):
        with CaptureQueriesContext(connection) as queries:
            app.put("/cart", asked)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_restaurant_that_takes_no_orders_cannot_have_a_cart(app, margherita):
    Restaurant.objects.update(status="suspended")

    answer = app.put("/cart", whole(margherita.restaurant, wish(margherita)))

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/restaurant_id"


def test_a_line_is_changed_and_what_is_not_sent_stays(app, ada, margherita):
    fill_cart(ada, margherita)
    line = CartLine.objects.get()

    noted = app.patch(f"/cart/lines/{line.public_id}", {"note": "Well done"})
    counted = app.patch(f"/cart/lines/{line.public_id}", {"quantity": 3})

    assert noted.status_code == counted.status_code == 200
    shown = counted.json()["lines"][0]
    assert (shown["quantity"], shown["note"]) == (3, "Well done")


def test_a_line_is_taken_out_and_the_cart_emptied(app, ada, margherita):
    fill_cart(ada, margherita)
    line = CartLine.objects.get()

    removed = app.delete(f"/cart/lines/{line.public_id}")
    again = app.delete(f"/cart/lines/{line.public_id}")
    emptied = app.delete("/cart")

    assert (removed.status_code, again.status_code) == (204, 404)
    assert emptied.status_code == 204
    assert app.get("/cart").json()["restaurant"] is None


def test_a_line_of_another_persons_cart_is_not_found(app, margherita):
    fill_cart(UserFactory(), margherita)
    line = CartLine.objects.get()

    changed = app.patch(f"/cart/lines/{line.public_id}", {"quantity": 3})
    removed = app.delete(f"/cart/lines/{line.public_id}")

    assert changed.status_code == removed.status_code == 404
    assert CartLine.objects.get().quantity == 1


def test_delivery_or_pickup_is_chosen(app, ada, margherita):
    fill_cart(ada, margherita)

    answer = app.patch("/cart", {"fulfilment": "pickup"})

    assert answer.json()["fulfilment"] == "pickup"
    assert app.patch("/cart", {"fulfilment": "drone"}).status_code == 400


def test_a_changed_price_is_a_problem_until_it_is_agreed_to(app, ada, margherita):
    fill_cart(ada, margherita)
    Item.objects.update(price=Decimal("13.00"))

    before = app.get("/cart").json()
    after = app.post("/cart/accept-prices")

    assert before["lines"][0]["problems"][0]["code"] == "price_changed"
    assert before["lines"][0]["problems"][0]["line_id"] == before["lines"][0]["id"]
    assert after.json()["problems"] == []
    assert after.json()["subtotal"]["amount"] == 1300


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/cart"),
        ("PUT", "/cart"),
        ("DELETE", "/cart"),
        ("POST", "/cart/lines"),
        ("POST", "/cart/quote"),
        ("GET", "/cart/slots"),
        ("POST", "/orders"),
        ("GET", "/orders"),
    ],
)
def test_nobody_orders_without_a_token_or_with_another_scope(api, ada, method, path):
    owner = api.sign_in(ada, Scope.RESTAURANT)

    assert api.ask(method, path).status_code == 401
    assert owner.ask(method, path).status_code == 403
