"""Who asks for a stream, and what they get: everything that is known before it begins.

Runs in a thread, since it asks the database.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ObjectDoesNotExist, SuspiciousOperation
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404
from django.urls.resolvers import RegexPattern, URLResolver
from django.utils import timezone, translation
from django.utils.crypto import constant_time_compare
from oauth2_provider.models import AccessToken
from rest_framework.exceptions import APIException, MethodNotAllowed
from rest_framework.request import Request

from config.api_errors import problem_response
from config.api_streams import StreamView, is_asked_for_json, urlpatterns
from config.middleware import headers_of_allowance
from config.streams.news import (
    Feed,
    News,
    feed_board,
    feed_inbox,
    feed_order,
    list_boards,
)
from customers.api.asking import user_of
from customers.models import User
from customers.throttling import place_of
from orders.selectors import orders_of_visitor
from orders.services.guests import GUEST_ORDERS

# Then a page comes again, and must still be signed in; no token lasts longer.
LONGEST_SECONDS = 900
RETRY_MILLISECONDS = 3000
USUAL_WAIT_SECONDS = 25
API_PREFIX = "/api/v1/"

addresses = URLResolver(RegexPattern(rf"^{API_PREFIX}"), urlpatterns)


class RefusedError(Exception):
    """Nothing is told, and this is the answer."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response


@dataclass(frozen=True)
class Opening:
    """What somebody is told, how it is written, and for how long."""

    feed: Feed
    write: Callable[[News], str]
    # Whose it is, for who may have so many at once; empty when nobody knows.
    who: str
    # What they know already.
    version: str = ""
    # The answer waits so many seconds at most for news, and is no stream.
    wait: int | None = None
    seconds: float = LONGEST_SECONDS
    begin: str = ""
    # Empty while they may go on listening.
    why_over: Callable[[], str] = str
    # An app is told why its stream ends.
    says_end: bool = False
    headers: tuple[tuple[str, str], ...] = ()

    def read(self) -> News | str:
        """Return how things are, or why this listener hears no more."""
        return self.why_over() or self.feed.read()


def is_of_api(request: ASGIRequest) -> bool:
    return request.path_info.startswith(API_PREFIX)


def open_for(request: ASGIRequest) -> Opening:
    """Return what a request opens; RefusedError."""
    try:
        if not is_of_api(request):
            return _open_page(request)
        language = translation.get_language_from_request(request)
        with translation.override(language):
            return _open_api(request)
    except SuspiciousOperation as error:
        raise RefusedError(problem_response("bad_request")) from error


def _open_page(request: ASGIRequest) -> Opening:
    page = PAGES.get(request.path_info)
    if page is None:
        raise RefusedError(_plain(HTTPStatus.NOT_FOUND))
    if request.method != "GET":
        raise RefusedError(_plain(HTTPStatus.METHOD_NOT_ALLOWED))
    session = _session_of(request)
    user = _find_user(session)
    feed = page.open(user, session, request)
    if feed is None:
        known = user is not None
        status = HTTPStatus.FORBIDDEN if known else HTTPStatus.UNAUTHORIZED
        raise RefusedError(_plain(status))
    if user is None:
        place = place_of(request)
        return Opening(feed, page.write, f"place {place}" if place else "")
    why_over = partial(_why_signed_out, request, user)
    return Opening(feed, page.write, f"user {user.pk}", why_over=why_over)


def _plain(status: HTTPStatus) -> HttpResponse:
    return HttpResponse(status.phrase, "text/plain", status)


@dataclass(frozen=True)
class PageStream:
    """A stream of the site's own pages, which know by its event what to do."""

    open: Callable[[User | None, SessionBase, ASGIRequest], Feed | None]
    event: str
    # What is told as data; an app is told all there is.
    tell: Callable[[News], object]

    def write(self, news: News) -> str:
        return f"event: {self.event}\ndata: {self.tell(news)}\n\n"


def _open_inbox(
    user: User | None, _session: SessionBase, _request: ASGIRequest
) -> Feed | None:
    return None if user is None else feed_inbox(user.pk)


def _open_board(
    user: User | None, _session: SessionBase, _request: ASGIRequest
) -> Feed | None:
    return None if user is None else feed_board(list_boards(user))


