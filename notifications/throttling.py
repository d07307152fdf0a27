"""How much at once: token buckets in Redis, one script call for a whole batch.

The buckets follow the generic cell rate algorithm (ITU-T I.371, 1996): a key holds the
moment at which its bucket is full again, so that a bucket costs one read and one write
and forgets itself. Whatever Redis loses is a bucket that is full.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

import redis
from django.conf import settings

from notifications.models import Channel, Priority
from notifications.providers.base import Envelope
from notifications.quiet_hours import zone_of
from notifications.rules import SEND, Decision
from notifications.topics import WhenCapped

logger = logging.getLogger(__name__)

PREFIX = "tiffin:rate:"
# No phone is told more often than this, however much there is to tell.
DEVICE_BURST = 30
DEVICE_SECONDS = 2.0
# Of a provider's allowance, what bulk leaves to the others.
RESERVED_SHARE = 0.3
# How long bulk waits for a Redis that is down.
UNAVAILABLE = timedelta(seconds=30)

# ARGV: now in ms, then for each message the number of its buckets and for each bucket
# the index of its key, ms per token, burst in ms. Answers for each message the ms to
# wait (0: taken) and which of its buckets said so. A message takes from all or none.
SCRIPT = """
local now, at, answers = tonumber(ARGV[1]), 2, {}
local known, waiting = {}, {}
while at <= #ARGV do
  local count, longest, which = tonumber(ARGV[at]), 0, 0
  at = at + 1
  local fresh = {}
  for n = 1, count do
    local key = KEYS[tonumber(ARGV[at])]
    local step, burst = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    local full = known[key]
    if not full then full = tonumber(redis.call('GET', key) or 0) end
    local next_full = math.max(full, now) + step
    local wait = next_full - now - burst
    if wait > longest then longest, which = wait, n end
    fresh[n] = {key, next_full, step}
    at = at + 3
  end
  if longest <= 0 then
    for n = 1, count do known[fresh[n][1]] = fresh[n][2] end
    longest = 0
  else
    -- Those who wait for one bucket come back one by one.
    local key, step = fresh[which][1], fresh[which][3]
    waiting[key] = (waiting[key] or -1) + 1
    longest = longest + waiting[key] * step
  end
  answers[#answers + 1] = longest
  answers[#answers + 1] = which
end
for key, full in pairs(known) do
  redis.call('SET', key, string.format('%.0f', full), 'PX', math.ceil(full - now) + 1)
end
return answers
"""


class Bucket(NamedTuple):
    """Tokens come back one by one, `seconds` apart, up to `burst` of them."""

    key: str
    seconds: float
    burst: float
    reason: str


def throttle(envelopes: Sequence[Envelope], *, now: datetime) -> list[Decision]:
    """Take the tokens of a batch; answer for each whether it goes now.

    Critical messages are not throttled. Where Redis does not answer, bulk waits and
    the rest goes.
    """
    rates = settings.NOTIFICATIONS.get("PER_SECOND", {})
    wanted = [list(_buckets(envelope, rates, now)) for envelope in envelopes]
    if not any(wanted):
        return [SEND] * len(envelopes)
    try:
        answers = _take(wanted, now)
    except redis.RedisError as error:
        logger.warning("No throttle: %s", error)
        wait = Decision("throttle_unavailable", now + UNAVAILABLE)
        return [wait if _is_bulk(envelope) else SEND for envelope in envelopes]
    return [
        _decide(envelope, buckets, wait, which, now)
        for envelope, buckets, wait, which in zip(
            envelopes, wanted, answers[::2], answers[1::2], strict=True
        )
    ]


def _is_bulk(envelope: Envelope) -> bool:
    return envelope.subject.topic.priority == Priority.BULK


def _buckets(
    envelope: Envelope, rates: Mapping[str, float], now: datetime
) -> Iterator[Bucket]:
    topic, person = envelope.subject.topic, envelope.person
    if topic.priority == Priority.CRITICAL:
        return
    if envelope.channel == Channel.PUSH:
        key = f"device:{envelope.provider}:{envelope.endpoint}"
        yield Bucket(key, DEVICE_SECONDS, DEVICE_BURST, "device_rate")
    rate = rates.get(envelope.provider)
    if rate:
        # Bulk sees a bucket that is not quite so deep: what is left is the others'.
        burst = rate * (1 - RESERVED_SHARE) if _is_bulk(envelope) else rate
        yield Bucket(f"provider:{envelope.provider}", 1 / rate, burst, "provider_rate")
    if person is None or envelope.attempt_number > 1:
        return
    if topic.least_gap is None and topic.daily_cap is None:
        return
    who = f"{topic.category.name}:{envelope.channel}:{person.pk}"
    if topic.least_gap:
        yield Bucket(f"gap:{who}", topic.least_gap.total_seconds(), 1, "least_gap")
    if topic.daily_cap:
        day = now.astimezone(zone_of(person.time_zone)).date().isoformat()
        # Nothing comes back within the day; the next has a key of its own.
        yield Bucket(f"day:{day}:{who}", 2 * 86400.0, topic.daily_cap, "daily_cap")


def _take(wanted: Sequence[Sequence[Bucket]], now: datetime) -> list[int]:
    keys: dict[str, int] = {}
    arguments: list[int] = [int(now.timestamp() * 1000)]
    for buckets in wanted:
        arguments.append(len(buckets))
        for bucket in buckets:
            index = keys.setdefault(PREFIX + bucket.key, len(keys) + 1)
            step = int(bucket.seconds * 1000)
            arguments += [index, step, int(step * bucket.burst)]
    answer: list[int] = _script(settings.REDIS_URL)(keys=list(keys), args=arguments)
    return answer


def _decide(
    envelope: Envelope, buckets: Sequence[Bucket], wait: int, which: int, now: datetime
) -> Decision:
    if not which:
        return SEND
    reason = buckets[which - 1].reason
    is_cap = reason in {"least_gap", "daily_cap"}
    if is_cap and envelope.subject.topic.when_capped is not WhenCapped.DELAY:
        return Decision(reason)
    if reason == "daily_cap":
        assert envelope.person is not None
        return Decision(reason, _tomorrow(now, envelope.person.time_zone))
    return Decision(reason, now + timedelta(milliseconds=wait))


def _tomorrow(now: datetime, time_zone: str) -> datetime:
    local = now.astimezone(zone_of(time_zone)) + timedelta(days=1)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


@cache
def _script(url: str) -> "redis.commands.core.Script":
    client = redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
    return client.register_script(SCRIPT)
