"""A topic for tests."""

from datetime import timedelta

from notifications.models import Channel, Priority
from notifications.topics import Topic, register

TEST_NEWS = register(
    Topic(
        name="test_news",
        category="order",
        priority=Priority.STANDARD,
        channels=(Channel.IN_APP, Channel.EMAIL),
        time_to_live=timedelta(hours=1),
    )
)

TEST_PUSH = register(
    Topic(
        name="test_push",
        category="order",
        priority=Priority.STANDARD,
        channels=(Channel.PUSH,),
        time_to_live=timedelta(hours=1),
        collapse="order",
    )
)
