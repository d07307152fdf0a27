"""Every operation of the API, asked for whatever its schema lets one think of.

As nobody, customer, owner and stranger: never a 5xx, never an answer that the schema
does not tell of, nor a thing of another's. The operations are read from the schema:
one that is added later is tried by itself, and fails here while its ids are not known.
"""

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks as openapi

from config.tests.api_rows import (
    Rows,
    example_of,
    make_rows,
    operations_of,
    put_ids,
    token_of,
)
from config.wsgi import application

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
# Of each operation, asked by each of the four; API_FUZZ=200 looks longer.
EXAMPLES = int(os.environ.get("API_FUZZ", "6"))
PEOPLE = ("nobody", "ada", "owner", "stranger")
# As many tests as can run side by side.
PARTS = 4
CHECKS = [
    not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_schema_conformance,
]
# Everybody's: who holds the courier's link is the courier, and restaurants are public.
PUBLIC = ("/api/v1/courier/", "/api/v1/restaurants/")
# Written for whoever asks.
OWN_TRACES = {"customers_appsession"}


@pytest.fixture
def rows() -> Rows:
    return make_rows()


@pytest.fixture
def _in_process(settings: Any) -> Iterator[None]:
    """Let requests share the test's own transaction, as Django's test client does.

    Streams are elsewhere (config/tests/test_streams.py); the site sends people there.
    """
    settings.STREAMS_URL = "https://streams.tiffin.example"
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    schema = SchemaGenerator().get_schema(public=True)
    return dict(json.loads(json.dumps(schema)))


def headers_of(who: str, rows: Rows) -> dict[str, str]:
    token = {} if who == "nobody" else token_of(getattr(rows, who))
    return {**token, "Accept-Encoding": "identity"}


def cases_of(operation: Any, rows: Rows) -> st.SearchStrategy[Case[Any]]:
    """Return requests as the schema has them or not, mostly about what exists."""
    names = {
        part.name: rows.ids_of(part.name, operation.path)
        for part in operation.path_parameters
    }
    asked = st.one_of(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )
    real = st.fixed_dictionaries({n: st.sampled_from(v) for n, v in names.items()})

    def put(case: Case[Any], found: Mapping[str, str], *, is_real: bool) -> Case[Any]:
        if is_real:
            case.path_parameters = {**(case.path_parameters or {}), **found}
            case.body = put_ids(case.body, rows)
        return case

    return st.builds(put, asked, real, is_real=st.sampled_from([True, True, False]))


@pytest.mark.usefixtures("_in_process")
@pytest.mark.filterwarnings("ignore::Warning")
@pytest.mark.parametrize("part", range(PARTS))
def test_no_request_breaks_an_operation(
    part: int, rows: Rows, schema: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    loaded = schemathesis.openapi.from_dict(schema)
    loaded.app = application
    people = {who: headers_of(who, rows) for who in PEOPLE}
    results: Any = loaded.get_all_operations()
    operations = [found.ok() for found in results]
    faults: dict[str, str] = {}

    for operation in operations[part::PARTS]:
        try:
            ask_for_much(cases_of(operation, rows), people)
        except (FailureGroup, AssertionError) as error:
            traces = [str(r.exc_info[1]) for r in caplog.records if r.exc_info]
            faults[operation.label] = f"{error}\n{traces[-1:]}"
        caplog.clear()

    assert not faults, "\n\n".join(f"{k}\n{v}" for k, v in faults.items())


def ask_for_much(
    cases: st.SearchStrategy[Case[Any]], people: Mapping[str, dict[str, str]]
) -> None:
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=cases)
    def ask(case: Case[Any]) -> None:
        for headers in people.values():
            with transaction.atomic():
                response = case.call(headers=headers)
                transaction.set_rollback(True)
            case.validate_response(response, checks=CHECKS)

    ask()


@pytest.mark.parametrize("who", ["stranger", "owner", "ada"])
def test_nobody_gets_at_what_is_anothers(
    who: str, rows: Rows, schema: dict[str, Any]
) -> None:
    headers = headers_of(who, rows)
    before = state_of_everything()
    faults: list[str] = []

    for method, path, url, body in list_others(who, rows, schema):
        with transaction.atomic():
            answer = Client(raise_request_exception=False).generic(
                method,
                url,
                body,
                "application/json",
                headers={**headers, "Idempotency-Key": "another"},
            )
            changed = state_of_everything() - before
            transaction.set_rollback(True)
        if answer.status_code not in {403, 404} or changed:
            faults.append(f"{method} {path}: {answer.status_code}, changed: {changed}")

    assert not faults, "\n".join(faults)


def list_others(
    who: str, rows: Rows, schema: dict[str, Any]
) -> Iterator[tuple[str, str, str, bytes]]:
    """Yield method, path, address and body of what is not this person's."""
    for method, path, operation in operations_of(schema):
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        is_kitchens = path.startswith("/api/v1/owner/")
        is_ones_own = who == ("owner" if is_kitchens else "ada")
        if not names or is_ones_own or is_everybodys(path):
            continue
        yield method.upper(), path, fill_in(path, names, rows), body_of(operation, rows)


def is_everybodys(path: str) -> bool:
    # A favourite is one's own mark on what everybody sees.
    return path.startswith(PUBLIC) or "favourites" in path


def fill_in(path: str, names: list[str], rows: Rows) -> str:
    for name in names:
        path = path.replace("{" + name + "}", rows.ids_of(name, path)[0])
    return path


def body_of(operation: Mapping[str, Any], rows: Rows) -> bytes:
    return json.dumps(put_ids(example_of(operation), rows) or {}).encode()


def state_of_everything() -> set[tuple[str, str]]:
    """Return a digest of every table, with its name."""
    tables = set(connection.introspection.table_names()) - OWN_TRACES
    query = " union all ".join(
        f"select '{name}', md5(string_agg(t::text, ',' order by t::text)) from {name} t"  # noqa: S608 - names of tables
        for name in sorted(tables)
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return set(cursor.fetchall())
