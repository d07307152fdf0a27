"""What keeps an order from being missed: opened, escalated, printed."""

import logging
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import DurationField, ExpressionWrapper, F, Value
from django.utils import timezone

from orders.models import Order
from orders.notifications import tell_waiting
from restaurants.live import ring_board

logger = logging.getLogger(__name__)

UNTOUCHED = timedelta(seconds=60)
SWEEP = 500


def open_order(*, order_pk: int) -> None:
    """Record that somebody on a board looked at it: its alarm is over everywhere."""
    restaurants = Order.objects.filter(pk=order_pk).values_list("restaurant", flat=True)
    if Order.objects.filter(pk=order_pk, opened_at=None).update(
        opened_at=timezone.now()
    ):
        ring_board(restaurants.get())


def escalate_untouched_orders(now: datetime | None = None) -> int:
    """Call the people of restaurants where a new order lies unopened for a minute.

    The minute runs from when the time to answer does. Returns how many orders it was.
    """
    now = now or timezone.now()
    to_answer = ExpressionWrapper(
        F("restaurant__answer_minutes") * Value(timedelta(minutes=1)),
        output_field=DurationField(),
    )
    untouched = Order.objects.filter(
        status=Order.Status.PLACED,
        opened_at=None,
        escalated_at=None,
        answer_by__lte=now - UNTOUCHED + to_answer,
        answer_by__gt=now,
    )
    pks = untouched.order_by("answer_by").values_list("pk", flat=True)[:SWEEP]
    escalated = 0
    for pk in list(pks):
        try:
            escalated += _escalate(pk, now)
        except DatabaseError:
            logger.exception("Nobody could be called to order %s.", pk)
    return escalated


@transaction.atomic
def _escalate(order_pk: int, now: datetime) -> bool:
    order = (
        Order.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("restaurant__region")
        .filter(pk=order_pk, status=Order.Status.PLACED)
        .filter(opened_at=None, escalated_at=None)
        .first()
    )
    if order is None:
        return False
    order.escalated_at = now
    order.save(update_fields=["escalated_at"])
    tell_waiting(order)
    return True


def print_ticket(*, order_pk: int) -> bool:
    """Claim a printing of the kitchen ticket; True when it is the first one."""
    return bool(
        Order.objects.filter(pk=order_pk, printed_at=None).update(
            printed_at=timezone.now()
        )
    )
