"""A lane's work: plan, send and write down, many messages at once."""

import logging
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic, sleep

from django.db import connection
from django.utils import timezone

from notifications.providers import get_providers
from notifications.providers.base import (
    BlockingProvider,
    Envelope,
    HttpProvider,
    Outcome,
    Response,
    Result,
)
from notifications.services.claiming import claim_next_batch, find_due_providers
from notifications.services.leasing import Batch
from notifications.services.planning import RECIPIENTS, plan_next_batch
from notifications.services.recording import Done, record
from notifications.transport import Failure, get_transport

logger = logging.getLogger(__name__)

# So many requests are under way at most, give or take a batch.
WINDOW = 2000
THREADS = 4
# Outcomes are written together, but none waits longer than this.
RECORD_COUNT = 1000
RECORD_SECONDS = 0.03
# How often a lane that has just been quiet is looked at.
LOOK_SECONDS = 0.02


class LaneWorker:
    """What one process has under way in a lane."""

    def __init__(self, lane: str) -> None:
        self.lane = lane
        self.providers = get_providers()
        self.transport = get_transport()
        self.threads = ThreadPoolExecutor(THREADS, "provider")
        self.sending: deque[tuple[Future[list[Outcome]], int, Sequence[Envelope]]] = (
            deque()
        )
        self.done: list[Done] = []
        self.left: Counter[int] = Counter()
        self.recorded_at = monotonic()

    def run(self, *, seconds: float, linger: float) -> int:
        """Work until nothing was due for `linger` seconds; return how much there was.

        After `seconds` nothing more is taken up, only what is under way is ended.
        """
        started = busy_at = monotonic()
        total = 0
        try:
            while True:
                now = monotonic()
                taken = self._take() if now - started < seconds else 0
                total += taken
                if taken or self.left:
                    busy_at = now
                elif now - busy_at >= linger or now - started >= seconds:
                    return total
                self._turn(is_idle=not taken)
        finally:
            self.threads.shutdown(cancel_futures=True)

    def _take(self) -> int:
        """Take up what is due while there is room; return how much it was."""
        taken = 0
        for provider in find_due_providers(sorted(self._open()), lane=self.lane):
            batch = claim_next_batch(
                lane=self.lane, provider=provider, limit=self._size(provider)
            )
            self._start(batch)
            taken += batch.taken
        if len(self.transport) <= WINDOW - RECIPIENTS:
            batch = plan_next_batch(lane=self.lane)
            self._start(batch)
            taken += batch.taken
        return taken

    def _open(self) -> set[str]:
        """Return the providers that there is room for."""
        names: set[str] = set()
        if len(self.transport) < WINDOW:
            names.update(self.providers.http)
        if len(self.sending) < THREADS:
            names.update(self.providers.blocking)
        return names

    def _size(self, provider: str) -> int:
        if provider in self.providers.blocking:
            return self.providers.blocking[provider].batch_size
        return WINDOW // 2

    def _start(self, batch: Batch) -> None:
        if batch.lease_id is None:
            return
        self.left[batch.lease_id] = len(batch.envelopes)
        blocking: list[Envelope] = []
        troubles = {
            name: self.providers.http[name].prepare()
            for name in {envelope.provider for envelope in batch.envelopes}
            if name in self.providers.http
        }
        for envelope in batch.envelopes:
            provider = self.providers.http.get(envelope.provider)
            trouble = troubles.get(envelope.provider)
            if provider is None:
                blocking.append(envelope)
            elif trouble is not None:
                self._end(envelope, trouble, batch.lease_id)
            else:
                self._request(provider, envelope, batch.lease_id)
        if blocking:
            provider_of_all = self.providers.blocking[blocking[0].provider]
            future = self.threads.submit(_send, provider_of_all, blocking)
            self.sending.append((future, batch.lease_id, blocking))

    def _request(
        self, provider: HttpProvider, envelope: Envelope, lease_id: int
    ) -> None:
        try:
            request = provider.request(envelope)
        except Exception as error:  # One message's words must not stop the batch.
            logger.exception("Message %s cannot be written.", envelope.message_id)
            trouble = Outcome(Result.PERMANENT, f"{error}"[:300], "payload_invalid")
            self._end(envelope, trouble, lease_id)
            return
        self.transport.start(request, (provider, envelope, lease_id))

    def _turn(self, *, is_idle: bool) -> None:
        """Let requests move on, and write down what has come back."""
        if is_idle and not len(self.transport):
            sleep(LOOK_SECONDS)
        wait = LOOK_SECONDS if is_idle else 0.0
        for tag, answer in self.transport.turn(wait):
            provider, envelope, lease_id = tag
            self._end(envelope, _judge(provider, envelope, answer), lease_id)
        while self.sending and self.sending[0][0].done():
            future, lease_id, envelopes = self.sending.popleft()
            for envelope, outcome in zip(envelopes, future.result(), strict=True):
                self._end(envelope, outcome, lease_id)
        waited = monotonic() - self.recorded_at
        if self.done and (len(self.done) >= RECORD_COUNT or waited >= RECORD_SECONDS):
            self._record()

    def _end(self, envelope: Envelope, outcome: Outcome, lease_id: int) -> None:
        self.done.append(Done(envelope, outcome, lease_id, timezone.now()))

    def _record(self) -> None:
        done, self.done = self.done, []
        self.left.subtract(each.lease_id for each in done)
        finished = [lease for lease, count in self.left.items() if count <= 0]
        record(done, finished=finished)
        for lease in finished:
            del self.left[lease]
        self.recorded_at = monotonic()


def _send(provider: BlockingProvider, envelopes: Sequence[Envelope]) -> list[Outcome]:
    try:
        return provider.send(envelopes)
    except Exception as error:  # The outermost boundary: a bug stays its provider's.
        logger.exception("A provider broke.")
        outcome = Outcome(Result.RETRY, f"{type(error).__name__}: {error}"[:300])
        return [outcome] * len(envelopes)
    finally:
        # A template may have asked the database something: this thread's connection.
        connection.close()


def _judge(
    provider: HttpProvider, envelope: Envelope, answer: Response | Failure
) -> Outcome:
    if isinstance(answer, Response):
        return provider.judge(envelope, answer)
    if answer.has_left:
        return Outcome(Result.UNKNOWN, answer.reason[:300], "connection_lost")
    return Outcome(Result.RETRY, answer.reason[:300], "no_connection")


def work_lane(*, lane: str, seconds: float, linger: float = 0.0) -> int:
    """Plan and send what is due in a lane; return how much there was."""
    return LaneWorker(lane).run(seconds=seconds, linger=linger)
