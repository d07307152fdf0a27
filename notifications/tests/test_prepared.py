from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from notifications.prepared import fetch_rows

pytestmark = pytest.mark.django_db
ADDED = "SELECT %s::int + 1, 0.50::numeric, '{\"a\": [1]}'::jsonb"


def test_a_statement_that_is_asked_often_is_planned_once(django_assert_num_queries):
    with django_assert_num_queries(10):
        found = [fetch_rows(ADDED, [number]) for number in range(10)]

    assert found == [
        [(number + 1, Decimal("0.50"), {"a": [1]})] for number in range(10)
    ]
    [row] = fetch_rows(
        "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s",
        ["SELECT $1::int + 1%"],
    )
    assert row == (1,)


def test_parameters_may_have_names():
    assert fetch_rows("SELECT %(name)s::text", {"name": "Ada"}) == [("Ada",)]


def test_what_is_wrong_is_an_error_of_the_database_as_django_knows_it():
    with pytest.raises(DatabaseError), transaction.atomic():
        fetch_rows("SELECT 1 / %s::int", [0])

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
