"""Instances of models out of one statement that answers with an array of rows of each.

Such a statement is written by hand where the ORM takes longer to make its many queries
than PostgreSQL to answer them. Where a model's columns belong it has the name that
stands for the model: `ARRAY(SELECT ROW({line}) FROM line)`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet

from notifications.prepared import Row

Models = Mapping[str, type[Model]]
# By the name in the statement, and by key; in the order that they were answered in.
Made = dict[str, dict[int, Any]]
# What only the list of restaurants reads; it is deferred.
UNREAD = {"location", "search_document"}


def with_columns(sql: str, models: Models) -> str:
    """Return a statement with the columns of its models."""
    columns = {
        name: ", ".join(f"{name}.{column}" for column in _names(model, "column"))
        for name, model in models.items()
    }
    return sql.format(**columns)


def make_instances(models: Models, tables: Sequence[Iterable[Row]]) -> Made:
    """Return the rows of each model as instances; the tables are in its order."""
    return {
        name: _make(model, rows)
        for (name, model), rows in zip(models.items(), tables, strict=True)
    }


def _make(model: type[Model], rows: Iterable[Row]) -> dict[int, Any]:
    names = _names(model, "attname")
    made = (model.from_db(connection.alias, names, row) for row in rows)
    return {one.pk: one for one in made}


@cache
def _names(model: type[Model], attribute: str) -> list[str]:
    fields = model._meta.concrete_fields  # noqa: SLF001
    return [getattr(field, attribute) for field in fields if field.name not in UNREAD]


def put_children(
    owners: Mapping[int, Model], relation: str, rows: Mapping[int, Model], key: str
) -> None:
    """Load the rows that name an owner by a key of theirs into its relation."""
    put_pairs(owners, relation, rows, [(getattr(rows[pk], key), pk) for pk in rows])


def put_pairs(
    owners: Mapping[int, Model],
    relation: str,
    rows: Mapping[int, Model],
    pairs: Iterable[tuple[int, int]],
) -> None:
    """Load the rows that are paired with an owner into its relation."""
    found = defaultdict(list)
    for owner_pk, pk in pairs:
        found[owner_pk].append(rows[pk])
    for pk, owner in owners.items():
        remember(owner, **{relation: found[pk]})


def remember(owner: Model, **related: list[Any]) -> None:
    """Give a row what prefetch_related would have fetched."""
    kept = owner.__dict__.setdefault("_prefetched_objects_cache", {})
    for relation, rows in related.items():
        kept[relation] = _Loaded(owner, relation, rows)


class _Loaded(QuerySet[Any]):
    """All rows of a relation; for some of them the database is asked after all."""

    def __init__(self, owner: Model, relation: str, rows: list[Any]) -> None:
        super().__init__(owner._meta.get_field(relation).related_model)  # noqa: SLF001
        self._result_cache = rows
        self._owner, self._relation = owner, relation

    def _chain(self) -> QuerySet[Any]:
        # What each further condition is put on, as prefetch_related prepares it before.
        manager = getattr(self._owner, self._relation)
        everything = self.model._default_manager.all()  # noqa: SLF001
        asked: QuerySet[Any] = manager._apply_rel_filters(everything)  # noqa: SLF001
        return asked
