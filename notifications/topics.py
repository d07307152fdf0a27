"""What a topic is, and the registry that apps declare theirs in."""

from dataclasses import dataclass
from datetime import timedelta

from notifications.models import Channel, Priority


@dataclass(frozen=True)
class Topic:
    """A kind of thing people are told.

    Its words are the templates in `notifications/<name>/`: title.txt and body.txt for
    the inbox. Mail says the same, unless the topic has an email.txt and email.html.
    """

    name: str
    category: str
    priority: Priority
    channels: tuple[Channel, ...]
    time_to_live: timedelta


_topics: dict[str, Topic] = {}


def register(topic: Topic) -> Topic:
    """Declare a topic; the name must be new."""
    if _topics.setdefault(topic.name, topic) != topic:
        raise ValueError(f"There is already a topic named {topic.name}.")
    return topic


def get_topic(name: str) -> Topic:
    """Return the topic of that name; KeyError if no app declares it."""
    return _topics[name]
