"""Webhooks: what partners are sent, and what the API answers about it."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from notifications.deliveries import Delivery
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
from orders.models import Order, OrderEvent
from restaurants.models import Fulfilment

DELIVERY = "webhook delivery"
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
OUTCOMES = ("accepted", "retry", "permanent", "unknown", "expired")


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


class DeliveryAttemptSerializer(Strict):
    number = serializers.IntegerField()
    at = serializers.DateTimeField()
    outcome = Code(OUTCOMES, help_text="`unknown`: sent, but no answer came.")
    answer = serializers.CharField(
        allow_blank=True, help_text="The beginning of what the server answered."
    )


class WebhookDeliverySerializer(Strict):
    """One event on its way to one webhook."""

    id = PublicId()
    webhook_id = PublicId(help_text="The `webhook-id` header: the same each time.")
    event = serializers.DictField(help_text="As it is sent: type, timestamp and data.")
    status = Code(
        Message.Status,
        help_text="`ready`: waits for its next attempt. `dead`: given up, replay it.",
    )
    reason = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    attempts = DeliveryAttemptSerializer(many=True)


class WebhookDeliveryPageSerializer(Page):
    results = WebhookDeliverySerializer(many=True)


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
    promised_from = serializers.DateTimeField(help_text="Said when it was placed.")
    promised_until = serializers.DateTimeField()
    expected_from = serializers.DateTimeField(help_text="Expected by now.")
    expected_until = serializers.DateTimeField()
    time_zone = serializers.CharField()


class OrderWebhookEventSerializer(Strict):
    type = Code(ORDER_EVENTS)
    timestamp = serializers.DateTimeField(help_text="When it happened.")
    data = OrderEventDataSerializer()  # type: ignore[assignment]


class TestEventDataSerializer(Strict):
    restaurant_id = PublicId()


class TestWebhookEventSerializer(Strict):
    type = Code([TEST_EVENT])
    timestamp = serializers.DateTimeField()
    data = TestEventDataSerializer()  # type: ignore[assignment]


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


def present_delivery(delivery: Delivery) -> dict[str, Any]:
    message = delivery.message
    return {
        "id": str(opaque_id(DELIVERY, message.pk)),
        "webhook_id": str(message.public_id),
        "event": delivery.payload,
        "status": message.status,
        "reason": message.reason,
        "created_at": present_moment(message.created_at),
        "ended_at": present_moment(message.ended_at),
        "attempts": [_present_attempt(attempt) for attempt in delivery.attempts],
    }


def _present_attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "at": present_moment(attempt.at),
        "outcome": attempt.outcome,
        "answer": attempt.answer,
    }
