"""Delivery terms and preparation times in the portal."""

from collections.abc import Iterator
from datetime import time
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from customers.tests.factories import UserFactory
from restaurants.estimating import Suggestion
from restaurants.hours_pages import offer_suggestions
from restaurants.hours_pages.preparation import _suggesting
from restaurants.models import HOURS_OF_WEEK, Membership, Restaurant
from restaurants.tests.factories import MembershipFactory, RestaurantFactory

pytestmark = pytest.mark.django_db
MILE = 1609.344
FRIDAY_18 = 4 * 24 + 18


@pytest.fixture
def ugo() -> Restaurant:
    return RestaurantFactory.create(
        country="US",
        delivery_radius=8000,
        delivery_fee=Decimal("2.50"),
        tax_rate=Decimal("8.625"),
        hours=[(4, time(18), time(22)), (5, time(17), time(1))],
    )


@pytest.fixture
def owner(client: Client, ugo: Restaurant) -> Client:
    client.force_login(MembershipFactory.create(restaurant=ugo).user)
    return client


def address(restaurant: Restaurant, name: str = "terms") -> str:
    return reverse(f"owner:{name}", args=[restaurant.pk])


def terms(**changes: Any) -> dict[str, Any]:
    return {
        "offers_delivery": "on",
        "offers_pickup": "on",
        "delivery_radius": "5",
        "delivery_fee": "2.50",
        "step_from": ["3", "2", ""],
        "step_fee": ["5,50", "4", ""],
        "minimum_order": "15",
        "preparation_minutes": "25",
        "answer_minutes": "8",
        "expects_board": "on",
        "tax_rate": "9.25",
        **changes,
    }


def test_the_page_shows_the_terms_and_an_example(
    owner: Client, ugo: Restaurant
) -> None:
    ugo.fee_step_metres, ugo.fee_step_fees = [2 * MILE], [Decimal(4)]
    ugo.save()

    page = owner.get(address(ugo)).content.decode()

    assert 'value="4.97"' in page
    assert 'value="8.625"' in page
    assert "0–2 mi" in page
    assert "An order to 3.5 mi costs $4.00 delivery." in page


def test_saved_terms_are_kept_in_metres_with_the_steps_in_order(
    owner: Client, ugo: Restaurant
) -> None:
    answer = owner.post(address(ugo), terms(), follow=True)

    ugo.refresh_from_db()
    assert "Saved. Customers within 5.0 mi" in answer.content.decode()
    assert ugo.delivery_radius == 5 * MILE
    assert ugo.fee_step_metres == [2 * MILE, 3 * MILE]
    assert ugo.fee_step_fees == [Decimal("4.00"), Decimal("5.50")]
    assert ugo.minimum_order == Decimal(15)
    assert ugo.tax_rate == Decimal("9.25")
    assert (ugo.preparation_minutes, ugo.answer_minutes) == (25, 8)


def test_a_radius_that_is_saved_as_shown_does_not_drift(
    owner: Client, ugo: Restaurant
) -> None:
    owner.post(address(ugo), terms(delivery_radius="4.97"))

    ugo.refresh_from_db()
    assert ugo.delivery_radius == 8000


def test_kilometres_are_typed_where_signs_count_them(owner: Client) -> None:
    berlin = RestaurantFactory.create(country="DE")
    MembershipFactory.create(restaurant=berlin, user_id=owner.session["_auth_user_id"])

    owner.post(address(berlin), terms(delivery_radius="7,5", step_from=["2", "3"]))

    berlin.refresh_from_db()
    assert berlin.delivery_radius == 7500


