"""What a topic is, and the registry that apps declare theirs in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from django_stubs_ext import StrOrPromise

from notifications.backoff import LONGEST_WAIT
from notifications.models import PERSONAL_CHANNELS, Channel, Priority


class WhenUnknown(Enum):
    """What becomes of a message of which nobody knows whether it arrived."""

    # It goes again: where it replaces itself, nobody sees it twice.
    RESEND = "resend"
    # It stays unknown until an operator decides.
    HOLD = "hold"


class Kind(Enum):
    """What a category is to a person, and so what they can say about it."""

    # Security: nobody can turn it off.
    SYSTEM = "system"
    # About something they did: on unless turned off.
    TRANSACTIONAL = "transactional"
    # Offers and news: what costs or disturbs is off unless turned on.
    PROMOTIONAL = "promotional"


@dataclass(frozen=True, kw_only=True)
class Category:
    """A group of topics that people choose channels for."""

    name: str
    label: StrOrPromise
    kind: Kind
    # Tells of a user's key whether they are ever told of it; None is everybody.
    concerns: Callable[[int], bool] | None = None

    def is_on(self, channel: str) -> bool:
        """Tell whether it is sent over a channel to who said nothing about it."""
        return self.kind != Kind.PROMOTIONAL or channel != Channel.SMS


class WhenCapped(Enum):
    """What becomes of news beyond a topic's caps."""

    DELAY = "delay"
    DIGEST = "digest"
    DROP = "drop"


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A kind of thing people are told.

    Its words are the templates in `notifications/<name>/`: title.txt and body.txt for
    the inbox and the phone. Mail says the same, unless the topic has an email.txt and
    email.html.
    """

    name: str
    category: Category
    priority: Priority
    # Each of these is sent.
    channels: tuple[Channel, ...]
    time_to_live: timedelta
    # These are tried in turn until one is accepted.
    chain: tuple[Channel, ...] = ()
    # How long one of the chain may take before the next is tried.
    fallback_after: timedelta = timedelta(minutes=2)
    # The context's entry that says what it is about: on a phone, later news of the
    # same replaces earlier. Without one, only a repetition replaces itself.
    collapse: str = ""
    when_unknown: WhenUnknown = WhenUnknown.RESEND
    most_attempts: int = 12
    # What the wait between two attempts grows to.
    longest_wait: timedelta = LONGEST_WAIT
    # News within so long is collected into one summary per person and channel, with
    # words of its own in digest_title.txt and digest_body.txt. The inbox shows each.
    digest_window: timedelta | None = None
    # How many a person gets of the category, and how far apart, on each channel.
    daily_cap: int | None = None
    least_gap: timedelta | None = None
    when_capped: WhenCapped = WhenCapped.DELAY
    # Whether operators may write its words: the context's title and body.
    is_for_campaigns: bool = False


_categories: dict[str, Category] = {}
_topics: dict[str, Topic] = {}


def register(topic: Topic) -> Topic:
    """Declare a topic; the name must be new."""
    category = topic.category
    if _categories.setdefault(category.name, category) != category:
        raise ValueError(f"There is already a category named {category.name}.")
    if _topics.setdefault(topic.name, topic) != topic:
        raise ValueError(f"There is already a topic named {topic.name}.")
    return topic


def get_topic(name: str) -> Topic:
    """Return the topic of that name; KeyError if no app declares it."""
    return _topics[name]


def list_topic_names() -> list[str]:
    """Return the names of all topics, sorted."""
    return sorted(_topics)


def list_campaign_topics() -> list[Topic]:
    """Return the topics whose words operators write, by name."""
    found = [topic for topic in _topics.values() if topic.is_for_campaigns]
    return sorted(found, key=lambda topic: topic.name)


def get_category(name: str) -> Category | None:
    """Return the category of that name, if an app has one."""
    return _categories.get(name)


def list_categories() -> list[Category]:
    """Return the categories that apps have topics in, by name."""
    return sorted(_categories.values(), key=lambda category: category.name)


def list_channels(category: Category) -> list[Channel]:
    """Return the channels that people can choose for a category: some topic uses it."""
    used = {
        channel
        for topic in _topics.values()
        if topic.category == category
        for channel in (*topic.channels, *topic.chain)
    }
    return [channel for channel in PERSONAL_CHANNELS if channel in used]


def read_about(context: Mapping[str, object]) -> dict[str, str] | None:
    """Return what an event's context says it is about: its `subject`, if it has one.

    That is `{"kind": "order", "id": …}`, with the id that the API gives the thing.
    """
    subject = context.get("subject")
    if not isinstance(subject, Mapping):
        return None
    return {"kind": str(subject["kind"]), "id": str(subject["id"])}


def has_topic(name: str) -> bool:
    """Tell whether an app declares a topic of that name."""
    return name in _topics
