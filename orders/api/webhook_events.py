"""The events that partners are sent, for the schema's `webhooks`."""

from drf_spectacular.utils import OpenApiExample, OpenApiWebhook, extend_schema

from orders.serializers.webhooks import (
    ORDER_EVENTS,
    TEST_EVENT,
    OrderWebhookEventSerializer,
    TestWebhookEventSerializer,
)

SIGNED = (
    "Signed by the headers `webhook-id`, `webhook-timestamp` and `webhook-signature` "
    "(standard-webhooks). Check the signature over the raw body, drop a `webhook-id` "
    "you have seen, and answer any 2xx within 15 seconds; events may come out of order "
    "and more than once, so decide by `data.status` and `timestamp`. A 410 switches "
    "the webhook off."
)
DATA = {
    "order_id": "f4b9c1d2-3c1e-4f6a-9a56-0e6b4f7d2c10",
    "restaurant_id": "0a4d9cbb-52a1-4f43-8a0c-3a44fcd2f0a3",
    "number": 1042,
    "short_number": "42",
    "is_test": False,
    "actor": "restaurant",
    "reason": None,
    "fulfilment": "delivery",
    "total": {"amount": 2840, "currency": "USD"},
    "placed_at": "2026-11-21T18:28:41Z",
    "scheduled_for": None,
    "promised_from": "2026-11-21T19:05:00Z",
    "promised_until": "2026-11-21T19:20:00Z",
    "current_from": "2026-11-21T19:05:00Z",
    "current_until": "2026-11-21T19:20:00Z",
    "time_zone": "America/Los_Angeles",
}


# What an order was before, where an example is not that of an order just placed.
BEFORE = {
    "placed": None,
    "preparing": "accepted",
    "ready": "preparing",
    "out_for_delivery": "ready",
    "delivered": "out_for_delivery",
    "collected": "ready",
}


def _example(kind: str) -> OpenApiExample:
    name = kind.removeprefix("order.")
    status = "placed" if name == "changed" else name
    return OpenApiExample(
        name,
        value={
            "type": kind,
            "timestamp": "2026-11-21T18:30:00Z",
            "data": {
                **DATA,
                "status": status,
                "previous_status": BEFORE.get(name, "placed"),
            },
        },
    )


def _webhook(kind: str, words: str) -> OpenApiWebhook:
    return OpenApiWebhook(
        name=kind,
        decorator=extend_schema(
            operation_id=f"on_{kind.replace('.', '_')}",
            summary=words,
            description=f"{words}\n\n{SIGNED}",
            tags=["Webhooks"],
            request=OrderWebhookEventSerializer,
            responses={204: None},
            examples=[_example(kind)],
        ),
    )


TEST = OpenApiWebhook(
    name=TEST_EVENT,
    decorator=extend_schema(
        operation_id="on_webhook_test",
        summary="A test that an owner asked for.",
        description=f"A test that an owner asked for.\n\n{SIGNED}",
        tags=["Webhooks"],
        request=TestWebhookEventSerializer,
        responses={204: None},
    ),
)
(
    PLACED,
    ACCEPTED,
    PREPARING,
    READY,
    OUT_FOR_DELIVERY,
    DELIVERED,
    COLLECTED,
    REJECTED,
    CANCELLED,
    CHANGED,
) = (_webhook(kind, words) for kind, words in ORDER_EVENTS.items())
