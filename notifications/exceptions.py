"""What can be wrong with what a person asks of their notifications."""


class NotificationError(Exception):
    code = "notification_error"


class UnknownCategoryError(NotificationError):
    """No app has a category of that name, or it does not use that channel."""

    code = "unknown_category"


class AlwaysOnError(NotificationError):
    """Security news cannot be turned off."""

    code = "always_on"


class QuietHoursError(NotificationError):
    """Quiet hours need two different ends, or none."""

    code = "quiet_hours"
