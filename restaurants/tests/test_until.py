"""When a choice made in a kitchen ends; no database is needed to tell."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from psycopg.types.range import Range

from restaurants.availability import (
    Until,
    check_orderability,
    end_of,
    list_order_slots,
    say_moment,
)
from restaurants.models import UNTIL_FURTHER_NOTICE, Fulfilment, Restaurant
from restaurants.opening import SpecialSpan, WeeklySpan, opening_spans

NEW_YORK = ZoneInfo("America/New_York")
ALL_WEEK = range(7)
LUNCH = [WeeklySpan(day, time(11, 30), time(14, 30)) for day in ALL_WEEK]
# Runs past midnight.
DINNER = [WeeklySpan(day, time(18), time(2)) for day in ALL_WEEK]
CLOSED_SUNDAY = [SpecialSpan(date(2026, 11, 22), None, None)]


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=NEW_YORK)


def kitchen(weekly, now, special=(), zone="America/New_York"):
    since = now.astimezone(UTC) - timedelta(days=1)
    spans = opening_spans(
        weekly, special, time_zone=zone, since=since, until=since + timedelta(days=15)
    )
    return Restaurant(
        time_zone=zone,
        open_spans=[Range(start, end) for start, end in spans],
        latitude=40.7,
        longitude=-74.0,
        status=Restaurant.Status.LIVE,
    )


def end(until, now, weekly=(*LUNCH, *DINNER), special=()):
    return end_of(until, kitchen(weekly, now, special), now).astimezone(NEW_YORK)


@pytest.mark.parametrize(
    ("until", "minutes"),
    [(Until.MINUTES_15, 15), (Until.MINUTES_30, 30), (Until.HOUR, 60)],
)
def test_minutes_are_minutes(until, minutes):
    assert end(until, at(20, 19)) == at(20, 19) + timedelta(minutes=minutes)


def test_until_i_say_has_no_end_of_its_own():
    assert end(Until.NOTICE, at(20, 19)) == UNTIL_FURTHER_NOTICE


def test_a_service_ends_when_the_kitchen_closes():
    assert end(Until.SERVICE, at(20, 12)) == at(20, 14, 30)


def test_a_service_past_midnight_ends_in_the_night():
    assert end(Until.SERVICE, at(20, 19)) == at(21, 2)
    assert end(Until.SERVICE, at(21, 1)) == at(21, 2)


def test_between_services_the_rest_of_the_service_is_the_coming_one():
    assert end(Until.SERVICE, at(20, 16)) == at(21, 2)


def test_the_next_service_starts_with_the_next_opening():
    assert end(Until.NEXT_SERVICE, at(20, 12)) == at(20, 18)
    assert end(Until.NEXT_SERVICE, at(20, 16)) == at(20, 18)
    assert end(Until.NEXT_SERVICE, at(21, 1)) == at(21, 11, 30)


def test_tomorrow_starts_with_its_first_opening():
    assert end(Until.TOMORROW, at(20, 12)) == at(21, 11, 30)
    assert end(Until.TOMORROW, at(20, 19)) == at(21, 11, 30)


def test_at_one_in_the_night_tomorrow_is_the_next_service_day():
    assert end(Until.TOMORROW, at(21, 1)) == at(21, 11, 30)


def test_after_the_night_service_a_new_day_has_begun():
    assert end(Until.TOMORROW, at(21, 3)) == at(22, 11, 30)


def test_a_closed_day_is_passed_over():
    assert end(Until.TOMORROW, at(21, 19), special=CLOSED_SUNDAY) == at(23, 11, 30)


def test_without_hours_tomorrow_is_midnight():
    for until in (Until.TOMORROW, Until.SERVICE, Until.NEXT_SERVICE):
        assert end(until, at(20, 12), weekly=[]) == at(21, 0)


def test_round_the_clock_every_service_ends_at_midnight():
    always = [WeeklySpan(day, time(0), time(0)) for day in ALL_WEEK]

    for until in (Until.TOMORROW, Until.SERVICE, Until.NEXT_SERVICE):
        assert end(until, at(20, 12), weekly=always) == at(21, 0)


def test_open_for_days_on_end_tomorrow_is_midnight_still():
    # Monday 6:00 to Saturday 0:00.
    nights = [WeeklySpan(day, time(6), time(6)) for day in range(4)]
    weekly = [*nights, WeeklySpan(4, time(6), time(0))]

    assert end(Until.TOMORROW, at(18, 12), weekly=weekly) == at(19, 0)
    assert end(Until.TOMORROW, at(20, 12), weekly=weekly) == at(23, 6)


def test_a_service_in_the_night_of_the_longer_hour_ends_by_the_clock():
    # Clocks go back at 2:00 on 1 November: the night has an hour more.
    late = [WeeklySpan(day, time(18), time(3)) for day in ALL_WEEK]
    now = at(31, 23, month=10)

    ends = end_of(Until.SERVICE, kitchen(late, now), now)

    assert ends == datetime(2026, 11, 1, 8, tzinfo=UTC)
    assert end(Until.TOMORROW, now, weekly=late) == at(1, 18)


def test_midnight_of_a_day_that_changes_clocks_is_the_days_own():
    now = at(31, 12, month=10)

    ends = end_of(Until.TOMORROW, kitchen([], now), now)

    # Still summer time: four hours behind UTC.
    assert ends == datetime(2026, 11, 1, 4, tzinfo=UTC)


def test_in_the_night_of_the_shorter_hour_tomorrow_opens_by_the_clock():
    now = at(7, 23, month=3)

    assert end(Until.TOMORROW, now) == at(8, 11, 30, month=3)
    assert end_of(Until.TOMORROW, kitchen(LUNCH, now), now) == datetime(
        2026, 3, 8, 15, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (at(20, 22, 30), "22:30"),
        (at(21, 11), "tomorrow 11:00"),
        (at(23, 11), "Mon 11:00"),
        (datetime(2026, 12, 24, 18, tzinfo=NEW_YORK), "24 Dec 2026 18:00"),
    ],
)
def test_a_moment_is_said_in_the_restaurants_time(moment, words):
    now = at(20, 19)

    said = say_moment(moment.astimezone(UTC), time_zone="America/New_York", now=now)

    assert said == words


def test_a_pause_until_further_notice_promises_no_opening():
    now = at(20, 19)
    restaurant = kitchen(DINNER, now)
    restaurant.paused_until = UNTIL_FURTHER_NOTICE

    answer = check_orderability(
        restaurant, moment=now, place=None, fulfilment=Fulfilment.PICKUP
    )

    assert (answer.code, answer.next_opening) == ("restaurant_paused", None)


def test_a_pause_until_tomorrow_leaves_tomorrows_times_to_order_for():
    now = at(20, 19)
    restaurant = kitchen([*LUNCH, *DINNER], now)
    restaurant.paused_until = end_of(Until.TOMORROW, restaurant, now)

    assert list_order_slots(restaurant, now=now)[0] == at(21, 11, 30)
