"""Campaigns: everybody once, at their time, at the pace, and stopped when told to."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from notifications.exceptions import CampaignStartError, CampaignStateError
from notifications.models import (
    Campaign,
    Chunk,
    Event,
    Message,
    Notification,
    Priority,
    Timer,
)
from notifications.selectors import get_progress
from notifications.services import planning
from notifications.services.campaigns import (
    cancel_campaign,
    finish_campaigns,
    launch_due_campaigns,
    pause_campaign,
    resume_campaign,
    schedule_campaign,
    send_test,
)
from notifications.services.planning import plan_next_batch, replan_chunks
from notifications.services.publishing import Timing, publish
from notifications.services.retention import drop_old_days
from notifications.services.working import work_lane
from notifications.tasks import launch_campaigns
from notifications.tests.factories import CampaignFactory, RecipientFactory
from notifications.tests.topics import TEST_CAMPAIGN

pytestmark = pytest.mark.django_db
BULK = Priority.BULK
STATUS = Campaign.Status
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    monkeypatch.setattr("notifications.services.publishing.CHUNK", 5)
    monkeypatch.setattr("notifications.services.planning.RECIPIENTS", 5)
    monkeypatch.setattr("notifications.services.campaigns.ring", lambda lane: None)


def launch(campaign, now=None):
    schedule_campaign(campaign_pk=campaign.pk, now=now)
    launch_due_campaigns(now=now)
    campaign.refresh_from_db()
    return campaign


def plan_all(now=None):
    counts = []
    while count := plan_next_batch(lane=BULK, now=now).taken:
        counts.append(count)
    return counts


def due_times(event):
    chunks = Chunk.objects.filter(event=event).order_by("due_at")
    return [chunk.due_at for chunk in chunks]


def test_campaign_tells_everybody_of_its_segment_once():
    guests = RecipientFactory.create_batch(12)
    RecipientFactory.create(is_active=False)
    campaign = launch(CampaignFactory.create())

    work_lane(lane=BULK, seconds=20)
    finish_campaigns()

    told = Notification.objects.filter(event=campaign.event)
    assert sorted(told.values_list("recipient", flat=True)) == [g.pk for g in guests]
    assert {each.subject for each in mail.outbox} == {"Soup for two"}
    assert len(mail.outbox) == 12
    campaign.refresh_from_db()
    assert campaign.status == STATUS.DONE


def test_campaign_without_anybody_is_done_at_once():
    campaign = launch(CampaignFactory.create())

    assert finish_campaigns() == 1

    progress = get_progress(campaign)
    assert progress is not None
    assert (progress.total, progress.percent) == (0, 100)


def test_beat_launches_and_finishes(settings):
    guest = RecipientFactory.create()
    campaign = CampaignFactory.create()
    schedule_campaign(campaign_pk=campaign.pk)

    launch_campaigns()
    work_lane(lane=BULK, seconds=20)
    launch_campaigns()

    assert Notification.objects.get().recipient == guest
    campaign.refresh_from_db()
    assert campaign.status == STATUS.DONE
    beat = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert launch_campaigns.name in beat


def test_scheduled_campaign_waits_for_its_time():
    RecipientFactory.create()
    start = timezone.now() + timedelta(hours=2)
    campaign = launch(CampaignFactory.create(starts_at=start))
    assert campaign.status == STATUS.SCHEDULED

    launch_due_campaigns(now=start)

    campaign.refresh_from_db()
    assert campaign.status == STATUS.RUNNING
    assert due_times(campaign.event) == [start]


def test_start_that_has_passed_is_refused_and_changes_nothing():
    campaign = CampaignFactory.create(starts_at=NOON)

    with pytest.raises(CampaignStartError):
        schedule_campaign(campaign_pk=campaign.pk, now=NOON + SECOND)

    campaign.refresh_from_db()
    assert campaign.status == STATUS.DRAFT


def test_local_start_passes_with_the_last_clocks():
    campaign = CampaignFactory.create(starts_at=NOON, is_local_time=True)
    last = NOON + timedelta(hours=12)

    with pytest.raises(CampaignStartError):
        schedule_campaign(campaign_pk=campaign.pk, now=last)

    assert schedule_campaign(campaign_pk=campaign.pk, now=last - SECOND)


def test_campaign_whose_segment_is_no_more_does_not_stop_the_others():
    gone = CampaignFactory.create(segment="no_such_segment")
    schedule_campaign(campaign_pk=gone.pk)

    assert launch(CampaignFactory.create()).status == STATUS.RUNNING
    gone.refresh_from_db()
    assert gone.status == STATUS.SCHEDULED


def test_launch_that_breaks_leaves_nothing_and_begins_anew(monkeypatch):
    RecipientFactory.create_batch(12)
    campaign = CampaignFactory.create()

    def die(*args):
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("notifications.services.campaigns._enter", die)
        schedule = Campaign.objects.filter(pk=campaign.pk)
        schedule.update(status=STATUS.SCHEDULED)
        with pytest.raises(RuntimeError):
            launch_due_campaigns()
    assert not Event.objects.exists()
    assert not Chunk.objects.exists()

    assert launch_due_campaigns() == 1
    assert launch_due_campaigns() == 0

    assert Event.objects.get().recipient_count == 12


def test_planner_that_dies_neither_skips_nor_doubles_anybody(monkeypatch):
    guests = RecipientFactory.create_batch(25)
    campaign = launch(CampaignFactory.create())
    write_rows = planning.write_rows
    calls = []

    def write_and_die(rows):
        write_rows(rows)
        calls.append(rows)
        if len(calls) % 2:
            # What the planner's boundary does not catch, as with a killed process.
            raise KeyboardInterrupt

    monkeypatch.setattr(planning, "write_rows", write_and_die)
    for _round in range(10):
        try:
            plan_next_batch(lane=BULK)
        except KeyboardInterrupt:
            continue

    told = Notification.objects.filter(event=campaign.event)
    assert len(calls) == 10
    assert sorted(told.values_list("recipient", flat=True)) == [g.pk for g in guests]
    assert Message.objects.count() == 50
    assert not Chunk.objects.exists()


def test_pace_sets_when_chunks_are_due():
    RecipientFactory.create_batch(12)

    campaign = launch(CampaignFactory.create(per_second=2), now=NOON)

    times = [NOON, NOON + 2.5 * SECOND, NOON + 5 * SECOND]
    assert due_times(campaign.event) == times


def test_slow_pace_makes_small_chunks(monkeypatch):
    monkeypatch.setattr("notifications.services.publishing.CHUNK", 1000)
    monkeypatch.setattr("notifications.services.publishing.BURST_SECONDS", 4)
    RecipientFactory.create_batch(9)

    campaign = launch(CampaignFactory.create(per_second=1), now=NOON)

    times = [NOON, NOON + 4 * SECOND, NOON + 8 * SECOND]
    assert due_times(campaign.event) == times


def test_pause_stops_and_resume_goes_on_at_the_pace():
    RecipientFactory.create_batch(20)
    campaign = launch(CampaignFactory.create(per_second=1), now=NOON)
    assert plan_all(now=NOON + 6 * SECOND) == [5, 5]

    pause_campaign(campaign_pk=campaign.pk)
    later = NOON + timedelta(hours=1)
    assert plan_all(now=later) == []
    assert finish_campaigns() == 0

    resume_campaign(campaign_pk=campaign.pk, now=later)

    assert due_times(campaign.event) == [later, later + 5 * SECOND]
    assert plan_all(now=later + 5 * SECOND) == [5, 5]
    assert Notification.objects.count() == 20


def test_resuming_early_hurries_nobody():
    RecipientFactory.create_batch(20)
    campaign = launch(CampaignFactory.create(per_second=1), now=NOON)
    before = due_times(campaign.event)

    pause_campaign(campaign_pk=campaign.pk)
    assert due_times(campaign.event) == [None] * 4
    resume_campaign(campaign_pk=campaign.pk, now=NOON)

    assert due_times(campaign.event) == before


def test_messages_of_a_paused_campaign_wait_and_then_go():
    RecipientFactory.create_batch(3)
    campaign = launch(CampaignFactory.create())
    plan_all()
    pause_campaign(campaign_pk=campaign.pk)

    work_lane(lane=BULK, seconds=20)
    assert mail.outbox == []
    resume_campaign(campaign_pk=campaign.pk)
    Timer.objects.update(due_at=timezone.now())
    work_lane(lane=BULK, seconds=20)

    assert len(mail.outbox) == 3


def test_recipients_planned_again_wait_while_paused():
    RecipientFactory.create_batch(3)
    campaign = launch(CampaignFactory.create())
    chunks = Chunk.objects.filter(event=campaign.event)
    chunks.update(due_at=None, rejected_because="KeyError")
    pause_campaign(campaign_pk=campaign.pk)

    assert replan_chunks(chunk_pks=chunks.values_list("pk", flat=True)) == 1
    assert plan_all() == []
    resume_campaign(campaign_pk=campaign.pk)

    assert plan_all() == [3]


def test_cancel_ends_what_waits():
    RecipientFactory.create_batch(12)
    campaign = launch(CampaignFactory.create())
    plan_next_batch(lane=BULK)

    cancel_campaign(campaign_pk=campaign.pk)
    work_lane(lane=BULK, seconds=20)

    assert mail.outbox == []
    progress = get_progress(Campaign.objects.get())
    assert progress is not None
    assert (progress.total, progress.planned, progress.left) == (12, 5, 7)
    assert progress.messages == {"accepted": 5, "cancelled": 5}
    assert progress.waiting == 0


def test_scheduled_campaign_that_is_cancelled_is_never_launched():
    campaign = CampaignFactory.create()
    schedule_campaign(campaign_pk=campaign.pk)

    cancel_campaign(campaign_pk=campaign.pk)

    assert launch_due_campaigns() == 0
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("act", "status"),
    [
        (schedule_campaign, STATUS.SCHEDULED),
        (pause_campaign, STATUS.PAUSED),
        (resume_campaign, STATUS.RUNNING),
        (cancel_campaign, STATUS.CANCELLED),
    ],
)
def test_repeating_a_step_changes_nothing(act, status):
    campaign = CampaignFactory.create(status=status)

    assert act(campaign_pk=campaign.pk).status == status


@pytest.mark.parametrize(
    ("act", "status"),
    [
        (schedule_campaign, STATUS.CANCELLED),
        (pause_campaign, STATUS.SCHEDULED),
        (pause_campaign, STATUS.DONE),
        (resume_campaign, STATUS.CANCELLED),
        (cancel_campaign, STATUS.DRAFT),
    ],
)
def test_step_from_another_state_is_refused(act, status):
    campaign = CampaignFactory.create(status=status)

    with pytest.raises(CampaignStateError) as refused:
        act(campaign_pk=campaign.pk)

    assert str(refused.value) == f"The campaign is {status}."
    campaign.refresh_from_db()
    assert campaign.status == status


def test_local_start_follows_each_clock_and_jumps_with_it():
    # On 8 March 2026 New York's clocks jump from 2:00 to 3:00, at 7:00 UTC.
    people = {
        zone: RecipientFactory.create(time_zone=zone).pk
        for zone in ("Asia/Tokyo", "America/New_York", "Europe/Berlin", "No/Where")
    }
    campaign = CampaignFactory.create(
        starts_at=datetime(2026, 3, 8, 2, 30, tzinfo=UTC), is_local_time=True
    )
    first = datetime(2026, 3, 7, 14, tzinfo=UTC)

    schedule_campaign(campaign_pk=campaign.pk, now=first - timedelta(days=1))
    assert launch_due_campaigns(now=first - timedelta(days=1)) == 0
    assert launch_due_campaigns(now=first) == 1

    due = {chunk.recipient_ids[0]: chunk.due_at for chunk in Chunk.objects.all()}
    assert due == {
        people["Asia/Tokyo"]: datetime(2026, 3, 7, 17, 30, tzinfo=UTC),
        people["Europe/Berlin"]: datetime(2026, 3, 8, 1, 30, tzinfo=UTC),
        people["No/Where"]: datetime(2026, 3, 8, 2, 30, tzinfo=UTC),
        people["America/New_York"]: datetime(2026, 3, 8, 7, tzinfo=UTC),
    }


def test_zone_whose_time_has_passed_starts_now():
    RecipientFactory.create(time_zone="Asia/Tokyo")
    RecipientFactory.create(time_zone="Europe/Berlin")
    campaign = CampaignFactory.create(starts_at=NOON, is_local_time=True)
    now = NOON - timedelta(hours=3)

    launch(campaign, now=now)

    assert due_times(campaign.event) == [now, NOON - timedelta(hours=2)]


def test_local_starts_share_one_pace():
    RecipientFactory.create_batch(10, time_zone="Asia/Tokyo")
    RecipientFactory.create_batch(5, time_zone="Asia/Shanghai")
    campaign = CampaignFactory.create(starts_at=NOON, is_local_time=True, per_second=1)
    tokyo = NOON - timedelta(hours=9)

    launch(campaign, now=tokyo - timedelta(hours=5))

    shanghai = tokyo + timedelta(hours=1)
    assert due_times(campaign.event) == [tokyo, tokyo + 5 * SECOND, shanghai]


def test_later_zones_wait_for_the_pace_of_earlier_ones(monkeypatch):
    monkeypatch.setattr("notifications.services.publishing.CHUNK", 1)
    monkeypatch.setattr(
        "notifications.services.publishing.pause_of", lambda rate: timedelta(hours=1)
    )
    RecipientFactory.create_batch(3, time_zone="Asia/Tokyo")
    RecipientFactory.create(time_zone="Asia/Shanghai")
    tokyo = NOON - timedelta(hours=9)
    campaign = CampaignFactory.create(starts_at=NOON, is_local_time=True)

    launch(campaign, now=tokyo - timedelta(hours=5))

    hours = [(due - tokyo) / timedelta(hours=1) for due in due_times(campaign.event)]
    assert hours == [0, 1, 2, 3]


def test_listed_people_can_be_told_at_their_own_time():
    tokyo = RecipientFactory.create(time_zone="Asia/Tokyo")

    event = publish(
        TEST_CAMPAIGN,
        recipients=[tokyo.pk],
        key="k",
        context={},
        timing=Timing(
            starts_at=NOON - timedelta(days=1),
            local_start=NOON.replace(tzinfo=None),
        ),
    )

    assert due_times(event) == [NOON - timedelta(hours=9)]


def test_message_expires_a_while_after_it_was_due_not_after_publication():
    RecipientFactory.create_batch(10)
    launch(CampaignFactory.create(per_second=1), now=NOON)
    plan_all(now=NOON + timedelta(minutes=1))

    expiries = set(Message.objects.values_list("expires_at", flat=True))

    day = timedelta(days=1)
    assert expiries == {NOON + day, NOON + day + 5 * SECOND}


def test_test_goes_to_one_person_alone():
    RecipientFactory.create_batch(2)
    operator = RecipientFactory.create(is_staff=True)
    campaign = CampaignFactory.create()

    send_test(campaign=campaign, recipient_pk=operator.pk)
    send_test(campaign=campaign, recipient_pk=operator.pk)
    work_lane(lane=BULK, seconds=20)

    assert [each.to for each in mail.outbox] == [[operator.email]] * 2


def test_progress_counts_people_and_messages():
    RecipientFactory.create_batch(12)
    campaign = launch(CampaignFactory.create())
    plan_next_batch(lane=BULK)
    Chunk.objects.filter(pk=Chunk.objects.latest("pk").pk).update(
        due_at=None, rejected_because="KeyError"
    )

    progress = get_progress(campaign)

    assert progress is not None
    assert (progress.total, progress.planned, progress.left) == (12, 5, 7)
    assert progress.rejected == 2
    assert progress.percent == 41
    assert progress.messages == {"accepted": 5, "ready": 5}
    assert progress.waiting == 5


def test_campaign_outlives_its_event():
    campaign = launch(CampaignFactory.create())
    finish_campaigns()

    drop_old_days(now=timezone.now() + timedelta(days=100))

    campaign.refresh_from_db()
    assert campaign.event is None
    assert get_progress(campaign) is None


def test_audience_is_settled_by_one_statement(django_assert_num_queries):
    RecipientFactory.create_batch(12)
    campaign = CampaignFactory.create(
        starts_at=NOON + timedelta(days=1), is_local_time=True
    )
    schedule_campaign(campaign_pk=campaign.pk, now=NOON)

    # Who is due; its lock; the event; the audience; its state; a savepoint.
    with django_assert_num_queries(7):
        launch_due_campaigns(now=NOON + timedelta(hours=12))

    assert connection.in_atomic_block
    assert Chunk.objects.count() == 3
