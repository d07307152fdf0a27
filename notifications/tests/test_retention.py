"""Days to come have a place, old ones go whole."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from notifications.ids import lowest_id
from notifications.models import Event, Message, Notification
from notifications.selectors import count_unread
from notifications.services.retention import drop_old_days, make_partitions
from notifications.tests.factories import (
    MessageFactory,
    NotificationFactory,
    RecipientFactory,
)

pytestmark = pytest.mark.django_db
# Days that no partition of the test database's own is for.
FAR = datetime(2031, 5, 1, 12, tzinfo=UTC)


def partition_of(pk):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tableoid::regclass::text FROM notifications_message WHERE id = %s",
            [pk],
        )
        return cursor.fetchone()[0]


def test_partitions_are_made_two_weeks_ahead_and_only_once():
    made = make_partitions(now=FAR)

    assert "notifications_message_20310515" in made
    assert len(made) == 4 * 15
    assert make_partitions(now=FAR) == []


def test_message_goes_to_the_partition_of_its_day():
    make_partitions(now=FAR)

    message = MessageFactory.create(id=lowest_id(FAR + timedelta(days=1)))

    assert partition_of(message.pk) == "notifications_message_20310502"


def test_what_came_before_its_partition_moves_into_it():
    message = MessageFactory.create(id=lowest_id(FAR))
    assert partition_of(message.pk) == "notifications_message_default"

    make_partitions(now=FAR)

    assert partition_of(message.pk) == "notifications_message_20310501"


def test_old_days_are_dropped_with_their_events(settings):
    settings.NOTIFICATIONS = {"DAYS_KEPT": 30}
    make_partitions(now=FAR)
    old = NotificationFactory.create(
        id=lowest_id(FAR), event__published_at=FAR, recipient=RecipientFactory.create()
    )
    MessageFactory.create(id=lowest_id(FAR) + 1, notification=old)
    recent = NotificationFactory.create(
        id=lowest_id(FAR + timedelta(days=14)),
        event__published_at=FAR + timedelta(days=14),
        recipient=old.recipient,
    )

    dropped = drop_old_days(now=FAR + timedelta(days=32))

    assert "notifications_message_20310501" in dropped
    assert "notifications_message_20310503" not in dropped
    assert list(Notification.objects.all()) == [recent]
    assert list(Event.objects.all()) == [recent.event]
    assert not Message.objects.exists()


def test_counter_forgets_what_was_dropped_unread(settings):
    settings.NOTIFICATIONS = {"DAYS_KEPT": 30}
    make_partitions(now=FAR)
    grace = RecipientFactory.create()
    NotificationFactory.create(id=lowest_id(FAR), recipient=grace)
    NotificationFactory.create(id=lowest_id(FAR + timedelta(days=9)), recipient=grace)

    drop_old_days(now=FAR + timedelta(days=32))

    assert count_unread(recipient_pk=grace.pk) == 1


def test_nothing_of_today_is_dropped():
    message = MessageFactory.create()

    drop_old_days()

    assert Message.objects.get() == message
    assert message.created_at <= timezone.now()
