"""What open pages are told as it changes: unread notifications, the board, an order.

Server-sent events (HTML standard, 9.2) from an ASGI server of its own: a stream lasts
as long as a page is open, and would hold one of the site's few threads. The session's
cookie says who listens; cookies know no ports, so the site's own works here.
"""

import asyncio
import contextlib
import hashlib
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from importlib import import_module
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import redis.asyncio as aioredis
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.base import SessionBase
from django.db import DatabaseError, close_old_connections
from django.db.models import Max
from django.http import parse_cookie
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from redis.exceptions import RedisError

from customers.models import User
from delivery.models import Delivery
from notifications.live import inbox_channel
from notifications.selectors import count_unread
from orders.live import order_channel
from orders.models import Order
from orders.selectors import orders_of_visitor
from orders.services.guests import GUEST_ORDERS
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
MOST_FIELDS = 10

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True)
class Visitor:
    """Who listens, by their session: nobody signed in has no pk."""

    user_pk: int | None
    # The public ids of the guests' orders whose links were opened in the session.
    guest_orders: tuple[str, ...] = ()
    # The order that the page asks about, as it wrote it.
    order: str = ""


@dataclass(frozen=True)
class Stream:
    """A kind of news: whose it is, and what is said when there may be some."""

    # The channels that ring for a visitor; none when the stream is not for them.
    list_channels: Callable[[Visitor], list[str]]
    # What is told as data; nothing is sent while it stays the same.
    read: Callable[[Visitor], str]
    event: str


def _list_inbox_channels(visitor: Visitor) -> list[str]:
    return [] if visitor.user_pk is None else [inbox_channel(visitor.user_pk)]


def _read_unread(visitor: Visitor) -> str:
    assert visitor.user_pk is not None
    return str(count_unread(recipient_pk=visitor.user_pk))


def _list_board_channels(visitor: Visitor) -> list[str]:
    if visitor.user_pk is None:
        return []
    own = own_restaurants(User.objects.get(pk=visitor.user_pk), Duty.BOARD)
    return [board_channel(pk) for pk in own.values_list("pk", flat=True)]


def _list_order_channels(visitor: Visitor) -> list[str]:
    order = _find_order(visitor)
    return [] if order is None else [order_channel(order.public_id)]


def _read_order(visitor: Visitor) -> str:
    """Return what changes whenever its page would: the last of each thing it shows."""
    order = _find_order(visitor)
    if order is None:
        return "gone"
    changes = order.line_changes.aggregate(Max("pk"), Max("answered_at"))
    way = Delivery.objects.filter(order=order).values_list(
        "status", "courier_name", "position_at"
    )
    seen = (order.events.aggregate(Max("pk")), order.total, order.refunded, changes)
    version = f"{order.status} {seen} {way.first()}"
    return hashlib.sha256(version.encode()).hexdigest()[:16]


def _find_order(visitor: Visitor) -> Order | None:
    try:
        public_id = UUID(visitor.order)
    except ValueError:
        return None
    orders = orders_of_visitor(
        user_pk=visitor.user_pk, guest_orders=visitor.guest_orders
    )
    return orders.filter(public_id=public_id).first()


STREAMS = {
    "/inbox/stream/": Stream(
        list_channels=_list_inbox_channels, read=_read_unread, event="unread"
    ),
    # Says only that there is something new: the board then asks for what it may see.
    "/owner/board/stream/": Stream(
        list_channels=_list_board_channels,
        read=lambda _visitor: timezone.now().isoformat(),
        event="board",
    ),
    # As above: the order's page then asks how it stands.
    "/orders/stream/": Stream(
        list_channels=_list_order_channels, read=_read_order, event="order"
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
        visitor = await _in_thread(_find_visitor, _cookies(scope), _query(scope))
        channels = await _in_thread(stream.list_channels, visitor)
    except DatabaseError:
        logger.exception("Nobody can be recognised.")
        return await _refuse(send, HTTPStatus.SERVICE_UNAVAILABLE)
    if not channels:
        is_known = visitor.user_pk is not None
        refusal = HTTPStatus.FORBIDDEN if is_known else HTTPStatus.UNAUTHORIZED
        return await _refuse(send, refusal)
    listener = Listener(stream, visitor, channels, send)
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
    visitor: Visitor
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
            news: str = await _in_thread(self.stream.read, self.visitor)
        except DatabaseError:
            logger.exception("News for %s cannot be read.", self.visitor)
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


def _query(scope: Message) -> dict[str, str]:
    # One field is asked for; more of them are none.
    with contextlib.suppress(ValueError):
        text = scope["query_string"].decode("latin-1")
        return dict(parse_qsl(text, max_num_fields=MOST_FIELDS))
    return {}


def _find_visitor(cookies: str, query: dict[str, str]) -> Visitor:
    """Return who listens with these cookies.

    As Django's own `get_user` does, but without ever renewing the session, since no
    cookie can be set here.
    """
    key = parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME)
    session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    return Visitor(
        user_pk=_find_user(session),
        guest_orders=tuple(session.get(GUEST_ORDERS, ())),
        order=query.get("order", ""),
    )


def _find_user(session: SessionBase) -> int | None:
    pk = session.get(SESSION_KEY)
    users: Any = get_user_model().objects.filter(is_active=True)
    user = users.filter(pk=pk).first() if pk else None
    if user is None:
        return None
    proof = session.get(HASH_SESSION_KEY, "")
    is_same = constant_time_compare(proof, user.get_session_auth_hash())
    return int(user.pk) if is_same else None
