"""Messages as providers are handed them, without a database."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from notifications.people import Person
from notifications.providers.base import Envelope, Subject
from notifications.topics import Topic

NUMBER = "+14155550123"


def letter(topic: Topic, *, context: Any = None, **fields: Any) -> Envelope:
    now = timezone.now()
    subject = Subject(
        event_id=1,
        key="test:1",
        topic=topic,
        lane=topic.priority,
        context=context or {},
        published_at=now,
    )
    person = Person(1, "grace@example.com", NUMBER, "en", "America/New_York")
    filled = {
        "message_id": 77,
        "notification_id": 7,
        "subject": subject,
        "person": person,
        "channel": topic.channels[0],
        "provider": "twilio",
        "endpoint": NUMBER,
        "address": NUMBER,
        "keys": None,
        "title": "Luigi has news",
        "body": "It is on its way.",
        "url": "/orders/7/",
        "attempt_number": 1,
        "expires_at": now + timedelta(hours=1),
        "due_at": now,
    }
    return Envelope(**{**filled, **fields})
