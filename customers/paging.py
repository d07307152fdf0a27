"""Where a page of a list ended, as text that pages and addresses carry along."""

import base64
import json
import math
from collections.abc import Sequence
from typing import Any

# Longer than any position a list gives out.
LONGEST = 500
HIGHEST_PK = 2**63 - 1
PK_DIGITS = 19


def write_position(values: Sequence[object]) -> str:
    """Return plain values as a cursor."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def read_position(cursor: str) -> list[Any]:
    """Return the values of a cursor; ValueError for what write_position never wrote."""
    if len(cursor) > LONGEST:
        raise ValueError("too long")
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(values, list):
        raise ValueError("not a list")  # noqa: TRY004  # the text is bad, not the call
    return values


def read_pk(value: object) -> int:
    """Return a row's key from a cursor; ValueError when no row can have it."""
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= PK_DIGITS):
        raise ValueError("not a key")
    pk = int(text)
    if pk > HIGHEST_PK:
        raise ValueError("not a key")
    return pk


def read_number(value: object) -> float:
    """Return a finite number from a cursor; ValueError when it is none."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, OverflowError) as error:
        raise ValueError("not a number") from error
    if not math.isfinite(number):
        raise ValueError("not a number")
    return number
