"""Wake the workers of a lane. A ring that gets lost is rung again by the sweep."""

import logging
from time import monotonic

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

WORK_LANE = "notifications.tasks.work_lane"
# Whoever hears a ring stays awake for longer (LINGER_SECONDS in tasks.py), and so finds
# what comes so soon after it without another.
STILL_SECONDS = 0.5

# When this process last rang for news, by lane.
_rung_at: dict[str, float] = {}


def lane_queue(lane: str) -> str:
    """Return the name of the queue that serves a lane."""
    return f"notifications.{lane}"


def ring(lane: str) -> None:
    """Tell the lane that there is news, unless it was told only just now."""
    now = monotonic()
    if now - _rung_at.get(lane, -STILL_SECONDS) >= STILL_SECONDS and wake(lane):
        _rung_at[lane] = now


def wake(lane: str) -> bool:
    """Wake one more worker of the lane; a broker that is down is only logged."""
    try:
        current_app.send_task(
            WORK_LANE, args=[lane], queue=lane_queue(lane), retry=False
        )
    except OperationalError as error:
        logger.warning("No doorbell for the %s lane: %s", lane, error)
        return False
    return True
