"""Figures, claims and reviews of a restaurant over the API."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications.opaque import opaque_id
from orders.models import Claim, ClaimLine, OrderLine, Review
from orders.tests.factories import OrderFactory
from restaurants.models import Membership
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ugo(db):
    return MembershipFactory.create(user__name="Ugo").user


@pytest.fixture
def trattoria(ugo):
    return ugo.memberships.get().restaurant


@pytest.fixture
def owner(api, ugo):
    return api.sign_in(ugo)


@pytest.fixture
def manager(api, trattoria):
    role = Membership.Role.MANAGER
    return api.sign_in(MembershipFactory.create(restaurant=trattoria, role=role).user)


def sell(restaurant, day=20, **fields):
    return OrderFactory.create(
        restaurant=restaurant,
        status="delivered",
        service_day=date(2026, 11, day),
        **fields,
    )


def figures(client, restaurant, **query):
    return client.get(f"/owner/restaurants/{restaurant.public_id}/figures", query)


def test_figures_come_by_day_with_their_sums(owner, trattoria):
    sell(trattoria, tax=Decimal("1.25"), tip=Decimal(2))
    sell(
        trattoria,
        21,
        fulfilment="delivery",
        latitude=37.76,
        longitude=-122.41,
        delivery_fee=Decimal(3),
    )
    sell(trattoria, 21, is_test=True)

    answer = figures(owner, trattoria, **{"from": "2026-11-19", "until": "2026-11-21"})

    assert answer.status_code == 200
    found = answer.json()
    assert [(row["from"], row["orders"]) for row in found["rows"]] == [
        *(("2026-11-19", 0), ("2026-11-20", 1), ("2026-11-21", 1)),
    ]
    [total] = found["totals"]
    assert total["orders"] == 2
    assert total["revenue"] == {"amount": 2500, "currency": "USD"}
    assert total["delivery_sales"] == {"amount": 1250, "currency": "USD"}
    assert total["tax"] == {"amount": 125, "currency": "USD"}
    assert total["tips"] == {"amount": 200, "currency": "USD"}
    assert total["delivery_fees"] == {"amount": 300, "currency": "USD"}
    assert total["total"] == {"amount": 3125, "currency": "USD"}
    assert total["average"] == {"amount": 1250, "currency": "USD"}
    assert found["totals_before"] == []


def test_figures_are_of_the_last_four_weeks_unless_said(owner, trattoria):
    with time_machine.travel(datetime(2026, 11, 21, 3, tzinfo=UTC), tick=False):
        found = figures(owner, trattoria).json()

    # It is still the evening of the twentieth there.
    assert (found["from"], found["until"]) == ("2026-10-24", "2026-11-20")
    assert len(found["rows"]) == 28


def test_figures_are_cut_by_month(owner, trattoria):
    sell(trattoria)

    found = figures(
        owner, trattoria, **{"from": "2026-10-01", "until": "2026-11-30", "by": "month"}
    ).json()

    assert [(row["from"], row["until"], row["orders"]) for row in found["rows"]] == [
        *(("2026-10-01", "2026-10-31", 0), ("2026-11-01", "2026-11-30", 1)),
    ]


def test_another_currency_is_a_sum_of_its_own(owner, trattoria):
    sell(trattoria)
    sell(trattoria, currency="JPY", subtotal=Decimal(900))

    found = figures(
        owner, trattoria, **{"from": "2026-11-20", "until": "2026-11-20"}
    ).json()

    assert [one["total"] for one in found["totals"]] == [
        {"amount": 900, "currency": "JPY"},
        {"amount": 1250, "currency": "USD"},
    ]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"from": "2026-11-20"}, "/until"),
        ({"from": "2026-11-20", "until": "2026-11-19"}, "/until"),
        ({"from": "2020-01-01", "until": "2026-11-19"}, "/until"),
        ({"from": "0001-01-01", "until": "0001-01-02"}, "/from"),
        ({"from": "x", "until": "2026-11-19"}, "/from"),
        ({"by": "hour"}, "/by"),
    ],
)
def test_days_that_make_no_sense_are_refused(owner, trattoria, query, pointer):
    answer = figures(owner, trattoria, **query)

    assert answer.status_code == 400
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]


def test_figures_cost_the_same_for_more_days(owner, trattoria):
    sell(trattoria)
    days = {"from": "2026-11-01", "until": "2026-11-30"}
    with CaptureQueriesContext(connection) as one:
        figures(owner, trattoria, **days)
    sell(trattoria, 5)
    sell(trattoria, 6)

    with CaptureQueriesContext(connection) as several:
        figures(owner, trattoria, **days)

    assert len(several) == len(one)


def test_money_is_the_owners(manager, trattoria):
    assert figures(manager, trattoria).status_code == 404


def claim_of(restaurant, **fields):
    order = sell(restaurant, **fields.pop("order", {}))
    line = OrderLine.objects.create(
        order=order,
        name="Margherita",
        quantity=1,
        unit_price=Decimal("12.50"),
        amount=Decimal("12.50"),
        tax_rate=0,
    )
    claim = Claim.objects.create(
        order=order,
        proposed_refund=Decimal("12.50"),
        **{"created_at": timezone.now(), **fields},
    )
    ClaimLine.objects.create(claim=claim, line=line, quantity=1, kind="missing")
    return claim


def answer_claim(client, claim, **body):
    return client.post(f"/owner/claims/{claim.public_id}/answer", body)


def test_claims_are_listed_newest_first_and_by_state(manager, trattoria):
    late = claim_of(trattoria, created_at=timezone.now() - timedelta(days=3))
    done = claim_of(
        trattoria, status="refused", answer="No", answered_at=timezone.now()
    )

    everything = manager.get("/owner/claims").json()["results"]
    waiting = manager.get("/owner/claims", {"open": "true"}).json()["results"]
    answered = manager.get("/owner/claims", {"open": "false"}).json()["results"]

    assert [one["id"] for one in everything] == [
        *(str(done.public_id), str(late.public_id)),
    ]
    [shown] = waiting
    assert shown["is_late"]
    assert shown["proposed_refund"] == {"amount": 1250, "currency": "USD"}
    assert shown["lines"][0]["kind"] == "missing"
    assert shown["order_id"] == str(late.order.public_id)
    assert [one["id"] for one in answered] == [str(done.public_id)]


@pytest.mark.parametrize("path", ["/owner/claims", "/owner/reviews"])
def test_opinions_come_a_page_at_a_time_in_as_many_queries(manager, trattoria, path):
    def write():
        claim = claim_of(trattoria)
        Review.objects.create(
            order=claim.order,
            restaurant=trattoria,
            food_rating=5,
            created_at=timezone.now(),
        )

    write()
    with CaptureQueriesContext(connection) as one:
        manager.get(path)
    write()
    write()

    with CaptureQueriesContext(connection) as several:
        first = manager.get(path, {"limit": 2}).json()
    last = manager.get(path, {"limit": 2, "cursor": first["next"]}).json()

    assert len(several) == len(one)
    assert (len(first["results"]), len(last["results"])) == (2, 1)
    assert last["next"] is None
    assert manager.get(path, {"cursor": "x"}).json()["code"] == "invalid_cursor"


def test_money_is_given_back_for_a_claim(owner, trattoria):
    claim = claim_of(trattoria)

    answer = answer_claim(
        owner, claim, refund={"amount": 1000, "currency": "USD"}, text="Sorry!"
    )

    assert answer.status_code == 200
    assert answer.json()["status"] == "granted"
    assert answer.json()["refund"] == {"amount": 1000, "currency": "USD"}
    claim.order.refresh_from_db()
    assert claim.order.refunded == 10


def test_a_claim_is_answered_once(owner, trattoria):
    claim = claim_of(trattoria)
    answer_claim(owner, claim, refund=None, text="It was in the bag.")

    again = answer_claim(owner, claim, refund={"amount": 1000, "currency": "USD"})

    assert again.status_code == 409
    assert again.json()["code"] == "already_moved"
    assert again.json()["state"]["status"] == "refused"
    claim.order.refresh_from_db()
    assert claim.order.refunded == 0


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"refund": None}, {"answer_empty"}),
        ({"refund": {"amount": 1251, "currency": "USD"}}, {"refund_out_of_range"}),
        ({"refund": {"amount": 0, "currency": "USD"}}, {"refund_out_of_range"}),
        ({"refund": {"amount": 100, "currency": "EUR"}}, {"invalid"}),
        ({"text": "Sorry"}, {"invalid"}),
    ],
)
def test_an_answer_against_the_rules_changes_nothing(owner, trattoria, body, codes):
    claim = claim_of(trattoria)

    answer = answer_claim(owner, claim, **body)

    assert answer.status_code in (400, 409, 422)
    assert answer.json()["code"] in codes
    claim.refresh_from_db()
    assert claim.status == "open"


@pytest.fixture
def review(trattoria):
    return Review.objects.create(
        order=sell(trattoria),
        restaurant=trattoria,
        food_rating=4,
        text="Good crust",
        created_at=timezone.now(),
    )


def test_reviews_are_filtered_by_stars_and_answers(manager, review):
    path = "/owner/reviews"

    [shown] = manager.get(path, {"stars": 4, "unanswered": "true"}).json()["results"]

    assert shown["id"] == str(opaque_id("review", review.pk))
    assert shown["customer_name"] == "Ada Diner"
    assert shown["answer"] is None
    assert manager.get(path, {"stars": 5}).json()["results"] == []
    assert manager.get(path, {"stars": 6}).status_code == 400


def test_a_review_is_answered_and_the_answer_changed(manager, review):
    path = f"/owner/reviews/{opaque_id('review', review.pk)}/answer"

    first = manager.put(path, {"text": "Grazie"})
    second = manager.put(path, {"text": "Grazie mille"})

    assert first.status_code == second.status_code == 200
    assert second.json()["answer"] == "Grazie mille"
    assert second.json()["answered_at"] == first.json()["answered_at"]


@pytest.mark.parametrize("text", ["", "   ", "x" * 1001, None, "\ud800"])
def test_an_answer_must_say_something(manager, review, text):
    path = f"/owner/reviews/{opaque_id('review', review.pk)}/answer"

    answer = manager.put(path, {"text": text})

    assert answer.status_code == 400
    review.refresh_from_db()
    assert review.answer == ""
