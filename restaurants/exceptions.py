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
