"""Where a page of a list ended, as a cursor that pages carry along."""

import base64
import binascii
import json
from datetime import datetime

from orders.exceptions import InvalidCursorError

PAGE = 20


def write_cursor(moment: datetime, pk: int) -> str:
    position = json.dumps([moment.isoformat(), pk])
    return base64.urlsafe_b64encode(position.encode()).decode()


def read_cursor(cursor: str) -> tuple[datetime, int]:
    try:
        at, pk = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        moment = datetime.fromisoformat(at)
        number = int(pk)
    except (ValueError, TypeError, OverflowError, binascii.Error) as error:
        raise InvalidCursorError(cursor) from error
    if moment.tzinfo is None or not 0 <= number < 2**63:
        raise InvalidCursorError(cursor)
    return moment, number
