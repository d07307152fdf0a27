from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.utils import timezone

from notifications.models import (
    Chunk,
    Event,
    Lease,
    Message,
    Notification,
    Priority,
    Timer,
)
from notifications.selectors import count_unread, get_accounting
from notifications.services.planning import plan_next_batch, replan_chunks
from notifications.services.preferences import set_do_not_disturb
from notifications.services.publishing import publish
from notifications.services.suppression import suppress
from notifications.tests.accounts import fcm_account
from notifications.tests.factories import (
    APNSDeviceFactory,
    ChunkFactory,
    GCMDeviceFactory,
    PreferenceFactory,
    RecipientFactory,
)
from notifications.tests.topics import TEST_NEWS, TEST_OFFER, TEST_PUSH
from notifications.topics import Topic

STANDARD = Priority.STANDARD
WORDS = {"name": "Chef's & Co", "what": "ready", "url": "/orders/"}


def plan(lane: str = STANDARD) -> int:
    return plan_next_batch(lane=lane).taken


def test_same_key_is_one_event(db: None) -> None:
    recipient = RecipientFactory.create()

    first = publish(topic=TEST_NEWS, recipients=[recipient.pk], key="k", context=WORDS)
    second = publish(topic=TEST_NEWS, recipients=[recipient.pk], key="k", context={})

    assert first == second
    assert Event.objects.get().context == WORDS


def test_rollback_publishes_nothing(db: None) -> None:
    def fail_after_publishing() -> None:
        with transaction.atomic():
            publish(topic=TEST_NEWS, recipients=[1], key="k", context=WORDS)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_publishing()

    assert not Event.objects.exists()


def test_planning_writes_plain_words_and_a_message_per_channel(db: None) -> None:
    recipient = RecipientFactory.create()
    publish(topic=TEST_NEWS, recipients=[recipient.pk], key="k", context=WORDS)

    assert plan() == 1

    notification = Notification.objects.select_related("wording").get()
    assert notification.wording.title == "Chef's & Co has news"
    assert notification.wording.body == "It is ready."
    assert notification.wording.url == "/orders/"
    assert set(notification.messages.values_list("channel", "endpoint")) == {
        ("in_app", str(recipient.pk)),
        ("email", recipient.email),
    }


def test_planning_leaves_other_lanes_alone(db: None) -> None:
    publish(topic=TEST_NEWS, recipients=[], key="k", context=WORDS)

    assert plan(Priority.CRITICAL) == 0


