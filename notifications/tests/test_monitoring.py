"""What operators are shown, to the number, in as many queries for many as for one."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from notifications.ids import lowest_id
from notifications.models import LATENCY_BOUNDS, Message, Suppression, Tally, Timer
from notifications.monitoring import (
    Lane,
    OutcomeCount,
    StuckFilter,
    count_stuck,
    get_progress,
    get_trouble,
    list_lanes,
    list_latencies,
    list_outcomes,
    list_stuck,
    percentile,
)
from notifications.services.redriving import Redriven, redrive_stuck
from notifications.services.tallies import fold_tallies
from notifications.tests.factories import (
    ChunkFactory,
    CircuitFactory,
    EventFactory,
    LeaseFactory,
    MessageFactory,
    NotificationFactory,
    RecipientFactory,
    SuppressionFactory,
    TallyFactory,
)
from notifications.timelines import (
    explain,
    find_recipient_pk,
    get_timeline_for_operator,
    shorten_endpoint,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)
STATUS = Message.Status


def timer(number, due_at, **fields):
    values = {"lane": "standard", "provider": "fcm", **fields}
    return Timer.objects.create(message_id=number, due_at=due_at, **values)


def test_lanes_are_three_and_empty_at_first():
    lanes = list_lanes(now=NOW)

    assert lanes == [Lane("critical"), Lane("standard"), Lane("bulk")]


def test_lane_shows_what_is_to_be_done_and_since_when():
    ChunkFactory.create(recipient_ids=[1, 2, 3], due_at=NOW - 40 * SECOND)
    ChunkFactory.create(recipient_ids=[4], due_at=NOW + SECOND)
    ChunkFactory.create(recipient_ids=[5], due_at=None, rejected_because="KeyError")
    timer(1, NOW - 90 * SECOND)
    timer(2, NOW, provider=Timer.FALLBACK)
    timer(3, NOW + SECOND)
    timer(4, NOW + SECOND, provider=Timer.FALLBACK)
    LeaseFactory.create(message_ids=[7, 8])

    [lane] = [lane for lane in list_lanes(now=NOW) if lane.name == "standard"]

    assert lane == Lane(
        "standard", unplanned=3, due=2, waiting=1, sending=2, oldest_due_seconds=90
    )


def test_lanes_of_regions_are_shown_when_they_hold_something():
    timer(1, NOW, lane="bulk.europe")

    assert list_lanes(now=NOW)[-1] == Lane("bulk.europe", due=1)


def test_throughput_is_that_of_the_last_five_minutes_and_the_one_under_way():
    for minutes in (0, 5, 6):
        minute = NOW.replace(second=0) - timedelta(minutes=minutes)
        TallyFactory.create(minute=minute, count=660)
    TallyFactory.create(minute=NOW.replace(second=0), outcome="retry", count=99)

    [rate] = [lane.accepted_per_second for lane in list_lanes(now=NOW)][1:2]

    assert rate == 1320 / 330


def test_lanes_cost_four_queries(django_assert_num_queries):
    for number in range(5):
        timer(number, NOW, lane=f"bulk.{number}")

    with django_assert_num_queries(4):
        list_lanes(now=NOW)


def test_outcomes_are_those_of_the_last_hour_by_the_minute():
    minute = NOW.replace(second=0)
    TallyFactory.create(minute=minute, lane="bulk", count=2)
    TallyFactory.create(minute=minute, lane="critical", count=3)
    TallyFactory.create(
        minute=minute - timedelta(minutes=59), outcome="retry", reason="rate_limited"
    )
    TallyFactory.create(minute=minute - timedelta(minutes=60))

    assert list_outcomes(now=NOW) == [
        OutcomeCount(minute - timedelta(minutes=59), "fcm", "retry", "rate_limited", 1),
        OutcomeCount(minute, "fcm", "accepted", "", 5),
    ]


def test_outcomes_are_those_of_the_last_day_by_the_hour(django_assert_num_queries):
    hour = NOW.replace(minute=0, second=0)
    TallyFactory.create(minute=hour, count=2)
    TallyFactory.create(minute=hour - timedelta(minutes=1), count=3)
    TallyFactory.create(minute=hour - timedelta(minutes=2), count=4)
    TallyFactory.create(minute=hour - timedelta(hours=23, minutes=1))

    with django_assert_num_queries(1):
        outcomes = list_outcomes(is_by_hour=True, now=NOW)

    assert [(each.at, each.count) for each in outcomes] == [
        (hour - timedelta(hours=1), 7),
        (hour, 2),
    ]


def test_latencies_add_up_by_lane(django_assert_num_queries):
    TallyFactory.create(minute=NOW, count=2)
    TallyFactory.create(minute=NOW, provider="apns", count=3)
    TallyFactory.create(minute=NOW, outcome="retry")
    TallyFactory.create(minute=NOW, lane="bulk", latencies=[0] * 12 + [4])
    TallyFactory.create(minute=NOW - SECOND, lane="critical")

    with django_assert_num_queries(1):
        latencies = list_latencies(since=NOW)

    assert latencies == {"standard": [5] + [0] * 12, "bulk": [0] * 12 + [4]}


def buckets(**counts):
    """Return buckets with so many at `le<number of the bound>`."""
    values = [0] * (len(LATENCY_BOUNDS) + 1)
    for name, count in counts.items():
        values[int(name.removeprefix("le"))] = count
    return values


@pytest.mark.parametrize(
    ("counts", "share", "seconds"),
    [
        (buckets(), 0.5, None),
        ([], 0.5, None),
        (buckets(le0=10), 0.5, 0.025),
        (buckets(le0=10), 1.0, 0.05),
        (buckets(le3=50, le5=50), 0.5, 0.5),
        (buckets(le3=50, le5=50), 0.75, 1.5),
        (buckets(le0=98, le12=2), 0.98, 0.05),
        (buckets(le0=98, le12=2), 0.99, math.inf),
    ],
)
def test_percentiles_are_linear_within_a_bucket(counts, share, seconds):
    assert percentile(counts, share) == (
        None if seconds is None else pytest.approx(seconds)
    )


def test_old_tallies_are_added_up_and_the_sums_stay():
    old = NOW - timedelta(days=2, minutes=1)
    for minute in (old, old - timedelta(minutes=1), NOW):
        TallyFactory.create(minute=minute, count=2)
        TallyFactory.create(minute=minute, outcome="retry", count=1)
    fold_tallies(now=NOW)
    TallyFactory.create(minute=old, count=5)

    fold_tallies(now=NOW)

    rows = Tally.objects.order_by("minute", "outcome")
    assert list(rows.values_list("minute__year", "outcome", "count")) == [
        (1970, "accepted", 9),
        (1970, "retry", 2),
        (2026, "accepted", 2),
        (2026, "retry", 1),
    ]
    assert rows[0].latencies == [9] + [0] * 12
    assert rows[1].latencies == []


def test_trouble_is_counted_by_what_it_has_in_common(django_assert_num_queries):
    for _ in range(2):
        MessageFactory.create(status=STATUS.DEAD, reason="provider_error")
    MessageFactory.create(status=STATUS.UNKNOWN, reason="connection_lost")
    MessageFactory.create(status=STATUS.FAILED, reason="refused")
    ChunkFactory.create(due_at=None, rejected_because="KeyError")
    ChunkFactory.create(due_at=None)
    circuit = CircuitFactory.create()
    SuppressionFactory.create(reason=Suppression.Reason.STOP)

    with django_assert_num_queries(4):
        trouble = get_trouble()

    assert (trouble.dead.number, trouble.unknown.number) == (2, 1)
    assert [(row.status, row.reason, row.count) for row in trouble.stuck] == [
        ("dead", "provider_error", 2),
        ("unknown", "connection_lost", 1),
    ]
    assert trouble.rejected_chunks.number == 1
    assert trouble.circuits == [circuit]
    assert [count for _reason, _label, count in trouble.suppressions] == [0, 0, 1, 0]


def test_counts_stop_at_some_point(monkeypatch):
    monkeypatch.setattr("notifications.monitoring.MOST_COUNTED", 2)
    for _ in range(4):
        MessageFactory.create(status=STATUS.DEAD)

    assert str(get_trouble().dead) == "2+"
    assert str(count_stuck(StuckFilter())) == "2+"
    assert str(count_stuck(StuckFilter(status=STATUS.UNKNOWN))) == "0"


def count_updates_in_place(message):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_stat_get_xact_tuples_hot_updated(tableoid)"
            "  FROM notifications_message WHERE id = %s",
            [message.pk],
        )
        return cursor.fetchone()[0]


def test_index_of_what_is_stuck_costs_the_others_nothing():
    message = MessageFactory.create(status=STATUS.LEASED)
    before = count_updates_in_place(message)

    Message.objects.filter(pk=message.pk).update(status=STATUS.ACCEPTED)

    assert count_updates_in_place(message) == before + 1


@pytest.fixture
def stuck():
    early = lowest_id(NOW - timedelta(days=1))
    return {
        "old": MessageFactory.create(id=early, status=STATUS.DEAD, reason="refused"),
        "dead": MessageFactory.create(status=STATUS.DEAD, reason="provider_error"),
        "push": MessageFactory.create(status=STATUS.DEAD, provider="fcm"),
        "unknown": MessageFactory.create(status=STATUS.UNKNOWN),
        "sent": MessageFactory.create(status=STATUS.ACCEPTED),
    }


@pytest.mark.parametrize(
    ("only", "names"),
    [
        (StuckFilter(), {"old", "dead", "push", "unknown"}),
        (StuckFilter(status="unknown"), {"unknown"}),
        (StuckFilter(provider="fcm"), {"push"}),
        (StuckFilter(reason="provider_error"), {"dead"}),
        (StuckFilter(since=NOW), {"dead", "push", "unknown"}),
        (StuckFilter(status="unknown", provider="fcm"), set()),
    ],
)
def test_stuck_messages_go_again_by_what_they_have_in_common(stuck, only, names):
    done = redrive_stuck(only)

    assert done == Redriven(len(names), is_more=False)
    due = set(Timer.objects.values_list("message_id", flat=True))
    assert due == {stuck[name].pk for name in names}


def test_stuck_messages_go_again_a_batch_at_a_time(monkeypatch):
    monkeypatch.setattr("notifications.services.redriving.BATCH", 2)
    dead = [MessageFactory.create(status=STATUS.DEAD) for _ in range(4)]

    assert redrive_stuck(StuckFilter(), most=3) == Redriven(3, is_more=True)
    assert list(list_stuck(StuckFilter())) == [dead[3]]
    assert redrive_stuck(StuckFilter(), most=1) == Redriven(1, is_more=False)


def test_progress_of_an_event_adds_up(django_assert_num_queries):
    event = EventFactory.create(recipient_count=6)
    ChunkFactory.create(event=event, recipient_ids=[1, 2])
    ChunkFactory.create(
        event=event, recipient_ids=[3], due_at=None, rejected_because="KeyError"
    )
    for status in (STATUS.ACCEPTED, STATUS.ACCEPTED, STATUS.DEAD):
        MessageFactory.create(notification__event=event, status=status)
    MessageFactory.create(status=STATUS.FAILED)

    with django_assert_num_queries(3):
        progress = get_progress(event)

    assert (progress.planned, progress.unplanned, progress.rejected) == (3, 2, 1)
    assert progress.messages == {"accepted": 2, "dead": 1}
    assert not progress.is_part


def test_timeline_tells_messages_and_attempts_newest_first():
    ada = RecipientFactory.create()
    older = NotificationFactory.create(recipient=ada)
    newer = NotificationFactory.create(recipient=ada)
    NotificationFactory.create()
    message = MessageFactory.create(
        notification=older, status=STATUS.DEAD, reason="rate_limited"
    )
    for number in (2, 1):
        message.attempts.create(number=number, at=NOW, outcome="retry", answer="429")

    timeline = get_timeline_for_operator(recipient_pk=ada.pk)

    assert [told.notification for told in timeline.told] == [newer, older]
    assert timeline.next_before is None
    [sending] = timeline.told[1].sendings
    assert sending.message == message
    assert [attempt.number for attempt in sending.attempts] == [1, 2]
    assert sending.explanation == (
        "It was given up after its last attempt. The provider asked us to slow down."
    )


def test_timeline_goes_on_where_the_page_before_ended(monkeypatch):
    monkeypatch.setattr("notifications.timelines.PAGE_SIZE", 2)
    ada = RecipientFactory.create()
    first, second, third = (NotificationFactory.create(recipient=ada) for _ in "abc")

    page = get_timeline_for_operator(recipient_pk=ada.pk)
    rest = get_timeline_for_operator(recipient_pk=ada.pk, before=page.next_before)

    assert [told.notification for told in page.told] == [third, second]
    assert [told.notification for told in rest.told] == [first]
    assert rest.next_before is None


@pytest.mark.parametrize("size", [1, 4])
def test_timeline_costs_five_queries(django_assert_num_queries, size):
    ada = RecipientFactory.create()
    for _ in range(size):
        message = MessageFactory.create(notification__recipient=ada)
        message.attempts.create(number=1, at=NOW, outcome="retry")

    with django_assert_num_queries(5):
        timeline = get_timeline_for_operator(recipient_pk=ada.pk)
        assert [told.notification.wording.title for told in timeline.told]
        assert [told.notification.event.key for told in timeline.told]


@pytest.mark.parametrize(
    ("status", "reason", "sentence"),
    [
        (STATUS.ACCEPTED, "", "The provider accepted it."),
        (STATUS.READY, "", "It waits for its turn."),
        (
            STATUS.READY,
            "quiet_hours",
            "It will go later. It was within the recipient's quiet hours.",
        ),
        (
            STATUS.SUPPRESSED,
            "preference",
            "Turned off by the recipient for this category and channel.",
        ),
        (STATUS.EXPIRED, "expired", "Its time had passed before it could go."),
        (
            STATUS.EXPIRED,
            "quiet_hours",
            "It was too late to be of use. It was within the recipient's quiet hours.",
        ),
        (
            STATUS.UNDELIVERED,
            "twilio_30003",
            "The provider accepted it but could not deliver it. twilio_30003",
        ),
    ],
)
def test_every_message_is_explained(status, reason, sentence):
    assert explain(Message(status=status, reason=reason)) == sentence


def test_news_in_the_inbox_has_arrived():
    message = Message(channel="in_app", status=STATUS.ACCEPTED)

    assert explain(message) == "It is in the inbox."


def test_every_status_has_a_sentence():
    for status in STATUS:
        assert explain(Message(status=status)).endswith(".")


@pytest.mark.parametrize(
    ("channel", "endpoint", "shown"),
    [
        ("email", "grace@example.com", "g…@example.com"),
        ("sms", "+14155550123", "…0123"),
        ("push", "17", "17"),
        ("email", "", ""),
    ],
)
def test_endpoints_are_shown_shortened(channel, endpoint, shown):
    assert shorten_endpoint(Message(channel=channel, endpoint=endpoint)) == shown


def test_people_are_found_by_their_address_in_any_case():
    ada = RecipientFactory.create(email="Ada@example.com")

    assert find_recipient_pk(email="aDA@Example.com") == ada.pk
    assert find_recipient_pk(email="nobody@example.com") is None
