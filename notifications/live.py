"""Tell open pages at once that what they show has changed."""

import functools
import logging
from collections.abc import Iterable

import redis
from django.conf import settings
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# A page's badge is not worth a long wait.
PATIENCE_SECONDS = 0.5


def inbox_channel(user_pk: int) -> str:
    """Return the Redis channel on which changes of an inbox are told."""
    return f"tiffin:inbox:{user_pk}"


def tell_streams(user_pks: Iterable[int]) -> None:
    """Publish that these inboxes changed; a Redis that is down is only logged."""
    ring_channels(inbox_channel(user_pk) for user_pk in user_pks)


def ring_channels(channels: Iterable[str]) -> None:
    """Publish on these channels; a Redis that is down is only logged."""
    pipeline = _client(settings.REDIS_URL).pipeline(transaction=False)
    for channel in channels:
        pipeline.publish(channel, "")
    try:
        pipeline.execute()
    except RedisError as error:
        logger.warning("Open pages are not told of what is new: %s", error)


@functools.cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS
    )
