"""Webhooks: what partners are sent, and what the API answers about it."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers

from notifications.fields import (
    Code,
    Flag,
    Money,
    Page,
    PublicId,
    Strict,
    Text,
    present_moment,
)
from notifications.models import Attempt, Message, WebhookEndpoint
from notifications.opaque import opaque_id
from notifications.webhook_messages import WebhookMessage
from orders.models import Order, OrderEvent
from restaurants.models import Fulfilment

MESSAGE = "webhook message"
LONGEST_URL = 500
LONGEST_DESCRIPTION = 200
REASONS = ("gone", "switched_off", "owner_left", "operator")
ORDER_EVENTS = {
    "order.placed": "The customer has placed an order; it waits for an answer.",
    "order.accepted": "The restaurant has promised to cook.",
    "order.preparing": "The kitchen has begun.",
    "order.ready": "It can be picked up.",
    "order.out_for_delivery": "The courier has it.",
    "order.delivered": "The customer has it, at the door.",
    "order.collected": "The customer has it, at the counter.",
    "order.rejected": "The restaurant has turned it down; `reason` says why.",
    "order.cancelled": "It was ended before it was eaten; `actor` says by whom.",
    "order.changed": "It stays where it is, but its times, lines or total changed.",
}
TEST_EVENT = "webhook.test"
Status = Message.Status
WAITING, SENT, FAILED, GIVEN_UP = STATUSES = ("waiting", "sent", "failed", "given_up")
# What the queue calls them is its own affair.
PUBLIC_STATUSES = {
    Status.READY: WAITING,
    Status.LEASED: WAITING,
    Status.ACCEPTED: SENT,
    Status.DELIVERED: SENT,
    Status.DEAD: GIVEN_UP,
    Status.EXPIRED: GIVEN_UP,
}
OUTCOMES = {
    "accepted": "sent",
    "retry": "try_again",
    "permanent": "failed",
    "unknown": "no_answer",
    "expired": "too_late",
}


class WebhookInputSerializer(Strict):
    url = Text(
        max_length=LONGEST_URL,
        help_text="A public https address, at port 443 or one above 1023.",
    )
    description = Text(
        max_length=LONGEST_DESCRIPTION, allow_blank=True, required=False, default=""
    )


class WebhookChangeSerializer(Strict):
    """What is left out stays as it is."""

    url = Text(max_length=LONGEST_URL, required=False)
    description = Text(max_length=LONGEST_DESCRIPTION, allow_blank=True, required=False)
    is_active = Flag(
        required=False, help_text="True switches on what was switched off, or failed."
    )


class WebhookSerializer(Strict):
    """A server that hears of a restaurant's orders."""

    id = PublicId()
    restaurant_id = PublicId()
    url = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    is_active = serializers.BooleanField()
    disabled_because = Code(
        REASONS,
        allow_null=True,
        help_text="Null while it is active.",
    )
    previous_secret_until = serializers.DateTimeField(
        allow_null=True,
        help_text="While two secrets sign: until when the one before does.",
    )
    created_at = serializers.DateTimeField()


class NewWebhookSerializer(WebhookSerializer):
    secret = serializers.CharField(
        help_text="Signs what is sent (`whsec_…`). Keep it: it is not shown again."
    )


class WebhookListSerializer(Strict):
    """All of a restaurant's webhooks: never more than ten."""

    results = WebhookSerializer(many=True)


class WebhookAttemptSerializer(Strict):
    """One attempt to send a message, and what came of it."""

    number = serializers.IntegerField()
    at = serializers.DateTimeField()
    outcome = Code([*OUTCOMES.values()], help_text="`no_answer`: it may have arrived.")
    answer = serializers.CharField(
        allow_blank=True, help_text="The beginning of what the server answered."
    )


