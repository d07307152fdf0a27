"""The life of a campaign: schedule, launch, pause, resume, cancel, finish."""

import logging
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.doorbell import ring
from notifications.exceptions import CampaignStartError, CampaignStateError
from notifications.models import Campaign, Event
from notifications.segments import get_segment, has_segment
from notifications.services.publishing import Timing, pause_of, publish
from notifications.topics import get_topic, has_topic

logger = logging.getLogger(__name__)

Status = Campaign.Status
# The first clocks to show a time are fourteen hours ahead of UTC, the last ones twelve
# behind.
FIRST_CLOCKS = timedelta(hours=14)
LAST_CLOCKS = timedelta(hours=12)
# How long before the first clocks an audience is settled.
LEAD = timedelta(minutes=15)
CANCELLABLE = (Status.SCHEDULED, Status.RUNNING, Status.PAUSED, Status.DONE)

# In the order and at the pace it would have had.
RESUME = """
UPDATE notifications_chunk AS chunk
   SET due_at = greatest(chunk.resumes_at,
                         %s + waiting.n * %s * interval '1 second'), resumes_at = NULL
  FROM (SELECT id, row_number() OVER (ORDER BY resumes_at, id) - 1 AS n
          FROM notifications_chunk
         WHERE event_id = %s AND resumes_at IS NOT NULL) AS waiting
 WHERE chunk.id = waiting.id
"""


def select_audience(campaign: Campaign) -> QuerySet[Any]:
    """Return who is in a campaign's segment now."""
    return get_segment(campaign.segment).select(campaign.segment_value)


def local_start_of(campaign: Campaign) -> datetime | None:
    """Return the time, naive, at which each recipient's own clock starts it."""
    if not campaign.is_local_time or campaign.starts_at is None:
        return None
    return campaign.starts_at.astimezone(UTC).replace(tzinfo=None)


def has_passed(
    starts_at: datetime | None, *, is_local_time: bool, now: datetime
) -> bool:
    """Tell whether it is too late for a start, wherever people are."""
    late = LAST_CLOCKS if is_local_time else timedelta(0)
    return starts_at is not None and starts_at + late <= now


def context_of(campaign: Campaign) -> dict[str, object]:
    """Return what the topic's templates are given."""
    return {
        "title": campaign.title,
        "body": campaign.body,
        "url": campaign.url,
        "site_url": settings.SITE_URL,
    }


@transaction.atomic
def schedule_campaign(*, campaign_pk: int, now: datetime | None = None) -> Campaign:
    """Let a draft start at its time; scheduling again changes nothing.

    Raises `CampaignStartError` if that time has passed, wherever people are.
    """
    now = now or timezone.now()
    campaign = _lock(campaign_pk, [Status.DRAFT], done=Status.SCHEDULED)
    if campaign.status == Status.SCHEDULED:
        return campaign
    if has_passed(campaign.starts_at, now=now, is_local_time=campaign.is_local_time):
        raise CampaignStartError(_("Its start has passed; choose another."))
    return _enter(campaign, Status.SCHEDULED)


def launch_due_campaigns(*, now: datetime | None = None) -> int:
    """Publish the events of campaigns whose time has come; return how many.

    Each in a transaction of its own, with its audience: a worker that is killed has
    published nothing, and the next one begins anew.
    """
    now = now or timezone.now()
    is_due = (
        Q(starts_at=None)
        | Q(is_local_time=False, starts_at__lte=now)
        | Q(is_local_time=True, starts_at__lte=now + FIRST_CLOCKS + LEAD)
    )
    due = Campaign.objects.filter(is_due, status=Status.SCHEDULED).order_by("pk")
    launched = 0
    for pk in list(due.values_list("pk", flat=True)):
        with transaction.atomic():
            # Another worker may have it in hand.
            locked = due.select_for_update(of=("self",), skip_locked=True)
            campaign = locked.filter(pk=pk).first()
            if campaign is not None and _can_launch(campaign):
                _launch(campaign, now=now)
                launched += 1
    return launched


