import redis
from django.conf import settings
from django.contrib import messages
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views import defaults
from django.views.decorators.cache import never_cache

from config.api_errors import API_PATH, problem_response
from customers.htmx import is_fragment
from orders.views.checkout import keep_typed


@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """Tell whether the database and Redis answer; 503 when one does not."""
    answers = {"database": _database_answers(), "redis": _redis_answers()}
    return JsonResponse(answers, status=200 if all(answers.values()) else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _redis_answers() -> bool:
    try:
        client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2)
        return bool(client.ping())
    except redis.RedisError:
        return False


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what nobody expected: apps as a problem, people with a page."""
    if request.path_info.startswith(API_PATH):
        return problem_response("internal_error")
    return defaults.server_error(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path_info.startswith(API_PATH):
        return problem_response("bad_request")
    return defaults.bad_request(request, exception)


@never_cache
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that was open while somebody signed in or out in another tab.

    Nothing is done; what was typed at checkout is kept, and the page is shown anew.
    """
    # Forms of other sites come without the session, and must not begin one.
    is_visitor = settings.SESSION_COOKIE_NAME in request.COOKIES
    is_checkout = is_visitor and request.path == reverse("orders:checkout")
    if is_checkout:
        keep_typed(request)
        words = _(
            "Something changed in another tab; everything you typed is still here. "
            "Look it over and order again."
        )
        messages.info(request, words)
    if is_fragment(request):
        if is_visitor and not is_checkout:
            messages.info(request, _("The page was out of date. Please try again."))
        return HttpResponse(status=403, headers={"HX-Refresh": "true"})
    if is_checkout:
        return redirect("orders:checkout")
    back = _page_before(request)
    return render(request, "403_csrf.html", {"back": back}, status=403)


def _page_before(request: HttpRequest) -> str:
    """Return the page that a form was on, if the browser says so, or ""."""
    ours = f"{request.scheme}://{request.get_host()}"
    page = request.headers.get("Referer", "")
    return page if page.startswith(f"{ours}/") else ""
