from time import monotonic

from celery import shared_task

from notifications.doorbell import ring
from notifications.selectors import lanes_with_work
from notifications.services.planning import plan_next_chunk
from notifications.services.sending import return_expired_leases, send_next_batch

# Well below the task's time limit; what is left is rung for again.
MOST_SECONDS = 15.0


@shared_task(name="notifications.tasks.work_lane")
def work_lane(priority: str) -> None:
    """Plan and send until the lane has nothing due."""
    started = monotonic()
    while monotonic() - started < MOST_SECONDS:
        planned = plan_next_chunk(priority=priority)
        sent = send_next_batch(priority=priority)
        if not planned and not sent:
            return
    ring(priority)


@shared_task(name="notifications.tasks.sweep_notifications")
def sweep_notifications() -> None:
    """Return what dead senders held, and ring wherever work is due."""
    return_expired_leases()
    for priority in lanes_with_work():
        ring(priority)
