"""Buckets in a real Redis: what exceeds them waits, is summed up or dropped."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from notifications.models import Digest, Message, Priority, Timer
from notifications.people import Person
from notifications.providers.base import Envelope, Subject
from notifications.rules import SEND
from notifications.services.publishing import publish
from notifications.services.working import work_lane
from notifications.tests.factories import (
    RecipientFactory,
)
from notifications.tests.topics import (
    TEST_ALARM,
    TEST_DELAYED,
    TEST_DROPPED,
    TEST_NEWS,
    TEST_SUMMED_UP,
)
from notifications.throttling import DEVICE_BURST, throttle

pytestmark = pytest.mark.django_db


def tell(topic, person, count):
    for number in range(count):
        publish(
            topic=topic,
            recipients=[person.pk],
            key=f"{topic.name}:{number}",
            context={"name": f"News {number}", "what": "here"},
        )
    work_lane(lane=topic.priority, seconds=20)


def reasons():
    return sorted(Message.objects.values_list("status", "reason"))


def test_excess_of_a_daily_cap_waits_until_tomorrow(db):
    grace = RecipientFactory.create(time_zone="Asia/Tokyo")

    tell(TEST_DELAYED, grace, 3)

    assert len(mail.outbox) == 2
    assert reasons()[-1] == ("ready", "daily_cap")
    waits = Timer.objects.get().due_at - timezone.now()
    assert timedelta(0) < waits <= timedelta(days=1)


def test_excess_of_a_daily_cap_is_dropped_where_the_topic_says_so(db):
    tell(TEST_DROPPED, RecipientFactory.create(), 3)

    assert len(mail.outbox) == 2
    assert reasons()[-1] == ("suppressed", "daily_cap")


def test_excess_of_a_daily_cap_is_summed_up_where_the_topic_says_so(db):
    tell(TEST_SUMMED_UP, RecipientFactory.create(), 4)

    assert len(mail.outbox) == 2
    assert reasons()[-2:] == [("digested", "daily_cap")] * 2
    assert Digest.objects.get().items.count() == 2


def test_another_person_has_buckets_of_their_own(db):
    tell(TEST_DROPPED, RecipientFactory.create(), 2)
    publish(
        topic=TEST_DROPPED,
        recipients=[RecipientFactory.create().pk],
        key="other",
        context={"name": "Other", "what": "here"},
    )
    work_lane(lane=Priority.BULK, seconds=20)

    assert len(mail.outbox) == 3


def envelopes(topic, count, *, provider="fcm", channel="push"):
    now = timezone.now()
    subject = Subject(1, "k", topic, topic.priority, {}, now)
    person = Person(1, "a@example.com", "", "en", "UTC")
    return [
        Envelope(
            number, number, subject, person, channel, provider, "7", "token", None,
            "", "", "", 1, now + timedelta(hours=1), now,
        )
        for number in range(count)
    ]  # fmt: skip


def test_one_phone_is_told_no_more_than_its_bucket_holds():
    now = timezone.now()

    decisions = throttle(envelopes(TEST_NEWS, DEVICE_BURST + 2), now=now)

    assert decisions[:DEVICE_BURST] == [SEND] * DEVICE_BURST
    first, second = decisions[DEVICE_BURST:]
    assert first.reason == second.reason == "device_rate"
    # Those who wait come back one by one.
    assert second.due_at - first.due_at == timedelta(seconds=2)


def test_critical_messages_are_not_throttled():
    decisions = throttle(envelopes(TEST_ALARM, 100), now=timezone.now())

    assert set(decisions) == {SEND}


def test_bulk_leaves_a_share_of_the_providers_allowance_to_the_others(settings):
    settings.NOTIFICATIONS = {"PER_SECOND": {"email": 10}}
    now = timezone.now()
    mails = {"provider": "email", "channel": "email"}

    bulk = throttle(envelopes(TEST_DELAYED, 10, **mails), now=now)
    bulk_sent = sum(decision is SEND for decision in bulk)
    standard = throttle(envelopes(TEST_NEWS, 10, **mails), now=now)

    # The cap of two a day holds for the bulk topic as well.
    assert bulk_sent == 2
    assert sum(decision is SEND for decision in standard) == 8


def test_without_redis_bulk_waits_and_the_rest_goes(settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    now = timezone.now()

    [news] = throttle(envelopes(TEST_NEWS, 1), now=now)
    [offer] = throttle(envelopes(TEST_DELAYED, 1), now=now)

    assert news is SEND
    assert offer.reason == "throttle_unavailable"
    assert offer.due_at > now
