"""A topic for tests."""

from datetime import timedelta

from notifications.models import Channel, Priority
from notifications.topics import Category, Kind, Topic, register

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
TEST_ALARM = register(
    Topic(
        name="test_alarm",
        category=SECURITY,
        priority=Priority.CRITICAL,
        channels=(Channel.EMAIL,),
        time_to_live=timedelta(hours=1),
    )
)
