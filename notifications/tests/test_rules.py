"""What reaches whom: by topic, by what they chose, by the hour."""

from datetime import UTC, datetime, time, timedelta

import pytest

from notifications.models import Channel
from notifications.people import Person
from notifications.rules import SEND, Decision, decide
from notifications.tests.topics import TEST_ALARM, TEST_NEWS, TEST_OFFER

# Four in the morning in New York.
NIGHT = datetime(2026, 6, 1, 8, tzinfo=UTC)
SEVEN = datetime(2026, 6, 1, 11, tzinfo=UTC)


def grace(**said) -> Person:
    return Person(0, "grace@example.com", "", "en", "America/New_York", **said)


ASLEEP = grace(rest=(time(22), time(7), None))
BUSY = grace(rest=(None, None, NIGHT + timedelta(hours=1)))
UNWILLING = grace(
    preferences={
        ("test_orders", "email"): False,
        ("test_offers", "email"): False,
        ("test_security", "email"): False,
    }
)
BOUNCING = grace(suppressed={"email": "bounce"})
WAITS = Decision("quiet_hours", SEVEN)
LATER = Decision("do_not_disturb", NIGHT + timedelta(hours=1))


@pytest.mark.parametrize(
    ("topic", "person", "decision"),
    [
        (TEST_NEWS, grace(), SEND),
        (TEST_OFFER, grace(), SEND),
        (TEST_NEWS, ASLEEP, SEND),
        (TEST_OFFER, ASLEEP, WAITS),
        (TEST_ALARM, ASLEEP, SEND),
        (TEST_NEWS, BUSY, LATER),
        (TEST_OFFER, BUSY, LATER),
        (TEST_ALARM, BUSY, SEND),
        (TEST_NEWS, UNWILLING, Decision("preference")),
        (TEST_OFFER, UNWILLING, Decision("preference")),
        (TEST_ALARM, UNWILLING, SEND),
        (TEST_NEWS, BOUNCING, Decision("suppressed_bounce")),
        (TEST_ALARM, BOUNCING, Decision("suppressed_bounce")),
    ],
)
def test_mail_at_four_in_the_morning(topic, person, decision):
    assert decide(topic, Channel.EMAIL, person, NIGHT) == decision


def test_the_inbox_disturbs_nobody():
    assert decide(TEST_OFFER, Channel.IN_APP, ASLEEP, NIGHT) == SEND


def test_offers_by_sms_are_off_unless_turned_on():
    willing = grace(preferences={("test_offers", "sms"): True})

    assert decide(TEST_OFFER, Channel.SMS, grace(), NIGHT) == Decision("preference")
    assert decide(TEST_OFFER, Channel.SMS, willing, NIGHT.replace(hour=16)) == SEND


def test_do_not_disturb_that_ends_in_quiet_hours_waits_for_their_end():
    person = grace(rest=(time(22), time(7), NIGHT + timedelta(hours=1)))

    assert decide(TEST_OFFER, Channel.PUSH, person, NIGHT) == WAITS


def test_releases_are_spread_over_some_minutes():
    person = grace(rest=(time(22), time(7), None))
    person.pk = 630

    decision = decide(TEST_OFFER, Channel.PUSH, person, NIGHT)

    assert decision.due_at == SEVEN + timedelta(seconds=30)
