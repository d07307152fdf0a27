"""Leaving alone a provider that keeps failing."""

from collections import deque
from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from notifications.models import Circuit
from notifications.providers.base import Outcome, Result

# Faults of the provider, or of our account there: not of one message or phone.
TROUBLES = {"provider_error", "credentials", "no_connection", "connection_lost"}
RECENT = 50
FEWEST = 20
TRIP_SHARE = 0.6
FIRST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=2)


class Health:
    """What one worker has lately seen of one provider."""

    def __init__(self) -> None:
        self.recent: deque[bool] = deque(maxlen=RECENT)
        self.last_trouble = ""

    def see(self, outcome: Outcome) -> None:
        is_trouble = outcome.result != Result.ACCEPTED and outcome.reason in TROUBLES
        self.recent.append(is_trouble)
        if is_trouble:
            self.last_trouble = outcome.answer

    @property
    def is_bad(self) -> bool:
        enough = len(self.recent) >= FEWEST
        return enough and sum(self.recent) >= TRIP_SHARE * len(self.recent)

    @property
    def has_recovered(self) -> bool:
        return bool(self.recent) and not self.recent[-1]


def load_circuits() -> dict[str, Circuit]:
    """Return the circuits that are open, or half-open, by provider."""
    return {circuit.provider: circuit for circuit in Circuit.objects.all()}


def trip(*, provider: str, reason: str, now: datetime | None = None) -> Circuit:
    """Open a provider's circuit, each time for twice as long."""
    now = now or timezone.now()
    circuit, is_new = Circuit.objects.get_or_create(
        provider=provider,
        defaults={
            "opened_at": now,
            "open_until": now + FIRST_REST,
            "reason": reason[:300],
        },
    )
    # Whoever comes second within the rest has seen the same trouble.
    if not is_new and circuit.open_until <= now:
        rest = min(LONGEST_REST, FIRST_REST * 2 ** min(circuit.trip_count, 10))
        Circuit.objects.filter(provider=provider, trip_count=circuit.trip_count).update(
            open_until=now + rest,
            trip_count=F("trip_count") + 1,
            reason=reason[:300],
        )
        circuit.refresh_from_db()
    return circuit


def close_circuit(*, provider: str) -> None:
    """Trust a provider again."""
    Circuit.objects.filter(provider=provider).delete()
