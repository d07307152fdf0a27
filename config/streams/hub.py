"""Rings for whoever listens when Redis does."""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import redis.asyncio as aioredis
from django.conf import settings
from redis.exceptions import RedisError

from notifications.live import inbox_channel

logger = logging.getLogger(__name__)

RECONNECT_SECONDS = 1
CLIENT_NAME = "tiffin-streams"


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
        try:
            # Whoever goes away may do so in the middle of this.
            for channel in channels:
                self._bells[channel].add(bell)
                await self._tell_redis("subscribe", channel)
            yield bell
        finally:
            for channel in self._take_down(bell, channels):
                # Unless somebody has begun to listen meanwhile.
                if channel not in self._bells:
                    await self._tell_redis("unsubscribe", channel)

    def _take_down(self, bell: asyncio.Event, channels: list[str]) -> list[str]:
        """Forget a bell; return the channels that nobody listens to any more."""
        for channel in channels:
            self._bells[channel].discard(bell)
        silent = [channel for channel in channels if not self._bells[channel]]
        for channel in silent:
            self._bells.pop(channel, None)
        return silent

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
            except Exception:
                # Nothing would ring any more, and nobody would notice.
                logger.exception("News from Redis cannot be heard.")
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