def test_recipients_are_planned_in_chunks(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.services.publishing.CHUNK", 2)
    monkeypatch.setattr("notifications.services.planning.RECIPIENTS", 2)
    people = [recipient.pk for recipient in RecipientFactory.create_batch(5)]
    publish(topic=TEST_NEWS, recipients=people, key="k", context=WORDS)

    chunks = [plan() for _ in range(4)]

    assert chunks == [2, 2, 1, 0]
    assert Notification.objects.count() == 5


def test_closed_accounts_are_not_told(db: None) -> None:
    closed = RecipientFactory.create(is_active=False)
    publish(topic=TEST_NEWS, recipients=[closed.pk], key="k", context=WORDS)

    plan()

    accounting = get_accounting()
    assert (accounting.recipients, accounting.notifications) == (1, 0)


@pytest.mark.django_db(transaction=True)
def test_two_planners_at_once_tell_everybody_once() -> None:
    for number in range(6):
        people = [recipient.pk for recipient in RecipientFactory.create_batch(3)]
        publish(topic=TEST_NEWS, recipients=people, key=f"k{number}", context=WORDS)
    start = Barrier(2)

    def plan_all() -> int:
        start.wait()
        count = 0
        while chunk := plan():
            count += chunk
        connection.close()
        return count

    with ThreadPoolExecutor(2) as pool:
        counts = [
            future.result() for future in [pool.submit(plan_all) for _ in range(2)]
        ]

    assert sum(counts) == 18
    assert Notification.objects.count() == 18
    assert Message.objects.count() == 36


def test_event_that_cannot_be_planned_does_not_block_its_lane(db: None) -> None:
    recipient = RecipientFactory.create()
    broken = ChunkFactory.create(
        event__topic="no_such_topic", recipient_ids=[recipient.pk]
    )
    publish(topic=TEST_NEWS, recipients=[recipient.pk], key="k", context=WORDS)

    while plan():
        pass

    assert Notification.objects.get().event.key == "k"
    assert get_accounting().rejected == 1
    assert get_accounting(pk=broken.event_id).notifications == 0


def test_rejected_recipients_are_planned_again_on_request(db: None) -> None:
    rejected = ChunkFactory.create(
        event__context=WORDS,
        recipient_ids=[RecipientFactory.create().pk],
        due_at=None,
        rejected_because="KeyError: 'no_such_topic'",
    )

    assert replan_chunks(chunk_pks=[rejected.pk]) == 1
    plan()

    assert rejected.event.notifications.count() == 1
    assert not Chunk.objects.exists()


def test_audience_is_a_queryset_settled_when_published(db: None) -> None:
    RecipientFactory.create_batch(3)
    RecipientFactory.create(email="closed@example.com")
    everybody = get_user_model().objects.exclude(email="closed@example.com")

    event = publish(topic=TEST_NEWS, recipients=everybody, key="k", context=WORDS)
    RecipientFactory.create()
    plan()

    assert (event.recipient_count, Notification.objects.count()) == (3, 3)


def test_small_events_are_planned_together(
    db: None, django_assert_max_num_queries: Any
) -> None:
    people = RecipientFactory.create_batch(30)
    for person in people:
        publish(
            topic=TEST_NEWS, recipients=[person.pk], key=person.email, context=WORDS
        )

    with django_assert_max_num_queries(20):
        assert plan() == 30


def test_push_is_leased_to_who_plans_it(db: None, settings: Any) -> None:
    recipient = RecipientFactory.create()
    phone = GCMDeviceFactory.create(user=recipient)
    GCMDeviceFactory.create(user=recipient, active=False)
    settings.NOTIFICATIONS = fcm_account()
    publish(topic=TEST_PUSH, recipients=[recipient.pk], key="k", context=WORDS)

    batch = plan_next_batch(lane=STANDARD, direct=frozenset({"fcm"}))

    [envelope] = batch.envelopes
    assert (envelope.provider, envelope.address) == ("fcm", phone.registration_id)
    message = Message.objects.get()
    assert (message.status, message.endpoint) == ("leased", str(phone.pk))
    assert Lease.objects.get().message_ids == [message.pk]


def test_recipient_without_a_phone_is_accounted_for(db: None) -> None:
    publish(
        topic=TEST_PUSH,
        recipients=[RecipientFactory.create().pk],
        key="k",
        context=WORDS,
    )

    plan()

    message = Message.objects.get()
    assert (message.status, message.reason) == ("suppressed", "no_endpoint")


@pytest.mark.parametrize("topic", [TEST_OFFER, TEST_PUSH], ids=lambda topic: topic.name)
def test_many_are_planned_together_just_as_one_by_one(
    db: None, settings: Any, monkeypatch: pytest.MonkeyPatch, topic: Topic
) -> None:
    settings.NOTIFICATIONS = fcm_account()
    plain, closed, *unwilling = RecipientFactory.create_batch(6)
    get_user_model().objects.filter(pk=closed.pk).update(is_active=False)
    GCMDeviceFactory.create_batch(2, user=plain)
    GCMDeviceFactory.create(user=plain, active=False)
    APNSDeviceFactory.create(user=unwilling[0])
    PreferenceFactory.create(
        user=unwilling[0], category=topic.category.name, channel="push"
    )
    set_do_not_disturb(
        user_pk=unwilling[1].pk, until=timezone.now() + timedelta(minutes=5)
    )
    suppress(channel="email", address=unwilling[2].email, reason="bounce")

    def plan_all(key: str, fewest: int) -> list[Any]:
        monkeypatch.setattr("notifications.services.planning_together.FEWEST", fewest)
        everybody = get_user_model().objects.all()
        publish(topic=topic, recipients=everybody, key=key, context=WORDS)
        batch = plan_next_batch(lane=topic.priority, direct=frozenset({"fcm"}))
        messages = Message.objects.filter(notification__event__key=key)
        timers = Timer.objects.filter(message_id__in=messages.values("pk"))
        waiting = sorted(timers.values_list("provider", flat=True))
        sent = sorted((one.address, one.title, one.body) for one in batch.envelopes)
        rows = messages.values_list(
            "notification__recipient",
            "notification__in_inbox",
            "notification__wording__title",
            "channel",
            "provider",
            "endpoint",
            "status",
            "reason",
            "attempt_count",
            "ended_at__year",
        )
        return [
            *sorted(rows, key=str),
            *waiting,
            *sent,
            count_unread(recipient_pk=plain.pk),
        ]

    one_by_one = plan_all("one by one", 1000)
    unread = one_by_one.pop()
    together = plan_all("together", 1)

    assert together.pop() == 2 * unread
    assert together == one_by_one
