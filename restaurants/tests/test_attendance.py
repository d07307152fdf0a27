"""Orders for now stop where nobody watches, and come back with a board."""

from datetime import UTC, datetime, time, timedelta

import pytest

from notifications.models import Event
from restaurants.availability import check_orderability
from restaurants.models import UNTIL_FURTHER_NOTICE, BoardPresence
from restaurants.services import (
    count_missed_order,
    forget_missed_orders,
    refresh_open_spans,
    resume_restaurant,
)
from restaurants.services.attendance import mark_board_open, watch_boards
from restaurants.tests.factories import MembershipFactory, RestaurantFactory

pytestmark = pytest.mark.django_db
# A Saturday in Los Angeles, 18:00.
OPENING = datetime(2026, 11, 22, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def trattoria():
    evening = [(day, time(18), time(23)) for day in range(7)]
    restaurant = RestaurantFactory.create(hours=evening)
    MembershipFactory.create(restaurant=restaurant)
    refresh_open_spans(restaurant_pks=[restaurant.pk], now=OPENING)
    return restaurant


def told():
    return [event.topic for event in Event.objects.order_by("pk")]


def can_order(restaurant, moment, *, is_scheduled=False):
    restaurant.refresh_from_db()
    return check_orderability(
        restaurant,
        moment=moment,
        place=None,
        fulfilment="pickup",
        is_scheduled=is_scheduled,
    )


def test_nobody_is_blamed_for_the_night(trattoria):
    assert watch_boards(OPENING - MINUTE) == 0
    assert watch_boards(OPENING + 4 * MINUTE) == 0


def test_five_minutes_without_a_board_warn(trattoria):
    assert watch_boards(OPENING + 5 * MINUTE) == 1
    assert watch_boards(OPENING + 6 * MINUTE) == 0

    assert told() == ["board_silent"]


def test_then_orders_for_now_stop_and_later_ones_do_not(trattoria):
    watch_boards(OPENING + 5 * MINUTE)
    assert watch_boards(OPENING + 7 * MINUTE) == 1
    assert watch_boards(OPENING + 9 * MINUTE) == 0

    later = OPENING + 60 * MINUTE
    assert told() == ["board_silent", "orders_stopped"]
    assert can_order(trattoria, OPENING + 8 * MINUTE).code == "restaurant_unattended"
    assert can_order(trattoria, later, is_scheduled=True).can_order


def test_a_board_that_is_back_opens_it(trattoria):
    watch_boards(OPENING + 5 * MINUTE)
    watch_boards(OPENING + 7 * MINUTE)

    mark_board_open(restaurant_pks=[trattoria.pk], now=OPENING + 8 * MINUTE)

    assert can_order(trattoria, OPENING + 8 * MINUTE).can_order
    assert watch_boards(OPENING + 12 * MINUTE) == 0
    assert watch_boards(OPENING + 13 * MINUTE) == 1  # silent again: warned again


def test_an_open_board_is_written_down_now_and_then_only(
    trattoria, django_assert_num_queries
):
    mark_board_open(restaurant_pks=[trattoria.pk], now=OPENING)

    with django_assert_num_queries(1):
        mark_board_open(restaurant_pks=[trattoria.pk], now=OPENING + MINUTE / 6)
    assert BoardPresence.objects.get().seen_at == OPENING


@pytest.mark.parametrize(
    "fields",
    [
        {"expects_board": False},
        {"takes_orders": False},
        {"status": "suspended"},
        {"paused_until": OPENING + 60 * MINUTE},
    ],
)
def test_who_expects_no_orders_is_left_in_peace(trattoria, fields):
    for name, value in fields.items():
        setattr(trattoria, name, value)
    trattoria.save()

    assert watch_boards(OPENING + 10 * MINUTE) == 0


def test_three_missed_in_a_row_pause_until_somebody_resumes(trattoria):
    for _ in range(3):
        count_missed_order(restaurant_pk=trattoria.pk)

    trattoria.refresh_from_db()
    assert trattoria.paused_until == UNTIL_FURTHER_NOTICE
    assert trattoria.pause_reason == "missed"
    assert told() == ["paused_after_misses"]

    resume_restaurant(restaurant_pk=trattoria.pk)
    assert can_order(trattoria, OPENING).can_order


def test_an_answer_between_them_counts_anew(trattoria):
    count_missed_order(restaurant_pk=trattoria.pk)
    count_missed_order(restaurant_pk=trattoria.pk)
    forget_missed_orders(restaurant_pk=trattoria.pk)
    count_missed_order(restaurant_pk=trattoria.pk)

    trattoria.refresh_from_db()
    assert trattoria.paused_until is None


def test_the_next_service_without_a_board_warns_again(trattoria):
    watch_boards(OPENING + 5 * MINUTE)
    watch_boards(OPENING + 7 * MINUTE)
    tomorrow = OPENING + timedelta(days=1)

    assert watch_boards(tomorrow + 4 * MINUTE) == 0
    assert watch_boards(tomorrow + 5 * MINUTE) == 1
    assert watch_boards(tomorrow + 40 * MINUTE) == 0

    assert told() == ["board_silent", "orders_stopped", "board_silent"]
