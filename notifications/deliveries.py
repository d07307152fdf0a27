"""What was sent to a partner's endpoint, and what it answered."""

from dataclasses import dataclass
from typing import Any

from notifications.models import Attempt, Message, WebhookEndpoint
from notifications.people import WEBHOOK


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one endpoint."""

    message: Message
    # As it is sent: type, timestamp and data.
    payload: dict[str, Any]
    attempts: list[Attempt]


def list_endpoints(*, about: str) -> list[WebhookEndpoint]:
    """Return the endpoints that hear of something, the latest first."""
    return list(WebhookEndpoint.objects.filter(about=about).order_by("-pk"))


def list_deliveries(
    *, endpoint: WebhookEndpoint, before: int | None = None, limit: int = 20
) -> list[Delivery]:
    """Return what was sent to an endpoint, newest first; `before` is the last pk."""
    messages = Message.objects.filter(provider=WEBHOOK, endpoint=str(endpoint.pk))
    if before is not None:
        messages = messages.filter(pk__lt=before)
    # Each table by its keys: a join would look into the partitions of all days.
    found = messages.order_by("-pk").prefetch_related("notification__event", "attempts")
    return [_delivery(message) for message in found[:limit]]


def get_delivery(*, endpoint: WebhookEndpoint, message_pk: int) -> Delivery:
    """Return one delivery to an endpoint; Message.DoesNotExist for any other."""
    found = Message.objects.prefetch_related("notification__event", "attempts")
    return _delivery(
        found.get(pk=message_pk, provider=WEBHOOK, endpoint=str(endpoint.pk))
    )


def _delivery(message: Message) -> Delivery:
    context = message.notification.event.context
    attempts = sorted(message.attempts.all(), key=lambda attempt: attempt.number)
    return Delivery(message, context.get("payload", {}), attempts)