def _can_launch(campaign: Campaign) -> bool:
    if has_topic(campaign.topic) and has_segment(campaign.segment):
        return True
    logger.error("No app has the topic or segment of campaign %s.", campaign.pk)
    return False


def _launch(campaign: Campaign, *, now: datetime) -> None:
    local_start = local_start_of(campaign)
    campaign.event = publish(
        get_topic(campaign.topic),
        recipients=select_audience(campaign),
        key=f"campaign:{campaign.pk}",
        context=context_of(campaign),
        timing=Timing(
            starts_at=now if local_start else campaign.starts_at or now,
            per_second=campaign.per_second,
            local_start=local_start,
        ),
    )
    _enter(campaign, Status.RUNNING)


@transaction.atomic
def pause_campaign(*, campaign_pk: int, now: datetime | None = None) -> Campaign:
    """Hold back whom it has not told yet; what is on its way arrives."""
    campaign = _lock(campaign_pk, [Status.RUNNING], done=Status.PAUSED)
    if campaign.status == Status.PAUSED:
        return campaign
    event = campaign.event
    assert event is not None
    event.paused_at = now or timezone.now()
    event.save(update_fields=["paused_at"])
    event.chunks.filter(due_at__isnull=False).update(
        resumes_at=F("due_at"), due_at=None
    )
    return _enter(campaign, Status.PAUSED)


@transaction.atomic
def resume_campaign(*, campaign_pk: int, now: datetime | None = None) -> Campaign:
    """Go on where it was paused, no faster than its pace."""
    campaign = _lock(campaign_pk, [Status.PAUSED], done=Status.RUNNING)
    if campaign.status == Status.RUNNING:
        return campaign
    event = campaign.event
    assert event is not None
    event.paused_at = None
    event.save(update_fields=["paused_at"])
    with connection.cursor() as cursor:
        cursor.execute(
            RESUME,
            [
                now or timezone.now(),
                pause_of(campaign.per_second).total_seconds(),
                event.pk,
            ],
        )
    transaction.on_commit(partial(ring, event.lane), robust=True)
    return _enter(campaign, Status.RUNNING)


@transaction.atomic
def cancel_campaign(*, campaign_pk: int, now: datetime | None = None) -> Campaign:
    """Tell nobody any more; messages that wait end as cancelled when they are due."""
    campaign = _lock(campaign_pk, CANCELLABLE, done=Status.CANCELLED)
    if campaign.status == Status.CANCELLED:
        return campaign
    event = campaign.event
    if event is not None:
        event.chunks.all().delete()
        event.cancelled_at = now or timezone.now()
        event.save(update_fields=["cancelled_at"])
    return _enter(campaign, Status.CANCELLED)


def finish_campaigns() -> int:
    """Call done the running campaigns that have nobody left to plan; return how many.

    Recipients that planning has given up on are left: an operator decides.
    """
    finished = Campaign.objects.filter(status=Status.RUNNING, event__chunks=None)
    pks = list(finished.values_list("pk", flat=True))
    running = Campaign.objects.filter(pk__in=pks, status=Status.RUNNING)
    return running.update(status=Status.DONE)


def send_test(*, campaign: Campaign, recipient_pk: int) -> Event:
    """Tell one person alone what the campaign would, at once."""
    now = timezone.now()
    return publish(
        get_topic(campaign.topic),
        recipients=[recipient_pk],
        key=f"campaign-test:{campaign.pk}:{recipient_pk}:{now.isoformat()}",
        context=context_of(campaign),
    )


def _lock(pk: int, states: Collection[str], *, done: str) -> Campaign:
    """Return a campaign that is in one of these states, or past the step already."""
    campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=pk)
    if campaign.status != done and campaign.status not in states:
        raise CampaignStateError(
            _("The campaign is %(status)s.")
            % {"status": campaign.get_status_display().lower()}
        )
    return campaign


def _enter(campaign: Campaign, status: Campaign.Status) -> Campaign:
    campaign.status = status
    campaign.save(update_fields=["status", "event"])
    return campaign
