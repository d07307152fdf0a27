"""When a person's quiet hours end (pure; any zone, past midnight, both DST days)."""

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SECOND = timedelta(seconds=1)


@lru_cache(maxsize=1000)
def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of that name; UTC where there is none (any more)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def is_quiet(clock: time, quiet_from: time, quiet_until: time) -> bool:
    """Tell whether a clock shows a time within [from, until), maybe past midnight."""
    if quiet_from <= quiet_until:
        return quiet_from <= clock < quiet_until
    return clock >= quiet_from or clock < quiet_until


def end_of_quiet(
    moment: datetime, zone: ZoneInfo, quiet_from: time, quiet_until: time
) -> datetime | None:
    """Return the first moment from which the clocks there are out of quiet hours.

    None if they are at `moment`. A clock that is turned back into quiet hours makes
    them begin again; one that jumps past their end ends them.
    """
    local = moment.astimezone(zone)
    if not is_quiet(local.time(), quiet_from, quiet_until):
        return None
    day = local.date()
    if quiet_until <= local.time():
        day += timedelta(days=1)
    end = datetime.combine(day, quiet_until, tzinfo=zone)
    found = end.astimezone(UTC)
    if found <= moment:
        found = end.replace(fold=1).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != end.replace(tzinfo=None):
        return _turn_of_clocks(end)
    return found


def moment_at(local: datetime, zone: ZoneInfo) -> datetime:
    """Return when the clocks there show a naive local time for the first time.

    If they jump over it, the moment of the jump.
    """
    wanted = local.replace(tzinfo=zone, fold=0)
    found = wanted.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != local:
        return _turn_of_clocks(wanted)
    return found


def next_morning(moment: datetime, zone: ZoneInfo, clock: time) -> datetime:
    """Return the moment at which clocks there show a time on the next day."""
    tomorrow = moment.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, clock, tzinfo=zone).astimezone(UTC)


def _turn_of_clocks(missing: datetime) -> datetime:
    """Return the moment at which the clocks jumped over a local time."""
    zone = missing.tzinfo
    before = missing.replace(fold=1).astimezone(UTC)
    after = missing.replace(fold=0).astimezone(UTC)
    offset = before.astimezone(zone).utcoffset()
    while after - before > SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
