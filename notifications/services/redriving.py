"""Sending again what is stuck, by what it has in common."""

from dataclasses import dataclass

from notifications.monitoring import StuckFilter, list_stuck
from notifications.services.recording import redrive_messages

# One transaction's worth.
BATCH = 1000
# What one request has time for.
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Redriven:
    count: int
    # There may be others that the filter finds.
    is_more: bool


def redrive_stuck(only: StuckFilter, *, most: int = MOST) -> Redriven:
    """Send up to `most` of the messages again, oldest first, a thousand at a time.

    What was sent again before something failed stays so.
    """
    count, last = 0, 0
    while count < most:
        size = min(BATCH, most - count)
        left = list_stuck(only).filter(pk__gt=last)
        pks = list(left.values_list("pk", flat=True)[:size])
        count += redrive_messages(message_pks=pks)
        if len(pks) < size:
            return Redriven(count, is_more=False)
        last = pks[-1]
    return Redriven(count, is_more=list_stuck(only).exists())
