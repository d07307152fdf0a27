"""What goes wrong at a provider, as /_control says."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import Enum, auto
from random import random
from typing import Any

CREDENTIALS = ("valid", "expired", "revoked")


class FaultError(Exception):
    """There is no such fault, or not with this value."""


class Fate(Enum):
    ANSWER = auto()
    OUTAGE = auto()
    HANG = auto()
    DROP = auto()
    THROTTLE = auto()
    ERROR = auto()
    LOSE = auto()


@dataclass
class Faults:
    """Times are seconds, rates are shares of the requests.

    `hang`: no answer ever; `drop`: the connection is closed; `lost_answer`: accepted
    and in the ledger, then no answer. Credentials `revoked` throws away the tokens
    that Google has given out; new ones work.
    """

    latency: float = 0.0
    latency_jitter: float = 0.0
    error_rate: float = 0.0
    throttle_rate: float = 0.0
    retry_after: int = 1
    hang_rate: float = 0.0
    drop_rate: float = 0.0
    lost_answer_rate: float = 0.0
    outage: bool = False
    credentials: str = "valid"
    # APNs: when an unregistered token is said to have ceased, in milliseconds.
    unregistered_at: int | None = None

    def __post_init__(self) -> None:
        self.is_quiet = True

    def change(self, wanted: Mapping[str, Any]) -> None:
        """Take new values for some faults; raises `FaultError` and changes nothing."""
        for name, value in wanted.items():
            _see_allowed(name, value)
        for name, value in wanted.items():
            setattr(self, name, value)
        self._settle()

    def reset(self) -> None:
        for field in fields(self):
            setattr(self, field.name, field.default)
        self._settle()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def delay(self) -> float:
        return max(0.0, self.latency + self.latency_jitter * (2 * random() - 1))  # noqa: S311

    def draw(self) -> Fate:
        """Say what becomes of one request."""
        if self.outage:
            return Fate.OUTAGE
        for fate, rate in self._rates():
            if rate and random() < rate:  # noqa: S311
                return fate
        return Fate.ANSWER

    def _rates(self) -> tuple[tuple[Fate, float], ...]:
        return (
            (Fate.DROP, self.drop_rate),
            (Fate.HANG, self.hang_rate),
            (Fate.THROTTLE, self.throttle_rate),
            (Fate.ERROR, self.error_rate),
            (Fate.LOSE, self.lost_answer_rate),
        )

    def _settle(self) -> None:
        # Read at every request, so it is worked out beforehand.
        self.is_quiet = not (
            self.outage
            or self.latency
            or self.latency_jitter
            or any(rate for _, rate in self._rates())
        )


def _see_allowed(name: str, value: object) -> None:
    allowed = {
        "outage": isinstance(value, bool),
        "credentials": value in CREDENTIALS,
        "unregistered_at": value is None or _is_number(value),
    }
    if name not in {field.name for field in fields(Faults)}:
        raise FaultError(f"There is no fault {name}.")
    if not allowed.get(name, _is_number(value)):
        raise FaultError(f"{name} cannot be {value!r}.")
    if name.endswith("_rate") and not _is_share(value):
        raise FaultError(f"{name} is a share from 0 to 1.")


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and value >= 0


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value <= 1
