"""Topics of text messages, for tests."""

from datetime import timedelta

from notifications.models import Channel, Priority
from notifications.topics import Category, Kind, Topic, register

TEST_TEXT = register(
    Topic(
        name="test_text",
        category=Category(name="test_texts", label="Texts", kind=Kind.TRANSACTIONAL),
        priority=Priority.STANDARD,
        channels=(Channel.SMS,),
        time_to_live=timedelta(hours=1),
        collapse="order",
    )
)
# It has an sms.txt of its own.
TEST_TEXT_OFFER = register(
    Topic(
        name="test_text_offer",
        category=Category(
            name="test_text_offers", label="Offers", kind=Kind.PROMOTIONAL
        ),
        priority=Priority.BULK,
        channels=(Channel.SMS,),
        time_to_live=timedelta(days=1),
    )
)
