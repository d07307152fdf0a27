"""What apps were promised: no change of the schema breaks it, and it says enough."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from jsonschema import Draft202012Validator

from config.contract import find_breaking, has_entry, refuse_changes, render
from config.management.commands import write_contract

CHANGELOG = "# Changes\n\n## 1.1.0 (2026-12-01)\n\n- Orders can be split.\n"
WITHOUT_BODY = {"202", "204", "304", "307"}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """Return the schema of the views; warnings about what they do not say fail."""
    return write_contract.generate()


def document(**changes: Any) -> dict[str, Any]:
    """Return a small contract; a change names a place, with / for each step down."""
    schema: dict[str, Any] = {
        "info": {"version": "1.0.0"},
        "paths": {
            "/orders": {
                "post": {
                    "operationId": "place_order",
                    "security": [{"bearer": ["customer"]}],
                    "parameters": [
                        {"in": "query", "name": "limit", "schema": {"type": "integer"}}
                    ],
                    "requestBody": {
                        "content": {
                            "application/json": {
                                "schema": {"$ref": "#/components/schemas/Wish"}
                            }
                        }
                    },
                    "responses": {
                        "201": {
                            "content": {
                                "application/json": {
                                    "schema": {"$ref": "#/components/schemas/Order"}
                                }
                            }
                        },
                        "409": {"description": "Conflict"},
                    },
                }
            }
        },
        "webhooks": {
            "order.placed": {
                "post": {
                    "operationId": "order_placed",
                    "requestBody": {
                        "content": {
                            "application/json": {
                                "schema": {"$ref": "#/components/schemas/Order"}
                            }
                        }
                    },
                    "responses": {"200": {}},
                }
            }
        },
        "components": {
            "schemas": {
                "Wish": {
                    "type": "object",
                    "required": ["tip"],
                    "properties": {
                        "tip": {"type": "integer", "minimum": 0, "maximum": 100},
                        "note": {"type": ["string", "null"], "maxLength": 100},
                        "kind": {"enum": ["delivery", "pickup"], "type": "string"},
                    },
                },
                "Order": {
                    "type": "object",
                    "required": ["id", "total"],
                    "properties": {
                        "id": {"type": "string", "format": "uuid"},
                        "total": {"$ref": "#/components/schemas/Money"},
                        "note": {"type": "string"},
                        "again": {"$ref": "#/components/schemas/Order"},
                    },
                },
                "Money": {
                    "type": "object",
                    "required": ["amount"],
                    "properties": {"amount": {"type": "integer"}},
                },
            }
        },
    }
    for place, value in changes.items():
        first, *steps, last = place.split("__")
        node: Any = schema
        for step in (*PLACES[first], *steps):
            node = node[step]
        if value is None:
            del node[last]
        else:
            node[last] = value
    return schema


ORDERS = ("paths", "/orders", "post")
SCHEMAS = ("components", "schemas")
PLACES: dict[str, tuple[str, ...]] = {
    "paths": ("paths",),
    "webhooks": ("webhooks",),
    "path": ("paths", "/orders"),
    "operation": ORDERS,
    "answers": (*ORDERS, "responses"),
    "wish": (*SCHEMAS, "Wish"),
    "wishes": (*SCHEMAS, "Wish", "properties"),
    "order": (*SCHEMAS, "Order"),
    "answered": (*SCHEMAS, "Order", "properties"),
    "money": (*SCHEMAS, "Money"),
    "amount": (*SCHEMAS, "Money", "properties", "amount"),
}
LIMIT = {"in": "query", "name": "limit", "schema": {"type": "integer"}}
NULLABLE = {"oneOf": [{"$ref": "#/components/schemas/Money"}, {"type": "null"}]}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"path__post": None}, "POST /orders: removed"),
        ({"webhooks__order.placed": None}, "POST order.placed: removed"),
        ({"operation__operationId": "order"}, "operationId"),
        ({"operation__parameters": []}, "query parameter limit: removed"),
        ({"operation__parameters": [{**LIMIT, "required": True}]}, "now required"),
        (
            {"operation__parameters": [{**LIMIT, "schema": {"type": "string"}}]},
            "limit: type integer is now string",
        ),
        ({"operation__security": [{"bearer": ["customer", "restaurant"]}]}, "security"),
        ({"answers__201": None}, "201: removed"),
        ({"wish__required": ["tip", "note"]}, "body.note: now required"),
        ({"wishes__note": None}, "body.note: removed"),
        ({"wishes__note": {"type": "string", "maxLength": 100}}, "body.note: type"),
        ({"wishes__note__maxLength": 50}, "maxLength 100 is now 50"),
        ({"wishes__tip__minimum": 1}, "minimum 0 is now 1"),
        ({"wishes__tip__exclusiveMaximum": 9}, "exclusiveMaximum None is now 9"),
        ({"wishes__kind__enum": ["delivery"]}, "value 'pickup' was removed"),
        ({"wishes__tip__enum": [1, 2]}, "now a closed list"),
        ({"wishes__note__pattern": "^a"}, "pattern None is now '^a'"),
        ({"wish__additionalProperties": False}, "no further fields"),
        ({"order__required": ["id"]}, "201.total: now optional"),
        ({"answered__note": None}, "201.note: removed"),
        ({"answered__id": {"type": "string"}}, "201.id: format"),
        ({"answered__note": {"type": ["string", "null"]}}, "201.note: type"),
        ({"answered__total": NULLABLE}, "201.total: type object is now null or object"),
        ({"amount__type": "number"}, "201.total.amount: type"),
        ({"money__required": []}, "POST order.placed: body.total.amount: now optional"),
    ],
)
def test_what_would_break_an_app_is_named(changes: dict[str, Any], said: str) -> None:
    found = list(find_breaking(document(), document(**changes)))

    assert any(said in one for one in found), found


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"paths__/carts": {"get": {"operationId": "get_cart", "responses": {}}}},
        {"operation__parameters": [LIMIT, {**LIMIT, "name": "cursor"}]},
        {"operation__security": [{"bearer": []}]},
        {"operation__security": [{"bearer": ["customer"]}, {}]},
        {"operation__summary": "Order."},
        {"answers__409": None},
        {"answers__202": {"description": "Later"}},
        {"wish__required": []},
        {"wishes__voucher": {"type": "string"}},
        {"wishes__note__maxLength": 200},
        {"wishes__tip__minimum": None},
        {"wishes__tip__type": ["integer", "null"]},
        {"wishes__kind__enum": ["delivery", "pickup", "table"]},
        {"order__required": ["id", "total", "note"]},
        {"answered__voucher": {"type": "string"}},
        {"answered__total": {"allOf": [{"$ref": "#/components/schemas/Money"}]}},
    ],
)
def test_what_only_adds_is_let_through(changes: dict[str, Any]) -> None:
    assert not list(find_breaking(document(), document(**changes)))


def test_a_change_wants_a_new_version_and_a_word_in_the_changelog() -> None:
    before, after = document(), document(operation__summary="Order.")

    assert not refuse_changes(before, deepcopy(before), "")
    assert len(refuse_changes(before, after, CHANGELOG)) == 2

    after["info"]["version"] = "1.1.0"
    assert not refuse_changes(before, after, CHANGELOG)
    assert len(refuse_changes(before, after, "## 1.1.0\n\n## 1.0.0\n")) == 1


def test_a_change_that_breaks_is_not_written(
    schema: dict[str, Any], tmp_path: Any, monkeypatch: Any
) -> None:
    schema = deepcopy(schema)
    path = next(iter(schema["paths"]))
    kept = tmp_path / "openapi.json"
    schema["paths"][f"{path}-of-old"] = schema["paths"][path]
    kept.write_text(render(schema))
    monkeypatch.setattr(write_contract, "CONTRACT", kept)

    with pytest.raises(CommandError, match=f"{path}-of-old: removed"):
        call_command("write_contract")
    assert json.loads(kept.read_text()) == schema

    kept.unlink()
    call_command("write_contract", stdout=StringIO())
    assert f"{path}-of-old" not in json.loads(kept.read_text())["paths"]


def test_the_contract_that_is_kept_is_of_these_views(schema: dict[str, Any]) -> None:
    kept = write_contract.CONTRACT.read_text(encoding="utf-8")

    assert render(schema) == kept, "Run bin/schema."


def test_this_version_is_in_the_changelog() -> None:
    changelog = write_contract.CHANGELOG.read_text(encoding="utf-8")

    assert has_entry(changelog, str(settings.SPECTACULAR_SETTINGS["VERSION"]))


def test_everything_that_is_referred_to_is_there(schema: dict[str, Any]) -> None:
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(schema)))

    assert named == set(schema["components"]["schemas"])


def test_every_operation_is_told_of_in_full(schema: dict[str, Any]) -> None:
    """By name, summary, tag, an example of each body, and the problems it answers."""
    named: list[str] = []
    lacking: list[str] = []
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            named.append(operation.get("operationId", ""))
            lacking += [f"{method} {path}: {w}" for w in list_lacking(operation)]

    assert not lacking, "\n".join(lacking)
    assert len(set(named)) == len(named)


def test_every_example_is_as_its_schema_says(schema: dict[str, Any]) -> None:
    faults: list[str] = []
    for part in ("paths", "webhooks"):
        for path, methods in schema.get(part, {}).items():
            for method, operation in methods.items():
                for name, one in examples_of(operation):
                    body = {**one["schema"], "components": schema["components"]}
                    found = Draft202012Validator(body).iter_errors(one["value"])
                    faults += [
                        f"{method} {path} {name}: {e.json_path}: {e.message[:200]}"
                        for e in found
                    ]

    assert not faults, "\n".join(faults)


def examples_of(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield where each JSON example is, with its value and its schema."""
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for body in bodies:
        content = body.get("content", {}).get("application/json", {})
        for name, example in content.get("examples", {}).items():
            yield name, {"schema": content["schema"], "value": example["value"]}


def list_lacking(operation: dict[str, Any]) -> list[str]:
    lacking = [
        name
        for name in ("operationId", "summary", "tags", "responses")
        if not operation.get(name)
    ]
    bodies = {"request": operation.get("requestBody", {}).get("content", {})}
    for status, answer in operation["responses"].items():
        if status < "4" and status not in WITHOUT_BODY:
            bodies[status] = answer.get("content", {})
            if not answer.get("content"):
                lacking.append(f"{status} says nothing of its body")
    for name, content in bodies.items():
        body = content.get("application/json")
        if body is not None and not body.get("examples"):
            lacking.append(f"{name} has no example")
    if "application/problem+json" not in str(operation["responses"].get("429")):
        lacking.append("problems")
    return lacking
