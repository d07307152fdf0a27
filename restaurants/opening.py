"""When a restaurant is open (pure): local weekly and special hours to exact instants.

A span belongs to the local date it starts on. One that closes at or before it opens
runs past midnight; equal times mean the whole day. Special hours replace all spans that
start on their date. Local times that a clock change repeats are taken the first time,
and times it skips at the offset before the change (PEP 495, fold=0).
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


@dataclass(frozen=True)
class WeeklySpan:
    weekday: int  # Monday is 0
    opens_at: time
    closes_at: time


@dataclass(frozen=True)
class SpecialSpan:
    """A span of one date; closed that day when the times are None."""

    date: date
    opens_at: time | None
    closes_at: time | None


Span = tuple[datetime, datetime]


def opening_spans(
    weekly: Iterable[WeeklySpan],
    special: Iterable[SpecialSpan],
    *,
    time_zone: str,
    since: datetime,
    until: datetime,
) -> list[Span]:
    """Return the spans of UTC instants open within [since, until), merged, in order."""
    zone = ZoneInfo(time_zone)
    by_weekday: dict[int, list[tuple[time, time]]] = {}
    for span in weekly:
        by_weekday.setdefault(span.weekday, []).append((span.opens_at, span.closes_at))
    by_date: dict[date, list[tuple[time, time]]] = {}
    for exception in special:
        times = by_date.setdefault(exception.date, [])
        if exception.opens_at is not None and exception.closes_at is not None:
            times.append((exception.opens_at, exception.closes_at))

    spans: list[Span] = []
    # A span may have started the day before; a zone's date may lead UTC's by a day.
    on = since.astimezone(zone).date() - DAY
    last = until.astimezone(zone).date()
    while on <= last:
        for opens_at, closes_at in by_date.get(on, by_weekday.get(on.weekday(), [])):
            spans.append(_instants(on, opens_at, closes_at, zone))
        on += DAY
    return _clip(_merge(spans), since.astimezone(UTC), until.astimezone(UTC))


def _instants(on: date, opens_at: time, closes_at: time, zone: ZoneInfo) -> Span:
    closes_on = on if closes_at > opens_at else on + DAY
    return (
        datetime.combine(on, opens_at, zone).astimezone(UTC),
        datetime.combine(closes_on, closes_at, zone).astimezone(UTC),
    )


def _merge(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if end <= start:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _clip(spans: list[Span], since: datetime, until: datetime) -> list[Span]:
    return [
        (max(start, since), min(end, until))
        for start, end in spans
        if end > since and start < until
    ]


def span_at(spans: Sequence[Span], moment: datetime) -> Span | None:
    """Return the span that holds the moment: its start is in it, its end is not."""
    return next((span for span in spans if span[0] <= moment < span[1]), None)


def next_opening(spans: Sequence[Span], moment: datetime) -> datetime | None:
    """Return when it next opens after the moment; None if not within the spans."""
    return next((start for start, _ in spans if start > moment), None)


def overlapping(spans: Iterable[WeeklySpan]) -> tuple[WeeklySpan, WeeklySpan] | None:
    """Return two spans of the week that overlap, or None; the week is a circle."""
    in_week = sorted(
        ((_minutes(span), span) for span in spans), key=lambda pair: pair[0]
    )
    week = 7 * 24 * 60
    if not in_week:
        return None
    (first_start, first_end), first = in_week[0]
    round_trip = [*in_week, ((first_start + week, first_end + week), first)]
    for ((_, end), one), ((start, _), other) in pairwise(round_trip):
        if start < end and (one is not other or end - start > week):
            return one, other
    return None


def _minutes(span: WeeklySpan) -> tuple[int, int]:
    start = span.weekday * 1440 + span.opens_at.hour * 60 + span.opens_at.minute
    length = (
        (span.closes_at.hour - span.opens_at.hour) * 60
        + span.closes_at.minute
        - span.opens_at.minute
    )
    return start, start + (length if length > 0 else length + 1440)


def week_version(week: Iterable[WeeklySpan]) -> str:
    """Return a short text that differs whenever the weekly hours differ."""
    spans = sorted(f"{s.weekday} {s.opens_at} {s.closes_at}" for s in week)
    return hashlib.sha256(";".join(spans).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class OpenPart:
    """A part of a day as one reads it: local times, at most into the next morning."""

    opens_at: time
    closes_at: time
    is_all_day: bool
    ends_next_day: bool
    began_before: bool  # it is under way since the day before


@dataclass(frozen=True)
class DayAhead:
    date: date
    is_today: bool
    length: timedelta  # 23 or 25 hours where the clocks change
    parts: tuple[OpenPart, ...]

    @property
    def changed_hours(self) -> float | None:
        """The day's length in hours when it is not 24."""
        return None if self.length == DAY else self.length / timedelta(hours=1)


def list_days_ahead(
    spans: Iterable[Span], *, time_zone: str, now: datetime, days: int = 7
) -> list[DayAhead]:
    """Return what the opening spans (UTC, in order) mean for today and the next days.

    A span that ends by the next noon stands whole on the day it starts.
    """
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    parts: dict[date, list[OpenPart]] = {}
    for on, part, end in _parts(spans, zone):
        if on < today and end > max(now, _midnight(today, zone)):
            parts.setdefault(today, []).append(replace(part, began_before=True))
        elif on >= today:
            parts.setdefault(on, []).append(part)
    return [
        DayAhead(
            on,
            on == today,
            _midnight(on + DAY, zone) - _midnight(on, zone),
            tuple(parts.get(on, [])),
        )
        for on in (today + DAY * n for n in range(days))
    ]


def _midnight(on: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(on, time(0), zone).astimezone(UTC)


def _parts(
    spans: Iterable[Span], zone: ZoneInfo
) -> Iterator[tuple[date, OpenPart, datetime]]:
    for begin, end in spans:
        start = begin
        while start < end:
            on = start.astimezone(zone).date()
            next_day = _midnight(on + DAY, zone)
            stays = end - start < DAY and end - next_day <= DAY / 2
            stop = end if end <= next_day or stays else next_day
            yield (
                on,
                OpenPart(
                    opens_at=start.astimezone(zone).time(),
                    closes_at=stop.astimezone(zone).time(),
                    is_all_day=start == _midnight(on, zone) and stop == next_day,
                    ends_next_day=stop > next_day,
                    began_before=False,
                ),
                stop,
            )
            start = stop
