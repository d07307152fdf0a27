"""Who asks, where they go next, and what they hear who ask too often."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from customers.browsers import known_key_of
from customers.models import User
from customers.services import list_link_attempts
from customers.throttling import place_of, spend

# The backend of who signs in without a password being asked.
FIRST_BACKEND = "customers.backends.AccountBackend"


def customer_of(request: HttpRequest) -> User:
    """Return who is signed in; for views that nobody else gets to."""
    assert isinstance(request.user, User)
    return request.user


def asked_next(request: HttpRequest) -> str:
    """Return where the page before wanted to go, if that is on this site, or ""."""
    url = request.POST.get("next") or request.GET.get("next") or ""
    # A path, since anything else would be taken for the name of a page.
    if url.startswith("/") and url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return url
    return ""


def next_url(request: HttpRequest, default: str) -> str:
    """Return where the page before wanted to go, or a default, which may be a name."""
    return asked_next(request) or resolve_url(default)


def spend_link(request: HttpRequest, email: str) -> None:
    """Count that a link to this email is asked for; raises TooManyAttemptsError."""
    attempts = list_link_attempts(
        email=email, place=place_of(request), browser_key=known_key_of(request)
    )
    spend(*attempts)


def say_too_many(response: HttpResponse, seconds: int) -> HttpResponse:
    """Mark a page as the answer to who asks too often."""
    response.status_code = HTTPStatus.TOO_MANY_REQUESTS
    response["Retry-After"] = str(seconds)
    return response
