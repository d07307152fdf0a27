"""What people say about how and when they are told."""

from datetime import datetime, time

from notifications.exceptions import (
    AlwaysOnError,
    QuietHoursError,
    UnknownCategoryError,
)
from notifications.models import Preference, RecipientSettings
from notifications.topics import Kind, get_category, list_channels


def set_preference(
    *, user_pk: int, category: str, channel: str, is_enabled: bool
) -> None:
    """Turn a category on or off on a channel; holds for what is planned already.

    Raises UnknownCategoryError or AlwaysOnError.
    """
    known = get_category(category)
    if known is None or channel not in list_channels(known):
        raise UnknownCategoryError
    if known.kind == Kind.SYSTEM and not is_enabled:
        raise AlwaysOnError
    Preference.objects.update_or_create(
        user_id=user_pk,
        category=category,
        channel=channel,
        defaults={"is_enabled": is_enabled},
    )


def set_quiet_hours(
    *, user_pk: int, quiet_from: time | None, quiet_until: time | None
) -> None:
    """Set the hours in which offers and news wait; None and None for no such hours.

    Raises QuietHoursError.
    """
    if (quiet_from is None) != (quiet_until is None):
        raise QuietHoursError
    if quiet_from is not None and quiet_from == quiet_until:
        raise QuietHoursError
    RecipientSettings.objects.update_or_create(
        user_id=user_pk,
        defaults={"quiet_from": quiet_from, "quiet_until": quiet_until},
    )


def set_do_not_disturb(*, user_pk: int, until: datetime | None) -> None:
    """Let all but critical messages wait until a moment; None to be told again."""
    RecipientSettings.objects.update_or_create(
        user_id=user_pk, defaults={"do_not_disturb_until": until}
    )
