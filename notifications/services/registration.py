"""Phones and browsers that people register, and take away again."""

from typing import Any

from django.utils import timezone

from notifications.device_models import DEVICE_MODELS


def register_device(
    *, user_pk: int, kind: str, registration_id: str, **fields: Any
) -> tuple[Any, bool]:
    """Register a device for a user; return it, and whether it is new.

    A token that is known already is this user's from now on and is used again: the
    app on that phone has another user now, or was installed anew.
    """
    device, is_new = DEVICE_MODELS[kind].objects.update_or_create(
        registration_id=registration_id,
        defaults={
            **fields,
            "user_id": user_pk,
            "active": True,
            # The moment of the last registration: a provider that says since when a
            # token is dead is believed only if that is later.
            "date_created": timezone.now(),
        },
    )
    return device, is_new


def remove_device(*, user_pk: int, kind: str, device_pk: int) -> bool:
    """Forget a user's device; tell whether there was one."""
    deleted, _ = (
        DEVICE_MODELS[kind].objects.filter(user_id=user_pk, pk=device_pk).delete()
    )
    return bool(deleted)
