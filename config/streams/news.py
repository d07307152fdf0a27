"""What is told, to whoever may hear it: pages and apps hear the same."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Max, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from customers.models import User
from delivery.models import Delivery
from notifications.fields import present_moment
from notifications.live import inbox_channel, read_stamps
from notifications.selectors import count_unread, list_notifications_for_recipient
from orders.live import order_channel
from orders.models import Order
from orders.selectors.board import ON_BOARD
from restaurants.live import board_channel
from restaurants.models import Duty, Restaurant
from restaurants.owner_site import own_restaurants


@dataclass(frozen=True)
class News:
    """How things are; `version` is another whenever they are."""

    version: str
    facts: dict[str, object]


@dataclass(frozen=True)
class Feed:
    """One thing that somebody listens to."""

    event: str
    # Where Redis rings when there may be news.
    channels: list[str]
    # How things are, or why this is not to be heard any more.
    read: Callable[[], News | str]


def feed_inbox(user_pk: int) -> Feed:
    def read() -> News:
        unread = count_unread(recipient_pk=user_pk)
        newest = list_notifications_for_recipient(recipient_pk=user_pk, limit=1)
        seen = (unread, [(one.pk, one.read_at) for one in newest])
        return News(_make_version(seen), {"unread": unread})

    return Feed("inbox", [inbox_channel(user_pk)], read)


def list_boards(user: User, public_id: UUID | None = None) -> QuerySet[Restaurant]:
    """Return the restaurants whose board somebody may see, or one of them."""
    restaurants = own_restaurants(user, Duty.BOARD)
    return restaurants if public_id is None else restaurants.filter(public_id=public_id)


def feed_board(restaurants: QuerySet[Restaurant]) -> Feed | None:
    """Return what says only that there is something new; None without a restaurant.

    It is over once these are other restaurants: somebody joined one, or left.
    """

    def list_pks() -> list[int]:
        return sorted(restaurants.values_list("pk", flat=True))

    pks = list_pks()
    channels = [board_channel(pk) for pk in pks]

    def read() -> News | str:
        if list_pks() != pks:
            return "reconnect"
        orders = Order.objects.filter(restaurant__in=pks, status__in=ON_BOARD)
        # Steps are read where they are kept; the stamps tell of all else.
        steps = orders.aggregate(Count("pk", distinct=True), Max("events__pk"))
        version = _make_version((pks, steps, read_stamps(channels)))
        return News(version, {"at": present_moment(timezone.now())})

    return Feed("board", channels, read) if pks else None


def feed_order(orders: QuerySet[Order], public_id: UUID) -> Feed | None:
    """Return the news of one of these orders; None for others."""

    def read() -> News:
        order = orders.filter(public_id=public_id).first()
        # It went with the account.
        return News("gone" if order is None else _read_order(order), {})

    if not orders.filter(public_id=public_id).exists():
        return None
    return Feed("order", [order_channel(public_id)], read)


def _read_order(order: Order) -> str:
    """Return what changes whenever its page would: the last of each thing it shows."""
    changes = order.line_changes.aggregate(Max("pk"), Max("answered_at"))
    way = Delivery.objects.filter(order=order).values_list(
        "status", "courier_name", "position_at"
    )
    events = order.events.aggregate(Max("pk"))
    paid = (order.total, order.refunded, order.payment_status)
    return _make_version((order.status, events, paid, changes, way.first()))


def _make_version(seen: object) -> str:
    # Keys count up: keyed, lest somebody counts along.
    digest = salted_hmac("config.streams", repr(seen), algorithm="sha256")
    return digest.hexdigest()[:16]
