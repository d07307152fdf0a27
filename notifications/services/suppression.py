"""Addresses and numbers that must not be written to."""

from collections.abc import Iterable

from notifications.models import Channel, Suppression
from notifications.providers.base import Envelope, Outcome

# A provider's word that the recipient told it to stop.
STOPPED = "stopped"


def normalize(channel: str, address: str) -> str:
    """Return an address as the suppression list holds it."""
    return address.lower() if channel == Channel.EMAIL else address


def suppress(
    *, channel: str, address: str, reason: str, detail: str = ""
) -> Suppression:
    """Write to an address no more; the first reason stays."""
    suppression, _ = Suppression.objects.get_or_create(
        channel=channel,
        address=normalize(channel, address),
        defaults={"reason": reason, "detail": detail[:300]},
    )
    return suppression


def lift_suppression(*, channel: str, address: str, reason: str) -> bool:
    """Write to an address again if that was the reason; tell whether it was."""
    deleted, _ = Suppression.objects.filter(
        channel=channel, address=normalize(channel, address), reason=reason
    ).delete()
    return bool(deleted)


def suppress_stopped(answers: Iterable[tuple[Envelope, Outcome]]) -> None:
    """Write no more to those of whom a provider said that they had stopped it."""
    for envelope, outcome in answers:
        if outcome.reason == STOPPED:
            suppress(
                channel=envelope.channel,
                address=envelope.address,
                reason=Suppression.Reason.STOP,
                detail=outcome.answer,
            )