def _open_order(
    user: User | None, session: SessionBase, request: ASGIRequest
) -> Feed | None:
    try:
        public_id = UUID(request.GET.get("order", ""))
    except ValueError:
        return None
    orders = orders_of_visitor(
        user_pk=None if user is None else user.pk,
        # The public ids of the guests' orders whose links were opened here.
        guest_orders=tuple(session.get(GUEST_ORDERS, ())),
    )
    return feed_order(orders, public_id)


PAGES = {
    "/inbox/stream/": PageStream(
        _open_inbox, "unread", lambda news: news.facts["unread"]
    ),
    # These say only that there is something new: the page then asks for it.
    "/owner/board/stream/": PageStream(
        _open_board, "board", lambda news: news.facts["at"]
    ),
    "/orders/stream/": PageStream(_open_order, "order", lambda news: news.version),
}


def _session_of(request: HttpRequest) -> SessionBase:
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    store: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore(key)
    return store


def _find_user(session: SessionBase) -> User | None:
    """Return who is signed in.

    As Django's own `get_user` does, but without ever renewing the session, since no
    cookie can be set here.
    """
    pk = session.get(SESSION_KEY)
    users: Any = get_user_model().objects.filter(is_active=True)
    user: User | None = users.filter(pk=pk).first() if pk else None
    if user is None:
        return None
    proof = session.get(HASH_SESSION_KEY, "")
    is_same = constant_time_compare(proof, user.get_session_auth_hash())
    return user if is_same else None


def _open_api(request: ASGIRequest) -> Opening:
    try:
        match = addresses.resolve(request.path_info)
    except Resolver404 as error:
        raise RefusedError(problem_response("not_found")) from error
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        # The site's own pages may ask the API with their session.
        request.user = _find_user(_session_of(request))  # type: ignore[assignment]
    view: Any = match.func
    return _ask(view.view_class(), request, match.kwargs)


def _ask(view: StreamView, request: ASGIRequest, names: dict[str, Any]) -> Opening:
    """Let the site's own view say who may listen, or why not."""
    view.setup(request, **names)
    asked: Any = view.initialize_request(request, **names)
    view.request = asked
    view.headers = view.default_response_headers
    try:
        view.initial(asked, **names)
        if request.method != "GET":
            raise MethodNotAllowed(str(request.method))
        feed, query = view.open(asked, **names)
    except (APIException, ObjectDoesNotExist) as error:
        response = view.handle_exception(error)
        raise RefusedError(_finish(view, asked, response)) from error
    return _open_for_app(asked, feed, query)


def _finish(view: StreamView, asked: Request, response: Any) -> HttpResponse:
    finished: Any = view.finalize_response(asked, response)
    finished.render()
    for name, words in headers_of_allowance(asked._request).items():  # noqa: SLF001
        finished[name] = words
    answer: HttpResponse = finished
    return answer


def _open_for_app(asked: Request, feed: Feed, query: dict[str, Any]) -> Opening:
    wait = query.get("wait")
    if wait is None and is_asked_for_json(asked):
        wait = USUAL_WAIT_SECONDS
    token: Any = asked.auth
    left = float(LONGEST_SECONDS)
    if token is not None:
        left = min(left, (token.expires - timezone.now()).total_seconds())

    user = user_of(asked)

    def why_over() -> str:
        if token is None:
            return _why_signed_out(asked._request, user)  # noqa: SLF001
        return _why_over(token.pk)

    return Opening(
        feed,
        _write_json if wait else _write_event(feed.event),
        f"user {user.pk}",
        version=query.get("version") or asked.headers.get("Last-Event-ID", ""),
        wait=wait,
        seconds=left,
        begin=f"retry: {RETRY_MILLISECONDS}\n\n",
        why_over=why_over,
        says_end=True,
        headers=tuple(headers_of_allowance(asked._request).items()),  # noqa: SLF001
    )


def _why_signed_out(request: HttpRequest, user: User) -> str:
    """Ask the session again, which may have ended or be another's by now."""
    found = _find_user(_session_of(request))
    return "" if found is not None and found.pk == user.pk else "reconnect"


def _write_json(news: News) -> str:
    return json.dumps({"version": news.version, **news.facts})


def _write_event(event: str) -> Callable[[News], str]:
    def write(news: News) -> str:
        return f"id: {news.version}\nevent: {event}\ndata: {_write_json(news)}\n\n"

    return write


def _why_over(token_pk: int) -> str:
    token = AccessToken.objects.select_related("user").filter(pk=token_pk).first()
    if token is None or token.user is None or not token.user.is_active:
        return "token_revoked"
    return "token_expired" if token.is_expired() else ""
