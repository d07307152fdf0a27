from django_stubs_ext import StrOrPromise


class RestaurantError(Exception):
    """A request about a restaurant that cannot be granted; `code` is for machines."""

    code = "restaurant_error"


class InvalidCursorError(RestaurantError):
    """The cursor was not given out by this list."""

    code = "invalid_cursor"


class WrongStatusError(RestaurantError):
    """The restaurant is not in a state in which this can be done."""

    code = "wrong_status"

    def __init__(self, message: StrOrPromise) -> None:
        super().__init__(message)
        self.message = message


class RefusedError(RestaurantError):
    """Something that the rules do not allow; the message is for people."""

    def __init__(self, message: StrOrPromise) -> None:
        super().__init__(message)
        self.message = message


class LastOwnerError(RefusedError):
    """A restaurant always has an owner."""

    code = "last_owner"


class NotAllowedError(RefusedError):
    """Whoever asks may not do this, or no longer."""

    code = "not_allowed"


class AlreadyMemberError(RefusedError):
    """They are a member already."""

    code = "already_member"


class InvitationOverError(RefusedError):
    """The invitation was used or withdrawn, or its days have passed."""

    code = "invitation_over"


class OtherAccountError(RefusedError):
    """The invitation is for somebody with another email."""

    code = "other_account"


class TooManyError(RefusedError):
    """More than anybody needs: a limit against misuse."""

    code = "too_many"


class StepsMissingError(RefusedError):
    """First steps are still to be done before the restaurant can go live."""

    code = "steps_missing"


class ChecksMissingError(RefusedError):
    """The checklist of an application is not ticked to the end."""

    code = "checks_missing"


class ChangedMeanwhileError(RestaurantError):
    """Somebody else changed the same thing since it was looked at."""

    code = "changed_meanwhile"


class HoursRefusedError(RestaurantError):
    """These hours cannot be; `weekdays` (Monday is 0) are where the fault lies."""

    code = "hours_refused"

    def __init__(self, message: StrOrPromise, *weekdays: int) -> None:
        super().__init__(message)
        self.message = message
        self.weekdays = weekdays


class TermsRefusedError(RestaurantError):
    """These delivery terms cannot be; `field` is the one at fault."""

    code = "terms_refused"

    def __init__(self, field: str, message: StrOrPromise) -> None:
        super().__init__(message)
        self.field = field
        self.message = message
