"""Holding messages while they are sent."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from notifications.copying import as_array
from notifications.models import Lease
from notifications.providers.base import Envelope

# Longer than any request over HTTP takes; what takes longer is renewed.
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
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO notifications_lease (lane, message_ids, leased_until)
            VALUES (%s, %s::bigint[], %s) RETURNING id
            """,
            [
                lane,
                as_array(envelope.message_id for envelope in envelopes),
                now + LEASE,
            ],
        )
        [pk] = cursor.fetchone()
    return Batch(pk, envelopes)


def renew(lease_ids: Iterable[int]) -> None:
    """Hold leases for as long again; those that others have taken back stay gone."""
    Lease.objects.filter(pk__in=list(lease_ids)).update(
        leased_until=timezone.now() + LEASE
    )
