"""The orders of now, for the kitchen."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from orders.models import (
    LineChange,
    Order,
    OrderEvent,
    OrderLine,
    OrderLineModifier,
)
from orders.selectors.orders import with_lines_only
from orders.selectors.paging import PAGE
from restaurants.models import Restaurant

# How long an order that has ended is still the kitchen's business.
JUST_ENDED = timedelta(hours=1)
# In hand; the index of the board is of these.
ON_BOARD = (
    Order.Status.PLACED,
    Order.Status.ACCEPTED,
    Order.Status.PREPARING,
    Order.Status.READY,
    Order.Status.OUT_FOR_DELIVERY,
)


def list_open_orders_for_restaurants(
    *, restaurants: Iterable[Restaurant]
) -> list[Order]:
    """Return the orders in hand with all a board shows of them, soonest due first."""
    orders = Order.objects.filter(restaurant__in=list(restaurants), status__in=ON_BOARD)
    return list(_with_board_parts(orders).order_by("due_at", "pk"))


def get_order_for_kitchen(*, orders: QuerySet[Order], public_id: UUID) -> Order:
    """Return one of these orders with all a board shows of it; DoesNotExist else."""
    return _with_board_parts(orders).get(public_id=public_id)


def _with_board_parts(orders: QuerySet[Order]) -> QuerySet[Order]:
    proposed = LineChange.objects.filter(status=LineChange.Status.PROPOSED)
    lines = OrderLine.objects.select_related("item").prefetch_related("modifiers")
    return (
        orders.select_related("restaurant", "pending_end__user")
        .defer("restaurant__search_document")
        .prefetch_related(Prefetch("lines", lines), Prefetch("line_changes", proposed))
    )


@dataclass(frozen=True)
class Chosen:
    """A modifier as the kitchen makes it; the depth is 1 for one of the item's own."""

    quantity: int
    name: str
    depth: int


def multiply_out(line: OrderLine) -> list[Chosen]:
    """Return a line's modifiers, nested ones below theirs, multiplied out."""
    children: dict[int | None, list[OrderLineModifier]] = {}
    for modifier in line.modifiers.all():
        children.setdefault(modifier.parent_id, []).append(modifier)

    def below(parent: int | None, depth: int) -> Iterator[Chosen]:
        for modifier in children.get(parent, []):
            yield Chosen(line.quantity, modifier.name, depth)
            yield from below(modifier.pk, depth + 1)

    return list(below(None, 1))


def is_of_now(now: datetime) -> Q:
    """Return what is true of orders in hand, and of those that have just ended."""
    return Q(status__in=ON_BOARD) | Q(ended_at__gte=now - JUST_ENDED)


def get_order_for_board(*, orders: QuerySet[Order], pk: int) -> Order:
    """Return one of these orders for its ticket; DoesNotExist for others."""
    return with_lines_only(orders).select_related("restaurant").get(pk=pk)


def list_lost_orders_for_restaurants(
    *, restaurants: Iterable[Restaurant], since: datetime
) -> list[Order]:
    """Return the orders that somebody else than the restaurant cancelled since then."""
    return list(
        Order.objects.filter(
            restaurant__in=list(restaurants),
            # The index leads to these days; nothing older can end now.
            service_day__gte=(since - timedelta(days=1)).date(),
            status=Order.Status.CANCELLED,
            ended_at__gte=since,
        )
        .exclude(end_actor=OrderEvent.Actor.RESTAURANT)
        .select_related("restaurant")
        .order_by("-ended_at", "-pk")[:PAGE]
    )


def list_answered_changes_for_restaurants(
    *, restaurants: Iterable[Restaurant], since: datetime
) -> list[LineChange]:
    """Return what customers said since then about changes of their orders' lines."""
    return list(
        LineChange.objects.filter(
            order__restaurant__in=list(restaurants),
            order__service_day__gte=(since - timedelta(days=1)).date(),
            status__in=[LineChange.Status.ACCEPTED, LineChange.Status.DECLINED],
            answered_at__gte=since,
        )
        .select_related("order__restaurant")
        .order_by("-answered_at", "-pk")[:PAGE]
    )
