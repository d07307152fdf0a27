from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.utils import timezone

from notifications.models import Event, Message, Notification, Priority
from notifications.selectors import get_accounting
from notifications.services.planning import plan_next_chunk, replan_events
from notifications.services.publishing import publish
from notifications.tests.factories import EventFactory, RecipientFactory
from notifications.tests.topics import TEST_NEWS

WORDS = {"name": "Chef's & Co", "what": "ready", "url": "/orders/"}


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

    assert plan_next_chunk(priority=Priority.STANDARD) == 1

    notification = Notification.objects.get()
    assert notification.title == "Chef's & Co has news"
    assert notification.body == "It is ready."
    assert notification.url == "/orders/"
    assert set(notification.messages.values_list("channel", "endpoint")) == {
        ("in_app", str(recipient.pk)),
        ("email", recipient.email),
    }


def test_planning_leaves_other_lanes_alone(db: None) -> None:
    publish(topic=TEST_NEWS, recipients=[], key="k", context=WORDS)

    assert plan_next_chunk(priority=Priority.CRITICAL) == 0


def test_recipients_are_planned_in_chunks(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.services.planning.CHUNK", 2)
    people = [recipient.pk for recipient in RecipientFactory.create_batch(5)]
    publish(topic=TEST_NEWS, recipients=people, key="k", context=WORDS)

    chunks = [plan_next_chunk(priority=Priority.STANDARD) for _ in range(4)]

    assert chunks == [2, 2, 1, 0]
    assert Notification.objects.count() == 5


def test_closed_accounts_are_not_told(db: None) -> None:
    closed = RecipientFactory.create(is_active=False)
    publish(topic=TEST_NEWS, recipients=[closed.pk], key="k", context=WORDS)

    plan_next_chunk(priority=Priority.STANDARD)

    accounting = get_accounting()
    assert (accounting.recipients, accounting.notifications) == (1, 0)


@pytest.mark.django_db(transaction=True)
def test_two_planners_at_once_tell_everybody_once() -> None:
    for number in range(6):
        people = [recipient.pk for recipient in RecipientFactory.create_batch(3)]
        publish(topic=TEST_NEWS, recipients=people, key=f"k{number}", context=WORDS)
    start = Barrier(2)

    def plan() -> int:
        start.wait()
        count = 0
        while chunk := plan_next_chunk(priority=Priority.STANDARD):
            count += chunk
        connection.close()
        return count

    with ThreadPoolExecutor(2) as pool:
        counts = [future.result() for future in [pool.submit(plan), pool.submit(plan)]]

    assert sum(counts) == 18
    assert Notification.objects.count() == 18
    assert Message.objects.count() == 36


def test_event_that_cannot_be_planned_does_not_block_its_lane(db: None) -> None:
    recipient = RecipientFactory.create()
    broken = EventFactory.create(
        topic="no_such_topic", recipient_ids=[recipient.pk], planned_at=None
    )
    publish(topic=TEST_NEWS, recipients=[recipient.pk], key="k", context=WORDS)

    while plan_next_chunk(priority=Priority.STANDARD):
        pass

    assert Notification.objects.get().event.key == "k"
    assert get_accounting().rejected == 1
    assert get_accounting(pk=broken.pk).notifications == 0


def test_rejected_event_is_planned_again_on_request(db: None) -> None:
    recipient = RecipientFactory.create()
    event = EventFactory.create(
        recipient_ids=[recipient.pk], context=WORDS, planned_at=timezone.now()
    )
    done = EventFactory.create()

    assert replan_events(event_pks=[event.pk, done.pk]) == 1
    plan_next_chunk(priority=Priority.STANDARD)

    assert event.notifications.count() == 1
