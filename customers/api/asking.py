"""What API views of every app ask of a request."""

from typing import Any

from django import forms
from drf_spectacular.utils import OpenApiExample
from rest_framework import status
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.request import Request

from customers.geocoding import GeocoderUnavailableError
from customers.models import User
from customers.throttling import place_of
from notifications.asking import (
    PageQuerySerializer,
    cursor_refused,
    read_body,
    read_query,
)

__all__ = [
    "GeocoderDownError",
    "PageQuerySerializer",
    "asks",
    "cursor_refused",
    "network_of",
    "read_body",
    "read_form",
    "read_query",
    "user_of",
]


class GeocoderDownError(APIException):
    """Places cannot be looked up, whoever asks; nothing is wrong with what was sent."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = GeocoderUnavailableError.code
    default_detail = "Places cannot be looked up just now; try again in a minute."


def asks(**body: Any) -> OpenApiExample:
    """Return the example of a request's body, for the schema."""
    return OpenApiExample("Request", value=body, request_only=True)


def user_of(request: Request) -> User:
    """Return who asks, on views that let nobody else in."""
    assert isinstance(request.user, User)
    return request.user


def network_of(request: Request) -> str:
    """Return the network that a request comes from; empty when nobody knows."""
    return place_of(request._request)  # noqa: SLF001 - documented by DRF


def read_form(form: forms.BaseForm, **names: str) -> dict[str, Any]:
    """Return what a page's form makes of the same input; ValidationError.

    `names` are the form's fields that the API calls otherwise.
    """
    if form.is_valid():
        found: dict[str, Any] = form.cleaned_data
        return found
    raise ValidationError(
        {
            names.get(field, field) if field != "__all__" else "non_field_errors": [
                ErrorDetail(str(words), code=error.code or "invalid")
                for error in errors
                for words in error.messages
            ]
            for field, errors in form.errors.as_data().items()
        }
    )
