"""Fixtures that all apps share."""

import gc
import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
from django.db import connection, transaction
from django.test import Client, TransactionTestCase
from django.utils import translation

from config.api_codes import FAULT_CODES, codes_of
from customers.models import Scope, User
from customers.services import sign_in_app

# What migrations wrote and Django would only write again.
KEPT_TABLES = {"django_content_type", "auth_permission"}
FEW = 2000
ROUTE_PART = re.compile(r"<(?:\w+:)?(\w+)>")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no worker is left with it at the end.

    Each worker is given a share of the list, one after the other.
    """
    slow = [item for item in items if item.get_closest_marker("slow")]
    rest = [item for item in items if not item.get_closest_marker("slow")]
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    share = len(rest) // workers + 1
    items[:] = [
        item
        for worker in range(workers)
        for item in (
            *slow[worker::workers],
            *rest[worker * share : (worker + 1) * share],
        )
    ]


def pytest_collection_finish() -> None:
    """Look for garbage among what tests make only: all that is imported stays."""
    gc.collect()
    gc.freeze()


truncate_all = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # noqa: SLF001


def _delete_what_is_there(case: TransactionTestCase) -> None:
    """Empty the tables after a test that committed.

    Django truncates a hundred tables and writes content types and permissions anew,
    which takes many times as long as most of these tests.
    """
    tables = connection.introspection.django_table_names(
        only_existing=True, include_views=False
    )
    tables = [f'"{name}"' for name in tables if name not in KEPT_TABLES]
    counts = [
        f"(SELECT count(*) FROM (SELECT FROM {table} LIMIT {FEW}))"  # noqa: S608
        for table in tables
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(counts)}")
        rows = dict(zip(tables, cursor.fetchone(), strict=True))
    if max(rows.values()) == FEW:
        truncate_all(case)
        return
    # In any order: foreign keys are looked at when all of it is done.
    deletes = [f"DELETE FROM {table}" for table, count in rows.items() if count]  # noqa: S608
    if deletes:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("; ".join(deletes))


TransactionTestCase._fixture_teardown = _delete_what_is_there  # type: ignore[attr-defined]  # noqa: SLF001


@pytest.fixture(autouse=True)
def _speak_the_usual_language() -> Iterator[None]:
    """Forget the language of the last visitor, who may have been Arab."""
    yield
    translation.deactivate()


class ApiClient:
    """Asks the API as an app does, and holds every answer against the schema."""

    def __init__(self, user: User | None = None, *scopes: Scope) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers: dict[str, str] = {}
        if user is not None:
            tokens = sign_in_app(user=user, name="Test", scopes=scopes or tuple(Scope))
            self.headers["Authorization"] = f"Bearer {tokens.access}"

    def sign_in(self, user: User, *scopes: Scope) -> "ApiClient":
        """Return a client that asks with a token of this user."""
        return ApiClient(user, *scopes)

    def get(
        self, path: str, query: Mapping[str, Any] | None = None, **headers: str
    ) -> Any:
        return self.ask("GET", path, query=query, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.ask(
            "POST", path, body={} if body is None else body, headers=headers
        )

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.ask("PUT", path, body={} if body is None else body, headers=headers)

    def patch(self, path: str, body: Any) -> Any:
        return self.ask("PATCH", path, body=body)

    def delete(self, path: str, body: Any = None) -> Any:
        return self.ask("DELETE", path, body=body)

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Answer the response; `headers` are named with underscores for hyphens."""
        named = {name.replace("_", "-"): text for name, text in (headers or {}).items()}
        response = self.client.generic(
            method,
            f"/api/v1{path}",
            b"" if body is None else json.dumps(body).encode(),
            "application/json",
            query_params=dict(query or {}),
            headers={**self.headers, **named},
        )
        _hold_against_schema(method.lower(), response)
        return response


@pytest.fixture
def api() -> ApiClient:
    """Give an app that nobody has signed in with yet."""
    # Made before a test's threads would all make it at once.
    _schema()
    return ApiClient()


@cache
def _schema() -> dict[str, Any]:
    from drf_spectacular.generators import SchemaGenerator  # noqa: PLC0415

    return dict(SchemaGenerator().get_schema(public=True))


def _hold_against_schema(method: str, response: Any) -> None:
    """Fail for an answer that the schema does not tell of."""
    route = getattr(response.resolver_match, "route", "")
    path = "/" + ROUTE_PART.sub(r"{\1}", route)
    operations = _schema()["paths"].get(path, {})
    if method not in operations:
        return
    told = operations[method]["responses"].get(str(response.status_code))
    assert told, (
        f"{method} {path} does not tell of {response.status_code}: {response.content!r}"
    )
    if "Location" in told["headers"]:
        assert response.has_header("Location"), f"{method} {path} has no Location"
    content = told.get("content", {})
    if not content:
        assert not response.content, f"{method} {path} tells of no body"
        return
    kind = response["Content-Type"].partition(";")[0]
    assert kind in content, f"{method} {path} answers {kind}"
    if "json" in kind:
        told_of = (path, method, str(response.status_code), kind)
        _validator(*told_of).validate(response.json())
    if kind == "application/problem+json":
        _hold_against_codes(operations[method]["operationId"], response)


def _hold_against_codes(operation: str, response: Any) -> None:
    """Fail for a code that config/api_codes.py does not tell of, or not here."""
    problem = response.json()
    known = codes_of(operation, response.status_code)
    assert problem["code"] in known, (
        f"{operation} does not tell of {response.status_code} {problem['code']}"
    )
    for fault in problem.get("errors", ()):
        assert fault["code"] in FAULT_CODES, fault


@cache
def _validator(path: str, method: str, status: str, kind: str) -> Any:
    told = _schema()["paths"][path][method]["responses"][status]["content"][kind]
    schema = {**told["schema"], "components": _schema()["components"]}
    return jsonschema_rs.validator_for(schema, validate_formats=True)
