"""When the law lets an offer be texted (pure).

US law (47 CFR 64.1200(c)(1)) forbids it before 8 and after 21 o'clock where the
recipient is, and some states are stricter; elsewhere the same hours do no harm. Not
legal advice: the table is all there is to change.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import phonenumbers
import phonenumbers.timezone

from notifications.quiet_hours import zone_of


class Hours(NamedTuple):
    opens: time
    closes: time


ALL_DAY = Hours(time(8), time(21))
SHORT = Hours(time(8), time(20))
# By region, the hours of Monday to Sunday.
RULES: dict[str, Sequence[Hours]] = {
    "": [ALL_DAY] * 7,
    # Business & Commerce Code 301.051.
    "US-TX": [Hours(time(9), time(21))] * 6 + [Hours(time(12), time(21))],
    # Oklahoma Telephone Solicitation Act of 2022.
    "US-OK": [SHORT] * 7,
    # Florida Statutes 501.616(6).
    "US-FL": [SHORT] * 7,
}
# The library's own table takes a hundred megabytes; a test compares the two.
AREA_CODES = {
    "US-TX": {
        *(210, 214, 254, 281, 325, 346, 361, 409, 430, 432, 469, 512, 682, 713),
        *(726, 737, 806, 817, 830, 832, 903, 915, 936, 940, 945, 956, 972, 979),
    },
    "US-OK": {405, 539, 572, 580, 918},
    "US-FL": {
        *(239, 305, 321, 324, 352, 386, 407, 448, 561, 645, 656, 689, 727, 728),
        *(754, 772, 786, 813, 850, 863, 904, 941, 954),
    },
}
REGION_OF = {code: region for region, codes in AREA_CODES.items() for code in codes}
US = "US"
AREA_CODE_AT = 10_000_000
NO_PLACE = ("", "")


def end_of_forbidden_hours(
    moment: datetime, phone: str, time_zone: str
) -> datetime | None:
    """Return when an offer may be texted to a number; None if it may be now.

    The clock is the number's where that has one time zone, else the person's.
    """
    region, zone_of_number = _place_of(phone)
    zone = zone_of(zone_of_number or time_zone)
    hours = RULES[region]
    local = moment.astimezone(zone)
    opens, closes = hours[local.weekday()]
    if opens <= local.time() < closes:
        return None
    day = local.date()
    opening = _opening(day, hours, zone)
    return opening if opening > moment else _opening(_next(day), hours, zone)


def _opening(day: date, hours: Sequence[Hours], zone: ZoneInfo) -> datetime:
    opens = hours[day.weekday()].opens
    return datetime.combine(day, opens, tzinfo=zone).astimezone(UTC)


def _next(day: date) -> date:
    return day + timedelta(days=1)


@lru_cache(maxsize=10_000)
def _place_of(phone: str) -> tuple[str, str]:
    """Return the region that has a rule of its own, and the one time zone, if any."""
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return NO_PLACE
    zones = phonenumbers.timezone.time_zones_for_number(number)
    is_one = len(zones) == 1 and zones[0] != phonenumbers.timezone.UNKNOWN_TIMEZONE
    area = (number.national_number or 0) // AREA_CODE_AT
    is_american = phonenumbers.region_code_for_number(number) == US
    region = REGION_OF.get(area, "") if is_american else ""
    return region, zones[0] if is_one else ""
