"""Tell the open order boards of a restaurant that something has changed."""

from django.conf import settings
from django.db import transaction

from notifications.live import ring_channels


def board_channel(restaurant_pk: int) -> str:
    """Return the Redis channel on which changes of a restaurant's board are told."""
    return f"tiffin:board:{restaurant_pk}"


def ring_board(restaurant_pk: int) -> None:
    """Have its boards look again, once the transaction under way is committed."""
    if settings.NOTIFICATIONS_LIVE:
        channels = [board_channel(restaurant_pk)]
        transaction.on_commit(lambda: ring_channels(channels, is_stamped=True))
