"""When one channel does not do, the next is tried."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from notifications.models import Message, Notification, Priority, Timer
from notifications.services.fallbacks import fall_back
from notifications.services.publishing import publish
from notifications.services.working import work_lane
from notifications.tests.accounts import fcm_account
from notifications.tests.factories import (
    GCMDeviceFactory,
    RecipientFactory,
    RecipientSettingsFactory,
)
from notifications.tests.topics import TEST_CHAIN

pytestmark = pytest.mark.django_db
LANE = Priority.STANDARD


@pytest.fixture
def grace(settings):
    # Nobody answers there.
    settings.NOTIFICATIONS = fcm_account()
    return RecipientFactory.create()


def tell(person):
    publish(
        topic=TEST_CHAIN,
        recipients=[person.pk],
        key="k",
        context={"name": "Luigi", "what": "on its way"},
    )
    work_lane(lane=LANE, seconds=20)


def states():
    messages = Message.objects.order_by("pk")
    return [(one.channel, one.status, one.reason) for one in messages]


def test_who_has_no_phone_is_told_by_the_next_channel_at_once(grace):
    tell(grace)

    assert states() == [
        ("in_app", "accepted", ""),
        ("push", "suppressed", "no_endpoint"),
        ("email", "accepted", ""),
    ]


def test_push_that_is_not_accepted_in_time_gives_way(grace):
    GCMDeviceFactory.create(user=grace)
    tell(grace)
    assert mail.outbox == []
    [fallback] = Timer.objects.filter(provider=Timer.FALLBACK)
    assert fallback.due_at > timezone.now() + timedelta(minutes=1)

    later = timezone.now() + timedelta(minutes=3)
    assert fall_back(lane=LANE, now=later) == 1
    Timer.objects.update(due_at=timezone.now())
    work_lane(lane=LANE, seconds=20)

    assert ("push", "cancelled", "fell_back") in states()
    assert len(mail.outbox) == 1
    assert not Timer.objects.exists()


def test_push_that_was_accepted_meanwhile_is_enough(grace):
    GCMDeviceFactory.create(user=grace)
    tell(grace)
    Message.objects.filter(channel="push").update(status="accepted")

    fall_back(lane=LANE, now=timezone.now() + timedelta(minutes=3))

    assert [channel for channel, _, _ in states()] == ["in_app", "push"]


def test_second_phone_that_is_still_under_way_is_waited_for(grace):
    GCMDeviceFactory.create_batch(2, user=grace)
    tell(grace)
    first = Message.objects.filter(channel="push").first()
    Message.objects.filter(pk=first.pk).update(status="failed")
    Timer.objects.filter(provider=Timer.FALLBACK).update(due_at=timezone.now())

    fall_back(lane=LANE)

    assert not Message.objects.filter(channel="email").exists()


def test_who_wants_to_be_left_alone_is_not_told_in_another_way(grace):
    GCMDeviceFactory.create(user=grace)
    RecipientSettingsFactory.create(
        user=grace, do_not_disturb_until=timezone.now() + timedelta(minutes=30)
    )

    tell(grace)

    assert not Timer.objects.filter(provider=Timer.FALLBACK).exists()
    assert ("push", "ready", "do_not_disturb") in states()


def test_the_whole_chain_is_one_notification(grace):
    tell(grace)

    assert Notification.objects.count() == 1
