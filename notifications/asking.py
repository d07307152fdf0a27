"""What API views of every app read: bodies and queries, through strict serializers."""

from functools import cache
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.serializers import Serializer

CURSOR_REFUSED = "This is no cursor of this list."
# How many entries a page of a list has, unless the app asks for fewer or more.
PAGE_SIZE, LARGEST_PAGE = 20, 100


def read_body(serializer: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return the body of a request as the serializer reads it; ValidationError."""
    asked = serializer(data=request.data)
    asked.is_valid(raise_exception=True)
    found: dict[str, Any] = asked.validated_data
    return found


def read_query(serializer: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return what the address asks for; a name that means nothing is refused."""
    asked = _made_once(serializer)
    found: dict[str, Any] = asked.run_validation(request.query_params.dict())
    return found


@cache
def _made_once(serializer: type[Serializer[Any]]) -> Serializer[Any]:
    """Return a serializer to read with, which keeps nothing of what it reads.

    Making one copies its fields, and takes longer than reading.
    """
    return serializer()


def cursor_refused() -> serializers.ValidationError:
    """Return the error that says a cursor is none of this list's."""
    said = serializers.ErrorDetail(CURSOR_REFUSED, code="invalid_cursor")
    return serializers.ValidationError({"cursor": [said]})
