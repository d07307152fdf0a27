"""What open pages are told as it changes: unread notifications, the order board.

Server-sent events (HTML standard, 9.2) from an ASGI server of its own: a stream lasts
as long as a page is open, and would hold one of the site's few threads. The session's
cookie says who listens; cookies know no ports, so the site's own works here.
"""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import redis.asyncio as aioredis
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.db import DatabaseError, close_old_connections
from django.http import parse_cookie
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from redis.exceptions import RedisError

from customers.models import User
from notifications.live import inbox_channel
from notifications.selectors import count_unread
from restaurants.live import board_channel
from restaurants.models import Duty
from restaurants.owner_site import own_restaurants

logger = logging.getLogger(__name__)

# Longer than any proxy is silent for, shorter than any gives up after.
HEARTBEAT_SECONDS = 20
# Then the browser comes again, and must still be signed in.
LONGEST_SECONDS = 900
RECONNECT_SECONDS = 1
CLIENT_NAME = "tiffin-streams"
# Each has a connection with the database.
THREADS = 4

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True)
class Stream:
    """A kind of news: whose it is, and what is said when there may be some."""

    # The channels that ring for a user; none when the stream is not for them.
    list_channels: Callable[[int], list[str]]
    # What is told as data; nothing is sent while it stays the same.
    read: Callable[[int], str]
    event: str


def _list_board_channels(user_pk: int) -> list[str]:
    own = own_restaurants(User.objects.get(pk=user_pk), Duty.BOARD)
    return [board_channel(pk) for pk in own.values_list("pk", flat=True)]


STREAMS = {
    "/inbox/stream/": Stream(
        list_channels=lambda user_pk: [inbox_channel(user_pk)],
        read=lambda user_pk: str(count_unread(recipient_pk=user_pk)),
        event="unread",
    ),
    # Says only that there is something new: the board then asks for what it may see.
    "/owner/board/stream/": Stream(
        list_channels=_list_board_channels,
        read=lambda _user_pk: timezone.now().isoformat(),
        event="board",
    ),
}


