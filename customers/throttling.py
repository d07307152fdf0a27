"""How often something may be tried, counted in the cache.

Windows begin by the clock, so that a count can be made with one atomic step and ends by
itself. A cache that is down stops nobody: guessing is then slowed by the password's
hash alone, and the log says so.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone
from redis import Redis
from redis.exceptions import RedisError

from customers.exceptions import TooManyAttemptsError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` attempts within `window`."""

    name: str
    count: int
    window: timedelta


# An attempt, and who makes it.
Attempt = tuple[Limit, str]

# One is who tries an email from one place, a browser that signed in before, or a user.
SIGN_INS_BY_ONE = Limit("sign-in", 10, timedelta(minutes=15))
SIGN_INS_PER_EMAIL = Limit("sign-in-email", 100, timedelta(minutes=15))
SIGN_INS_PER_PLACE = Limit("sign-in-place", 50, timedelta(minutes=15))
LINKS_BY_ONE = Limit("link", 5, timedelta(hours=1))
LINKS_PER_EMAIL = Limit("link-email", 30, timedelta(hours=1))
LINKS_PER_PLACE = Limit("link-place", 20, timedelta(hours=1))
SIGN_UPS_PER_PLACE = Limit("sign-up-place", 20, timedelta(hours=1))
CODES_AT_ONCE = Limit("code", 3, timedelta(minutes=10))
CODES_A_DAY = Limit("code-day", 10, timedelta(days=1))
GUEST_ORDERS_PER_PLACE = Limit("guest-orders-place", 60, timedelta(hours=1))
PASSWORDS_ASKED = Limit("password", 10, timedelta(minutes=15))
# A geocoder is slow, and may be somebody else's.
PLACES = Limit("api-places", 120, timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a limit (below zero: nothing) for so many seconds."""

    limit: Limit
    left: int
    seconds: int


def place_of(request: HttpRequest | None) -> str:
    """Return the network that a request comes from, for who counts by it.

    Empty when nobody knows, and for a private one: that is this machine, or a proxy
    that the settings know nothing of (PROXY_COUNT), and everybody would be counted as
    one.
    """
    try:
        address = ip_address(_address_in(request.META) if request else "")
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        # As a server that listens on both writes an address of IPv4.
        address = address.ipv4_mapped or address
    if address.is_private:
        return ""
    if isinstance(address, IPv6Address):
        # One household has as many addresses as it likes.
        return str(ip_network((address, 64), strict=False))
    return str(address)


def _address_in(meta: dict[str, Any]) -> str:
    """Return whose request it was, for the first of the proxies that are ours."""
    if not settings.PROXY_COUNT:
        return str(meta.get("REMOTE_ADDR", ""))
    # Each proxy adds whom it heard from; what stands before ours is anybody's claim.
    heard = str(meta.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    nearest: int = min(settings.PROXY_COUNT, len(heard))
    return heard[-nearest].strip()


def spend(*attempts: Attempt) -> None:
    """Count an attempt of each of these; raises TooManyAttemptsError over a limit.

    An attempt is counted before it is made, so that a hundred made at once are a
    hundred. Who is empty is not counted.
    """
    now = timezone.now().timestamp()
    for limit, who in attempts:
        if who and settings.LIMIT_ATTEMPTS and _count(limit, who, now) > limit.count:
            raise TooManyAttemptsError(_seconds_left(limit, now))


def count_request(attempts: Sequence[Attempt]) -> list[Allowance]:
    """Count one request against each of these limits, in one step; return what is left.

    Empty when nothing is counted: for who is unknown, or while the cache is down.
    """
    now = timezone.now().timestamp()
    counted = [(limit, who) for limit, who in attempts if who]
    if not counted or not settings.LIMIT_ATTEMPTS:
        return []
    try:
        with _client(settings.REDIS_URL).pipeline(transaction=False) as steps:
            for limit, who in counted:
                key = cache.make_key(_key(limit, who, now))
                steps.incr(key)
                steps.expire(key, int(limit.window.total_seconds()))
            counts = steps.execute()[::2]
    except (RedisError, OSError) as error:
        logger.warning("Requests are not counted: %s", error)
        return []
    return [
        Allowance(limit, limit.count - count, _seconds_left(limit, now))
        for (limit, _who), count in zip(counted, counts, strict=True)
    ]


@lru_cache(maxsize=1)
def _client(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)


def _seconds_left(limit: Limit, now: float) -> int:
    seconds = limit.window.total_seconds()
    return int(seconds - now % seconds) + 1


def give_back(*attempts: Attempt) -> None:
    """Take back what was spent on an attempt that was no guess."""
    now = timezone.now().timestamp()
    for limit, who in attempts:
        if who and settings.LIMIT_ATTEMPTS:
            _count(limit, who, now, by=-1)


def _count(limit: Limit, who: str, now: float, *, by: int = 1) -> int:
    key = _key(limit, who, now)
    try:
        cache.add(key, 0, timeout=int(limit.window.total_seconds()))
        return cache.incr(key, by)
    except ValueError:
        # Its window ended between the two steps.
        return 0
    except (RedisError, OSError) as error:
        logger.warning("Attempts are not counted: %s", error)
        return 0


def _key(limit: Limit, who: str, now: float) -> str:
    # Hashed: an email may hold anything, and is nobody's business in a cache.
    digest = hashlib.sha256(who.strip().lower().encode()).hexdigest()[:32]
    return f"attempts:{limit.name}:{digest}:{int(now // limit.window.total_seconds())}"
