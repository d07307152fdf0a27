"""PostgreSQL's own types that Django has no field for."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler


class PointField(models.Field[tuple[float, float] | None, tuple[float, float] | None]):
    """A native `point`: (x, y) in Web Mercator metres."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "point"

    def from_db_value(
        self, value: str | None, *args: object
    ) -> tuple[float, float] | None:
        if value is None:
            return None
        x, y = value.strip("()").split(",")
        return float(x), float(y)

    def get_prep_value(self, value: tuple[float, float] | None) -> str | None:
        return None if value is None else f"({value[0]!r},{value[1]!r})"


class InstantMultirangeField(models.Field["object | None", "object | None"]):
    """A native `tstzmultirange`; loads as psycopg's Multirange of aware ranges."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "tstzmultirange"


@InstantMultirangeField.register_lookup
class Holds(models.Lookup[Any]):
    """Whether an instant lies within one of the ranges: `open_spans__holds=moment`."""

    lookup_name = "holds"

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        ranges, of_ranges = self.process_lhs(compiler, connection)
        instant, of_instant = self.process_rhs(compiler, connection)
        return f"{ranges} @> {instant}::timestamptz", (*of_ranges, *of_instant)
