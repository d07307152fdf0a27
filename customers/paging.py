"""Where a page of a list ended, as text that pages and addresses carry along.

It is sealed: keys of rows would tell how many there are.
"""

import base64
import json
import math
from collections.abc import Sequence
from typing import Any

from notifications.opaque import seal, unseal

# Longer than any position a list gives out.
LONGEST = 500
HIGHEST_PK = 2**63 - 1
PK_DIGITS = 19


def write_position(values: Sequence[object]) -> str:
    """Return plain values as a cursor."""
    sealed = seal(json.dumps(values, separators=(",", ":")).encode())
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def read_position(cursor: str) -> list[Any]:
    """Return the values of a cursor; ValueError for what write_position never wrote."""
    if len(cursor) > LONGEST:
        raise ValueError("too long")
    padded = cursor.encode() + b"=" * (-len(cursor) % 4)
    values: list[Any] = json.loads(unseal(base64.urlsafe_b64decode(padded)))
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
