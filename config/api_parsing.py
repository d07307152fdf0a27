"""What a request's body may be: JSON, of a bounded size and depth."""

from collections.abc import Mapping
from typing import Any

from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser
from rest_framework.utils import json

# A full cart is a tenth of it. Whatever is wrong in a body is looked for and answered,
# so its size is what a stranger can make this site work for. A view may need more: it
# says so by `largest_body`.
LARGEST_BODY = 64 * 1024


class TooLargeError(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request is too large."
    default_code = "too_large"


class BadCharacterError(ParseError):
    """A half of a character, which is no text, or a name with a NUL in it."""

    default_detail = "A character is not allowed."
    default_code = "bad_character"


class JsonParser(JSONParser):
    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        view = (parser_context or {}).get("view")
        most: int = getattr(view, "largest_body", LARGEST_BODY)
        # Read and not believed: the header may be missing, or say anything.
        body = stream.read(most + 1)
        if len(body) > most:
            raise TooLargeError
        data = _read(body)
        if not isinstance(data, dict):
            raise ParseError("The body must be a JSON object.")
        # Text in UTF-8 has neither: they can only be written as escapes.
        if b"\\u" in body:
            _refuse_bad_characters(data)
        return data


def _read(body: bytes) -> Any:
    try:
        # JSON is UTF-8 (RFC 8259, 8.1), whatever a charset says.
        return json.loads(body.decode(), parse_constant=json.strict_constant)
    except ValueError as error:
        raise ParseError(f"JSON parse error - {error}") from error
    except RecursionError as error:
        raise ParseError("It is nested too deeply.") from error


def _refuse_bad_characters(data: Any) -> None:
    """Raise BadCharacterError for what no field could tell of, nor an answer repeat.

    A NUL in a value is its field's to refuse, which says where it is.
    """
    left = [data]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            if any("\0" in name for name in one):
                raise BadCharacterError
            left += one.keys()
            left += one.values()
        elif isinstance(one, list):
            left += one
        elif isinstance(one, str):
            _refuse_surrogates(one)


def _refuse_surrogates(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadCharacterError from error
