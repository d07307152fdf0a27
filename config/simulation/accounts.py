"""Counting up after a simulation: what people did against what the database holds."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from notifications.models import Message
from notifications.selectors import Accounting, get_accounting
from orders.models import Order, OrderEvent
from orders.notifications import FOR_CUSTOMER, NEWS_TO_RESTAURANT, Status

ENDED_WELL = (
    Message.Status.ACCEPTED,
    Message.Status.DELIVERED,
    Message.Status.SUPPRESSED,
)
WAITING = (Message.Status.READY, Message.Status.LEASED)


@dataclass(frozen=True)
class Reckoning:
    """Each line of it is a name, what was found and what there should be."""

    lines: list[tuple[str, int, int]]

    @property
    def reconciles(self) -> bool:
        return all(found == expected for _name, found, expected in self.lines)


def wait_until_told(
    keys: Sequence[str], *, seconds: float, tell: Callable[[str], None]
) -> Accounting:
    """Wait until nothing of these events is left to plan or send, or time is up."""
    deadline = time.monotonic() + seconds
    while True:
        account = get_accounting(key__in=keys)
        if account.is_settled or time.monotonic() > deadline:
            return account
        waiting = sum(account.messages.get(status, 0) for status in WAITING)
        tell(f"{waiting} messages to send, {account.unplanned} events to plan")
        time.sleep(1)


def expected_keys(orders: Sequence[Order]) -> list[str]:
    """Return the keys of every event that the orders' steps should have published."""
    keys = []
    events = OrderEvent.objects.filter(order__in=orders).select_related("order")
    for event in events:
        topic = FOR_CUSTOMER.get(Status(event.to_status))
        if topic is not None:
            keys.append(f"{topic.name}:{event.order.public_id}")
        if event.to_status == Status.PLACED:
            keys.append(f"order_placed:{event.order.public_id}")
        if event.to_status == Status.CANCELLED and event.actor in NEWS_TO_RESTAURANT:
            keys.append(f"order_cancelled_for_restaurant:{event.order.public_id}")
    return keys


def reckon(
    *,
    wanted: int,
    placed: Sequence[str],
    orders: Sequence[Order],
    account: Accounting,
    keys: int,
) -> Reckoning:
    """Set the orders that people saw placed against rows, ends and notifications."""
    ids = {str(order.public_id) for order in orders}
    states = Counter(order.status for order in orders)
    ended = sum(states[status] for status in Order.ENDED)
    messages = sum(account.messages.values())
    ended_well = sum(account.messages.get(status, 0) for status in ENDED_WELL)
    return Reckoning(
        [
            ("orders seen placed", len(placed), wanted),
            ("orders in the database", len(orders), len(placed)),
            ("of those that were seen", len(ids & set(placed)), len(set(placed))),
            ("delivered, collected, rejected or cancelled", ended, len(orders)),
            ("events published", account.events, keys),
            ("events left to plan", account.unplanned, 0),
            ("events given up", account.rejected, 0),
            ("notifications", account.notifications, account.recipients),
            ("messages accepted, or with nowhere to go", ended_well, messages),
        ]
    )
