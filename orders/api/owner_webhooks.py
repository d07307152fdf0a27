"""A restaurant's webhooks: `/api/v1/owner/restaurants/{restaurant_id}/webhooks`."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from customers.api.asking import (
    PageQuerySerializer,
    cursor_refused,
    read_body,
    read_query,
    user_of,
)
from customers.throttling import Limit
from notifications.models import WebhookEndpoint
from notifications.opaque import pk_of
from notifications.webhook_messages import (
    get_webhook_message,
    list_endpoints,
    list_webhook_messages,
)
from orders.api.owner_asking import (
    OwnerView,
    get_own_restaurant,
)
from orders.api.webhook_events import DATA
from orders.serializers.webhooks import (
    MESSAGE,
    NewWebhookSerializer,
    WebhookChangeSerializer,
    WebhookInputSerializer,
    WebhookListSerializer,
    WebhookMessagePageSerializer,
    WebhookMessageSerializer,
    WebhookSerializer,
    present_new_webhook,
    present_webhook,
    present_webhook_message,
)
from restaurants.models import Duty, Restaurant
from restaurants.notifications import about_of
from restaurants.services import webhooks

ONE: dict[str, Any] = {
    "id": "5c0e5b1f-6a8e-4b87-9f57-2f0a3a9f7c11",
    "restaurant_id": "0a4d9cbb-52a1-4f43-8a0c-3a44fcd2f0a3",
    "url": "https://pos.trattoria.example/tiffin",
    "description": "The till",
    "is_active": True,
    "disabled_because": None,
    "previous_secret_until": None,
    "created_at": "2026-11-21T18:02:11Z",
}
NEW = {**ONE, "secret": "whsec_bm90IGEgc2VjcmV0LCBidXQgYW4gZXhhbXBsZSBvZiBvbmU="}
SENT: dict[str, Any] = {
    "id": "2b2b9a6e-7a53-4a0e-8f4e-1f6c0c1f9a52",
    "webhook_id": "a3f3b7b0-6b6e-5d7d-9b0a-6f2f0f5e9c44",
    "event": {
        "type": "order.accepted",
        "timestamp": "2026-11-21T18:30:00Z",
        "data": {**DATA, "status": "accepted", "previous_status": "placed"},
    },
    "status": "sent",
    "reason": None,
    "created_at": "2026-11-21T18:30:00Z",
    "ended_at": "2026-11-21T18:30:04Z",
    "attempts": [
        {
            "number": 1,
            "at": "2026-11-21T18:30:00Z",
            "outcome": "try_again",
            "answer": "503 Service Unavailable",
        },
        {
            "number": 2,
            "at": "2026-11-21T18:30:04Z",
            "outcome": "sent",
            "answer": "204",
        },
    ],
}
WEBHOOK = OpenApiExample("The till", value=ONE, response_only=True)
NEW_WEBHOOK = OpenApiExample("With its secret", value=NEW, response_only=True)
ASKED = OpenApiExample(
    "A till",
    value={"url": ONE["url"], "description": "The till"},
    request_only=True,
)
A_MESSAGE = OpenApiExample("At the second time", value=SENT, response_only=True)
CHANGES = Limit("webhook-changes", 60, timedelta(minutes=1))
SENDINGS = Limit("webhook-sendings", 60, timedelta(minutes=1))


class WebhooksView(OwnerView):
    """Views of the webhooks of one restaurant: for its owners alone."""

    def restaurant(self, public_id: UUID) -> Restaurant:
        return get_own_restaurant(self.request, public_id, Duty.PEOPLE)

    def get_one(self, restaurant_id: UUID, webhook_id: UUID) -> WebhookEndpoint:
        return webhooks.get_webhook(
            restaurant=self.restaurant(restaurant_id),
            actor=user_of(self.request),
            webhook_id=webhook_id,
        )


class WebhookListView(WebhooksView):
    limit = CHANGES

    @extend_schema(
        operation_id="list_owner_webhooks",
        responses=WebhookListSerializer,
        examples=[OpenApiExample("One", value={"results": [ONE]}, response_only=True)],
    )
    def get(self, request: Request, restaurant_id: UUID) -> Response:
        """List the webhooks of a restaurant.

        The latest first; for owners of the restaurant.
        """
        del request
        restaurant = self.restaurant(restaurant_id)
        found = list_endpoints(about=about_of(restaurant.public_id))
        return Response({"results": [present_webhook(one) for one in found]})

    @extend_schema(
        operation_id="add_owner_webhook",
        request=WebhookInputSerializer,
        responses={status.HTTP_201_CREATED: NewWebhookSerializer},
        examples=[ASKED, NEW_WEBHOOK],
    )
    def post(self, request: Request, restaurant_id: UUID) -> Response:
        """Let a server hear of a restaurant's orders.

        Every change of an order is posted to it, signed as
        [standard-webhooks](https://www.standardwebhooks.com) says, with the `secret`
        that this answer alone shows. What is not answered with a 2xx within 15 seconds
        is sent again, for two to three days. Redirects are not followed.
        """
        asked = read_body(WebhookInputSerializer, request)
        added = webhooks.add_webhook(
            restaurant=self.restaurant(restaurant_id), actor=user_of(request), **asked
        )
        path = reverse("api:webhook", args=[restaurant_id, added.public_id])
        return Response(
            present_new_webhook(added),
            status=status.HTTP_201_CREATED,
            headers={"Location": path},
        )


class WebhookView(WebhooksView):
    limit = CHANGES

    @extend_schema(
        operation_id="get_owner_webhook",
        responses=WebhookSerializer,
        examples=[WEBHOOK],
    )
    def get(self, request: Request, restaurant_id: UUID, webhook_id: UUID) -> Response:
        """Get one webhook.

        Its secret is not shown again; make a new one if it is lost.
        """
        del request
        return Response(present_webhook(self.get_one(restaurant_id, webhook_id)))

    @extend_schema(
        operation_id="change_owner_webhook",
        request=WebhookChangeSerializer,
        responses=WebhookSerializer,
        examples=[
            OpenApiExample("Off", value={"is_active": False}, request_only=True),
            WEBHOOK,
        ],
    )
    def patch(
        self, request: Request, restaurant_id: UUID, webhook_id: UUID
    ) -> Response:
        """Change a webhook, or switch it off or on.

        What still waits goes to the new address.
        """
        asked = read_body(WebhookChangeSerializer, request)
        changed = webhooks.change_webhook(
            restaurant=self.restaurant(restaurant_id),
            actor=user_of(request),
            webhook_id=webhook_id,
            **asked,
        )
        return Response(present_webhook(changed))

    @extend_schema(
        operation_id="remove_owner_webhook",
        responses={status.HTTP_204_NO_CONTENT: None},
    )
    def delete(
        self, request: Request, restaurant_id: UUID, webhook_id: UUID
    ) -> Response:
        """Remove a webhook.

        What still waits is not sent.
        """
        webhooks.remove_webhook(
            restaurant=self.restaurant(restaurant_id),
            actor=user_of(request),
            webhook_id=webhook_id,
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class RotateSecretView(WebhooksView):
    limit = CHANGES

    @extend_schema(
        operation_id="rotate_owner_webhook_secret",
        request=None,
        responses=NewWebhookSerializer,
        examples=[NEW_WEBHOOK],
    )
    def post(self, request: Request, restaurant_id: UUID, webhook_id: UUID) -> Response:
        """Get a new secret.

        For 24 hours what is sent is signed with both, so that a server can be given
        the new one at any moment.
        """
        changed = webhooks.rotate_webhook_secret(
            restaurant=self.restaurant(restaurant_id),
            actor=user_of(request),
            webhook_id=webhook_id,
        )
        return Response(present_new_webhook(changed))


class SendTestView(WebhooksView):
    limit = SENDINGS

    @extend_schema(
        operation_id="test_owner_webhook",
        request=None,
        responses=WebhookSerializer,
        examples=[WEBHOOK],
    )
    def post(self, request: Request, restaurant_id: UUID, webhook_id: UUID) -> Response:
        """Send a `webhook.test` event to one webhook.

        It goes the way of all events; see what came of it among the messages.
        """
        tested = webhooks.send_test_webhook(
            restaurant=self.restaurant(restaurant_id),
            actor=user_of(request),
            webhook_id=webhook_id,
        )
        return Response(present_webhook(tested))


class WebhookMessageListView(WebhooksView):
    @extend_schema(
        operation_id="list_owner_webhook_messages",
        parameters=[PageQuerySerializer],
        responses=WebhookMessagePageSerializer,
        examples=[
            OpenApiExample(
                "One", value={"results": [SENT], "next": None}, response_only=True
            )
        ],
    )
    def get(self, request: Request, restaurant_id: UUID, webhook_id: UUID) -> Response:
        """List what was sent to a webhook, with every attempt.

        The latest first. Kept for 90 days, unless the site says otherwise.
        """
        asked = read_query(PageQuerySerializer, request)
        endpoint = self.get_one(restaurant_id, webhook_id)
        limit = asked["limit"]
        before = _read_cursor(asked["cursor"]) if "cursor" in asked else None
        found = list_webhook_messages(endpoint=endpoint, before=before, limit=limit + 1)
        results = [present_webhook_message(one) for one in found[:limit]]
        is_more = len(found) > limit
        return Response(
            {"results": results, "next": results[-1]["id"] if is_more else None}
        )


class ReplayMessageView(WebhooksView):
    limit = SENDINGS

    @extend_schema(
        operation_id="replay_owner_webhook_message",
        request=None,
        responses=WebhookMessageSerializer,
        examples=[A_MESSAGE],
    )
    def post(
        self,
        request: Request,
        restaurant_id: UUID,
        webhook_id: UUID,
        message_id: UUID,
    ) -> Response:
        """Send one event to a webhook again.

        With the `webhook-id` that it had, whether it had arrived or not.
        """
        pk = pk_of(MESSAGE, message_id)
        if pk is None:
            raise NotFound
        endpoint = webhooks.replay_webhook(
            restaurant=self.restaurant(restaurant_id),
            actor=user_of(request),
            webhook_id=webhook_id,
            message_pk=pk,
        )
        found = get_webhook_message(endpoint=endpoint, message_pk=pk)
        return Response(present_webhook_message(found))


def _read_cursor(cursor: str) -> int:
    try:
        pk = pk_of(MESSAGE, UUID(cursor))
    except ValueError:
        pk = None
    if pk is None:
        raise cursor_refused()
    return pk
