"""Partners' servers are strangers to each other: a slow one must not delay another.

What one worker has under way at a host is bounded, and a host that keeps failing is
left alone for a while; what would be too much waits, which is no attempt. Each worker
sees for itself: nothing is stored, and a new worker tries again.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from notifications.endpoints import origin_of
from notifications.people import WEBHOOK
from notifications.providers.base import Envelope, Outcome, Result
from notifications.rules import SEND, Decision
from notifications.services.circuits import TROUBLES
from notifications.transport import CONNECTIONS

# Whose endpoints each belong to somebody else.
APART = {WEBHOOK}
# How many are under way at one host, and at all of them. No more than the connections
# that the transport makes to a host: beyond, curl lets one host's wait hold up others'.
AT_HOST = CONNECTIONS
AT_ALL = 1000
# So many failures in a row, and the host rests: twice as long each time.
MOST_FAILURES = 5
FIRST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=5)
# Those that found no room come back so many at a time.
BACK_AT_ONCE = 32
PACE = timedelta(milliseconds=500)
MOST_HOSTS = 10_000


@dataclass(slots=True)
class Host:
    under_way: int = 0
    failures: int = 0
    rest_until: datetime | None = None
    # From when on the last of those that wait comes back.
    next_at: datetime | None = None
    waiting: int = 0


@dataclass(slots=True)
class Bulkheads:
    """What one worker has under way at the hosts of partners."""

    hosts: defaultdict[str, Host] = field(default_factory=lambda: defaultdict(Host))
    under_way: int = 0

    def admit(self, envelope: Envelope, now: datetime) -> Decision:
        """Decide whether a message goes now; count it as under way if it does."""
        if envelope.provider not in APART:
            return SEND
        host = self.hosts[origin_of(envelope.address)]
        if host.rest_until is not None and now < host.rest_until:
            spread = PACE * (envelope.message_id % 4)
            return Decision("endpoint_resting", host.rest_until + spread)
        # Who has rested is tried with one.
        room = AT_HOST if host.failures < MOST_FAILURES else 1
        if host.under_way >= room or self.under_way >= AT_ALL:
            return Decision("endpoint_busy", _next_place(host, now))
        host.under_way += 1
        self.under_way += 1
        return SEND

    def see(self, envelope: Envelope, outcome: Outcome, now: datetime) -> None:
        """Note what came of a message that was admitted."""
        if envelope.provider not in APART:
            return
        name = origin_of(envelope.address)
        host = self.hosts[name]
        host.under_way = max(0, host.under_way - 1)
        self.under_way = max(0, self.under_way - 1)
        is_trouble = outcome.result != Result.ACCEPTED and outcome.reason in TROUBLES
        host.failures = host.failures + 1 if is_trouble else 0
        if host.failures >= MOST_FAILURES:
            doublings: int = 2 ** min(host.failures - MOST_FAILURES, 10)
            host.rest_until = now + min(LONGEST_REST, FIRST_REST * doublings)
        if len(self.hosts) > MOST_HOSTS:
            self._forget(now)

    def _forget(self, now: datetime) -> None:
        for name, host in list(self.hosts.items()):
            is_resting = host.rest_until is not None and host.rest_until > now
            if not host.under_way and not is_resting:
                del self.hosts[name]


def _next_place(host: Host, now: datetime) -> datetime:
    """Return when there may be room: those that wait come back a few at a time."""
    if host.next_at is None or host.next_at <= now:
        host.next_at, host.waiting = now + PACE, 0
    elif host.waiting >= BACK_AT_ONCE:
        host.next_at, host.waiting = host.next_at + PACE, 0
    host.waiting += 1
    return host.next_at
