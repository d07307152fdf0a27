"""Reading open data about restaurants (pure): keep what is sure, say why not.

Two layouts are known by their header: OpenStreetMap places as CSV, and the list of
businesses that the City of San Francisco publishes.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any

import phonenumbers
from babel.core import get_global
from babel.numbers import get_territory_currencies
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.text import slugify
from opening_hours import (  # type: ignore[attr-defined] # its stub forgets one
    OpeningHours,
    ParserError,
    State,
)
from timezonefinder import TimezoneFinder

from restaurants.opening import WeeklySpan

Row = Mapping[str, str | None]
DAY_MINUTES = 24 * 60
# Weekly hours are those of every week of this year: a leap year that starts on Monday.
FIRST_WEEK, WEEKS = datetime(2024, 1, 1), 53  # noqa: DTZ001 (local to the restaurant)
# Left in the data by a campaign of 2020: “open as usual”, which tells no hours.
NO_HOURS = {"open", "closed", "off"}
IN_THE_SKY = re.compile(r"sun(rise|set)|dawn|dusk", re.IGNORECASE)
OPEN_END = re.compile(r"\d\s*\+")
# Rules made of these and of times are the same every week; others may not be.
WEEKLY_WORDS = {"Mo", "Tu", "We", "Th", "Fr", "Sa", "Su", "PH", "SH", "off", "closed"}
NOT_WEEKLY = re.compile(r"\[|\b[0-9]{4}\b")  # a weekday of a month; a year
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?(e[+-]?[0-9]+)?", re.IGNORECASE)
NOT_UTF8 = "\N{REPLACEMENT CHARACTER}"
is_web_address = URLValidator(schemes=["http", "https"])


class BadRowError(ValueError):
    """The row cannot become a restaurant; the message says why."""


@dataclass(frozen=True)
class LeftOut:
    """A row, or one field of it, that was not taken over."""

    row: int
    source_id: str
    field: str  # "" for the whole row
    value: str
    reason: str


@dataclass
class FoundPlace:
    """What one row surely tells about a restaurant."""

    source: str
    source_id: str
    name: str
    latitude: float
    longitude: float
    time_zone: str
    currency: str
    street_address: str = ""
    locality: str = ""
    postal_code: str = ""
    country: str = ""
    phone: str = ""
    website: str = ""
    cuisines: dict[str, str] = field(default_factory=dict)  # name by slug
    hours: list[WeeklySpan] = field(default_factory=list)


@dataclass
class Doubts:
    """Collects why fields of one row were left out."""

    row: int
    source_id: str = ""
    found: list[LeftOut] = field(default_factory=list)

    def note(self, name: str, value: str, reason: str) -> None:
        self.found.append(LeftOut(self.row, self.source_id, name, value, reason))


Reader = Callable[[Row, Doubts], FoundPlace]


def reader_for(header: set[str]) -> Reader | None:
    """Return what reads rows with these columns; None for an unknown layout."""
    if {"osm_type", "osm_id", "name", "lat", "lon"} <= header:
        return read_osm
    if {"business_id", "name", "latitude", "longitude"} <= header:
        return read_san_francisco
    return None


def check_row(row: Mapping[Any, Any]) -> None:
    """Raise `BadRowError` for a row whose values may stand in the wrong columns."""
    if None in row:
        raise BadRowError("has more fields than the header")
    if None in row.values():
        raise BadRowError("has fewer fields than the header")
    if any(NOT_UTF8 in value for value in row.values()):
        raise BadRowError("is not in UTF-8")


def read_osm(row: Row, doubts: Doubts) -> FoundPlace:
    """Read a place of OpenStreetMap; raises `BadRowError`."""
    kind, number = _text(row, "osm_type"), _text(row, "osm_id")
    if not kind or not number:
        raise BadRowError("has no id")
    doubts.source_id = _id(f"{kind}/{number}", "(node|way|relation)/[0-9]{1,20}")
    place = _read_place("osm", row, ("lat", "lon"), doubts)
    place.street_address = _text(row, "street")[:200]
    place.locality = _text(row, "city")[:100]
    place.postal_code = _text(row, "postcode")[:20]
    place.country = _country(_text(row, "country"), doubts)
    place.phone = _phone(_text(row, "phone"), place, doubts)
    place.website = _website(_text(row, "website"), doubts)
    place.cuisines = _cuisines(_text(row, "cuisine"), doubts)
    place.hours = _hours(_text(row, "opening_hours"), doubts)
    return place


def read_san_francisco(row: Row, doubts: Doubts) -> FoundPlace:
    """Read a business of the City of San Francisco; raises `BadRowError`."""
    doubts.source_id = _id(_text(row, "business_id"), "[0-9]{1,20}")
    place = _read_place("datasf", row, ("latitude", "longitude"), doubts)
    place.street_address = _text(row, "address")[:200]
    place.locality = _text(row, "city")[:100]
    place.postal_code = _text(row, "postal_code")[:20]
    place.country = "US"
    place.phone = _phone(_text(row, "phone_number"), place, doubts)
    return place


def _read_place(
    source: str, row: Row, columns: tuple[str, str], doubts: Doubts
) -> FoundPlace:
    name = _text(row, "name")
    if not name:
        raise BadRowError("has no name")
    latitude, longitude = (_number(_text(row, column)) for column in columns)
    zone = time_zone_at(latitude, longitude)
    return FoundPlace(
        source=source,
        source_id=doubts.source_id,
        name=name[:200],
        latitude=latitude,
        longitude=longitude,
        time_zone=zone,
        currency=_currency(zone),
    )


def _text(row: Row, column: str) -> str:
    # PostgreSQL keeps no NUL, and a line break in a name is nobody's intention.
    return " ".join((row.get(column) or "").replace("\0", "").split())


def _id(text: str, form: str) -> str:
    if not text:
        raise BadRowError("has no id")
    if not re.fullmatch(form, text):
        raise BadRowError(f"has an id of another form: {text[:80]}")
    return text


def _number(text: str) -> float:
    if not text:
        raise BadRowError("has no coordinates")
    if not NUMBER.fullmatch(text):
        raise BadRowError(f"has a coordinate that is no number: {text[:80]}")
    return float(text)


@cache
def _zones() -> TimezoneFinder:
    return TimezoneFinder()


def time_zone_at(latitude: float, longitude: float) -> str:
    """Return the time zone of a place; raises `BadRowError` off the map."""
    # (0, 0) is where a missing coordinate lands, in the open sea.
    is_on_map = -90 <= latitude <= 90 and -180 <= longitude <= 180  # noqa: PLR2004
    if not is_on_map or (latitude, longitude) == (0, 0):
        raise BadRowError(f"has impossible coordinates: {latitude}, {longitude}")
    zone = _zones().timezone_at(lat=latitude, lng=longitude)
    if zone is None:
        raise BadRowError(f"lies in no time zone: {latitude}, {longitude}")
    return zone


@cache
def _territory(time_zone: str) -> str:
    return str(get_global("zone_territories").get(time_zone, ""))


@cache
def _currency(time_zone: str) -> str:
    territory = _territory(time_zone)
    currencies = get_territory_currencies(territory) if territory else []
    return str(currencies[0]) if currencies else "USD"


def _country(text: str, doubts: Doubts) -> str:
    if not text or re.fullmatch("[A-Z]{2}", text):
        return text
    doubts.note("country", text, "is not a country code of two letters")
    return ""


def _phone(text: str, place: FoundPlace, doubts: Doubts) -> str:
    """Return the first valid number in E.164."""
    region = place.country or _territory(place.time_zone) or None
    for candidate in text.split(";"):
        try:
            number = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(
                number, phonenumbers.PhoneNumberFormat.E164
            )
    if text:
        doubts.note("phone", text, "is not a valid phone number")
    return ""


def _website(text: str, doubts: Doubts) -> str:
    if not text:
        return ""
    try:
        is_web_address(text)
    except ValidationError:
        doubts.note("website", text, "is not a web address")
        return ""
    if len(text) > 300:  # noqa: PLR2004 (the column's length)
        doubts.note("website", text, "is too long")
        return ""
    return text


def _cuisines(text: str, doubts: Doubts) -> dict[str, str]:
    found = {}
    for value in text.split(";"):
        words = value.replace("_", " ").strip().lower()
        slug = slugify(words)
        if slug and len(words) <= 30 and "," not in words:  # noqa: PLR2004
            found[slug] = words.capitalize()
        elif words:
            doubts.note("cuisine", value, "is not one cuisine")
    return found


def _hours(text: str, doubts: Doubts) -> list[WeeklySpan]:
    if not text:
        return []
    try:
        spans = weekly_hours(text)
    except BadRowError as error:
        doubts.note("opening_hours", text, str(error))
        return []
    if re.search(r"\b(PH|SH)\b", text):
        doubts.note("opening_hours", text, "holiday rules are left out, the rest kept")
    return list(spans)


@cache
def weekly_hours(text: str) -> tuple[WeeklySpan, ...]:
    """Turn opening hours as OpenStreetMap writes them into spans of a week.

    Raises `BadRowError` for what cannot be read and for what is not the same every
    week of a year: seasons, single dates, daylight, or "on request".
    """
    if text.lower() in NO_HOURS:
        raise BadRowError("tells no hours")
    if IN_THE_SKY.search(text):
        raise BadRowError("depends on daylight")
    if "||" in text:
        # The rule after it holds wherever none before does; besides, the library's
        # intervals are wrong for it.
        raise BadRowError("is conditional")
    if OPEN_END.search(text):
        raise BadRowError("has no closing time")
    try:
        hours = OpeningHours(text)
    except ParserError as error:
        raise BadRowError("cannot be read") from error
    weeks = {_week(hours, number) for number in range(_weeks_to_see(text))}
    if len(weeks) > 1:
        raise BadRowError("is not the same every week")
    [days] = weeks
    if not any(days):
        raise BadRowError("tells no hours")
    return tuple(_join_nights(days))


def _weeks_to_see(text: str) -> int:
    is_weekly = set(re.findall(r"[^\W\d_]+", text)) <= WEEKLY_WORDS
    return 1 if is_weekly and not NOT_WEEKLY.search(text) else WEEKS


Day = tuple[tuple[int, int], ...]  # spans in minutes from midnight, at most to 1440


def _week(hours: OpeningHours, number: int) -> tuple[Day, ...]:
    start = FIRST_WEEK + timedelta(weeks=number)
    days: list[list[tuple[int, int]]] = [[] for _ in range(7)]
    for opens, closes, state, comment in hours.intervals(
        start, start + timedelta(days=7)
    ):
        if state == State.UNKNOWN or (state == State.OPEN and comment):
            raise BadRowError("is conditional")
        if state == State.OPEN:
            _add_by_day(days, _minutes(opens - start), _minutes(closes - start))
    return tuple(tuple(day) for day in days)


def _minutes(duration: timedelta) -> int:
    return int(duration.total_seconds() // 60)


def _add_by_day(days: list[list[tuple[int, int]]], start: int, end: int) -> None:
    while start < end:
        day = start // DAY_MINUTES
        midnight = (day + 1) * DAY_MINUTES
        days[day].append(
            (start - day * DAY_MINUTES, min(end, midnight) - day * DAY_MINUTES)
        )
        start = midnight


def _join_nights(days: tuple[Day, ...]) -> list[WeeklySpan]:
    """Make one span of an evening and the early hours that follow it."""
    spans = []
    for weekday, day in enumerate(days):
        for start, end in day:
            if start == 0 and _evening_before(days, weekday, end):
                continue
            until = end
            after = days[(weekday + 1) % 7]
            if end == DAY_MINUTES and after and after[0][0] == 0:
                early = after[0][1]
                if _evening_before(days, (weekday + 1) % 7, early) == (start, end):
                    until = early
            spans.append(WeeklySpan(weekday, _clock(start), _clock(until)))
    return spans


def _evening_before(
    days: tuple[Day, ...], weekday: int, early: int
) -> tuple[int, int] | None:
    """Return the span of the day before that goes on here until `early`, if one does.

    Whole days stay days of their own, and a span never lasts over 24 hours.
    """
    before = days[(weekday - 1) % 7]
    if not before or before[-1][1] != DAY_MINUTES or early == DAY_MINUTES:
        return None
    start = before[-1][0]
    return before[-1] if start > 0 and early <= start else None


def _clock(minutes: int) -> time:
    minutes %= DAY_MINUTES
    return time(minutes // 60, minutes % 60)
