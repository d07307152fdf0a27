"""Two opening spans of a restaurant never overlap, whoever writes them."""

from datetime import time

import pytest
from django.db import IntegrityError, connection, transaction

from restaurants.models import OpeningHours
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db
FRIDAY, SATURDAY, SUNDAY, MONDAY = 4, 5, 6, 0


def add(restaurant, weekday, opens_at, closes_at):
    with transaction.atomic():
        OpeningHours.objects.create(
            restaurant=restaurant,
            weekday=weekday,
            opens_at=time.fromisoformat(opens_at),
            closes_at=time.fromisoformat(closes_at),
        )
        connection.check_constraints()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((FRIDAY, "11:00", "15:00"), (FRIDAY, "14:59", "22:00")),
        ((FRIDAY, "20:00", "02:00"), (SATURDAY, "01:00", "03:00")),
        ((SUNDAY, "20:00", "02:00"), (MONDAY, "00:00", "01:00")),
        ((FRIDAY, "00:00", "00:00"), (FRIDAY, "12:00", "13:00")),
    ],
)
def test_spans_that_overlap_are_refused(one, other):
    restaurant = RestaurantFactory(hours=[])
    add(restaurant, *one)

    with pytest.raises(IntegrityError):
        add(restaurant, *other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((FRIDAY, "11:00", "15:00"), (FRIDAY, "15:00", "22:00")),
        ((FRIDAY, "20:00", "02:00"), (SATURDAY, "02:00", "03:00")),
        ((SUNDAY, "20:00", "02:00"), (MONDAY, "02:00", "03:00")),
        ((FRIDAY, "00:00", "00:00"), (SATURDAY, "00:00", "00:00")),
    ],
)
def test_spans_that_touch_are_kept(one, other):
    restaurant = RestaurantFactory(hours=[])
    add(restaurant, *one)

    add(restaurant, *other)

    assert restaurant.opening_hours.count() == 2


def test_two_restaurants_do_not_get_in_each_others_way():
    one, other = RestaurantFactory(hours=[]), RestaurantFactory(hours=[])
    add(one, SUNDAY, "20:00", "02:00")

    add(other, MONDAY, "00:00", "02:00")

    assert other.opening_hours.count() == 1
