"""The trigger: an event in the caller's transaction, a doorbell after commit."""

from collections.abc import Iterable, Mapping
from functools import partial

from django.db import transaction
from django.utils import timezone

from notifications.doorbell import ring
from notifications.models import Event
from notifications.topics import Topic


def publish(
    topic: Topic,
    *,
    recipients: Iterable[int],
    key: str,
    context: Mapping[str, object],
) -> Event:
    """Record that `recipients` (user pks) are to be told; return the event.

    Belongs to the caller's transaction: it commits or rolls back with it. The same key
    is the same event, however often it is published. `context` is JSON for the
    topic's templates; its "url" is a path of this site.
    """
    event = Event(
        key=key,
        topic=topic.name,
        priority=topic.priority,
        recipient_ids=sorted(set(recipients)),
        context=dict(context),
        published_at=timezone.now(),
    )
    Event.objects.bulk_create([event], ignore_conflicts=True)
    # Robust: whatever befalls the doorbell, what the caller committed stands.
    transaction.on_commit(partial(ring, topic.priority), robust=True)
    return Event.objects.get(key=key)
