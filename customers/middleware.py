from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from customers.browsers import COOKIE, COOKIE_AGE, SALT


class RememberBrowserMiddleware:
    """Sends the cookie by which a browser that signed in is known again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.browser_key = ""  # type: ignore[attr-defined]
        response = self.get_response(request)
        key: str = request.browser_key  # type: ignore[attr-defined]
        if key:
            response.set_signed_cookie(
                COOKIE,
                key,
                salt=SALT,
                max_age=COOKIE_AGE,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response
