"""Quote, slots and placing over the API."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from customers.geocoding import Place
from customers.tests.factories import AddressFactory, UserFactory
from menus.models import Item
from menus.pricing import Choice
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    offer,
)
from notifications.opaque import opaque_id
from orders.models import Order, OrderNumber
from orders.services import add_line, get_or_create_cart
from orders.tests.factories import fill_cart
from restaurants.models import Restaurant
from restaurants.serializers import present_place

pytestmark = pytest.mark.django_db
MISSION = {
    "latitude": 37.7629,
    "longitude": -122.4194,
    "street_address": "2100 Mission Street",
    "locality": "San Francisco",
    "postal_code": "94110",
    "country": "US",
}
FAR = {**MISSION, "latitude": 38.9}
ORDER = {"fulfilment": "delivery", "place": MISSION}


@pytest.fixture
def app(api, ada, margherita):
    fill_cart(ada, margherita, 2)
    return api.sign_in(ada)


def place(app, key=None, **changes):
    return app.post("/orders", {**ORDER, **changes}, Idempotency_Key=key or "k-1")


def dollars(amount):
    return {"amount": amount, "currency": "USD"}


def test_a_quote_tells_what_it_costs_and_changes_nothing(app):
    Restaurant.objects.update(tax_rate=Decimal("8.625"), delivery_fee=Decimal("2.50"))

    answer = app.post("/cart/quote", {"place": MISSION, "tip_percent": 10})

    assert answer.status_code == 200
    quote = answer.json()
    names = ("subtotal", "delivery_fee", "tax", "tip", "total")
    assert [quote[name]["amount"] for name in names] == [2500, 250, 216, 250, 3216]
    assert quote["can_order"] is True
    assert quote["problems"] == []
    assert quote["time_zone"] == "America/Los_Angeles"
    assert not Order.objects.exists()


def test_a_quote_lists_all_that_stands_against_ordering(app):
    Restaurant.objects.update(minimum_order=Decimal(30))

    quote = app.post("/cart/quote", {"place": FAR}).json()
    nowhere = app.post("/cart/quote", {}).json()

    assert quote["can_order"] is False
    codes = [one["code"] for one in quote["problems"]]
    assert codes == ["out_of_range", "below_minimum"]
    assert nowhere["problems"][0]["code"] == "place_unknown"


def test_a_quote_for_a_saved_address(app, ada):
    address = AddressFactory(user=ada)
    stranger = AddressFactory()
    own, others = (str(opaque_id("address", one.pk)) for one in (address, stranger))

    found = app.post("/cart/quote", {"address_id": own})
    refused = app.post("/cart/quote", {"address_id": others})

    assert found.json()["can_order"] is True
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "/address_id"


def test_the_chosen_address_counts_everywhere_unless_another_is_given(app, ada):
    AddressFactory(user=ada, street_address="1 Valencia Street", is_chosen=True)

    cart = app.get("/cart").json()
    quote = app.post("/cart/quote", {}).json()
    slots = app.get("/cart/slots").json()
    there = app.get("/cart/slots", {"latitude": "37.7", "longitude": "-122.4"}).json()
    order = app.post("/orders", {}, Idempotency_Key="k").json()

    told = [one["address"]["street_address"] for one in (cart, quote, slots)]
    assert told == ["1 Valencia Street"] * 3
    assert order["address"]["text"].startswith("1 Valencia Street")
    assert (cart["problems"], quote["can_order"]) == ([], True)
    assert there["address"]["latitude"] == 37.7


def test_a_place_can_be_sent_as_it_was_looked_up(app):
    found = present_place(Place(label="2100 Mission Street, San Francisco", **MISSION))
    vague = {**found, "street_address": None, "locality": None}

    quote = app.post("/cart/quote", {"place": found}).json()
    unsure = app.post("/cart/quote", {"place": vague}).json()

    assert quote["address"] == MISSION
    assert unsure["address"] == {**MISSION, "street_address": None, "locality": None}


def test_the_carts_fulfilment_counts_everywhere_unless_another_is_given(app):
    app.patch("/cart", {"fulfilment": "pickup"})

    quote = app.post("/cart/quote", {}).json()
    brought = app.post("/cart/quote", {"fulfilment": "delivery"}).json()
    slots = app.get("/cart/slots").json()
    order = app.post("/orders", {}, Idempotency_Key="k").json()

    told = [one["fulfilment"] for one in (quote, brought, slots, order)]
    assert told == ["pickup", "delivery", "pickup", "pickup"]
    assert (quote["address"], quote["can_order"]) == (None, True)
    assert [one["code"] for one in brought["problems"]] == ["place_unknown"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"latitude": "37.7"}, "/longitude"),
        ({"latitude": "x", "longitude": "1"}, "/latitude"),
        (
            {"latitude": "1", "longitude": "1", "address_id": str(uuid.uuid4())},
            "/address_id",
        ),
        ({"address_id": str(uuid.uuid4())}, "/address_id"),
        ({"fulfilment": "drone"}, "/fulfilment"),
    ],
)
def test_slots_refuse_what_they_cannot_read_with_its_place(app, query, pointer):
    answer = app.get("/cart/slots", query)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_an_empty_cart_has_no_quote(api):
    nobody = api.sign_in(UserFactory())

    answer = nobody.post("/cart/quote", {})

    assert answer.status_code == 409
    assert answer.json()["code"] == "cart_empty"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"scheduled_for": "2026-11-21T19:30:00"}, "/scheduled_for"),
        ({"scheduled_for": "0001-01-01T00:00:00Z"}, "/scheduled_for"),
        ({"scheduled_for": 5}, "/scheduled_for"),
        ({"tip": {"amount": -1, "currency": "USD"}}, "/tip/amount"),
        ({"tip": {"amount": 10**40, "currency": "USD"}}, "/tip/amount"),
        ({"tip": {"amount": 100, "currency": "EUR"}}, "/tip/currency"),
        ({"tip": 3}, "/tip"),
        ({"tip": dollars(1), "tip_percent": 5}, "/tip_percent"),
        ({"tip_percent": 101}, "/tip_percent"),
        ({"place": {**MISSION, "latitude": 91}}, "/place/latitude"),
        ({"place": {**MISSION, "longitude": "x"}}, "/place/longitude"),
        ({"place": MISSION, "address_id": str(uuid.uuid4())}, "/place"),
    ],
)
def test_what_a_quote_cannot_read_is_refused_with_its_place(app, change, pointer):
    answer = app.post("/cart/quote", change)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_slots_can_be_sent_as_they_are_told(app, ada):
    AddressFactory(user=ada)

    slots = app.get("/cart/slots").json()
    slot = slots["results"][3]["scheduled_for"]
    quote = app.post("/cart/quote", {"place": MISSION, "scheduled_for": slot}).json()
    pickup = app.get("/cart/slots", {"fulfilment": "pickup"}).json()

    assert slots["time_zone"] == "America/Los_Angeles"
    assert quote["can_order"] is True
    assert quote["window_from"] == slots["results"][3]["window_from"]
    # Nobody has to ride.
    assert pickup["results"][3]["window_from"] < slots["results"][3]["window_from"]


def test_an_empty_cart_has_no_slots(api):
    nobody = api.sign_in(UserFactory())

    assert nobody.get("/cart/slots").json() == {
        "fulfilment": None,
        "address": None,
        "time_zone": None,
        "results": [],
    }


def test_an_order_is_placed_as_it_was_quoted(app, ada):
    Restaurant.objects.update(tax_rate=Decimal("8.625"), delivery_fee=Decimal("2.50"))
    asked = {"place": MISSION, "tip": dollars(300)}
    quote = app.post("/cart/quote", asked).json()

    answer = place(
        app,
        **asked,
        kitchen_note="No cutlery",
        delivery_instructions="Second bell",
        expected_total=quote["total"],
        expected_from=quote["window_from"],
        expected_until=quote["window_until"],
    )

    assert answer.status_code == 201
    order = answer.json()
    names = ("subtotal", "delivery_fee", "tax", "tip", "total")
    assert [order[name] for name in names] == [quote[name] for name in names]
    assert order["status"] == "placed"
    assert order["status_text"].startswith("Waiting for Trattoria")
    assert order["address"]["instructions"] == "Second bell"
    assert order["customer_phone"] == "+14155550123"
    assert order["next_steps"] == ["cancel"]
    assert order["delivery"] is None
    placed = Order.objects.get()
    assert str(placed.public_id) == order["id"]
    assert (placed.customer, placed.kitchen_note) == (ada, "No cutlery")
    assert app.get("/cart").json()["lines"] == []


def test_placing_answers_what_the_order_answers_later(app, ada, margherita):
    Restaurant.objects.update(tax_rate=Decimal("8.625"), delivery_fee=Decimal("2.50"))
    size = ModifierGroupFactory(restaurant=margherita.restaurant)
    rim = ModifierGroupFactory(restaurant=margherita.restaurant)
    large = ModifierFactory(group=size, allergens=["milk"])
    large.nested_groups.add(rim)
    choices = [Choice(large.public_id, [Choice(ModifierFactory(group=rim).public_id)])]
    offer(margherita, size)
    cart = get_or_create_cart(user=ada)
    cart.lines.all().delete()
    for note in ("Well done", ""):
        add_line(
            cart=cart, item_public_id=margherita.public_id, choices=choices, note=note
        )

    placed = place(app, kitchen_note="Zoë’s “birthday”", scheduled_for=None).json()

    assert app.get(f"/orders/{placed['id']}").json() == placed
    assert [line["note"] for line in placed["lines"]] == ["Well done", ""]
    assert all(line["modifiers"][0]["modifiers"] for line in placed["lines"])


@pytest.mark.parametrize("lines", [1, 4])
def test_placing_takes_as_many_queries_however_much_is_ordered(
    app, ada, margherita, lines, django_assert_num_queries
):
    cart = get_or_create_cart(user=ada)
    for number in range(lines - 1):
        item = ItemFactory(section=margherita.section, name=f"Pizza {number}")
        add_line(cart=cart, item_public_id=item.public_id)

    # Whose it is, their cart and its lock, what is in it, a number, the order, and who
    # is told of it; before and after, a savepoint.
    with django_assert_num_queries(11):
        answer = place(app)

    assert len(answer.json()["lines"]) == lines


def test_the_same_key_answers_the_same_order_though_the_cart_is_full_again(
    app, ada, margherita
):
    first = place(app)
    fill_cart(ada, margherita, 2)

    second = place(app)

    assert (second.status_code, second.json()["id"]) == (200, first.json()["id"])
    assert Order.objects.count() == 1
    assert OrderNumber.objects.get().last == 1
    assert len(app.get("/cart").json()["lines"]) == 1


def test_the_same_key_answers_the_same_order_even_after_the_cart_is_gone(app):
    first = place(app)
    second = place(app)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert Order.objects.count() == 1


def test_the_same_body_in_another_order_is_the_same_request(app):
    body = {**ORDER, "kitchen_note": "x"}
    first = app.post("/orders", body, Idempotency_Key="k")

    second = app.post(
        "/orders", dict(reversed(list(body.items()))), Idempotency_Key="k"
    )

    assert second.status_code == 200
    assert first.json()["id"] == second.json()["id"]


def test_a_repetition_is_answered_though_its_address_is_gone(app, ada):
    address = AddressFactory(user=ada)
    asked = {
        "fulfilment": "delivery",
        "address_id": str(opaque_id("address", address.pk)),
    }
    app.post("/orders", asked, Idempotency_Key="k")
    address.delete()

    answer = app.post("/orders", asked, Idempotency_Key="k")

    assert answer.status_code == 200


def test_the_same_key_with_another_body_is_refused(app, ada, margherita):
    place(app)
    fill_cart(ada, margherita)

    answer = place(app, kitchen_note="And another")

    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_key_reused"
    assert Order.objects.count() == 1


def test_the_key_of_one_person_is_no_key_of_another(app, api, margherita):
    bob = UserFactory()
    fill_cart(bob, margherita)

    first, second = place(app), place(api.sign_in(bob))

    assert second.status_code == 201
    assert first.json()["id"] != second.json()["id"]


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 256])
def test_a_key_must_be_sent(app, key):
    headers = {"Idempotency_Key": key} if key else {}

    answer = app.post("/orders", ORDER, **headers)

    assert answer.status_code == 400
    assert answer.json()["code"] == "idempotency_key_missing"
    assert not Order.objects.exists()


def test_a_total_other_than_expected_is_asked_about_with_the_new_one(app):
    answer = place(app, expected_total=dollars(2400))

    assert answer.status_code == 409
    assert answer.json()["code"] == "price_changed"
    assert answer.json()["state"]["total"] == dollars(2500)
    assert not Order.objects.exists()


def test_a_changed_price_is_asked_about_and_named(app):
    Item.objects.update(price=Decimal("13.00"))

    refused = place(app)
    app.post("/cart/accept-prices")
    placed = place(app)

    assert refused.status_code == 409
    assert refused.json()["code"] == "price_changed"
    assert refused.json()["errors"][0]["pointer"].startswith("/lines/")
    assert refused.json()["state"]["total"] == dollars(2600)
    # What was refused made no order, so its key is free.
    assert placed.status_code == 201


def test_what_cannot_be_ordered_says_all_that_stands_against_it(app):
    Restaurant.objects.update(minimum_order=Decimal(30))

    answer = place(app, place=FAR)

    assert answer.status_code == 409
    codes = [one["code"] for one in answer.json()["errors"]]
    assert codes == ["out_of_range", "below_minimum"]
    assert answer.json()["code"] == "out_of_range"
    assert answer.json()["state"]["can_order"] is False


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"place": None}, "place_unknown", "/address_id"),
        (
            {"place": {"latitude": 37.7629, "longitude": -122.4194}},
            "address_incomplete",
            "/place/street_address",
        ),
        ({"scheduled_for": "2020-01-01T12:00:00Z"}, "slot_passed", "/scheduled_for"),
        ({"tip": dollars(10**6)}, "tip_invalid", "/tip"),
    ],
)
def test_what_stands_against_an_order_points_at_what_was_sent(
    app, change, code, pointer
):
    body = {name: sent for name, sent in {**ORDER, **change}.items() if sent}

    answer = app.post("/orders", body, Idempotency_Key="k")

    assert answer.status_code == 409
    told = {one["code"]: one["pointer"] for one in answer.json()["errors"]}
    assert told[code] == pointer


def test_a_paused_kitchen_is_asked_about_with_the_next_slot(app):
    quote = app.post("/cart/quote", {"place": MISSION}).json()
    until = timezone.now() + timedelta(hours=2)
    Restaurant.objects.update(paused_until=until)

    answer = place(
        app,
        expected_from=quote["window_from"],
        expected_until=quote["window_until"],
    )

    assert answer.status_code == 409
    assert answer.json()["code"] == "window_moved"
    slot = answer.json()["state"]["proposed_slot"]
    assert place(app, scheduled_for=slot).status_code == 201


def test_an_empty_cart_cannot_be_ordered(app):
    app.delete("/cart")

    answer = place(app)

    assert answer.status_code == 409
    assert answer.json()["code"] == "cart_empty"
    assert answer.json()["state"] == {"item_count": 0}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"phone": "12"}, "/phone"),
        ({"fulfilment": "drone"}, "/fulfilment"),
        (
            {"expected_total": {"amount": 1, "currency": "EUR"}},
            "/expected_total/currency",
        ),
        ({"expected_from": "2026-11-21T19:30:00Z"}, "/expected_until"),
        ({"name": "x\0"}, "/name"),
        ({"voucher": "FREE"}, "/voucher"),
    ],
)
def test_what_an_order_cannot_read_is_refused_with_its_place(app, change, pointer):
    answer = place(app, **change)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_pickup_needs_no_place(app):
    answer = app.post("/orders", {"fulfilment": "pickup"}, Idempotency_Key="k")

    assert answer.status_code == 201
    order = answer.json()
    assert (order["address"], order["delivery_fee"]["amount"]) == (None, 0)
    assert [step["status"] for step in order["timeline"]][-1] == "collected"
