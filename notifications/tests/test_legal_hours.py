"""When offers may be texted: by the number's region and the clock there."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import geocoder

from notifications.legal_hours import (
    REGION_OF,
    RULES,
    end_of_forbidden_hours,
)
from notifications.models import Channel
from notifications.people import Person
from notifications.rules import SEND, Decision, decide
from notifications.tests.text_topics import TEST_TEXT, TEST_TEXT_OFFER

SAN_FRANCISCO = "+14155550123"
DALLAS = "+12145550123"
EL_PASO = "+19155550123"
TULSA = "+19185550123"
MIAMI = "+13055550123"
TOLL_FREE = "+18005550123"
# Italy's, and the Vatican's.
ITALIAN = "+393331234567"
NAMES = {
    "US-TX": ("TX", "Texas"),
    "US-OK": ("OK", "Oklahoma"),
    "US-FL": ("FL", "Florida"),
}


def at(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("phone", "zone", "moment", "end"),
    [
        (SAN_FRANCISCO, "America/Los_Angeles", "2026-06-01 07:59", "2026-06-01 08:00"),
        (SAN_FRANCISCO, "America/Los_Angeles", "2026-06-01 08:00", ""),
        (SAN_FRANCISCO, "America/Los_Angeles", "2026-06-01 20:59", ""),
        (SAN_FRANCISCO, "America/Los_Angeles", "2026-06-01 21:00", "2026-06-02 08:00"),
        # Monday, then Sunday.
        (DALLAS, "America/Chicago", "2026-06-01 08:30", "2026-06-01 09:00"),
        (DALLAS, "America/Chicago", "2026-06-07 11:59", "2026-06-07 12:00"),
        (DALLAS, "America/Chicago", "2026-06-07 20:59", ""),
        (DALLAS, "America/Chicago", "2026-06-06 21:00", "2026-06-07 12:00"),
        (DALLAS, "America/Chicago", "2026-06-07 21:00", "2026-06-08 09:00"),
        (EL_PASO, "America/Denver", "2026-06-01 08:30", "2026-06-01 09:00"),
        (TULSA, "America/Chicago", "2026-06-01 20:00", "2026-06-02 08:00"),
        (MIAMI, "America/New_York", "2026-06-01 20:00", "2026-06-02 08:00"),
        (MIAMI, "America/New_York", "2026-06-01 19:59", ""),
        # The night in which the clocks go forward.
        (
            SAN_FRANCISCO,
            "America/Los_Angeles",
            "2026-03-07 22:00",
            "2026-03-08 08:00",
        ),
    ],
)
def test_hours_are_those_of_the_number(
    phone: str, zone: str, moment: str, end: str
) -> None:
    expected = at(end, zone) if end else None

    # The person lives elsewhere, says their profile.
    assert end_of_forbidden_hours(at(moment, zone), phone, "Asia/Tokyo") == expected


@pytest.mark.parametrize("phone", [TOLL_FREE, ITALIAN, "", "nonsense"])
def test_number_without_one_zone_has_its_persons(phone: str) -> None:
    night, end = (
        at("2026-06-01 07:00", "Asia/Tokyo"),
        at("2026-06-01 08:00", "Asia/Tokyo"),
    )

    assert end_of_forbidden_hours(night, phone, "Asia/Tokyo") == end
    assert end_of_forbidden_hours(end, phone, "Asia/Tokyo") is None


MOMENTS = st.datetimes(
    min_value=datetime(2024, 1, 1),
    max_value=datetime(2028, 1, 1),
    timezones=st.just(UTC),
)


@given(
    MOMENTS, st.sampled_from([SAN_FRANCISCO, DALLAS, EL_PASO, TULSA, MIAMI, TOLL_FREE])
)
def test_end_is_the_first_allowed_moment(moment: datetime, phone: str) -> None:
    end = end_of_forbidden_hours(moment, phone, "Europe/Berlin")

    if end is not None:
        assert moment < end <= moment + timedelta(hours=16)
        assert end_of_forbidden_hours(end, phone, "Europe/Berlin") is None
        before = end - timedelta(seconds=1)
        assert before < moment or end_of_forbidden_hours(before, phone, "Europe/Berlin")


def test_area_codes_are_those_that_the_library_knows() -> None:
    known = {}
    for area in range(200, 1000):
        number = phonenumbers.parse(f"+1{area}2340123")
        if phonenumbers.region_code_for_number(number) == "US":
            state = geocoder.description_for_number(number, "en").rpartition(", ")[2]
            for region, names in NAMES.items():
                if state in names:
                    known[area] = region

    assert known == REGION_OF
    assert set(REGION_OF.values()) == RULES.keys() - {""}


def owner_of(phone: str, **said: Any) -> Person:
    wants = {("test_text_offers", "sms"): True}
    return Person(
        5,
        "grace@example.com",
        phone,
        "en",
        "America/Chicago",
        preferences=wants,
        **said,
    )


def test_offers_by_text_wait_for_the_law_even_where_nobody_asked_for_rest() -> None:
    evening = at("2026-06-06 21:30", "America/Chicago")
    noon = at("2026-06-07 12:00", "America/Chicago")

    decision = decide(TEST_TEXT_OFFER, Channel.SMS, owner_of(DALLAS), evening)

    assert decision == Decision("legal_hours", noon + timedelta(seconds=5))


def test_quiet_hours_that_end_too_early_are_followed_by_the_laws() -> None:
    evening = at("2026-06-06 21:30", "America/Chicago")
    six = evening.replace(hour=6).time().replace(minute=0)
    person = owner_of(DALLAS, rest=(evening.time().replace(minute=0), six, None))

    decision = decide(TEST_TEXT_OFFER, Channel.SMS, person, evening)

    assert decision.reason == "legal_hours"


def test_only_offers_by_text_wait_for_the_law() -> None:
    evening = at("2026-06-06 21:30", "America/Chicago")

    assert decide(TEST_TEXT, Channel.SMS, owner_of(DALLAS), evening) is SEND
    assert decide(TEST_TEXT_OFFER, Channel.EMAIL, owner_of(DALLAS), evening) is SEND
