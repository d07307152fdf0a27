"""Ids that carry the moment they were made, so that old days can be dropped whole.

The upper bits are milliseconds since 1970, the lower twenty a sequence (after Twitter's
Snowflake, 2010). Notifications and messages are partitioned by their ids.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone

SEQUENCE_BITS = 20
# The highest of them is set in ids that statements make of a sequence of their own.
MASK = (1 << (SEQUENCE_BITS - 1)) - 1
# The database's sequence moves on by as many at each call.
BLOCK = 1000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def lowest_id(moment: datetime) -> int:
    """Return the lowest id that can be made at a moment."""
    return ((moment - EPOCH) // MILLISECOND) << SEQUENCE_BITS


def moment_of(number: int) -> datetime:
    """Return the moment, to the millisecond, at which an id was made."""
    return EPOCH + (number >> SEQUENCE_BITS) * MILLISECOND


def stream_ids(*, now: datetime | None = None) -> Iterator[int]:
    """Yield new ids, rising, for as long as they are asked for."""
    base = lowest_id(now or timezone.now())
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval('notifications_id_seq')")
            [start] = cursor.fetchone()
        for number in range(start, start + BLOCK):
            yield base | (number & MASK)


def new_id() -> int:
    """Return one new id."""
    return next(stream_ids())
