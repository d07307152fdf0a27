"""Rules of what owners type in (pure)."""

from collections.abc import Iterable
from datetime import time
from itertools import pairwise

DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES
DayHours = tuple[int, time, time]


def find_overlap(hours: Iterable[DayHours]) -> tuple[DayHours, DayHours] | None:
    """Return two spans of a week that overlap, Sunday night into Monday included."""
    spans = sorted((_start(row), _end(row), row) for row in hours)
    for (_first, end, row), (start, _last, following) in pairwise(spans):
        if start < end:
            return row, following
    if len(spans) > 1 and spans[-1][1] - WEEK_MINUTES > spans[0][0]:
        return spans[-1][2], spans[0][2]
    return None


def _start(row: DayHours) -> int:
    return row[0] * DAY_MINUTES + _minutes(row[1])


def _end(row: DayHours) -> int:
    past_midnight = DAY_MINUTES if row[2] <= row[1] else 0
    return row[0] * DAY_MINUTES + _minutes(row[2]) + past_midnight


def _minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute
