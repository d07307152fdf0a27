"""The writes behind opening hours and terms, and what the days ahead mean."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from restaurants.exceptions import (
    ChangedMeanwhileError,
    HoursRefusedError,
    TermsRefusedError,
)
from restaurants.models import HOURS_OF_WEEK, Restaurant
from restaurants.opening import WeeklySpan, list_days_ahead, opening_spans, week_version
from restaurants.selectors import list_week
from restaurants.services.hours import (
    Terms,
    change_preparation,
    change_tax,
    change_terms,
    close_on_dates,
    replace_week,
    set_special_dates,
)
from restaurants.tests.factories import RestaurantFactory

FRIDAY, SATURDAY = 4, 5
TERMS = Terms(
    offers_delivery=True,
    offers_pickup=True,
    delivery_radius=5000.0,
    delivery_fee=Decimal(2),
    fee_steps=((2000.0, Decimal(3)),),
    minimum_order=Decimal(10),
    preparation_minutes=20,
    answer_minutes=10,
    expects_board=True,
)


@pytest.mark.django_db
def test_an_overlap_is_refused_and_changes_nothing() -> None:
    ugo = RestaurantFactory.create(hours=[(0, time(9), time(10))])
    week = [
        WeeklySpan(FRIDAY, time(20), time(2)),
        WeeklySpan(SATURDAY, time(1), time(3)),
    ]

    with pytest.raises(HoursRefusedError) as refusal:
        replace_week(
            restaurant_pk=ugo.pk, week=week, version=week_version(list_week(ugo))
        )

    assert refusal.value.weekdays == (FRIDAY, SATURDAY)
    assert list_week(ugo) == [WeeklySpan(0, time(9), time(10))]


@pytest.mark.django_db
def test_another_week_than_the_one_looked_at_is_not_replaced() -> None:
    ugo = RestaurantFactory.create(hours=[])

    with pytest.raises(ChangedMeanwhileError):
        replace_week(
            restaurant_pk=ugo.pk,
            week=[WeeklySpan(0, time(9), time(10))],
            version="another",
        )

    assert list_week(ugo) == []


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_once_one_is_told() -> None:
    ugo = RestaurantFactory.create(hours=[])
    version = week_version([])
    gate = threading.Barrier(2)
    outcomes: list[str] = []

    def save(opens: time) -> Callable[[], None]:
        def run() -> None:
            gate.wait(timeout=10)
            try:
                replace_week(
                    restaurant_pk=ugo.pk,
                    week=[WeeklySpan(0, opens, time(22))],
                    version=version,
                )
                outcomes.append("saved")
            except ChangedMeanwhileError:
                outcomes.append("told")
            finally:
                connection.close()

        return run

    threads = [threading.Thread(target=save(time(hour))) for hour in (9, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert sorted(outcomes) == ["saved", "told"]
    assert len(list_week(ugo)) == 1


@pytest.mark.django_db
def test_special_spans_of_one_date_do_not_overlap() -> None:
    ugo = RestaurantFactory.create()

    with pytest.raises(HoursRefusedError):
        set_special_dates(
            restaurant_pk=ugo.pk,
            dates=[date(2026, 12, 24)],
            spans=[(time(9), time(12)), (time(11), time(13))],
        )

    assert not ugo.special_hours.exists()


@pytest.mark.django_db
def test_closing_on_holidays_leaves_decided_dates_alone() -> None:
    ugo = RestaurantFactory.create()
    eve, day = date(2026, 12, 24), date(2026, 12, 25)
    set_special_dates(
        restaurant_pk=ugo.pk, dates=[eve], spans=[(time(9), time(12))], note="Short"
    )

    count = close_on_dates(restaurant_pk=ugo.pk, notes={eve: "Eve", day: "Christmas"})

    assert count == 1
    assert ugo.special_hours.get(date=eve).note == "Short"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (replace(TERMS, offers_delivery=False, offers_pickup=False), "offers_pickup"),
        (replace(TERMS, delivery_radius=50_001.0), "delivery_radius"),
        (replace(TERMS, delivery_radius=-1.0), "delivery_radius"),
        (replace(TERMS, delivery_radius=float("nan")), "delivery_radius"),
        (replace(TERMS, delivery_fee=Decimal(-1)), "delivery_fee"),
        (replace(TERMS, fee_steps=((5000.0, Decimal(3)),)), "fee_steps"),
        (replace(TERMS, fee_steps=((9.0, Decimal(3)), (9.0, Decimal(4)))), "fee_steps"),
        (replace(TERMS, fee_steps=((9.0, Decimal(-3)),)), "fee_steps"),
        (replace(TERMS, preparation_minutes=121), "preparation_minutes"),
        (replace(TERMS, answer_minutes=61), "answer_minutes"),
    ],
)
def test_terms_that_cannot_be_are_refused(terms: Terms, field: str) -> None:
    ugo = RestaurantFactory.create()

    with pytest.raises(TermsRefusedError) as refusal:
        change_terms(restaurant_pk=ugo.pk, terms=terms)

    assert refusal.value.field == field
    ugo.refresh_from_db()
    assert ugo.fee_step_metres == []


@pytest.mark.django_db
def test_hours_that_had_the_usual_time_follow_it() -> None:
    week = [20] * HOURS_OF_WEEK
    week[5] = 40
    ugo = RestaurantFactory.create(preparation_week=week)

    change_terms(restaurant_pk=ugo.pk, terms=replace(TERMS, preparation_minutes=30))

    ugo.refresh_from_db()
    assert ugo.preparation_week is not None
    assert (ugo.preparation_week[4], ugo.preparation_week[5]) == (30, 40)


@pytest.mark.django_db
def test_a_restaurant_that_needs_no_board_is_not_kept_closed_for_want_of_one() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    ugo = RestaurantFactory.create(unattended_since=now)

    change_terms(restaurant_pk=ugo.pk, terms=replace(TERMS, expects_board=False))

    ugo.refresh_from_db()
    assert ugo.unattended_since is None


@pytest.mark.django_db
@pytest.mark.parametrize("rate", ["-0.1", "100"])
def test_a_tax_rate_that_cannot_be_is_refused(rate: str) -> None:
    ugo = RestaurantFactory.create()

    with pytest.raises(TermsRefusedError):
        change_tax(
            restaurant_pk=ugo.pk, tax_rate=Decimal(rate), prices_include_tax=False
        )

    assert Restaurant.objects.get().tax_rate == 0


@pytest.mark.django_db
def test_usual_minutes_everywhere_are_no_week_of_their_own() -> None:
    ugo = RestaurantFactory.create(preparation_minutes=20)

    change_preparation(restaurant_pk=ugo.pk, minutes=dict.fromkeys(range(24), 20))

    ugo.refresh_from_db()
    assert ugo.preparation_week is None


def days_of(
    weekly: list[WeeklySpan], now: datetime, zone: str = "America/New_York"
) -> list[list[tuple[time, time]]]:
    spans = opening_spans(
        weekly,
        [],
        time_zone=zone,
        since=now - timedelta(days=2),
        until=now + timedelta(days=14),
    )
    ahead = list_days_ahead(spans, time_zone=zone, now=now)
    return [[(part.opens_at, part.closes_at) for part in day.parts] for day in ahead]


def test_a_night_stands_on_the_day_it_starts() -> None:
    friday = datetime(2026, 11, 20, 12, tzinfo=UTC)

    days = days_of([WeeklySpan(FRIDAY, time(20), time(2))], friday)

    assert days == [[(time(20), time(2))], [], [], [], [], [], []]


def test_a_night_under_way_since_yesterday_is_todays_until_it_ends() -> None:
    week = [WeeklySpan(FRIDAY, time(20), time(2))]

    before_end = days_of(week, datetime(2026, 11, 21, 6, 30, tzinfo=UTC))
    after_end = days_of(week, datetime(2026, 11, 21, 7, 30, tzinfo=UTC))

    assert before_end[0] == [(time(20), time(2))]
    assert after_end[0] == []


def test_around_the_clock_is_all_day_every_day() -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    week = [WeeklySpan(day, time(0), time(0)) for day in range(7)]
    spans = opening_spans(
        week,
        [],
        time_zone="Europe/Berlin",
        since=now - timedelta(days=2),
        until=now + timedelta(days=14),
    )

    ahead = list_days_ahead(spans, time_zone="Europe/Berlin", now=now)

    assert all(len(day.parts) == 1 and day.parts[0].is_all_day for day in ahead)


@pytest.mark.parametrize(
    ("zone", "saturday", "hours"),
    [
        ("America/New_York", date(2026, 3, 7), 23),
        ("America/New_York", date(2026, 10, 31), 25),
        ("Europe/Berlin", date(2026, 3, 28), 23),
        ("Australia/Lord_Howe", date(2026, 4, 4), 24.5),
    ],
)
def test_a_night_of_the_clock_change_keeps_its_wall_clock(
    zone: str, saturday: date, hours: float
) -> None:
    now = datetime.combine(saturday, time(12), UTC)
    week = [WeeklySpan(SATURDAY, time(20), time(5))]
    spans = opening_spans(
        week,
        [],
        time_zone=zone,
        since=now - timedelta(days=2),
        until=now + timedelta(days=14),
    )

    ahead = list_days_ahead(spans, time_zone=zone, now=now)

    assert [(p.opens_at, p.closes_at) for p in ahead[0].parts] == [(time(20), time(5))]
    assert ahead[1].parts == ()
    assert ahead[1].changed_hours == hours
    assert ahead[0].changed_hours is None


def test_another_week_has_another_version() -> None:
    lunch = WeeklySpan(0, time(11), time(14))
    dinner = WeeklySpan(0, time(18), time(22))

    assert week_version([lunch, dinner]) == week_version([dinner, lunch])
    assert week_version([lunch]) != week_version([dinner])
    assert week_version([]) != week_version([lunch])
