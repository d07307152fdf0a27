"""Addresses and numbers that must not be written to."""

from notifications.models import Channel, Suppression


def normalize(channel: str, address: str) -> str:
    """Return an address as the suppression list holds it."""
    return address.lower() if channel == Channel.EMAIL else address


def suppress(*, channel: str, address: str, reason: str, detail: str = "") -> None:
    """Write to an address no more; the first reason stays."""
    Suppression.objects.get_or_create(
        channel=channel,
        address=normalize(channel, address),
        defaults={"reason": reason, "detail": detail[:300]},
    )


def lift_suppression(*, channel: str, address: str, reason: str) -> bool:
    """Write to an address again if that was the reason; tell whether it was."""
    deleted, _ = Suppression.objects.filter(
        channel=channel, address=normalize(channel, address), reason=reason
    ).delete()
    return bool(deleted)
