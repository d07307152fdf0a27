"""Holding messages while they are sent."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from notifications.models import Lease
from notifications.providers.base import Envelope

# Longer than any request, with its outcome, may take.
LEASE = timedelta(seconds=30)


@dataclass(slots=True)
class Batch:
    """Messages that the caller holds, and must send before the lease runs out."""

    lease_id: int | None = None
    envelopes: list[Envelope] = field(default_factory=list)
    # How much work was found, whether or not there is something to send.
    taken: int = 0


def lease(envelopes: list[Envelope], *, lane: str, now: datetime) -> Batch:
    """Write down, in the caller's transaction, who holds these messages."""
    if not envelopes:
        return Batch()
    held = Lease.objects.create(
        lane=lane,
        message_ids=[envelope.message_id for envelope in envelopes],
        leased_until=now + LEASE,
    )
    return Batch(held.pk, envelopes)
