"""Opening hours in the portal: the week, special dates, holidays, the preview."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from customers.tests.factories import UserFactory
from restaurants.availability import known_spans
from restaurants.models import Membership, Restaurant, SpecialHours
from restaurants.opening import WeeklySpan, opening_spans, span_at, week_version
from restaurants.selectors import list_week
from restaurants.tests.factories import MembershipFactory, RestaurantFactory

pytestmark = pytest.mark.django_db
FRIDAY, SATURDAY = 4, 5
NOON = datetime(2026, 11, 20, 20, tzinfo=UTC)  # a Friday in San Francisco


@pytest.fixture
def ugo() -> Restaurant:
    """Return a restaurant open on Friday evenings past midnight."""
    hours = [(FRIDAY, time(18), time(2))]
    return RestaurantFactory.create(hours=hours, country="US")


@pytest.fixture
def owner(client: Client, ugo: Restaurant) -> Client:
    client.force_login(MembershipFactory.create(restaurant=ugo).user)
    return client


def address(restaurant: Restaurant, name: str = "hours") -> str:
    return reverse(f"owner:{name}", args=[restaurant.pk])


def week_of(restaurant: Restaurant, **days: list[str]) -> dict[str, Any]:
    """Return the form of a week: d4=["18:00-23:00"]."""
    form: dict[str, Any] = {"version": week_version(list_week(restaurant))}
    for day, spans in days.items():
        form[f"opens-{day[1:]}"] = [span.split("-")[0] for span in spans]
        form[f"closes-{day[1:]}"] = [span.split("-")[-1] for span in spans]
    return form


def test_the_page_shows_the_week_and_the_days_ahead(
    owner: Client, ugo: Restaurant
) -> None:
    with time_machine.travel(NOON, tick=False):
        page = owner.get(address(ugo)).content.decode()

    assert 'name="opens-4"' in page
    assert 'value="18:00"' in page
    assert "Fri 20 Nov" in page
    assert "Thu 26 Nov" in page


def test_saving_replaces_the_whole_week_at_once(owner: Client, ugo: Restaurant) -> None:
    form = week_of(ugo, d4=["11:00-14:00", "20:00-02:00"], d5=["00:00-00:00"])
    form["closes-5"] = ["00:00"]
    form["opens-5"] = ["02:00"]

    answer = owner.post(address(ugo), form, follow=True)

    ugo.refresh_from_db()
    assert "Customers now see" in answer.content.decode()
    assert list_week(ugo) == [
        WeeklySpan(FRIDAY, time(11), time(14)),
        WeeklySpan(FRIDAY, time(20), time(2)),
        WeeklySpan(SATURDAY, time(2), time(0)),
    ]


def test_overlapping_days_are_told_at_both_and_nothing_typed_is_lost(
    owner: Client, ugo: Restaurant
) -> None:
    answer = owner.post(
        address(ugo), week_of(ugo, d4=["20:00-02:00"], d5=["01:00-03:00"])
    )

    page = answer.content.decode()
    told = "Friday 20:00–02:00 and Saturday 01:00–03:00 overlap"
    assert page.count(told) == 2
    assert 'value="01:00"' in page
    assert list_week(ugo) == [WeeklySpan(FRIDAY, time(18), time(2))]


@pytest.mark.parametrize(
    ("spans", "told"),
    [
        (["25:00-26:00"], "is not a time"),
        (["18:00-"], "Give both times."),
        (["x\0y-18:00"], "is not a time"),
        (["18:61-19:00"], "is not a time"),
        ([f"{n:02d}:00-{n:02d}:30" for n in range(9)], "No more than 8 spans"),
    ],
)
def test_times_that_cannot_be_are_refused_beside_them(
    owner: Client, ugo: Restaurant, spans: list[str], told: str
) -> None:
    answer = owner.post(address(ugo), week_of(ugo, d2=spans))

    assert answer.status_code == 200
    assert told in answer.content.decode()
    assert list_week(ugo) == [WeeklySpan(FRIDAY, time(18), time(2))]


def test_who_saves_second_is_told_that_the_week_has_changed(
    owner: Client, ugo: Restaurant
) -> None:
    opened = week_of(ugo, d0=["09:00-17:00"])
    owner.post(address(ugo), week_of(ugo, d1=["10:00-12:00"]))

    answer = owner.post(address(ugo), opened)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody changed the opening hours" in page
    assert 'value="09:00"' in page
    assert list_week(ugo) == [WeeklySpan(1, time(10), time(12))]


def test_saving_again_after_being_told_replaces_the_others_week(
    owner: Client, ugo: Restaurant
) -> None:
    opened = week_of(ugo, d0=["09:00-17:00"])
    owner.post(address(ugo), week_of(ugo, d1=["10:00-12:00"]))
    told = owner.post(address(ugo), opened)

    version = told.context["version"]
    owner.post(address(ugo), {**opened, "version": version})

    assert list_week(ugo) == [WeeklySpan(0, time(9), time(17))]


def test_the_preview_shows_an_unsaved_week_and_saves_nothing(
    owner: Client, ugo: Restaurant
) -> None:
    with time_machine.travel(NOON, tick=False):
        answer = owner.post(
            address(ugo, "hours-preview"), week_of(ugo, d5=["09:00-11:15"])
        )

    page = answer.content.decode()
    assert "Not saved yet" in page
    assert "09:00–11:15" in page
    assert 'data-bar-of="5"' in page
    assert list_week(ugo) == [WeeklySpan(FRIDAY, time(18), time(2))]


def test_the_preview_of_the_saved_week_is_what_the_row_keeps(
    owner: Client, ugo: Restaurant
) -> None:
    with time_machine.travel(NOON, tick=False):
        owner.post(address(ugo), week_of(ugo, d4=["18:00-02:00"], d6=["10:00-11:00"]))
        saved = owner.get(address(ugo))
        unsaved = owner.post(
            address(ugo, "hours-preview"),
            week_of(ugo, d4=["18:00-02:00"], d6=["10:00-11:00"]),
        )

    assert saved.context["days_ahead"] == unsaved.context["days_ahead"]


@pytest.mark.parametrize(
    ("zone", "saturday", "hours"),
    [
        ("America/Los_Angeles", date(2026, 10, 31), 25),
        ("America/Los_Angeles", date(2026, 3, 7), 23),
        ("Europe/Berlin", date(2026, 10, 24), 25),
        ("Europe/Berlin", date(2026, 3, 28), 23),
    ],
)
def test_the_days_of_the_clock_change_are_told(
    owner: Client, zone: str, saturday: date, hours: int
) -> None:
    night = RestaurantFactory.create(
        time_zone=zone, hours=[(SATURDAY, time(20), time(4)), (6, time(11), time(23))]
    )
    MembershipFactory.create(restaurant=night, user_id=owner.session["_auth_user_id"])
    with time_machine.travel(datetime.combine(saturday, time(12), UTC), tick=False):
        form = week_of(night, d5=["20:00-04:00"], d6=["11:00-23:00"])
        page = owner.post(address(night, "hours-preview"), form)

    days = page.context["days_ahead"]
    sunday = next(day for day, _note in days if day.date.day == saturday.day % 31 + 1)
    assert sunday.changed_hours == hours
    assert f"this day has {hours} hours" in page.content.decode()
    assert [(p.opens_at, p.closes_at) for p in sunday.parts] == [(time(11), time(23))]
    assert [(p.opens_at, p.closes_at) for p in days[0][0].parts] == [
        (time(20), time(4))
    ]


def test_a_pause_is_told_in_the_preview(owner: Client, ugo: Restaurant) -> None:
    ugo.paused_until = datetime(2026, 11, 21, 6, tzinfo=UTC)
    ugo.save()

    with time_machine.travel(NOON, tick=False):
        page = owner.get(address(ugo)).content.decode()

    assert "Paused until Fri 20 Nov 22:00" in page


def test_a_date_is_closed_with_a_note(owner: Client, ugo: Restaurant) -> None:
    with time_machine.travel(NOON, tick=False):
        owner.post(
            address(ugo, "hours-special"),
            {"first": "2026-11-27", "kind": "closed", "note": "Staff outing"},
        )
        page = owner.get(address(ugo)).content.decode()

    row = SpecialHours.objects.get()
    assert (row.date, row.opens_at, row.note) == (
        date(2026, 11, 27),
        None,
        "Staff outing",
    )
    assert "Staff outing" in page
    ugo.refresh_from_db()
    assert span_at(known_spans(ugo), datetime(2026, 11, 28, 4, tzinfo=UTC)) is None


def test_a_range_of_dates_gets_hours_of_its_own(owner: Client, ugo: Restaurant) -> None:
    form = {
        "first": "2026-12-24",
        "last": "2026-12-26",
        "kind": "open",
        "opens": ["11:00", "18:00"],
        "closes": ["14:00", "01:00"],
    }
    with time_machine.travel(NOON, tick=False):
        owner.post(address(ugo, "hours-special"), form)

    assert ugo.special_hours.count() == 6


@pytest.mark.parametrize(
    "change",
    [
        {"first": "2026-02-31"},
        {"first": "2020-01-01"},
        {"first": "9999-12-31"},
        {"last": "2026-11-01"},
        {"last": "2027-11-01"},
        {"kind": "open"},
        {"kind": "odd"},
        {"opens": "11:00", "closes": "12:00"},
        {"kind": "open", "opens": "25:00", "closes": "12:00"},
        {"kind": "open", "opens": ["11:00", "12:00"], "closes": ["13:00", "14:00"]},
        {"note": "a\0b"},
        {"note": "x" * 101},
        {"instead_of": "never"},
    ],
)
def test_special_dates_that_cannot_be_are_refused(
    owner: Client, ugo: Restaurant, change: dict[str, Any]
) -> None:
    with time_machine.travel(NOON, tick=False):
        answer = owner.post(
            address(ugo, "hours-special"),
            {"first": "2026-12-24", "kind": "closed", **change},
        )

    assert answer.status_code == 200
    assert not SpecialHours.objects.exists()


def test_a_special_date_is_moved_and_removed(owner: Client, ugo: Restaurant) -> None:
    with time_machine.travel(NOON, tick=False):
        SpecialHours.objects.create(restaurant=ugo, date=date(2026, 12, 24))
        page = owner.get(address(ugo, "hours-special") + "?date=2026-12-24")
        assert 'value="2026-12-24"' in page.content.decode()
        owner.post(
            address(ugo, "hours-special"),
            {"first": "2026-12-23", "instead_of": "2026-12-24", "kind": "closed"},
        )
        assert SpecialHours.objects.get().date == date(2026, 12, 23)
        owner.post(address(ugo, "hours-special-remove"), {"date": "2026-12-23"})

    assert not SpecialHours.objects.exists()


@pytest.mark.parametrize("odd", ["", "2026-02-31", "x", "\0"])
def test_removing_what_is_no_date_changes_nothing(
    owner: Client, ugo: Restaurant, odd: str
) -> None:
    SpecialHours.objects.create(restaurant=ugo, date=date(2099, 12, 24))

    answer = owner.post(address(ugo, "hours-special-remove"), {"date": odd})

    assert answer.status_code == 302
    assert SpecialHours.objects.count() == 1


def test_past_special_dates_are_not_shown(owner: Client, ugo: Restaurant) -> None:
    SpecialHours.objects.create(restaurant=ugo, date=date(2026, 1, 1), note="Old")

    with time_machine.travel(NOON, tick=False):
        assert "Old" not in owner.get(address(ugo)).content.decode()


def test_public_holidays_of_the_country_are_offered_and_closed_by_one_tap(
    owner: Client, ugo: Restaurant
) -> None:
    with time_machine.travel(NOON, tick=False):
        page = owner.get(address(ugo)).content.decode()
        owner.post(address(ugo, "hours-holidays"), {"close": "2026-11-26"})

    row = SpecialHours.objects.get()
    assert "Thanksgiving Day" in page
    assert "Close on Thanksgiving Day" in page
    assert (row.date, row.opens_at, row.note) == (
        date(2026, 11, 26),
        None,
        "Thanksgiving Day",
    )


def test_all_undecided_holidays_are_closed_and_one_goes_back_to_normal(
    owner: Client, ugo: Restaurant
) -> None:
    SpecialHours.objects.create(
        restaurant=ugo, date=date(2026, 11, 26), opens_at=time(12), closes_at=time(15)
    )
    with time_machine.travel(NOON, tick=False):
        owner.post(address(ugo, "hours-holidays"), {"close_all": "1"})
        owner.post(address(ugo, "hours-holidays"), {"open": "2026-12-25"})

    closed = ugo.special_hours.filter(opens_at=None)
    assert closed.filter(date=date(2027, 1, 1)).exists()
    assert not ugo.special_hours.filter(date=date(2026, 12, 25)).exists()
    assert ugo.special_hours.get(date=date(2026, 11, 26)).opens_at == time(12)


@pytest.mark.parametrize(
    "form",
    [
        {"close": "2026-11-27"},
        {"close": "2026-02-31"},
        {"close": "\0"},
        {"close": "2026-11-26", "subdivision": "ZZ"},
        {},
    ],
)
def test_what_is_no_holiday_is_not_closed(
    owner: Client, ugo: Restaurant, form: dict[str, str]
) -> None:
    with time_machine.travel(NOON, tick=False):
        answer = owner.post(address(ugo, "hours-holidays"), form)

    assert answer.status_code == 302
    assert not SpecialHours.objects.exists()


def test_holidays_of_a_state_are_offered_when_it_is_chosen(
    owner: Client, ugo: Restaurant
) -> None:
    with time_machine.travel(NOON, tick=False):
        country = owner.get(address(ugo)).content.decode()
        state = owner.get(address(ugo) + "?subdivision=MA").content.decode()

    assert "Patriots&#x27; Day" not in country
    assert "Patriots&#x27; Day" in state


@pytest.mark.parametrize("country", ["XX", "\0", "de", "zz" * 50])
def test_an_odd_country_offers_nothing(owner: Client, country: str) -> None:
    nowhere = RestaurantFactory.create(country="")
    MembershipFactory.create(restaurant=nowhere, user_id=owner.session["_auth_user_id"])

    answer = owner.get(address(nowhere), {"country": country})

    assert answer.status_code == 200
    assert answer.context["holidays"] == []


def test_without_a_country_one_can_be_chosen(owner: Client) -> None:
    nowhere = RestaurantFactory.create(country="")
    MembershipFactory.create(restaurant=nowhere, user_id=owner.session["_auth_user_id"])

    with time_machine.travel(NOON, tick=False):
        answer = owner.get(address(nowhere), {"country": "DE", "subdivision": "BE"})

    assert "Women&#x27;s Day" in answer.content.decode()


PAGES = ["hours", "hours-special"]
DEEDS = ["hours-preview", "hours-special-remove", "hours-holidays"]


@pytest.mark.parametrize("name", [*PAGES, *DEEDS])
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
    form = {"first": "2099-01-01", "kind": "closed", "date": "2099-01-01"}

    for answer in [
        client.get(address(ugo, name)),
        client.post(address(ugo, name), {**week_of(ugo), **form}),
    ]:
        assert answer.status_code in {302, 404}
    assert list_week(ugo) == [WeeklySpan(FRIDAY, time(18), time(2))]
    assert not SpecialHours.objects.exists()


@pytest.mark.parametrize("name", DEEDS)
def test_deeds_are_not_done_by_looking(
    owner: Client, ugo: Restaurant, name: str
) -> None:
    assert owner.get(address(ugo, name)).status_code == 405


def test_the_page_asks_the_database_as_often_for_many_rows_as_for_few(
    owner: Client, ugo: Restaurant, django_assert_max_num_queries: Any
) -> None:
    owner.get(address(ugo))
    with django_assert_max_num_queries(20) as few:
        owner.get(address(ugo))
        count = len(few)
    SpecialHours.objects.bulk_create(
        SpecialHours(restaurant=ugo, date=date(2099, 1, day)) for day in range(1, 31)
    )
    owner.post(
        address(ugo),
        week_of(ugo, **{f"d{n}": ["09:00-11:00", "12:00-20:00"] for n in range(7)}),
    )
    owner.get(address(ugo))

    with django_assert_max_num_queries(count):
        owner.get(address(ugo))


def test_the_change_stands_in_the_history(owner: Client, ugo: Restaurant) -> None:
    owner.post(address(ugo), week_of(ugo))

    url = reverse("owner:restaurants_restaurant_history", args=[ugo.pk])
    assert "Changed the opening hours." in owner.get(url).content.decode()


def test_spans_kept_for_customers_match_the_weekly_hours(
    owner: Client, ugo: Restaurant
) -> None:
    with time_machine.travel(NOON, tick=False):
        owner.post(address(ugo), week_of(ugo, d4=["18:00-02:00"]))

    ugo.refresh_from_db()
    expected = opening_spans(
        [WeeklySpan(FRIDAY, time(18), time(2))],
        [],
        time_zone=ugo.time_zone,
        since=datetime(2026, 11, 19, tzinfo=UTC),
        until=datetime(2026, 12, 5, tzinfo=UTC),
    )
    assert known_spans(ugo) == expected
