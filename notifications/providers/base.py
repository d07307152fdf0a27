"""What a provider takes (a batch) and answers (an outcome for each)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from notifications.models import Message


class Result(StrEnum):
    ACCEPTED = "accepted"
    RETRY = "retry"
    PERMANENT = "permanent"
    # The connection broke after the message left: it may or may not have arrived.
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Outcome:
    result: Result
    answer: str = ""


class Provider(Protocol):
    # How many messages at once; outcomes are written down after each batch.
    batch_size: int

    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        """Hand over a batch; answer one outcome per message, in the same order.

        Messages come with notification, event and recipient loaded. Never raises for
        what a provider or a network does: that is an outcome.
        """
        ...
