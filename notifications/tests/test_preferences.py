"""What a person changes holds for the next message, planned already or not."""

from datetime import time, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.utils import timezone

from notifications.exceptions import (
    AlwaysOnError,
    QuietHoursError,
    UnknownCategoryError,
)
from notifications.models import (
    Message,
    Notification,
    Preference,
    Priority,
    RecipientSettings,
    Suppression,
    Timer,
)
from notifications.selectors import count_unread
from notifications.services.planning import plan_next_batch
from notifications.services.preferences import (
    set_do_not_disturb,
    set_preference,
    set_quiet_hours,
)
from notifications.services.publishing import publish
from notifications.services.suppression import lift_suppression, suppress
from notifications.services.working import work_lane
from notifications.tests.factories import (
    PreferenceFactory,
    RecipientFactory,
    RecipientSettingsFactory,
)
from notifications.tests.topics import TEST_NEWS, TEST_OFFER

pytestmark = pytest.mark.django_db
User = get_user_model()
WORDS = {"name": "Luigi", "what": "half price today"}


@pytest.fixture
def grace():
    return RecipientFactory.create(email="Grace@Example.com", time_zone="UTC")


def tell(person, topic=TEST_NEWS):
    publish(topic=topic, recipients=[person.pk], key="k", context=WORDS)
    plan_next_batch(lane=topic.priority)


def send(lane=Priority.STANDARD):
    Timer.objects.update(due_at=timezone.now())
    work_lane(lane=lane, seconds=20)


def mail_message():
    return Message.objects.get(channel="email")


def test_a_category_turned_off_is_not_sent_and_says_why(grace):
    PreferenceFactory.create(user=grace)

    tell(grace)

    assert (mail_message().status, mail_message().reason) == (
        "suppressed",
        "preference",
    )


def test_turning_a_category_off_beats_a_message_already_planned(grace):
    tell(grace)

    set_preference(
        user_pk=grace.pk, category="test_orders", channel="email", is_enabled=False
    )
    send()

    assert (mail_message().status, mail_message().reason) == (
        "suppressed",
        "preference",
    )
    assert mail_message().attempt_count == 0
    assert mail.outbox == []


def test_inbox_turned_off_stays_empty(grace):
    PreferenceFactory.create(user=grace, channel="in_app")

    tell(grace)

    assert not Notification.objects.get().in_inbox
    assert count_unread(recipient_pk=grace.pk) == 0


def test_bounce_beats_a_message_already_planned(grace):
    tell(grace)

    suppress(channel="email", address="grace@EXAMPLE.com", reason="bounce")
    send()

    assert mail_message().reason == "suppressed_bounce"
    assert mail.outbox == []


def test_do_not_disturb_holds_a_message_back_and_lets_it_go(grace):
    tell(grace)
    until = timezone.now() + timedelta(minutes=30)

    set_do_not_disturb(user_pk=grace.pk, until=until)
    send()
    assert (mail_message().status, Timer.objects.get().due_at) == ("ready", until)

    set_do_not_disturb(user_pk=grace.pk, until=None)
    send()
    assert mail_message().status == "accepted"


def test_what_would_come_too_late_after_the_rest_expires_at_once(grace):
    RecipientSettingsFactory.create(
        user=grace, do_not_disturb_until=timezone.now() + timedelta(days=2)
    )

    tell(grace)

    assert (mail_message().status, mail_message().reason) == (
        "expired",
        "do_not_disturb",
    )
    assert not Timer.objects.exists()


def test_offers_wait_for_the_end_of_quiet_hours(grace, time_machine):
    time_machine.move_to("2026-06-01T04:00:00Z", tick=False)
    set_quiet_hours(user_pk=grace.pk, quiet_from=time(22), quiet_until=time(7))

    tell(grace, TEST_OFFER)

    due_at = Timer.objects.get().due_at
    assert (due_at.hour, due_at.minute // 10) == (7, 0)
    assert (mail_message().status, mail_message().reason) == ("ready", "quiet_hours")
    assert count_unread(recipient_pk=grace.pk) == 1


def test_security_cannot_be_turned_off(grace):
    with pytest.raises(AlwaysOnError):
        set_preference(
            user_pk=grace.pk,
            category="test_security",
            channel="email",
            is_enabled=False,
        )

    assert not Preference.objects.exists()


@pytest.mark.parametrize(
    ("category", "channel"), [("no_such", "email"), ("test_orders", "fax")]
)
def test_what_no_app_sends_cannot_be_chosen(grace, category, channel):
    with pytest.raises(UnknownCategoryError):
        set_preference(
            user_pk=grace.pk, category=category, channel=channel, is_enabled=True
        )


@pytest.mark.parametrize("ends", [(time(22), None), (time(7), time(7))])
def test_quiet_hours_have_two_ends(grace, ends):
    with pytest.raises(QuietHoursError):
        set_quiet_hours(user_pk=grace.pk, quiet_from=ends[0], quiet_until=ends[1])

    assert not RecipientSettings.objects.exists()


def test_only_the_reason_itself_lifts_a_suppression(grace):
    suppress(channel="sms", address="+12125550100", reason="operator")
    suppress(channel="sms", address="+12125550100", reason="stop")

    assert not lift_suppression(channel="sms", address="+12125550100", reason="stop")
    assert Suppression.objects.get().reason == "operator"
