"""The streams' server (ASGI): opens streams, and tells of what is new."""

import asyncio
import contextlib
import contextvars
import io
import json
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.http import HttpResponse

from config.api_errors import problem_response
from config.charsets import StreamRequest
from config.request_ids import begin_request
from config.streams.hub import Hub
from config.streams.news import News
from config.streams.openings import Opening, RefusedError, is_of_api, open_for

logger = logging.getLogger(__name__)

# Longer than any proxy is silent for, shorter than any gives up after.
HEARTBEAT_SECONDS = 20
# Each has a connection with the database.
THREADS = 4

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[str, str]]

# More than anybody has pages and apps open; who has more, forgot to close them.
MOST_STREAMS = 30

hub = Hub()
listeners: Counter[str] = Counter()
threads = ThreadPoolExecutor(THREADS, thread_name_prefix="database")


async def application(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["type"] == "http":
        await _answer(scope, receive, send)


async def _live(receive: Receive, send: Send) -> None:
    while (await receive())["type"] == "lifespan.startup":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})


async def _answer(scope: Message, receive: Receive, send: Send) -> None:
    request = StreamRequest(scope, io.BytesIO())
    line = Line(send, [("X-Request-Id", begin_request(request))])
    try:
        opening: Opening = await _in_thread(open_for, request)
    except RefusedError as refused:
        return await line.refuse(refused.response)
    except DatabaseError:
        logger.exception("Nobody can be recognised.")
        return await line.refuse(_unavailable(request))
    if listeners[opening.who] >= MOST_STREAMS:
        return await line.refuse(_too_many(request))
    line.headers += opening.headers
    with _counted(opening.who):
        gone = asyncio.create_task(_until_gone(receive))
        try:
            if opening.wait is None:
                await Listener(opening, line, gone).listen()
            else:
                await _answer_once(opening, line, gone)
        finally:
            gone.cancel()
    return None


@contextlib.contextmanager
def _counted(who: str) -> Iterator[None]:
    """Count one more of whose streams are open; nobody knows who is empty."""
    if not who:
        yield
        return
    listeners[who] += 1
    try:
        yield
    finally:
        listeners[who] -= 1
        if not listeners[who]:
            del listeners[who]


def _unavailable(request: StreamRequest) -> HttpResponse:
    return _problem(request, "unavailable", HTTPStatus.SERVICE_UNAVAILABLE)


def _too_many(request: StreamRequest) -> HttpResponse:
    response = _problem(request, "throttled", HTTPStatus.TOO_MANY_REQUESTS)
    response["Retry-After"] = str(HEARTBEAT_SECONDS)
    return response


def _problem(request: StreamRequest, code: str, status: HTTPStatus) -> HttpResponse:
    if is_of_api(request):
        return problem_response(code)
    return HttpResponse(status.phrase, "text/plain", status)


@dataclass
class Line:
    """What is said to one who asked."""

    send: Send
    headers: Headers = field(default_factory=list)

    async def begin(self, status: int, headers: Headers) -> None:
        site = urlsplit(settings.SITE_URL)
        said = [
            *(*headers, *self.headers),
            ("Access-Control-Allow-Origin", f"{site.scheme}://{site.netloc}"),
            ("Access-Control-Allow-Credentials", "true"),
            ("Cache-Control", "no-store"),
            # nginx would keep the events until there are many.
            ("X-Accel-Buffering", "no"),
        ]
        raw = [(name.lower().encode(), text.encode("latin-1")) for name, text in said]
        await self.send(
            {"type": "http.response.start", "status": int(status), "headers": raw}
        )

    async def write(self, text: str) -> None:
        await self.send(
            {"type": "http.response.body", "body": text.encode(), "more_body": True}
        )

    async def end(self, body: bytes = b"") -> None:
        await self.send({"type": "http.response.body", "body": body})

    async def refuse(self, response: HttpResponse) -> None:
        await self.begin(response.status_code, list(response.items()))
        await self.end(response.content)


async def _answer_once(opening: Opening, line: Line, gone: asyncio.Task[None]) -> None:
    """Answer as soon as there are news, or that there were none (long polling)."""
    assert opening.wait is not None
    news: News | None = None
    try:
        async with asyncio.timeout(min(opening.wait, opening.seconds)):
            news = await _next_news(opening, gone)
    except TimeoutError:
        pass
    if news is None:
        await line.begin(HTTPStatus.NO_CONTENT, [])
        return await line.end()
    await line.begin(HTTPStatus.OK, [("Content-Type", "application/json")])
    return await line.end(opening.write(news).encode())


async def _next_news(opening: Opening, gone: asyncio.Task[None]) -> News | None:
    async with hub.bell(opening.feed.channels) as bell:
        while not gone.done():
            bell.clear()
            news = await _read(opening)
            if isinstance(news, str):
                # The next request says what is wrong.
                return None
            if news is not None and news.version != opening.version:
                return news
            await _wait(bell, gone)
    return None


@dataclass
class Listener:
    """One open page, or an app's screen."""

    opening: Opening
    line: Line
    gone: asyncio.Task[None]
    told: str = ""

    async def listen(self) -> None:
        """Send the news at once and when it changes, until nobody listens."""
        self.told = self.opening.version
        await self.line.begin(HTTPStatus.OK, [("Content-Type", "text/event-stream")])
        if self.opening.begin:
            await self.line.write(self.opening.begin)
        reason = "reconnect"
        try:
            async with asyncio.timeout(self.opening.seconds):
                reason = await self._tell_on()
        except TimeoutError:
            reason = await _in_thread(self.opening.why_over) or reason
        if self.opening.says_end and not self.gone.done():
            await self.line.write(
                f"event: end\ndata: {json.dumps({'reason': reason})}\n\n"
            )
        await self.line.end()

    async def _tell_on(self) -> str:
        """Send the news until nobody listens, or may; return why not."""
        async with hub.bell(self.opening.feed.channels) as bell:
            bell.set()
            while not self.gone.done():
                if bell.is_set():
                    bell.clear()
                    if reason := await self._tell():
                        return reason
                else:
                    await self.line.write(": still here\n\n")
                await _wait(bell, self.gone)
        return "reconnect"

    async def _tell(self) -> str:
        """Send the news unless it is what was told; return why it is the last."""
        news = await _read(self.opening)
        if isinstance(news, str):
            return news
        if news is not None and news.version != self.told:
            await self.line.write(self.opening.write(news))
            self.told = news.version
        return ""


async def _read(opening: Opening) -> News | str | None:
    try:
        news: News | str = await _in_thread(opening.read)
    except DatabaseError:
        logger.exception("News for %s cannot be read.", opening.feed.channels)
        return None
    return news


async def _wait(bell: asyncio.Event, gone: asyncio.Task[None]) -> None:
    """Wait until the bell rings or nobody listens, but not long."""
    ringing = asyncio.create_task(bell.wait())
    try:
        await asyncio.wait(
            {ringing, gone},
            timeout=HEARTBEAT_SECONDS,
            return_when=asyncio.FIRST_COMPLETED,
        )
    finally:
        ringing.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    loop = asyncio.get_running_loop()
    # The request's id goes along, for the log.
    context = contextvars.copy_context()
    return await loop.run_in_executor(
        threads, context.run, _fresh, function, *arguments
    )


def _fresh(function: Callable[..., Any], *arguments: Any) -> Any:
    close_old_connections()
    try:
        return function(*arguments)
    finally:
        close_old_connections()
