"""Wake the workers of a lane. A ring that gets lost is rung again by the sweep."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

WORK_LANE = "notifications.tasks.work_lane"


def lane_queue(lane: str) -> str:
    """Return the name of the queue that serves a lane."""
    return f"notifications.{lane}"


def ring(lane: str) -> None:
    """Tell the lane that there is work; a broker that is down is only logged."""
    try:
        current_app.send_task(
            WORK_LANE, args=[lane], queue=lane_queue(lane), retry=False
        )
    except OperationalError as error:
        logger.warning("No doorbell for the %s lane: %s", lane, error)