class OrderEventDataSerializer(Strict):
    """How the order is after the step. For its lines, ask `GET /owner/orders/{id}`."""

    order_id = PublicId()
    restaurant_id = PublicId()
    number = serializers.IntegerField(help_text="Counts up within a restaurant.")
    short_number = serializers.CharField(help_text="What the kitchen calls it.")
    is_test = serializers.BooleanField()
    status = Code(Order.Status)
    previous_status = Code(Order.Status, allow_null=True)
    actor = Code(OrderEvent.Actor, help_text="Who took the step.")
    reason = Code(OrderEvent.Reason, allow_null=True)
    fulfilment = Code(Fulfilment)
    total = Money()
    placed_at = serializers.DateTimeField()
    scheduled_for = serializers.DateTimeField(allow_null=True)
    promised_from = serializers.DateTimeField(help_text="As said when it was placed.")
    promised_until = serializers.DateTimeField()
    current_from = serializers.DateTimeField(help_text="As expected now.")
    current_until = serializers.DateTimeField()
    time_zone = serializers.CharField()


class OrderWebhookEventSerializer(Strict):
    """Something happened to an order."""

    type = Code(ORDER_EVENTS)
    timestamp = serializers.DateTimeField(help_text="When it happened.")
    data = OrderEventDataSerializer()  # type: ignore[assignment]


class TestEventDataSerializer(Strict):
    """Which restaurant a test is of."""

    restaurant_id = PublicId()


class TestWebhookEventSerializer(Strict):
    """A test that an owner asked for."""

    # Closed, so that an event is one of an order or a test, and never both.
    type = serializers.ChoiceField([(TEST_EVENT, "A test.")])
    timestamp = serializers.DateTimeField()
    data = TestEventDataSerializer()  # type: ignore[assignment]


class WebhookMessageSerializer(Strict):
    """One event on its way to one webhook."""

    id = PublicId()
    webhook_id = PublicId(help_text="The `webhook-id` header: the same each time.")
    event = PolymorphicProxySerializer(
        component_name="WebhookEvent",
        serializers=[OrderWebhookEventSerializer, TestWebhookEventSerializer],
        resource_type_field_name=None,
    )
    status = Code(
        STATUSES,
        help_text=(
            "`waiting`: for its first or its next attempt. `failed`: not tried again. "
            "`given_up`: tried for days. Replay those that you need."
        ),
    )
    reason = serializers.CharField(
        allow_null=True, help_text="Why the last attempt failed, as a code."
    )
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    attempts = WebhookAttemptSerializer(many=True)


class WebhookMessagePageSerializer(Page):
    results = WebhookMessageSerializer(many=True)


def present_webhook(endpoint: WebhookEndpoint) -> dict[str, Any]:
    until = endpoint.previous_until
    if until is not None and until <= timezone.now():
        until = None
    return {
        "id": str(endpoint.public_id),
        "restaurant_id": endpoint.about.partition(":")[2],
        "url": endpoint.url,
        "description": endpoint.description,
        "is_active": endpoint.is_active,
        "disabled_because": endpoint.disabled_because or None,
        "previous_secret_until": present_moment(until),
        "created_at": present_moment(endpoint.created_at),
    }


def present_new_webhook(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """Return an endpoint with its secret: only to who has just made it."""
    return {**present_webhook(endpoint), "secret": endpoint.secret}


def present_webhook_message(sent: WebhookMessage) -> dict[str, Any]:
    message = sent.message
    return {
        "id": str(opaque_id(MESSAGE, message.pk)),
        "webhook_id": str(message.public_id),
        "event": sent.payload,
        "status": PUBLIC_STATUSES.get(Status(message.status), FAILED),
        "reason": message.reason or None,
        "created_at": present_moment(message.created_at),
        "ended_at": present_moment(message.ended_at),
        "attempts": [_present_attempt(attempt) for attempt in sent.attempts],
    }


def _present_attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "at": present_moment(attempt.at),
        "outcome": OUTCOMES.get(attempt.outcome, "failed"),
        "answer": attempt.answer,
    }