@pytest.mark.parametrize(
    "change",
    [
        {"delivery_radius": "-1"},
        {"delivery_radius": "0"},
        {"delivery_radius": "32"},
        {"delivery_radius": "far"},
        {"delivery_radius": "\0"},
        {"delivery_radius": "NaN"},
        {"delivery_fee": "abc"},
        {"delivery_fee": "1e9"},
        {"delivery_fee": "-0.01"},
        {"delivery_fee": "1.005"},
        {"delivery_fee": ""},
        {"minimum_order": "1,000"},
        {"preparation_minutes": "4"},
        {"preparation_minutes": "121"},
        {"preparation_minutes": "9" * 400},
        {"answer_minutes": "0"},
        {"answer_minutes": "2.5"},
        {"tax_rate": "100"},
        {"tax_rate": "Infinity"},
        {"step_from": ["2", "2"], "step_fee": ["1", "2"]},
        {"step_from": ["5"], "step_fee": ["1"]},
        {"step_from": ["0"], "step_fee": ["1"]},
        {"step_from": ["2"], "step_fee": ["-1"]},
        {"step_from": ["2"], "step_fee": [""]},
        {"step_from": ["x"], "step_fee": ["\0"]},
        {
            "step_from": [f"0.{n}" for n in range(1, 10)],
            "step_fee": ["1"] * 9,
        },
        {"offers_delivery": "", "offers_pickup": ""},
    ],
)
def test_terms_that_cannot_be_are_refused_and_change_nothing(
    owner: Client, ugo: Restaurant, change: dict[str, Any]
) -> None:
    answer = owner.post(address(ugo), terms(**change))

    ugo.refresh_from_db()
    assert answer.status_code == 200
    assert "Nothing was saved" in answer.content.decode()
    assert ugo.delivery_radius == 8000
    assert ugo.minimum_order == Decimal(0)
    assert ugo.tax_rate == Decimal("8.625")


def test_what_was_typed_wrong_is_still_there(owner: Client, ugo: Restaurant) -> None:
    page = owner.post(
        address(ugo), terms(delivery_fee="abc", step_from=["x"], step_fee=["7"])
    ).content.decode()

    assert 'value="abc"' in page
    assert 'value="x"' in page


def test_a_manager_changes_the_terms_but_not_the_tax(
    client: Client, ugo: Restaurant
) -> None:
    member = MembershipFactory.create(restaurant=ugo, role=Membership.Role.MANAGER)
    client.force_login(member.user)

    page = client.get(address(ugo)).content.decode()
    client.post(address(ugo), terms(prices_include_tax="on"))

    ugo.refresh_from_db()
    assert "Only owners change it." in page
    assert 'name="tax_rate"' not in page
    assert ugo.delivery_radius == 5 * MILE
    assert (ugo.tax_rate, ugo.prices_include_tax) == (Decimal("8.625"), False)


def test_the_preview_of_the_fees_saves_nothing(owner: Client, ugo: Restaurant) -> None:
    page = owner.post(address(ugo, "terms-preview"), terms()).content.decode()

    ugo.refresh_from_db()
    assert "2–3 mi" in page
    assert "An order to 4.0 mi costs $5.50 delivery." in page
    assert ugo.delivery_radius == 8000


@pytest.mark.parametrize("radius", ["", "abc", "\0", "-1", "1e9", "0"])
def test_the_preview_bears_what_is_half_typed(
    owner: Client, ugo: Restaurant, radius: str
) -> None:
    form = terms(delivery_radius=radius, step_from=["", "x"], step_fee=["1", ""])

    assert owner.post(address(ugo, "terms-preview"), form).status_code == 200


def test_only_open_hours_have_a_field(owner: Client, ugo: Restaurant) -> None:
    page = owner.get(address(ugo, "preparation")).content.decode()

    assert f'name="h{FRIDAY_18}"' in page
    assert f'name="h{6 * 24}"' in page  # Saturday's night runs into Sunday
    assert f'name="h{4 * 24 + 22}"' not in page


def grid(minutes: int, **changes: object) -> dict[str, object]:
    return {**{f"h{hour}": minutes for hour in range(HOURS_OF_WEEK)}, **changes}


def test_minutes_are_kept_by_the_hour_and_closed_hours_keep_theirs(
    owner: Client, ugo: Restaurant
) -> None:
    owner.post(address(ugo, "preparation"), grid(20, **{f"h{FRIDAY_18}": 45}, h0=99))

    ugo.refresh_from_db()
    assert ugo.preparation_week is not None
    assert ugo.preparation_week[FRIDAY_18] == 45
    assert ugo.preparation_week[0] == 20


