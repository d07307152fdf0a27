"""What a provider is given, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from notifications.people import Person
from notifications.topics import Topic, read_about


class Result(StrEnum):
    ACCEPTED = "accepted"
    RETRY = "retry"
    EXPIRED = "expired"
    PERMANENT = "permanent"
    # The connection broke after the message left: it may or may not have arrived.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt."""

    result: Result
    # The provider's own words.
    answer: str = ""
    # The field's word for why it was not accepted.
    reason: str = ""
    # Seconds that the provider asks to be left alone for.
    retry_after: float | None = None
    # The provider says of the endpoint itself that nobody lives there any more, and,
    # where it knows, since when. Nothing else may deactivate a device.
    is_endpoint_dead: bool = False
    dead_since: datetime | None = None
    # What the provider will call the message when it says what became of it.
    reference: str = ""


@dataclass(slots=True)
class Subject:
    """What the messages of one event have in common."""

    event_id: int
    key: str
    topic: Topic
    lane: str
    context: Mapping[str, object]
    published_at: datetime
    # Of a summary: the channel that it was collected for.
    only_channel: str = ""
    is_cancelled: bool = False
    is_paused: bool = False
    # Providers keep here what they would else make again for each message.
    prepared: dict[object, bytes] = field(default_factory=dict)

    @property
    def all_channels(self) -> tuple[str, ...]:
        """Return the channels that people may be told over."""
        if self.only_channel:
            return (self.only_channel,)
        return (*self.topic.channels, *self.topic.chain)

    @property
    def is_collected(self) -> bool:
        """Tell whether it goes into summaries; those themselves do not."""
        return self.topic.digest_window is not None and not self.only_channel

    @property
    def expires_at(self) -> datetime:
        return self.published_at + self.topic.time_to_live

    @property
    def data(self) -> dict[str, str]:
        """Return what a push tells an app beside the words: flat, as FCM has it."""
        told = {"topic": self.topic.name}
        about = read_about(self.context)
        if about is not None:
            told |= {"subject_kind": about["kind"], "subject_id": about["id"]}
        return told

    @property
    def collapse(self) -> str:
        """Name what a later message replaces on the phone."""
        about = str(self.context.get(self.topic.collapse, ""))
        return f"{self.topic.collapse}-{about}" if about else f"event-{self.event_id}"


@dataclass(slots=True)
class Envelope:
    """One message, ready to be sent."""

    message_id: int
    notification_id: int
    subject: Subject
    # Nobody, where the account has been closed since.
    person: Person | None
    channel: str
    provider: str
    # As it is stored: of a phone or browser, its device's pk.
    endpoint: str
    # What the provider knows the endpoint by: token, number or mail address.
    address: str
    # A browser's keys: p256dh and auth.
    keys: tuple[str, str] | None
    title: str
    body: str
    url: str
    attempt_number: int
    expires_at: datetime
    # From when on it could have gone.
    due_at: datetime
    # The user, where words are made for the channel alone.
    recipient: Any = None

    @property
    def place(self) -> tuple[str, str]:
        """Return the recipient's language and time zone."""
        assert self.person is not None
        return self.person.locale, self.person.time_zone


class Request(NamedTuple):
    """An HTTP POST. The headers are set anew only when they are another object."""

    url: str
    headers: list[str]
    body: bytes
    # It costs, and does not replace itself: rather not at all than twice.
    is_once: bool = False
    # Others chose the address: only to public ones, for so long, and little is read.
    is_guarded: bool = False
    # Rather opens a connection than waits whether another can be shared: curl lets
    # those that wait for one host stand in the way of others.
    is_impatient: bool = False


class Response(NamedTuple):
    status: int
    body: bytes
    retry_after: float | None


class HttpProvider(Protocol):
    """Speaks HTTP; the transport carries many of its requests at once."""

    def prepare(self) -> Outcome | None:
        """Make ready for a batch; if that fails, answer what becomes of it."""
        ...

    def request(self, envelope: Envelope, now: datetime) -> Request: ...

    def judge(self, envelope: Envelope, response: Response) -> Outcome: ...


class BlockingProvider(Protocol):
    """Speaks a protocol of its own, in a thread, a batch at a time."""

    batch_size: int

    def send(self, envelopes: Sequence[Envelope]) -> list[Outcome]:
        """Hand over a batch; answer an outcome for each, in the same order.

        Fewer outcomes than messages: there was no time for the last of them.

        Never raises for what a provider or a network does: that is an outcome.
        """
        ...
