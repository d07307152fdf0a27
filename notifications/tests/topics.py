"""Topics and segments for tests."""

from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from notifications.models import Channel, Priority
from notifications.segments import Segment, register_segment
from notifications.topics import Category, Kind, Topic, WhenCapped, register

ORDERS = Category(name="test_orders", label="Orders", kind=Kind.TRANSACTIONAL)
OFFERS = Category(name="test_offers", label="Offers", kind=Kind.PROMOTIONAL)
SECURITY = Category(name="test_security", label="Security", kind=Kind.SYSTEM)

TEST_NEWS = register(
    Topic(
        name="test_news",
        category=ORDERS,
        priority=Priority.STANDARD,
        channels=(Channel.IN_APP, Channel.EMAIL),
        time_to_live=timedelta(hours=1),
    )
)

TEST_PUSH = register(
    Topic(
        name="test_push",
        category=ORDERS,
        priority=Priority.STANDARD,
        channels=(Channel.PUSH,),
        time_to_live=timedelta(hours=1),
        collapse="order",
    )
)

TEST_OFFER = register(
    Topic(
        name="test_offer",
        category=OFFERS,
        priority=Priority.BULK,
        channels=(Channel.IN_APP, Channel.PUSH, Channel.EMAIL),
        time_to_live=timedelta(days=1),
    )
)
TEST_LIKES = register(
    Topic(
        name="test_likes",
        category=OFFERS,
        priority=Priority.BULK,
        channels=(Channel.IN_APP, Channel.EMAIL),
        time_to_live=timedelta(days=1),
        digest_window=timedelta(hours=1),
    )
)
TEST_CHAIN = register(
    Topic(
        name="test_chain",
        category=ORDERS,
        priority=Priority.STANDARD,
        channels=(Channel.IN_APP,),
        chain=(Channel.PUSH, Channel.EMAIL),
        time_to_live=timedelta(hours=1),
        fallback_after=timedelta(minutes=2),
    )
)


def capped(when_capped: WhenCapped) -> Topic:
    return register(
        Topic(
            name=f"test_capped_{when_capped.value}",
            category=OFFERS,
            priority=Priority.BULK,
            channels=(Channel.EMAIL,),
            time_to_live=timedelta(days=3),
            daily_cap=2,
            when_capped=when_capped,
        )
    )


TEST_DELAYED = capped(WhenCapped.DELAY)
TEST_SUMMED_UP = capped(WhenCapped.DIGEST)
TEST_DROPPED = capped(WhenCapped.DROP)
TEST_ALARM = register(
    Topic(
        name="test_alarm",
        category=SECURITY,
        priority=Priority.CRITICAL,
        channels=(Channel.EMAIL,),
        time_to_live=timedelta(hours=1),
    )
)
TEST_CAMPAIGN = register(
    Topic(
        name="test_campaign",
        category=OFFERS,
        priority=Priority.BULK,
        channels=(Channel.IN_APP, Channel.EMAIL),
        time_to_live=timedelta(days=1),
        is_for_campaigns=True,
    )
)
TEST_INBOX = register(
    Topic(
        name="test_inbox",
        category=OFFERS,
        priority=Priority.BULK,
        channels=(Channel.IN_APP,),
        time_to_live=timedelta(days=1),
        is_for_campaigns=True,
    )
)

TEST_PARTNERS = register(
    Topic(
        name="test_partners",
        category=SECURITY,
        priority=Priority.STANDARD,
        channels=(Channel.WEBHOOK,),
        time_to_live=timedelta(days=7),
        most_attempts=3,
        longest_wait=timedelta(hours=12),
    )
)


def _guests(value: str) -> QuerySet[Any]:
    """Return everybody; with a value, whose mail address begins with it."""
    users = get_user_model().objects.filter(is_active=True)
    return users.filter(email__startswith=value)


TEST_GUESTS = register_segment(
    Segment(name="test_guests", label="Guests", select=_guests)
)
TEST_NAMED = register_segment(
    Segment(
        name="test_named", label="Named guests", parameter="Beginning", select=_guests
    )
)
