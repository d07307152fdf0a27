"""Reviews and claims over the API."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import Claim, Review
from orders.serializers.lines import line_id_of
from orders.tests.test_claims import eaten
from restaurants.models import Restaurant
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def app(api, ada):
    return api.sign_in(ada)


@pytest.fixture
def order(ada):
    return eaten(RestaurantFactory.create(), ada, fulfilment="pickup")


def wrong(order, name="Lasagne", **changes):
    line_id = line_id_of(order.lines.get(name=name).pk)
    return {"line_id": line_id, "quantity": 1, "kind": "missing", **changes}


def test_an_order_is_rated_and_the_review_changed(app, order):
    path = f"/orders/{order.public_id}/review"

    first = app.put(path, {"food_rating": 4, "delivery_rating": 2, "text": " Good "})
    second = app.put(path, {"food_rating": 5})

    assert first.status_code == second.status_code == 200
    told = first.json()
    # It was collected: there is no delivery to rate.
    assert (told["food_rating"], told["delivery_rating"]) == (4, None)
    assert (told["text"], told["answer"]) == ("Good", None)
    assert second.json()["edited_at"] is not None
    assert Review.objects.get().food_rating == 5
    assert Restaurant.objects.get().rating_count == 1


@pytest.mark.parametrize(
    "change",
    [
        {"food_rating": 0},
        {"food_rating": 6},
        {"food_rating": "5"},
        {"food_rating": None},
        {"delivery_rating": 9},
        {"text": "x" * 1001},
    ],
)
def test_a_review_that_cannot_be_read_is_refused(app, order, change):
    answer = app.put(f"/orders/{order.public_id}/review", {"food_rating": 5, **change})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(change))}"


def test_what_is_not_eaten_is_not_rated_and_the_answer_says_how_it_is(app, order):
    order.status = "ready"
    order.save()

    answer = app.put(f"/orders/{order.public_id}/review", {"food_rating": 5})

    assert answer.status_code == 409
    assert answer.json()["code"] == "not_reviewable"
    assert answer.json()["state"]["status"] == "ready"


def test_a_review_is_changed_for_some_days_only(app, order):
    app.put(f"/orders/{order.public_id}/review", {"food_rating": 5})
    Review.objects.update(created_at=timezone.now() - timedelta(days=8))

    answer = app.put(f"/orders/{order.public_id}/review", {"food_rating": 1})

    assert answer.status_code == 409
    assert answer.json()["code"] == "review_too_old"


def test_what_was_missing_is_reported_with_what_it_cost(app, order):
    lines = [wrong(order), wrong(order, "Water", kind="bad")]
    path = f"/orders/{order.public_id}/claims"

    quoted = app.post(f"{path}/quote", {"lines": lines})
    answer = app.post(path, {"lines": lines, "text": "Only one came."})

    assert answer.status_code == 201
    claim = answer.json()
    # 12.50 and 8.25 % on top.
    assert claim["proposed_refund"] == {"amount": 1353, "currency": "USD"}
    assert quoted.json() == {"proposed_refund": claim["proposed_refund"]}
    assert [(one["name"], one["kind"]) for one in claim["lines"]] == [
        ("Lasagne", "missing"),
        ("Water", "bad"),
    ]
    assert (claim["status"], claim["refund"]["amount"]) == ("open", 0)


def test_an_order_is_claimed_once(app, order):
    path = f"/orders/{order.public_id}/claims"
    app.post(path, {"lines": [wrong(order)]})

    answer = app.post(path, {"lines": [wrong(order)]})

    assert answer.status_code == 409
    assert answer.json()["code"] == "claim_refused"
    assert answer.json()["state"]["status"] == "delivered"
    assert Claim.objects.count() == 1


def test_more_than_was_ordered_cannot_be_missing(app, order):
    answer = app.post(
        f"/orders/{order.public_id}/claims", {"lines": [wrong(order, quantity=3)]}
    )

    assert answer.status_code == 409
    assert answer.json()["code"] == "too_many"


def test_a_line_of_another_order_cannot_be_missing(app, ada, order):
    other = eaten(RestaurantFactory.create(), ada)
    unknown = {**wrong(order), "line_id": str(uuid.uuid4())}

    for lines in ([wrong(order), wrong(other)], [wrong(order), unknown]):
        answer = app.post(f"/orders/{order.public_id}/claims", {"lines": lines})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == "/lines/1/line_id"
