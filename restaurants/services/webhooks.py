"""Whose servers hear of a restaurant's orders: its owners decide, for their own."""

from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from customers.models import User
from notifications.endpoints import see_is_for_webhooks
from notifications.exceptions import WebhookInactiveError
from notifications.fields import present_moment
from notifications.models import WebhookEndpoint
from notifications.services import webhooks as endpoints
from restaurants.exceptions import NotAllowedError
from restaurants.models import Restaurant
from restaurants.notifications import about_of, tell_partners
from restaurants.services.people import ONLY_MEMBERS, decides_people


def add_webhook(
    *, restaurant: Restaurant, actor: User, url: str, description: str = ""
) -> WebhookEndpoint:
    """Let a server hear of a restaurant's orders; its secret is to be shown now only.

    NotAllowedError, WebhookAddressError, WebhookTakenError, TooManyWebhooksError.
    """
    # Asks the name servers: before anything is locked.
    see_is_for_webhooks(url)
    with transaction.atomic():
        _lock(restaurant, actor)
        return endpoints.add_endpoint(
            owner_pk=actor.pk,
            about=about_of(restaurant.public_id),
            url=url,
            description=description,
        )


def change_webhook(
    *,
    restaurant: Restaurant,
    actor: User,
    webhook_id: UUID,
    url: str | None = None,
    description: str | None = None,
    is_active: bool | None = None,
) -> WebhookEndpoint:
    """Change what is not None; who switches one on answers for it from now on.

    NotAllowedError, WebhookAddressError, WebhookTakenError.
    """
    if url is not None:
        see_is_for_webhooks(url)
    with transaction.atomic():
        endpoint = _take(restaurant, actor, webhook_id)
        return endpoints.change_endpoint(
            endpoint_pk=endpoint.pk,
            url=url,
            description=description,
            is_active=is_active,
            owner_pk=actor.pk if is_active else None,
        )


@transaction.atomic
def remove_webhook(*, restaurant: Restaurant, actor: User, webhook_id: UUID) -> None:
    endpoint = _take(restaurant, actor, webhook_id)
    endpoints.delete_endpoint(endpoint_pk=endpoint.pk)


@transaction.atomic
def rotate_webhook_secret(
    *, restaurant: Restaurant, actor: User, webhook_id: UUID
) -> WebhookEndpoint:
    """Replace a secret; the one before signs beside it for a day."""
    endpoint = _take(restaurant, actor, webhook_id)
    return endpoints.rotate_secret(endpoint_pk=endpoint.pk)


@transaction.atomic
def send_test_webhook(
    *, restaurant: Restaurant, actor: User, webhook_id: UUID
) -> WebhookEndpoint:
    """Send one endpoint a `webhook.test` event, as orders' events are sent.

    WebhookInactiveError.
    """
    endpoint = _take(restaurant, actor, webhook_id)
    _see_is_answered_for(restaurant, endpoint)
    tell_partners(
        restaurant,
        recipients=[endpoint.owner_id],
        key=f"test:{uuid4()}",
        payload={
            "type": "webhook.test",
            "timestamp": present_moment(timezone.now()),
            "data": {"restaurant_id": str(restaurant.public_id)},
        },
        endpoint=endpoint.public_id,
    )
    return endpoint


@transaction.atomic
def replay_webhook(
    *, restaurant: Restaurant, actor: User, webhook_id: UUID, message_pk: int
) -> WebhookEndpoint:
    """Send one message again. WebhookInactiveError, NotReplayableError."""
    endpoint = _take(restaurant, actor, webhook_id)
    _see_is_answered_for(restaurant, endpoint)
    endpoints.replay_message(endpoint=endpoint, message_pk=message_pk)
    return endpoint


def _see_is_answered_for(restaurant: Restaurant, endpoint: WebhookEndpoint) -> None:
    """Raise WebhookInactiveError unless it runs, and whose it is still decides."""
    if not endpoint.is_active or not decides_people(restaurant.pk, endpoint.owner):
        raise WebhookInactiveError


def get_webhook(
    *, restaurant: Restaurant, actor: User, webhook_id: UUID
) -> WebhookEndpoint:
    """Return one webhook of a restaurant. NotAllowedError, DoesNotExist."""
    _check(restaurant, actor)
    return WebhookEndpoint.objects.get(
        public_id=webhook_id, about=about_of(restaurant.public_id)
    )


def _take(restaurant: Restaurant, actor: User, webhook_id: UUID) -> WebhookEndpoint:
    _lock(restaurant, actor)
    return get_webhook(restaurant=restaurant, actor=actor, webhook_id=webhook_id)


def _lock(restaurant: Restaurant, actor: User) -> None:
    # The restaurant's row, as when its people change: who is removed meanwhile, is.
    locked = Restaurant.objects.select_for_update(of=("self",), no_key=True)
    locked.only("pk").get(pk=restaurant.pk)
    _check(restaurant, actor)


def _check(restaurant: Restaurant, actor: User) -> None:
    if not decides_people(restaurant.pk, actor):
        raise NotAllowedError(ONLY_MEMBERS)
