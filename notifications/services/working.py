"""A lane's work: plan, send and write down, many messages at once."""

import logging
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from time import monotonic, sleep

from django.db import connection
from django.utils import timezone

from notifications.models import Circuit, Timer
from notifications.providers import get_providers
from notifications.providers.base import (
    BlockingProvider,
    Envelope,
    HttpProvider,
    Outcome,
    Response,
    Result,
)
from notifications.rules import SEND, Decision
from notifications.services.bulkheads import APART, Bulkheads
from notifications.services.circuits import (
    Health,
    close_circuit,
    load_circuits,
    trip,
)
from notifications.services.claiming import claim_next_batch, find_due_providers
from notifications.services.fallbacks import fall_back
from notifications.services.leasing import Batch, renew
from notifications.services.planning import RECIPIENTS, plan_next_batch
from notifications.services.recording import Held, record
from notifications.services.tallies import Done
from notifications.throttling import throttle
from notifications.transport import Failure, forget_transport, get_transport

logger = logging.getLogger(__name__)

# So many requests are under way at most, give or take a batch.
WINDOW = 4000
THREADS = 4
# Outcomes are written together, but none waits longer than this.
RECORD_COUNT = 1000
RECORD_SECONDS = 0.03
# How many try a provider that was left alone, and how often circuits are looked at.
PROBES = 10
CIRCUIT_SECONDS = 1.0
RENEW_SECONDS = 10.0
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
        self.held: list[Held] = []
        self.left: Counter[int] = Counter()
        self.recorded_at = monotonic()
        self.health: defaultdict[str, Health] = defaultdict(Health)
        self.circuits: dict[str, Circuit] = {}
        self.probing: set[str] = set()
        self.bulkheads = Bulkheads()
        self.looked_at = 0.0
        self.renewed_at = monotonic()

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
            if len(self.transport):
                # Broken off: the answers to come are no later worker's.
                forget_transport()

    def _take(self) -> int:
        """Take up what is due while there is room; return how much it was."""
        taken = 0
        rooms = self._rooms()
        due = find_due_providers([*rooms, Timer.FALLBACK], lane=self.lane)
        for provider in due:
            if provider == Timer.FALLBACK:
                taken += fall_back(lane=self.lane)
                continue
            batch = claim_next_batch(
                lane=self.lane, provider=provider, limit=rooms[provider]
            )
            if provider in self.circuits and batch.envelopes:
                self.probing.add(provider)
            self._start(batch)
            taken += batch.taken
        if len(self.transport) <= WINDOW - RECIPIENTS:
            direct = frozenset(self.providers.http).difference(self.circuits)
            batch = plan_next_batch(lane=self.lane, direct=direct)
            self._start(batch)
            taken += batch.taken
        return taken

    def _rooms(self) -> dict[str, int]:
        """Return how many messages of which providers may be taken up."""
        self._look_at_circuits()
        rooms: dict[str, int] = {}
        if len(self.transport) < WINDOW:
            rooms.update(dict.fromkeys(self.providers.http, WINDOW // 2))
        if len(self.sending) < THREADS:
            for name, provider in self.providers.blocking.items():
                rooms[name] = provider.batch_size
        for name, circuit in self.circuits.items():
            if circuit.open_until > timezone.now():
                rooms.pop(name, None)
            elif name in rooms:
                # A few try whether it works again, one batch at a time.
                rooms[name] = PROBES
                if name in self.probing:
                    del rooms[name]
        return rooms

    def _look_at_circuits(self) -> None:
        if monotonic() - self.looked_at > CIRCUIT_SECONDS:
            circuits = load_circuits()
            for closed in self.circuits.keys() - circuits.keys():
                self.health[closed].recent.clear()
            self.circuits = circuits
            self.looked_at = monotonic()

    def _start(self, batch: Batch) -> None:
        if batch.lease_id is None:
            return
        self.left[batch.lease_id] = len(batch.envelopes)
        now = timezone.now()
        decisions = throttle(batch.envelopes, now=now)
        going: list[Envelope] = []
        for envelope, throttled in zip(batch.envelopes, decisions, strict=True):
            decision = throttled
            if decision is SEND:
                decision = self.bulkheads.admit(envelope, now)
            if decision is SEND:
                going.append(envelope)
            else:
                self.held.append(Held(envelope, decision, batch.lease_id))
        self._hand_over(going, batch.lease_id, now)

    def _hand_over(
        self, envelopes: Sequence[Envelope], lease_id: int, now: datetime
    ) -> None:
        blocking: list[Envelope] = []
        troubles = {
            name: self.providers.http[name].prepare()
            for name in {envelope.provider for envelope in envelopes}
            if name in self.providers.http
        }
        for envelope in envelopes:
            provider = self.providers.http.get(envelope.provider)
            trouble = troubles.get(envelope.provider)
            if provider is None:
                blocking.append(envelope)
            elif trouble is not None:
                self._end(envelope, trouble, lease_id, now)
            else:
                self._request(provider, envelope, lease_id, now)
        if blocking:
            provider_of_all = self.providers.blocking[blocking[0].provider]
            future = self.threads.submit(_send, provider_of_all, blocking)
            self.sending.append((future, lease_id, blocking))

    def _request(
        self, provider: HttpProvider, envelope: Envelope, lease_id: int, now: datetime
    ) -> None:
        try:
            request = provider.request(envelope, now)
        except Exception as error:  # One message's words must not stop the batch.
            logger.exception("Message %s cannot be written.", envelope.message_id)
            trouble = Outcome(Result.PERMANENT, f"{error}"[:300], "payload_invalid")
            self._end(envelope, trouble, lease_id, now)
            return
        self.transport.start(request, (provider, envelope, lease_id))

    def _turn(self, *, is_idle: bool) -> None:
        """Let requests move on, and write down what has come back."""
        if is_idle and not len(self.transport):
            sleep(LOOK_SECONDS)
        wait = LOOK_SECONDS if is_idle else 0.0
        answers = self.transport.turn(wait)
        now = timezone.now()
        for (provider, envelope, lease_id), answer in answers:
            self._end(envelope, _judge(provider, envelope, answer), lease_id, now)
        while self.sending and self.sending[0][0].done():
            future, lease_id, envelopes = self.sending.popleft()
            outcomes = future.result()
            for envelope, outcome in zip(envelopes, outcomes, strict=False):
                self._end(envelope, outcome, lease_id, now)
            self.held += [
                Held(envelope, Decision("provider_slow", now), lease_id)
                for envelope in envelopes[len(outcomes) :]
            ]
        self._renew_leases()
        waited = monotonic() - self.recorded_at
        ready = len(self.done) + len(self.held)
        if ready and (ready >= RECORD_COUNT or waited >= RECORD_SECONDS):
            self._record()

    def _renew_leases(self) -> None:
        """Go on holding what is under way, however slow a provider is."""
        if self.left and monotonic() - self.renewed_at > RENEW_SECONDS:
            renew(self.left)
            self.renewed_at = monotonic()

    def _end(
        self, envelope: Envelope, outcome: Outcome, lease_id: int, now: datetime
    ) -> None:
        self.bulkheads.see(envelope, outcome, now)
        self.done.append(Done(envelope, outcome, lease_id, now))

    def _record(self) -> None:
        done, self.done = self.done, []
        held, self.held = self.held, []
        self.left.subtract(each.lease_id for each in done)
        self.left.subtract(each.lease_id for each in held)
        finished = [lease for lease, count in self.left.items() if count <= 0]
        record(done, held=held, finished=finished)
        for lease in finished:
            del self.left[lease]
        self.recorded_at = monotonic()
        self.probing.difference_update(each.envelope.provider for each in done)
        self.probing.difference_update(each.envelope.provider for each in held)
        self._judge_providers(done)

    def _judge_providers(self, done: Sequence[Done]) -> None:
        """Open and close circuits by what has come back."""
        done = [each for each in done if each.envelope.provider not in APART]
        for each in done:
            self.health[each.envelope.provider].see(each.outcome)
        for name in {each.envelope.provider for each in done}:
            health, circuit = self.health[name], self.circuits.get(name)
            if circuit is None and health.is_bad:
                logger.warning("%s is left alone: %s", name, health.last_trouble)
                self.circuits[name] = trip(provider=name, reason=health.last_trouble)
            elif circuit is not None and health.has_recovered:
                close_circuit(provider=name)
                del self.circuits[name]
                health.recent.clear()
            elif circuit is not None:
                self.circuits[name] = trip(provider=name, reason=health.last_trouble)


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
