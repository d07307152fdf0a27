from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.quiet_hours import end_of_quiet, is_quiet, zone_of

NEW_YORK = ZoneInfo("America/New_York")
NIGHT = (time(22), time(7))
MINUTE = timedelta(minutes=1)


def at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        (at(6, 1, 21, 59), None),
        (at(6, 1, 22), at(6, 2, 7)),
        (at(6, 2, 6, 59), at(6, 2, 7)),
        (at(6, 2, 7), None),
    ],
)
def test_night_runs_past_midnight(moment, end):
    assert end_of_quiet(moment, NEW_YORK, *NIGHT) == end


def test_siesta_ends_the_same_day():
    end = end_of_quiet(at(6, 1, 14), NEW_YORK, time(13), time(15, 30))

    assert end == at(6, 1, 15, 30)


def test_an_end_that_the_clocks_jump_over_is_the_jump():
    # On 8 March 2026 New York goes from 02:00 to 03:00.
    end = end_of_quiet(at(3, 8, 1), NEW_YORK, time(22), time(2, 30))

    assert end == at(3, 8, 3)


def test_clocks_turned_back_into_quiet_hours_begin_them_again():
    # On 1 November 2026 New York has 01:00 to 02:00 twice.
    second = at(11, 1, 1, 10).replace(fold=1)

    end = end_of_quiet(second, NEW_YORK, time(22), time(1, 30))

    assert end == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


def test_unknown_zone_is_utc():
    assert zone_of("Mars/Olympus_Mons") == zone_of("") == ZoneInfo("UTC")


def search(moment, zone, quiet_from, quiet_until):
    """Find the end by looking at the clock minute by minute."""
    if not is_quiet(moment.astimezone(zone).time(), quiet_from, quiet_until):
        return None
    while is_quiet(moment.astimezone(zone).time(), quiet_from, quiet_until):
        moment += MINUTE
    return moment


def turns_of_clocks(zone):
    """Return the days of recent years on which a zone's clocks were turned."""
    days = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(1100)]
    days.append(datetime(2011, 12, 30, tzinfo=UTC))  # Samoa had no such day.
    offsets = [day.astimezone(zone).utcoffset() for day in days]
    return [
        day
        for day, before, after in zip(days, offsets, offsets[1:], strict=False)
        if before != after
    ]


@pytest.mark.parametrize("name", sorted(available_timezones()))
def test_every_zone_on_both_days_that_clocks_are_turned(name):
    zone = ZoneInfo(name)
    windows = [NIGHT, (time(23, 30), time(1, 30)), (time(1), time(2, 30))]
    for day in turns_of_clocks(zone)[-2:]:
        for hours in range(0, 48, 2):
            moment = day - timedelta(hours=12) + timedelta(hours=hours, minutes=10)
            for window in windows:
                assert end_of_quiet(moment, zone, *window) == search(
                    moment, zone, *window
                )


@given(
    moment=st.datetimes(
        datetime(2000, 1, 1),
        datetime(2037, 1, 1),
        timezones=st.just(UTC),
    ),
    name=st.sampled_from(sorted(available_timezones())),
    quiet_from=st.integers(0, 1439),
    quiet_until=st.integers(0, 1439),
)
def test_the_clock_is_never_quiet_at_the_end_and_always_before(
    moment, name, quiet_from, quiet_until
):
    zone = ZoneInfo(name)
    moment = moment.replace(second=0, microsecond=0)
    window = [time(*divmod(quiet_from, 60)), time(*divmod(quiet_until, 60))]

    assert end_of_quiet(moment, zone, *window) == search(moment, zone, *window)
