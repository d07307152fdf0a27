"""What was sent to a partner's endpoint, and what it answered."""

from dataclasses import dataclass
from typing import Any

from notifications.models import Attempt, Message, WebhookEndpoint
from notifications.people import WEBHOOK


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """One event on its way to one endpoint."""

    message: Message
    # As it is sent: type, timestamp and data.
    payload: dict[str, Any]
    attempts: list[Attempt]


def list_endpoints(*, about: str) -> list[WebhookEndpoint]:
    """Return the endpoints that hear of something, the latest first."""
    return list(WebhookEndpoint.objects.filter(about=about).order_by("-pk"))


def list_webhook_messages(
    *, endpoint: WebhookEndpoint, before: int | None = None, limit: int = 20
) -> list[WebhookMessage]:
    """Return what was sent to an endpoint, newest first; `before` is the last pk."""
    messages = Message.objects.filter(provider=WEBHOOK, endpoint=str(endpoint.pk))
    if before is not None:
        messages = messages.filter(pk__lt=before)
    # Each table by its keys: a join would look into the partitions of all days.
    found = messages.order_by("-pk").prefetch_related("notification__event", "attempts")
    return [_read(message) for message in found[:limit]]


def get_webhook_message(
    *, endpoint: WebhookEndpoint, message_pk: int
) -> WebhookMessage:
    """Return one message to an endpoint; Message.DoesNotExist for any other."""
    found = Message.objects.prefetch_related("notification__event", "attempts")
    return _read(found.get(pk=message_pk, provider=WEBHOOK, endpoint=str(endpoint.pk)))


def _read(message: Message) -> WebhookMessage:
    context = message.notification.event.context
    attempts = sorted(message.attempts.all(), key=lambda attempt: attempt.number)
    return WebhookMessage(message, context.get("payload", {}), attempts)
