"""Fees by distance and preparation by the hour: a row's own answer, and the list's."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError

from restaurants.selectors import Sort, list_restaurants_near
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db
# A Saturday, 19:30 in Los Angeles.
EVENING = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)
PLACE = (37.7629, -122.4194)


@pytest.mark.parametrize(
    ("distance", "fee"),
    [(None, "2.50"), (0, "2.50"), (1999, "2.50"), (2000, "4"), (9000, "6.50")],
)
def test_the_fee_rises_by_steps_of_distance(distance, fee):
    restaurant = RestaurantFactory.build(
        delivery_fee=Decimal("2.50"),
        fee_step_metres=[2000, 5000],
        fee_step_fees=[Decimal(4), Decimal("6.50")],
    )

    assert restaurant.delivery_fee_at(distance) == Decimal(fee)


def test_steps_and_their_fees_come_in_pairs():
    with pytest.raises(IntegrityError):
        RestaurantFactory.create(fee_step_metres=[2000], fee_step_fees=[])


def test_preparation_follows_the_hour_of_the_local_week():
    week = [10] * 168
    week[5 * 24 + 19] = 35
    restaurant = RestaurantFactory.build(preparation_week=week)

    assert restaurant.preparation_minutes_at(EVENING) == 35
    assert restaurant.preparation_minutes_at(EVENING + timedelta(hours=1)) == 10


def test_busy_adds_minutes_until_it_ends():
    until = EVENING + timedelta(hours=1)
    restaurant = RestaurantFactory.build(
        preparation_minutes=20, busy_minutes=10, busy_until=until
    )

    assert restaurant.preparation_minutes_at(EVENING) == 30
    assert restaurant.preparation_minutes_at(until) == 20


def near(sort):
    page = list_restaurants_near(
        latitude=PLACE[0], longitude=PLACE[1], moment=EVENING, sort=sort
    )
    return [card.restaurant.name for card in page.results]


def test_the_list_sorts_by_the_fee_to_the_place():
    # About half a kilometre away.
    cheap_near = {"fee_step_metres": [3000], "fee_step_fees": [Decimal(9)]}
    dear_near = {"fee_step_metres": [100], "fee_step_fees": [Decimal(7)]}
    RestaurantFactory.create(name="flat", delivery_fee=3)
    RestaurantFactory.create(name="cheap near", delivery_fee=1, **cheap_near)
    RestaurantFactory.create(name="dear near", delivery_fee=1, **dear_near)

    assert near(Sort.FEE) == ["cheap near", "flat", "dear near"]


def test_the_list_sorts_by_the_preparation_of_the_hour():
    week = [10] * 168
    week[5 * 24 + 19] = 40
    later = EVENING + timedelta(hours=1)
    RestaurantFactory.create(name="usual", preparation_minutes=25)
    RestaurantFactory.create(name="slow on saturday", preparation_week=week)
    RestaurantFactory.create(
        name="busy", preparation_minutes=20, busy_minutes=10, busy_until=later
    )

    assert near(Sort.ARRIVAL) == ["usual", "busy", "slow on saturday"]


def test_who_takes_no_orders_now_stands_below_the_open_ones():
    RestaurantFactory.create(name="unattended", unattended_since=EVENING)
    RestaurantFactory.create(name="open", latitude=37.75)

    assert near(Sort.DISTANCE) == ["open", "unattended"]
