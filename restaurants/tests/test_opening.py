from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restaurants.opening import (
    SpecialSpan,
    WeeklySpan,
    next_opening,
    opening_spans,
    overlapping,
    span_at,
)

FRIDAY, SATURDAY, SUNDAY = 4, 5, 6
LATE_FRIDAY = WeeklySpan(FRIDAY, time(20), time(2))


def spans_around(moment, weekly, special=(), zone="America/New_York"):
    return opening_spans(
        weekly,
        special,
        time_zone=zone,
        since=moment - timedelta(days=7),
        until=moment + timedelta(days=7),
    )


def is_open(local, weekly, special=(), zone="America/New_York"):
    moment = local.replace(tzinfo=ZoneInfo(zone))
    return span_at(spans_around(moment, weekly, special, zone), moment) is not None


def test_friday_night_runs_past_midnight_into_a_closed_saturday():
    assert is_open(datetime(2026, 11, 20, 20, 0), [LATE_FRIDAY])
    assert is_open(datetime(2026, 11, 21, 1, 59, 59), [LATE_FRIDAY])
    assert not is_open(datetime(2026, 11, 21, 2, 0), [LATE_FRIDAY])
    assert not is_open(datetime(2026, 11, 21, 20, 0), [LATE_FRIDAY])


@pytest.mark.parametrize(
    ("zone", "night"),
    [
        ("America/New_York", date(2026, 3, 8)),
        ("America/New_York", date(2026, 11, 1)),
        ("Europe/Berlin", date(2026, 3, 29)),
        ("Europe/Berlin", date(2026, 10, 25)),
        ("Australia/Lord_Howe", date(2026, 4, 5)),
    ],
)
def test_closing_at_two_holds_in_the_nights_when_clocks_change(zone, night):
    saturday_night = [WeeklySpan(SATURDAY, time(20), time(2))]

    assert is_open(datetime.combine(night, time(1, 29)), saturday_night, zone=zone)
    before_two = datetime.combine(night, time(2), ZoneInfo(zone)).astimezone(UTC)
    spans = spans_around(before_two, saturday_night, zone=zone)
    assert span_at(spans, before_two - timedelta(seconds=1)) is not None
    assert span_at(spans, before_two) is None
    assert span_at(spans, before_two + timedelta(minutes=61)) is None


def test_a_repeated_hour_does_not_open_the_restaurant_again():
    closes_in_repeated_hour = [WeeklySpan(SATURDAY, time(20), time(1, 30))]
    zone = ZoneInfo("America/New_York")
    second_time = datetime(2026, 11, 1, 1, 15, tzinfo=zone, fold=1)

    spans = spans_around(second_time, closes_in_repeated_hour)

    assert span_at(spans, second_time) is None


def test_equal_times_mean_the_whole_day():
    around_the_clock = [WeeklySpan(day, time(0), time(0)) for day in range(7)]
    moment = datetime(2026, 3, 8, 12, tzinfo=UTC)

    spans = spans_around(moment, around_the_clock)

    assert len(spans) == 1


def test_special_hours_replace_the_weekly_hours_of_their_date():
    christmas = date(2026, 12, 25)
    lunch = [WeeklySpan(day, time(11), time(14)) for day in range(7)]
    closed = [SpecialSpan(christmas, None, None)]
    evening = [SpecialSpan(christmas, time(18), time(1))]

    assert not is_open(datetime(2026, 12, 25, 12), lunch, closed)
    assert is_open(datetime(2026, 12, 26, 12), lunch, closed)
    assert not is_open(datetime(2026, 12, 25, 12), lunch, evening)
    assert is_open(datetime(2026, 12, 26, 0, 59), lunch, evening)


def test_a_span_of_the_evening_before_outlives_a_closed_date():
    closed_saturday = [SpecialSpan(date(2026, 11, 21), None, None)]

    assert is_open(datetime(2026, 11, 21, 1, 0), [LATE_FRIDAY], closed_saturday)


def test_the_next_opening_is_told():
    moment = datetime(2026, 11, 18, 12, tzinfo=UTC)

    spans = spans_around(moment, [LATE_FRIDAY])

    assert next_opening(spans, moment) == datetime(2026, 11, 21, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spans", "overlap"),
    [
        ([LATE_FRIDAY, WeeklySpan(SATURDAY, time(1), time(3))], True),
        ([LATE_FRIDAY, WeeklySpan(SATURDAY, time(2), time(3))], False),
        (
            [WeeklySpan(SUNDAY, time(20), time(2)), WeeklySpan(0, time(1), time(3))],
            True,
        ),
        ([WeeklySpan(0, time(11), time(14)), WeeklySpan(0, time(18), time(22))], False),
        ([], False),
        ([WeeklySpan(0, time(0), time(0))], False),
    ],
)
def test_overlapping_spans_are_found_around_the_week(spans, overlap):
    assert (overlapping(spans) is not None) is overlap


ZONES = ["UTC", "Asia/Kolkata", "Pacific/Apia", "America/St_Johns", "Europe/London"]


@given(
    weekday=st.integers(0, 6),
    opens=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    closes=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    moment=st.datetimes(
        datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)
    ),
    zone=st.sampled_from(ZONES),
)
def test_on_days_without_a_clock_change_open_means_what_the_wall_clock_says(
    weekday, opens, closes, moment, zone
):
    local = moment.astimezone(ZoneInfo(zone))
    offsets = {(local + timedelta(hours=h)).utcoffset() for h in range(-48, 49, 6)}
    around = {
        (moment + timedelta(hours=h)).astimezone(ZoneInfo(zone)).utcoffset()
        for h in range(-48, 49, 6)
    }
    if len(offsets | around) > 1:
        return
    clock = local.time()
    if closes > opens:
        expected = local.weekday() == weekday and opens <= clock < closes
    else:
        expected = (local.weekday() == weekday and clock >= opens) or (
            local.weekday() == (weekday + 1) % 7 and clock < closes
        )

    spans = spans_around(moment, [WeeklySpan(weekday, opens, closes)], zone=zone)

    assert (span_at(spans, moment) is not None) is expected
