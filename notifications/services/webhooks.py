"""Where partners' servers hear what happens: put up, changed, and told again."""

import base64
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from notifications.exceptions import (
    NotReplayableError,
    TooManyWebhooksError,
    WebhookInactiveError,
    WebhookTakenError,
)
from notifications.ids import lowest_id
from notifications.models import Message, WebhookEndpoint
from notifications.people import WEBHOOK
from notifications.services.states import start_anew

SECRET_BYTES = 32
# For so long a secret that was replaced still signs, beside the new one.
OVERLAP = timedelta(hours=24)
MOST = 10
REPLAY_FOR = timedelta(days=7)
BATCH = 1000
MOST_REPLAYED = 10_000
UNDER_WAY = (Message.Status.READY, Message.Status.LEASED)


@transaction.atomic
def add_endpoint(
    *, owner_pk: int, about: str, url: str, description: str = ""
) -> WebhookEndpoint:
    """Put up an endpoint; its `secret` is to be shown now and never again.

    The caller holds a lock on what it is `about`, and has asked `see_is_for_webhooks`
    before, which needs the network. WebhookTakenError, TooManyWebhooksError.
    """
    if WebhookEndpoint.objects.filter(about=about).count() >= MOST:
        raise TooManyWebhooksError
    endpoint = WebhookEndpoint(
        owner_id=owner_pk,
        about=about,
        url=url,
        description=description,
        secret=_make_secret(),
    )
    return _save(endpoint)


@transaction.atomic
def change_endpoint(
    *,
    endpoint_pk: int,
    url: str | None = None,
    description: str | None = None,
    is_active: bool | None = None,
    owner_pk: int | None = None,
) -> WebhookEndpoint:
    """Change what is not None; what waits goes to the new address.

    The caller has asked `see_is_for_webhooks` before. WebhookTakenError,
    WebhookEndpoint.DoesNotExist.
    """
    endpoint = _lock(endpoint_pk)
    if url is not None:
        endpoint.url = url
    if owner_pk is not None:
        endpoint.owner_id = owner_pk
    if description is not None:
        endpoint.description = description
    if is_active is not None and is_active != endpoint.is_active:
        endpoint.is_active = is_active
        endpoint.disabled_because = "" if is_active else "switched_off"
    return _save(endpoint)


@transaction.atomic
def rotate_secret(*, endpoint_pk: int, now: datetime | None = None) -> WebhookEndpoint:
    """Replace the secret; for a day both sign. The new one is to be shown now only."""
    endpoint = _lock(endpoint_pk)
    endpoint.previous_secret = endpoint.secret
    endpoint.previous_until = (now or timezone.now()) + OVERLAP
    endpoint.secret = _make_secret()
    return _save(endpoint)


def delete_endpoint(*, endpoint_pk: int) -> None:
    """Take an endpoint down; what was still to be sent there ends."""
    WebhookEndpoint.objects.filter(pk=endpoint_pk).delete()


def stop_endpoints(*, owner_pk: int, about: str, because: str) -> int:
    """Switch off somebody's endpoints that hear of something; return how many."""
    running = WebhookEndpoint.objects.filter(
        owner=owner_pk, about=about, is_active=True
    )
    return running.update(is_active=False, disabled_because=because)


def switch_off_endpoints(*, endpoint_pks: Iterable[int]) -> int:
    """Switch off endpoints as an operator; return how many."""
    running = WebhookEndpoint.objects.filter(pk__in=list(endpoint_pks), is_active=True)
    return running.update(is_active=False, disabled_because="operator")


def replay_message(*, endpoint: WebhookEndpoint, message_pk: int) -> None:
    """Send one message of an endpoint again, with the `webhook-id` that it had.

    Message.DoesNotExist, WebhookInactiveError, and NotReplayableError while it is
    being sent anyhow.
    """
    if not endpoint.is_active:
        raise WebhookInactiveError
    found = Message.objects.filter(
        pk=message_pk, provider=WEBHOOK, endpoint=str(endpoint.pk)
    )
    if not found.exists():
        raise Message.DoesNotExist
    if not replay_messages(message_pks=[message_pk]):
        raise NotReplayableError


def replay_since(
    *, endpoint: WebhookEndpoint, since: datetime, most: int = MOST_REPLAYED
) -> int:
    """Send all that an endpoint was sent since then again; return how many.

    The oldest first. WebhookInactiveError.
    """
    if not endpoint.is_active:
        raise WebhookInactiveError
    left = list_replayable(endpoint=endpoint, since=since).order_by("pk")
    pks = list(left.values_list("pk", flat=True)[:most])
    return sum(
        replay_messages(message_pks=pks[start : start + BATCH])
        for start in range(0, len(pks), BATCH)
    )


def list_replayable(*, endpoint: WebhookEndpoint, since: datetime) -> QuerySet[Message]:
    """Return the messages of an endpoint since then that are not under way."""
    return Message.objects.filter(
        provider=WEBHOOK, endpoint=str(endpoint.pk), pk__gte=lowest_id(since)
    ).exclude(status__in=UNDER_WAY)


@transaction.atomic
def replay_messages(*, message_pks: Iterable[int], now: datetime | None = None) -> int:
    """Send messages to partners again, whatever became of them; return how many.

    Each keeps its id, by which its receiver knows it. What is under way is left alone.
    """
    now = now or timezone.now()
    messages = list(
        Message.objects.select_for_update(of=("self",))
        .filter(pk__in=list(message_pks), provider=WEBHOOK)
        .exclude(status__in=UNDER_WAY)
        .select_related("notification__event")
        .order_by("pk")
    )
    start_anew(messages, expires_at=now + REPLAY_FOR, now=now)
    return len(messages)


def _lock(endpoint_pk: int) -> WebhookEndpoint:
    return WebhookEndpoint.objects.select_for_update().get(pk=endpoint_pk)


def _save(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    try:
        with transaction.atomic():
            endpoint.save()
    except IntegrityError as error:
        raise WebhookTakenError from error
    return endpoint


def _make_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"
