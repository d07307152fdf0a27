"""The orders of now, for the kitchen."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Prefetch, Q, QuerySet

from orders.models import LineChange, Order, OrderEvent
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
    proposed = LineChange.objects.filter(status=LineChange.Status.PROPOSED)
    orders = with_lines_only(
        Order.objects.filter(restaurant__in=list(restaurants), status__in=ON_BOARD)
    )
    return list(
        orders.select_related("restaurant", "pending_end__user")
        .prefetch_related(Prefetch("line_changes", proposed))
        .order_by("due_at", "pk")
    )


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
