"""Reads written by hand that nearly every request asks: planned once a connection.

Django writes parameters into the text of a query, so PostgreSQL plans each anew, which
takes longer than most of these take to run. Sent beside it, the same text is prepared
once it was asked a few times, unless `PREPARED_STATEMENTS` is off.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor
from psycopg.pq import Format

Row = tuple[Any, ...]


def fetch_rows(
    query: str, parameters: Sequence[Any] | Mapping[str, Any] = ()
) -> list[Row]:
    """Return the rows of a query whose text is the same at each call, but for a few.

    Its parameters have the types that PostgreSQL takes them for where they stand: cast
    those that stand alone. Rows hold what psycopg makes of them: parsed JSON, and no
    fields of models. Columns are named, since `*` would change with the table.
    """
    with connection.cursor() as cursor:
        # In Django's wrapper, which counts and logs queries and knows its errors.
        cursor.cursor = ServerBindingCursor(connection.connection)  # type: ignore[call-arg]
        cursor.cursor.format = Format.BINARY
        cursor.execute(query, parameters)
        rows: list[Row] = cursor.fetchall()
        return rows
