"""What can be wrong with a step on the way; `code` is for machines."""

from collections.abc import Mapping

from django_stubs_ext import StrOrPromise


class DeliveryError(Exception):
    code = "delivery_error"

    def __init__(
        self, message: StrOrPromise, *, state: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        # How things are now, by name.
        self.state = dict(state or {})


class DeliveryEndedError(DeliveryError):
    """The order has ended; nothing about its delivery can change."""

    code = "delivery_ended"


class StepNotDueError(DeliveryError):
    """An earlier step is missing; steps are taken in order."""

    code = "step_not_due"