@pytest.mark.parametrize("odd", ["", "4", "121", "abc", "\0", "20.5", "9" * 300])
def test_minutes_that_cannot_be_are_refused(
    owner: Client, ugo: Restaurant, odd: str
) -> None:
    answer = owner.post(address(ugo, "preparation"), grid(30, **{f"h{FRIDAY_18}": odd}))

    ugo.refresh_from_db()
    assert answer.status_code == 200
    assert "Nothing was saved" in answer.content.decode()
    assert ugo.preparation_week is None


def test_the_same_everywhere_forgets_the_week(owner: Client, ugo: Restaurant) -> None:
    ugo.preparation_week = [30] * HOURS_OF_WEEK
    ugo.save()

    owner.post(address(ugo, "preparation"), {"reset": "1"})

    ugo.refresh_from_db()
    assert ugo.preparation_week is None


@pytest.fixture
def _suggested() -> Iterator[None]:
    before = list(_suggesting)
    offer_suggestions(
        lambda _restaurant: {FRIDAY_18: Suggestion(35, 18), 0: Suggestion(500, 1)}
    )
    yield
    _suggesting[:] = before


@pytest.mark.usefixtures("_suggested")
def test_what_orders_took_stands_beside_and_is_taken_over(
    owner: Client, ugo: Restaurant
) -> None:
    page = owner.get(address(ugo, "preparation")).content.decode()
    taken = owner.post(address(ugo, "preparation"), grid(20, take="1"))

    ugo.refresh_from_db()
    assert "you took 35 (18 orders)" in page
    assert 'value="35"' in taken.content.decode()
    assert "not saved yet" in taken.content.decode()
    assert ugo.preparation_week is None


def test_a_restaurant_without_hours_is_led_to_them(owner: Client) -> None:
    new = RestaurantFactory.create(hours=[])
    MembershipFactory.create(restaurant=new, user_id=owner.session["_auth_user_id"])

    page = owner.get(address(new, "preparation")).content.decode()

    assert "There are no opening hours yet." in page


@pytest.mark.parametrize("name", ["terms", "terms-preview", "preparation"])
@pytest.mark.parametrize("who", ["other owner", "staff", "customer", "nobody"])
def test_strangers_see_and_change_nothing(
    client: Client, ugo: Restaurant, name: str, who: str
) -> None:
    if who == "other owner":
        client.force_login(MembershipFactory.create().user)
    elif who == "staff":
        client.force_login(
            MembershipFactory.create(restaurant=ugo, role=Membership.Role.STAFF).user
        )
    elif who == "customer":
        client.force_login(UserFactory.create())

    for answer in [
        client.get(address(ugo, name)),
        client.post(address(ugo, name), terms(**grid(60))),
    ]:
        assert answer.status_code in {302, 404}
    ugo.refresh_from_db()
    assert (ugo.delivery_radius, ugo.preparation_week) == (8000, None)


def test_the_profile_page_leads_to_the_others(owner: Client, ugo: Restaurant) -> None:
    profile = reverse("owner:restaurants_restaurant_change", args=[ugo.pk])

    page = owner.get(profile).content.decode()

    for name in ("hours", "terms", "preparation"):
        assert f'href="{address(ugo, name)}"' in page


@pytest.mark.parametrize(("typed", "kept"), [("4", 4), ("", None)])
def test_how_many_orders_fit_into_a_quarter_hour_is_kept_and_in_the_history(
    owner: Client, ugo: Restaurant, typed: str, kept: int | None
) -> None:
    Restaurant.objects.update(slot_capacity=9)

    shown = owner.get(address(ugo))
    owner.post(address(ugo), terms(slot_capacity=typed))

    ugo.refresh_from_db()
    assert "Most orders in 15 minutes" in shown.text
    assert ugo.slot_capacity == kept
    assert LogEntry.objects.filter(object_id=str(ugo.pk)).exists()


@pytest.mark.parametrize("typed", ["0", "-1", "2.5", "1001", "many"])
def test_a_number_of_orders_that_cannot_be_is_refused(
    owner: Client, ugo: Restaurant, typed: str
) -> None:
    answer = owner.post(address(ugo), terms(slot_capacity=typed))

    ugo.refresh_from_db()
    assert answer.status_code == 200
    assert ugo.slot_capacity is None
