"""Topics of the notification benchmark; its workers include them."""

from datetime import timedelta

from notifications.models import Channel, Priority
from notifications.topics import Category, Kind, Topic, register

OFFERS = Category(name="bench_offers", label="Offers", kind=Kind.PROMOTIONAL)
ORDERS = Category(name="bench_orders", label="Orders", kind=Kind.TRANSACTIONAL)


def _register(name: str, category: Category, priority: Priority) -> Topic:
    return register(
        Topic(
            name=name,
            category=category,
            priority=priority,
            channels=(Channel.PUSH,),
            time_to_live=timedelta(hours=12),
        )
    )


BULK = _register("bench_bulk", OFFERS, Priority.BULK)
STANDARD = _register("bench_standard", ORDERS, Priority.STANDARD)
CRITICAL = _register("bench_critical", ORDERS, Priority.CRITICAL)
