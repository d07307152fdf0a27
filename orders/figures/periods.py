"""Days that figures are about, the days before them, and how to cut them (pure)."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

DAY = timedelta(days=1)
MONTHS_OF_YEAR = 12
# Up to so many days, a table row is a day; up to so many, a week.
DAYS_BY_DAY = 62
DAYS_BY_WEEK = 186


class Grouping(Enum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Period:
    """The days from `since` to `until`, both among them.

    `months` is how far back the period it is compared with lies; 0 means that this is
    the same number of days directly before.
    """

    since: date
    until: date
    months: int = 0

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    def before(self) -> "Period":
        """Return the period to compare with: a month's is the same of the month before.

        A month that is not over is compared with the same days of the one before.
        """
        if not self.months:
            return Period(self.since - self.days * DAY, self.since - DAY)
        until = add_months(self.until, -self.months)
        if is_month_end(self.until):
            until = month_end(until)
        return Period(add_months(self.since, -self.months), until, self.months)


def month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def is_month_end(day: date) -> bool:
    return day == month_end(day)


def add_months(day: date, months: int) -> date:
    """Return the same day some months later; the last one where that is missing."""
    index = day.year * MONTHS_OF_YEAR + day.month - 1 + months
    first = date(index // MONTHS_OF_YEAR, index % MONTHS_OF_YEAR + 1, 1)
    return first.replace(day=min(day.day, month_end(first).day))


def custom_period(since: date, until: date) -> Period:
    """Return a period of any days; of whole months when it happens to be that."""
    months = 0
    if since.day == 1 and is_month_end(until):
        years = until.year - since.year
        months = years * MONTHS_OF_YEAR + until.month - since.month + 1
    return Period(since, until, months)


def named_period(name: str, today: date) -> Period:
    """Return one of the periods that are offered; KeyError for other names."""
    first = today.replace(day=1)
    last_month = add_months(first, -1)
    return {
        "today": Period(today, today),
        "yesterday": Period(today - DAY, today - DAY),
        "7": Period(today - 6 * DAY, today),
        "28": Period(today - 27 * DAY, today),
        "month": Period(first, today, 1),
        "last_month": Period(last_month, month_end(last_month), 1),
        "year": Period(
            add_months(first, 1 - MONTHS_OF_YEAR), today, months=MONTHS_OF_YEAR
        ),
    }[name]


def usual_grouping(period: Period) -> Grouping:
    """Return how a period is cut when nobody says."""
    if period.days == 1:
        return Grouping.HOUR
    if period.days <= DAYS_BY_DAY:
        return Grouping.DAY
    return Grouping.WEEK if period.days <= DAYS_BY_WEEK else Grouping.MONTH


def bucket_start(day: date, grouping: Grouping) -> date:
    """Return the first day of the day's own week (from Monday), month, or itself."""
    if grouping is Grouping.WEEK:
        return day - day.weekday() * DAY
    return day.replace(day=1) if grouping is Grouping.MONTH else day


def split(period: Period, grouping: Grouping) -> list[Period]:
    """Return the days, weeks or months of a period; the outer ones as far as in it."""
    parts: list[Period] = []
    day = period.since
    while day <= period.until:
        following = _next_start(day, grouping)
        parts.append(Period(day, min(following - DAY, period.until)))
        day = following
    return parts


def _next_start(day: date, grouping: Grouping) -> date:
    start = bucket_start(day, grouping)
    if grouping is Grouping.WEEK:
        return start + 7 * DAY
    return add_months(start, 1) if grouping is Grouping.MONTH else start + DAY
