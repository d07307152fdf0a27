class NotificationError(Exception):
    """A notification could not be handled."""


class ProviderUnavailableError(NotificationError):
    """The provider could not be reached at all; nothing was handed over."""
