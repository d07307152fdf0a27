from collections.abc import Callable

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.db import DataError
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseBase,
)
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from config.api_errors import API_PATH, problem_response
from config.request_ids import begin_request
from customers.models import User
from customers.throttling import Allowance


def headers_of_allowance(request: HttpRequest) -> dict[str, str]:
    """Return what tells an API client what is left; nothing where nobody counted."""
    allowance: Allowance | None = getattr(request, "allowance", None)
    if allowance is None:
        return {}
    name, window = allowance.limit.name, allowance.limit.window
    left = max(allowance.left, 0)
    return {
        "RateLimit": f'"{name}";r={left};t={allowance.seconds}',
        "RateLimit-Policy": f'"{name}";q={allowance.limit.count};w={window.seconds}',
    }


class RequestIdMiddleware:
    """Names each request, in its answer and in the log; tells API clients what is left.

    An id that a proxy of ours gave is kept.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = begin_request(request)
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        for name, words in headers_of_allowance(request).items():
            response[name] = words
        return response


class ContentPolicyMiddleware(CSPMiddleware):
    """Sends the pages' content policy, and for the admin sites their own."""

    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        report_only: bool = False,  # noqa: FBT001, FBT002  # the library's
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith(settings.BACK_OFFICE_PATHS):
            parts.config = settings.BACK_OFFICE_POLICY
        return parts


class LanguageOfUserMiddleware:
    """Shows pages in the language of who is signed in, on whatever device."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if isinstance(user, User) and user.locale in dict(settings.LANGUAGES):
            translation.activate(user.locale)
            request.LANGUAGE_CODE = user.locale
        return self.get_response(request)


class PrivatePagesMiddleware:
    """Tells caches that a page is its reader's alone, and to ask before it is shown.

    Not `no-store`: the way back to a list must be at once, out of the browser's memory.
    Views that show more than that should stay behind say so themselves.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_page = response.get("Content-Type", "").startswith("text/html")
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        if is_page and has_session and not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-cache"
        return response


class ApiAnswersMiddleware:
    """Keeps what an app is answered out of other people's caches.

    What changes something may answer tokens and secrets: nobody keeps that. What is
    read is its reader's alone, and asked for again, unless a view says otherwise.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(API_PATH):
            return self.get_response(request)
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            is_read = request.method in ("GET", "HEAD")
            response["Cache-Control"] = "private, no-cache" if is_read else "no-store"
        if "public" not in response["Cache-Control"]:
            patch_vary_headers(response, ["Authorization"])
        return response


class RefuseNulMiddleware:
    """Answers 400 to text with a NUL in it, which PostgreSQL cannot hold.

    Forms refuse it by themselves; filters, notes and searches come without a form.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        if isinstance(exception, DataError | ValueError) and "NUL" in str(exception):
            if request.path_info.startswith(API_PATH):
                return problem_response("bad_character")
            return HttpResponseBadRequest(_("A character is not allowed."))
        return None
