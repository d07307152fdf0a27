"""Tell the open pages of an order that it has changed."""

from uuid import UUID

from django.conf import settings
from django.db import transaction

from notifications.live import ring_channels


def order_channel(public_id: UUID) -> str:
    """Return the Redis channel on which changes of an order are told."""
    return f"tiffin:order:{public_id}"


def ring_order(public_id: UUID) -> None:
    """Have its open pages look again, once the transaction under way is committed."""
    if settings.NOTIFICATIONS_LIVE:
        transaction.on_commit(lambda: ring_channels([order_channel(public_id)]))
