from time import monotonic

from celery import shared_task

from notifications.doorbell import wake
from notifications.services.campaigns import finish_campaigns, launch_due_campaigns
from notifications.services.claiming import find_lanes_with_work
from notifications.services.digests import close_digests
from notifications.services.recording import return_expired_leases
from notifications.services.retention import drop_old_days, make_partitions
from notifications.services.tallies import fold_tallies
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
        wake(lane)


@shared_task(name="notifications.tasks.sweep_notifications")
def sweep_notifications() -> None:
    """Return what dead senders held, and ring wherever work is due."""
    return_expired_leases()
    close_digests()
    for lane in find_lanes_with_work():
        wake(lane)


@shared_task(name="notifications.tasks.launch_campaigns")
def launch_campaigns() -> None:
    """Publish the campaigns whose time has come, and call done what is planned."""
    launch_due_campaigns()
    finish_campaigns()


@shared_task(name="notifications.tasks.turn_days")
def turn_days() -> None:
    """Make the partitions of days to come, drop old ones, and add up old tallies."""
    make_partitions()
    drop_old_days()
    fold_tallies()