class Hub:
    """One connection with Redis for all who listen.

    A bell is an `asyncio.Event`: however often it is rung, its listener reads the
    count once.
    """

    def __init__(self) -> None:
        self._bells: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._pubsub: Any = None
        self._task: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def bell(self, channels: list[str]) -> AsyncIterator[asyncio.Event]:
        """Give a bell that rings when something is published on one of the channels."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        bell = asyncio.Event()
        for channel in channels:
            self._bells[channel].add(bell)
            await self._tell_redis("subscribe", channel)
        try:
            yield bell
        finally:
            for channel in channels:
                self._bells[channel].discard(bell)
                if not self._bells[channel]:
                    del self._bells[channel]
                    await self._tell_redis("unsubscribe", channel)

    async def _tell_redis(self, act: str, channel: str) -> None:
        # Without a connection the next one subscribes to all there is.
        if self._pubsub is not None:
            with contextlib.suppress(RedisError, OSError):
                await getattr(self._pubsub, act)(channel)

    async def _run(self) -> None:
        client = aioredis.Redis.from_url(
            settings.REDIS_URL, client_name=CLIENT_NAME, health_check_interval=20
        )
        while True:
            try:
                await self._listen(client)
            except (RedisError, OSError) as error:
                logger.warning("No news from Redis: %s", error)
            self._pubsub = None
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self, client: Any) -> None:
        async with client.pubsub() as pubsub:
            # One channel that nobody publishes on: without any, reading ends.
            known = {inbox_channel(0), *self._bells}
            await pubsub.subscribe(*known)
            self._pubsub = pubsub
            for channel in set(self._bells) - known:
                await pubsub.subscribe(channel)
            # Whatever happened meanwhile was not heard.
            for channel in list(self._bells):
                self._ring(channel)
            async for message in pubsub.listen():
                if message["type"] == "message":
                    self._ring(message["channel"].decode())

    def _ring(self, channel: str) -> None:
        for bell in self._bells.get(channel, ()):
            bell.set()


hub = Hub()
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
    stream = STREAMS.get(scope["path"])
    if stream is None:
        return await _refuse(send, HTTPStatus.NOT_FOUND)
    if scope["method"] != "GET":
        return await _refuse(send, HTTPStatus.METHOD_NOT_ALLOWED)
    try:
        user_pk = await _in_thread(_find_user, _cookies(scope))
        if user_pk is None:
            return await _refuse(send, HTTPStatus.UNAUTHORIZED)
        channels = await _in_thread(stream.list_channels, user_pk)
    except DatabaseError:
        logger.exception("Nobody can be recognised.")
        return await _refuse(send, HTTPStatus.SERVICE_UNAVAILABLE)
    if not channels:
        return await _refuse(send, HTTPStatus.FORBIDDEN)
    listener = Listener(stream, user_pk, channels, send)
    listening = asyncio.create_task(_until_gone(receive))
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            await listener.listen(listening)
    except TimeoutError:
        pass
    finally:
        listening.cancel()
    await send({"type": "http.response.body", "body": b""})
    return None


@dataclass
class Listener:
    """One open page."""

    stream: Stream
    user_pk: int
    channels: list[str]
    send: Send
    told: str = ""

    async def listen(self, gone: asyncio.Task[None]) -> None:
        """Send the news at once and when it changes, until nobody listens."""
        await _start(self.send, HTTPStatus.OK, (b"content-type", b"text/event-stream"))
        async with hub.bell(self.channels) as bell:
            bell.set()
            while not gone.done():
                if bell.is_set():
                    bell.clear()
                    await self._tell()
                else:
                    await _write(self.send, ": still here\n\n")
                await _wait(bell, gone)

    async def _tell(self) -> None:
        """Send the news unless it is what was told."""
        try:
            news: str = await _in_thread(self.stream.read, self.user_pk)
        except DatabaseError:
            logger.exception("News for user %s cannot be read.", self.user_pk)
            return
        if news != self.told:
            text = f"event: {self.stream.event}\ndata: {news}\n\n"
            await _write(self.send, text)
            self.told = news


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


async def _write(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _refuse(send: Send, status: HTTPStatus) -> None:
    await _start(send, status, (b"content-type", b"text/plain"))
    await send({"type": "http.response.body", "body": status.phrase.encode()})


async def _start(send: Send, status: HTTPStatus, kind: tuple[bytes, bytes]) -> None:
    site = urlsplit(settings.SITE_URL)
    headers = [
        kind,
        (b"access-control-allow-origin", f"{site.scheme}://{site.netloc}".encode()),
        (b"access-control-allow-credentials", b"true"),
        (b"cache-control", b"no-store"),
        # nginx would keep the events until there are many.
        (b"x-accel-buffering", b"no"),
    ]
    await send(
        {"type": "http.response.start", "status": int(status), "headers": headers}
    )


async def _in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(threads, _fresh, function, *arguments)


def _fresh(function: Callable[..., Any], *arguments: Any) -> Any:
    close_old_connections()
    try:
        return function(*arguments)
    finally:
        close_old_connections()


def _cookies(scope: Message) -> str:
    return "; ".join(
        value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie"
    )


def _find_user(cookies: str) -> int | None:
    """Return who is signed in with these cookies.

    As Django's own `get_user` does, but without ever renewing the session, since no
    cookie can be set here.
    """
    key = parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME)
    session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user: Any = (
        get_user_model()
        .objects.filter(pk=session.get(SESSION_KEY), is_active=True)
        .first()
    )
    if user is None:
        return None
    proof = session.get(HASH_SESSION_KEY, "")
    is_same = constant_time_compare(proof, user.get_session_auth_hash())
    return int(user.pk) if is_same else None
