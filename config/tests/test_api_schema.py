"""What the schema tells of every operation beside its own body and answer."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

VERB = re.compile(r"[a-z]+_[a-z_]+")


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return dict(SchemaGenerator().get_schema(public=True))


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            yield path, operation


def test_an_operation_names_the_scope_that_its_token_needs(
    schema: dict[str, Any],
) -> None:
    ways = {
        operation["operationId"]: operation["security"]
        for _path, operation in operations(schema)
    }

    assert ways["place_order"] == [{"bearer": ["customer"]}]
    assert ways["accept_owner_order"] == [{"bearer": ["restaurant"]}]
    assert ways["sign_out"] == [{"bearer": []}]
    assert ways["list_restaurants"] == [{"bearer": []}, {}]
    assert ways["publish_event"] == [{"service": []}]
    assert set(schema["components"]["securitySchemes"]) == {"bearer", "service"}


def test_operations_of_restaurants_say_so_by_their_name(schema: dict[str, Any]) -> None:
    for path, operation in operations(schema):
        name = operation["operationId"]
        assert VERB.fullmatch(name), name
        assert ("_owner_" in name) == path.startswith("/api/v1/owner/"), name


def test_every_answer_tells_of_its_headers(schema: dict[str, Any]) -> None:
    told = set(schema["components"]["headers"])

    for _path, operation in operations(schema):
        for status, answer in operation["responses"].items():
            headers = set(answer["headers"])
            assert answer["description"]
            assert {"X-Request-Id", "RateLimit", "RateLimit-Policy"} <= headers
            assert ("Retry-After" in headers) == (status == "429")
            assert headers <= told | {"ETag"}


def test_every_operation_can_be_asked_in_a_language(schema: dict[str, Any]) -> None:
    language = {"$ref": "#/components/parameters/AcceptLanguage"}

    for _path, operation in operations(schema):
        assert operation["parameters"].count(language) == 1
        for parameter in operation["parameters"]:
            if parameter.get("in") == "path":
                assert parameter["description"], operation["operationId"]


def test_what_reads_no_body_is_not_told_to_refuse_one(schema: dict[str, Any]) -> None:
    for _path, operation in operations(schema):
        has_body = "requestBody" in operation
        assert ("415" in operation["responses"]) == has_body
        assert ("413" in operation["responses"]) == has_body


def test_a_conflict_shows_the_state_that_is_answered(schema: dict[str, Any]) -> None:
    placing = schema["paths"]["/api/v1/orders"]["post"]["responses"]["409"]
    shown = placing["content"]["application/problem+json"]["examples"]

    assert shown["cart_empty"]["value"]["state"] == {"item_count": 0}
    assert "total" in shown["not_orderable"]["value"]["state"]
    assert "`Quote`" in placing["description"]


def test_every_tag_is_described(schema: dict[str, Any]) -> None:
    named = {tag["name"] for tag in schema["tags"] if tag["description"]}
    used = {tag for _path, one in operations(schema) for tag in one["tags"]}

    assert named == used | {"Webhooks"}
