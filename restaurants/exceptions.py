class RestaurantError(Exception):
    """A request about a restaurant that cannot be granted; `code` is for machines."""

    code = "restaurant_error"


class InvalidCursorError(RestaurantError):
    """The cursor was not given out by this list."""

    code = "invalid_cursor"
