"""Where a page of a list by time ended, as a cursor that pages carry along."""

from datetime import datetime

from customers.paging import read_pk, read_position, write_position
from orders.exceptions import InvalidCursorError

PAGE = 20
# Beyond these years a moment may have no place in another time zone.
FIRST_YEAR, LAST_YEAR = 2000, 2999


def write_cursor(moment: datetime, pk: int) -> str:
    return write_position([moment.isoformat(), pk])


def read_cursor(cursor: str) -> tuple[datetime, int]:
    """Return where a page ended; InvalidCursorError when no list gave it out."""
    try:
        at, pk = read_position(cursor)
        moment = datetime.fromisoformat(str(at))
        number = read_pk(pk)
    except ValueError as error:
        raise InvalidCursorError(cursor) from error
    if moment.tzinfo is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise InvalidCursorError(cursor)
    return moment, number
