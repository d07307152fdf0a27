"""What a topic is, and the registry that apps declare theirs in."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from notifications.models import Channel, Priority


class WhenUnknown(Enum):
    """What becomes of a message of which nobody knows whether it arrived."""

    # It goes again: where it replaces itself, nobody sees it twice.
    RESEND = "resend"
    # It stays unknown until an operator decides.
    HOLD = "hold"


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A kind of thing people are told.

    Its words are the templates in `notifications/<name>/`: title.txt and body.txt for
    the inbox and the phone. Mail says the same, unless the topic has an email.txt and
    email.html.
    """

    name: str
    category: str
    priority: Priority
    # Each of these is sent.
    channels: tuple[Channel, ...]
    time_to_live: timedelta
    # The context's entry that says what it is about: on a phone, later news of the
    # same replaces earlier. Without one, only a repetition replaces itself.
    collapse: str = ""
    when_unknown: WhenUnknown = WhenUnknown.RESEND
    most_attempts: int = 12


_topics: dict[str, Topic] = {}


def register(topic: Topic) -> Topic:
    """Declare a topic; the name must be new."""
    if _topics.setdefault(topic.name, topic) != topic:
        raise ValueError(f"There is already a topic named {topic.name}.")
    return topic


def get_topic(name: str) -> Topic:
    """Return the topic of that name; KeyError if no app declares it."""
    return _topics[name]


def has_topic(name: str) -> bool:
    """Tell whether an app declares a topic of that name."""
    return name in _topics
