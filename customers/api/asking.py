"""What API views of every app ask of a request."""

from typing import Any

from django import forms
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from customers.models import User

CURSOR_REFUSED = "This is no cursor of this list."
# How many entries a page of a list has, unless the app asks for fewer or more.
PAGE_SIZE, LARGEST_PAGE = 20, 100


def user_of(request: Request) -> User:
    """Return who asks, on views that let nobody else in."""
    assert isinstance(request.user, User)
    return request.user


def read_body(serializer: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return the body of a request as the serializer reads it; ValidationError."""
    asked = serializer(data=request.data)
    asked.is_valid(raise_exception=True)
    found: dict[str, Any] = asked.validated_data
    return found


def read_query(serializer: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return what the address asks for; a name that means nothing is refused."""
    asked = serializer(data=request.query_params.dict())
    asked.is_valid(raise_exception=True)
    found: dict[str, Any] = asked.validated_data
    return found


def read_form(form: forms.Form, **names: str) -> dict[str, Any]:
    """Return what a page's form makes of the same input; ValidationError.

    `names` are the form's fields that the API calls otherwise.
    """
    if form.is_valid():
        return form.cleaned_data
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
