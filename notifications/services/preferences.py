"""What people say about how and when they are told."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from types import EllipsisType

from django.db import transaction
from django.utils import timezone

from notifications.exceptions import (
    AlwaysOnError,
    DoNotDisturbError,
    QuietHoursError,
    UnknownCategoryError,
)
from notifications.models import Preference, RecipientSettings
from notifications.topics import Kind, get_category, list_channels

LONGEST_DO_NOT_DISTURB = timedelta(days=366)


@transaction.atomic
def change_preferences(
    *,
    user_pk: int,
    wishes: Mapping[tuple[str, str], bool],
    quiet_hours: tuple[time | None, time | None] | EllipsisType = ...,
    do_not_disturb_until: datetime | EllipsisType | None = ...,
) -> None:
    """Set all of what a person asks for, or nothing of it; `...` leaves as it is.

    The wishes are (category, channel) -> on or off. Raises as the others here do.
    """
    for (category, channel), is_enabled in sorted(wishes.items()):
        set_preference(
            user_pk=user_pk, category=category, channel=channel, is_enabled=is_enabled
        )
    if not isinstance(quiet_hours, EllipsisType):
        quiet_from, quiet_until = quiet_hours
        set_quiet_hours(user_pk=user_pk, quiet_from=quiet_from, quiet_until=quiet_until)
    if not isinstance(do_not_disturb_until, EllipsisType):
        set_do_not_disturb(user_pk=user_pk, until=do_not_disturb_until)


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
    """Let all but critical messages wait until a moment; None to be told again.

    Raises DoNotDisturbError.
    """
    if until is not None and until > timezone.now() + LONGEST_DO_NOT_DISTURB:
        raise DoNotDisturbError
    RecipientSettings.objects.update_or_create(
        user_id=user_pk, defaults={"do_not_disturb_until": until}
    )
