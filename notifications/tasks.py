from time import monotonic

from celery import shared_task

from notifications.doorbell import ring
from notifications.services.claiming import find_lanes_with_work
from notifications.services.recording import return_expired_leases
from notifications.services.working import work_lane as work

# Well below the task's time limit, with time to end what is under way; what is left is
# rung for again.
MOST_SECONDS = 25.0
# A worker stays awake for a moment: what comes now finds it without a doorbell.
LINGER_SECONDS = 1.0


@shared_task(name="notifications.tasks.work_lane")
def work_lane(lane: str) -> None:
    """Plan and send until the lane has had nothing due for a moment."""
    started = monotonic()
    work(lane=lane, seconds=MOST_SECONDS, linger=LINGER_SECONDS)
    if monotonic() - started >= MOST_SECONDS:
        ring(lane)


@shared_task(name="notifications.tasks.sweep_notifications")
def sweep_notifications() -> None:
    """Return what dead senders held, and ring wherever work is due."""
    return_expired_leases()
    for lane in find_lanes_with_work():
        ring(lane)
