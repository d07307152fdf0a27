"""Tell open pages at once that what they show has changed."""

import functools
import logging
import secrets
from collections.abc import Iterable, Sequence
from typing import Any

import redis
from django.conf import settings
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# A page's badge is not worth a long wait.
PATIENCE_SECONDS = 0.5
# An app that was away for longer asks anyway.
STAMP_SECONDS = 86400


def inbox_channel(user_pk: int) -> str:
    """Return the Redis channel on which changes of an inbox are told."""
    return f"tiffin:inbox:{user_pk}"


def tell_streams(user_pks: Iterable[int]) -> None:
    """Publish that these inboxes changed; a Redis that is down is only logged."""
    ring_channels(inbox_channel(user_pk) for user_pk in user_pks)


def ring_channels(channels: Iterable[str], *, is_stamped: bool = False) -> None:
    """Publish on these channels; a Redis that is down is only logged.

    A stamp tells whoever did not listen just then that there was something.
    """
    pipeline = _client(settings.REDIS_URL).pipeline(transaction=False)
    for channel in channels:
        if is_stamped:
            pipeline.set(_stamp_of(channel), secrets.token_hex(8), ex=STAMP_SECONDS)
        pipeline.publish(channel, "")
    try:
        pipeline.execute()
    except RedisError as error:
        logger.warning("Open pages are not told of what is new: %s", error)


def read_stamps(channels: Sequence[str]) -> list[bytes | None]:
    """Return what is another after each ring; nothing while Redis is down."""
    try:
        stamps: Any = _client(settings.REDIS_URL).mget(map(_stamp_of, channels))
    except RedisError as error:
        logger.warning("Nobody knows what rang: %s", error)
        return []
    return list(stamps)


def _stamp_of(channel: str) -> str:
    return f"{channel}:stamp"


@functools.cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS
    )
