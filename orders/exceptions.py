"""What can be wrong with an order; `code` is for machines, the text for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class OrderProblem:
    """One thing that keeps a cart from becoming an order."""

    code: str
    message: StrOrPromise
    # The public id of the cart line it is about, if it is about one; of lines that were
    # sent in and are not in the cart yet, the place among them.
    line: UUID | str | None = None


class OrderError(Exception):
    default_code: ClassVar[str] = "order_error"
    # How things are now, where that is why it was refused.
    state: Mapping[str, object] | None = None

    def __init__(
        self,
        message: StrOrPromise,
        *,
        code: str = "",
        problems: Sequence[OrderProblem] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.problems = list(problems) or [OrderProblem(self.code, message)]


class InvalidCursorError(OrderError):
    """The cursor was not given out by this list."""

    default_code = "invalid_cursor"


class OtherRestaurantError(OrderError):
    """The cart holds food from another restaurant; ask whether to start anew."""

    default_code = "other_restaurant"


class ItemRefusedError(OrderError):
    """An item or its modifiers cannot be had; the code is that of menus."""

    default_code = "item_refused"


class CartEmptyError(OrderError):
    """There is nothing in the cart."""

    default_code = "cart_empty"


class NotOrderableError(OrderError):
    """The cart cannot be ordered as it is; `problems` says all that is wrong."""

    default_code = "not_orderable"


class PriceChangedError(OrderError):
    """Something costs other than the customer saw; show it and ask."""

    default_code = "price_changed"


class WindowMovedError(OrderError):
    """The kitchen cannot keep the window shown; `slot` is what can be had instead.

    A `slot` of None is as soon as possible, and `has_slot` False nothing at all.
    """

    default_code = "window_moved"

    def __init__(
        self, message: StrOrPromise, *, slot: datetime | None, has_slot: bool = True
    ) -> None:
        super().__init__(message)
        self.slot = slot
        self.has_slot = has_slot


class IdempotencyKeyMissingError(OrderError):
    """`Idempotency-Key` must be there: 1 to 255 visible characters of ASCII."""

    default_code = "idempotency_key_missing"


class IdempotencyKeyReusedError(OrderError):
    """The key was sent before with another body; use a new key for a new order."""

    default_code = "idempotency_key_reused"


class IllegalTransitionError(OrderError):
    """The step does not exist for this order or is not this actor's to take."""

    default_code = "illegal_transition"


class AlreadyMovedError(OrderError):
    """Somebody else was first; the message says who and when."""

    default_code = "already_moved"


class LineChangeError(OrderError):
    """A line of an order cannot be replaced or left out like this."""

    default_code = "line_change_refused"


class ReceiptError(OrderError):
    """The receipt cannot be sent, or not yet again."""

    default_code = "receipt_refused"


class NotReviewableError(OrderError):
    """Only completed orders are reviewed, each once."""

    default_code = "not_reviewable"


class ClaimError(OrderError):
    """What was missing or wrong cannot be reported, or answered, like this."""

    default_code = "claim_refused"
