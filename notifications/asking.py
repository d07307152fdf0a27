"""What API views of every app read: bodies and queries, through strict serializers."""

import threading
from typing import Any

from django.utils import translation
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from notifications.fields import Strict

CURSOR_REFUSED = "This is no cursor of this list."
# How many entries a page of a list has, unless the app asks for fewer or more.
PAGE_SIZE, LARGEST_PAGE = 20, 100
LONGEST_CURSOR = 500


class PageQuerySerializer(Strict):
    """Which part of a list is wanted."""

    cursor = serializers.CharField(
        required=False,
        help_text="The `next` of the page before; without it, the first page.",
    )
    limit = serializers.IntegerField(
        required=False,
        default=PAGE_SIZE,
        min_value=1,
        max_value=LARGEST_PAGE,
        help_text="The most results on a page.",
    )

    def validate_cursor(self, text: str) -> str:
        if len(text) > LONGEST_CURSOR:
            raise serializers.ValidationError(CURSOR_REFUSED, code="invalid_cursor")
        return text


def read_body(serializer: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return the body of a request as the serializer reads it; ValidationError."""
    found: dict[str, Any] = _made.find(serializer).run_validation(request.data)
    return found


def read_query(serializer: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return what the address asks for; a name that means nothing is refused."""
    asked = _made.find(serializer)
    found: dict[str, Any] = asked.run_validation(request.query_params.dict())
    return found


class _Made(threading.local):
    """Serializers to read with, which keep nothing of what they read.

    Making one copies its fields, and takes longer than reading. What a field says of a
    fault is worded when it is first said, and in the middle of that is nothing for
    another thread: so each thread has its own, one for each language.
    """

    def __init__(self) -> None:
        self.serializers: dict[tuple[str | None, type], Serializer[Any]] = {}

    def find(self, serializer: type[Serializer[Any]]) -> Serializer[Any]:
        key = translation.get_language(), serializer
        if key not in self.serializers:
            self.serializers[key] = serializer()
        return self.serializers[key]


_made = _Made()


def cursor_refused() -> serializers.ValidationError:
    """Return the error that says a cursor is none of this list's."""
    said = serializers.ErrorDetail(CURSOR_REFUSED, code="invalid_cursor")
    return serializers.ValidationError({"cursor": [said]})
