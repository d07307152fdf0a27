"""A customer's orders over the API: listed, cancelled, ordered again, a receipt."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from customers.models import Scope
from customers.tests.factories import UserFactory
from menus.tests.factories import ItemFactory
from notifications.models import Event
from orders.models import CartLine, Claim, Order, OrderEvent, OrderLine, Review
from orders.services import Actor, accept_order
from orders.tests.factories import OrderFactory, fill_cart, submit
from restaurants.models import Restaurant

pytestmark = pytest.mark.django_db
KITCHEN = Actor(OrderEvent.Actor.RESTAURANT)


@pytest.fixture
def app(api, ada):
    return api.sign_in(ada)


@pytest.fixture
def order(ada, margherita):
    return submit(fill_cart(ada, margherita, 2), ada)


def eaten(customer, **changes):
    """Return a completed order with a line, a review and a claim."""
    now = timezone.now()
    order = OrderFactory(
        **{
            "customer": customer,
            "status": "collected",
            "placed_at": now - timedelta(hours=2),
            "ended_at": now - timedelta(hours=1),
            **changes,
        }
    )
    OrderLine.objects.create(
        order=order,
        name="Lasagne",
        quantity=1,
        unit_price=Decimal("12.50"),
        amount=Decimal("12.50"),
        tax_rate=0,
    )
    return order


def test_orders_are_listed_newest_first(app, ada, order):
    old = eaten(ada)
    eaten(UserFactory())
    Review.objects.create(
        order=old, restaurant=old.restaurant, food_rating=4, created_at=old.ended_at
    )
    Claim.objects.create(order=old, proposed_refund=Decimal(3), created_at=old.ended_at)

    answer = app.get("/orders")

    assert answer.status_code == 200
    newest, older = answer.json()["results"]
    assert (newest["id"], older["id"]) == (str(order.public_id), str(old.public_id))
    assert newest["lines"] == [{"name": "Margherita", "quantity": 2}]
    assert newest["total"] == {"amount": 2500, "currency": "USD"}
    assert (older["food_rating"], older["claim_status"]) == (4, "open")
    assert (newest["next_steps"], older["next_steps"]) == (["cancel"], [])
    assert newest["short_number"] == order.short_number
    assert answer.json()["next"] is None


def test_a_list_is_read_page_by_page(app, ada):
    orders = [
        eaten(ada, placed_at=timezone.now() - timedelta(hours=hours))
        for hours in range(5)
    ]

    found, query = [], {"limit": "2"}
    while query is not None:
        page = app.get("/orders", query).json()
        found += [one["id"] for one in page["results"]]
        query = {"limit": "2", "cursor": page["next"]} if page["next"] else None

    assert found == [str(order.public_id) for order in orders]


def test_a_list_is_filtered_and_searched(app, ada, order):
    old = eaten(ada)

    def find(**query):
        return [one["id"] for one in app.get("/orders", query).json()["results"]]

    kinds = ("open", "ended", "completed", "cancelled")
    states = {state: find(state=state) for state in kinds}

    assert states == {
        "open": [str(order.public_id)],
        "ended": [str(old.public_id)],
        "completed": [str(old.public_id)],
        "cancelled": [],
    }
    assert find(q="lasagne") == [str(old.public_id)]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"cursor": "x"}, "invalid_cursor"),
        ({"cursor": "%00"}, "invalid_cursor"),
        ({"limit": "0"}, "invalid"),
        ({"limit": "101"}, "invalid"),
        ({"state": "lost"}, "invalid"),
        ({"q": "\0"}, "invalid"),
        ({"page": "2"}, "unknown_field"),
    ],
)
def test_a_list_refuses_what_it_cannot_read(app, query, code):
    answer = app.get("/orders", query)

    assert answer.status_code == 400
    assert answer.json()["code"] == code


@pytest.mark.parametrize("count", [1, 5])
def test_a_list_takes_the_same_queries_however_long(
    app, ada, count, django_assert_num_queries
):
    for _ in range(count):
        eaten(ada)
    app.get("/orders")

    # The token, and the orders with their lines.
    with django_assert_num_queries(2):
        answer = app.get("/orders")

    assert len(answer.json()["results"]) == count


def test_an_order_is_cancelled_until_it_is_accepted(app, order):
    first = app.post(f"/orders/{order.public_id}/cancel", {"reason": "mistake"})
    again = app.post(f"/orders/{order.public_id}/cancel", {"reason": "mistake"})

    assert first.status_code == again.status_code == 200
    told = first.json()
    assert told["status"] == "cancelled"
    assert told["ending"]["actor"] == "customer"
    assert told["ending"]["reason"] == "mistake"
    assert told["next_steps"] == []


def test_an_accepted_order_is_not_cancelled_and_the_answer_says_how_it_is(app, order):
    accept_order(order_pk=order.pk, actor=KITCHEN)

    answer = app.post(f"/orders/{order.public_id}/cancel")

    assert answer.status_code == 409
    assert answer.json()["code"] == "already_moved"
    assert answer.json()["state"]["status"] == "accepted"
    assert answer.json()["state"]["since"].endswith("Z")


@pytest.mark.parametrize("reason", ["sold_out", "no_response", "", 3])
def test_only_a_customers_reason_cancels(app, order, reason):
    answer = app.post(f"/orders/{order.public_id}/cancel", {"reason": reason})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/reason"


def test_an_order_is_put_into_the_cart_again_with_what_changed(app, ada, margherita):
    lasagne = ItemFactory(section=margherita.section, name="Lasagne")
    fill_cart(ada, margherita, 2)
    order = submit(fill_cart(ada, lasagne), ada)
    margherita.price = Decimal("13.00")
    margherita.save()
    lasagne.delete()

    answer = app.post(f"/orders/{order.public_id}/again")
    app.post(f"/orders/{order.public_id}/again")

    assert answer.status_code == 200
    told = answer.json()
    assert told["added_count"] == 2
    assert [one["name"] for one in told["left_out"]] == ["Lasagne"]
    assert told["repriced"][0]["after"]["amount"] == 1300
    assert told["cart"]["item_count"] == 2
    assert CartLine.objects.get().quantity == 2


def test_ordering_again_asks_before_it_replaces_a_cart(app, ada, order):
    fill_cart(ada, ItemFactory(name="Ramen"))

    asked = app.post(f"/orders/{order.public_id}/again")
    replaced = app.post(f"/orders/{order.public_id}/again", {"replace": True})

    assert asked.status_code == 409
    assert asked.json()["code"] == "other_restaurant"
    assert [one["name"] for one in replaced.json()["cart"]["lines"]] == ["Margherita"]


def test_a_receipt_is_mailed_once_a_minute(app, ada):
    order = eaten(ada)

    first = app.post(f"/orders/{order.public_id}/receipt")
    second = app.post(f"/orders/{order.public_id}/receipt")

    assert first.status_code == 202
    assert Event.objects.filter(topic="order_receipt").count() == 1
    assert second.status_code == 422
    assert second.json()["code"] == "too_soon"


def test_an_order_under_way_has_no_receipt_yet(app, order):
    answer = app.post(f"/orders/{order.public_id}/receipt")

    assert answer.status_code == 422
    assert answer.json()["code"] == "receipt_refused"


def test_a_receipt_tells_what_was_paid_in_the_end(app, ada):
    order = eaten(ada, total=Decimal("12.50"), refunded=Decimal("2.50"))

    receipt = app.get(f"/orders/{order.public_id}/receipt").json()

    assert (receipt["order_id"], receipt["is_complete"]) == (str(order.public_id), True)
    assert receipt["restaurant"]["name"] == order.restaurant_name
    assert [one["name"] for one in receipt["lines"]] == ["Lasagne"]
    assert (receipt["total"]["amount"], receipt["paid"]["amount"]) == (1250, 1000)


def test_a_receipt_of_what_is_not_paid_says_so(app, order):
    receipt = app.get(f"/orders/{order.public_id}/receipt").json()

    assert (receipt["is_complete"], receipt["paid"]["amount"]) == (False, 0)


ACTS = [
    ("GET", "receipt", None),
    ("POST", "cancel", {}),
    ("POST", "again", {}),
    ("POST", "receipt", {}),
    ("PUT", "review", {"food_rating": 5}),
    (
        "POST",
        "claims",
        {"lines": [{"line_id": str(uuid.uuid4()), "quantity": 1, "kind": "bad"}]},
    ),
]


@pytest.mark.parametrize(("method", "act", "body"), ACTS)
def test_an_order_is_its_customers_alone(api, order, method, act, body):
    path = f"/orders/{order.public_id}/{act}"
    stranger = api.sign_in(UserFactory())
    owner = api.sign_in(order.customer, Scope.RESTAURANT)

    assert stranger.ask(method, path, body=body).status_code == 404
    assert api.ask(method, path, body=body).status_code == 401
    assert owner.ask(method, path, body=body).status_code == 403
    order.refresh_from_db()
    assert order.status == Order.Status.PLACED


def test_a_closed_restaurant_is_said_when_ordering_again(app, order):
    Restaurant.objects.update(paused_until=timezone.now() + timedelta(hours=1))

    told = app.post(f"/orders/{order.public_id}/again").json()

    assert told["added_count"] == 2
    assert told["closed_text"]
