"""Rejections and cancellations by the restaurant, held for a moment to take them back.

Lock order: the order's row before its pending end. What is held is finished by a sweep,
so a tablet that dies after the tap leaves nobody waiting.
"""

import logging
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.exceptions import AlreadyMovedError, IllegalTransitionError
from orders.models import Order, OrderEvent, PendingEnd
from orders.services.lifecycle import (
    Actor,
    By,
    Reason,
    Status,
    Step,
    cancel_order,
    check_step,
    reject_order,
    state_of,
)
from restaurants.live import ring_board

logger = logging.getLogger(__name__)

HELD = timedelta(seconds=10)
# Why a customer cancels.
CANCEL_REASONS = (
    *(Reason.CHANGED_MIND, Reason.MISTAKE, Reason.TOO_SLOW),
    Reason.OTHER,
)
# Why a kitchen rejects what is new, and cancels what it accepted.
REJECTING = (
    *(Reason.SOLD_OUT, Reason.TOO_BUSY, Reason.CLOSING, Reason.ADDRESS),
    Reason.OTHER,
)
CANCELLING = (*REJECTING[:-1], Reason.NO_SHOW, Reason.OTHER)
SWEEP = 200


@transaction.atomic
def hold_end(
    *, order_pk: int, actor: Actor, to_status: str, reason: str, note: str = ""
) -> PendingEnd:
    """Reject or cancel an order in ten seconds' time, unless it is taken back.

    Checked now as it will be then; repeating it by the same hand changes nothing.
    AlreadyMovedError, IllegalTransitionError as for the step itself.
    """
    now = timezone.now()
    pending = PendingEnd.objects.filter(order=order_pk, user=actor.user).first()
    if pending is not None and pending.to_status == to_status:
        return pending
    step = Step(Status(to_status), actor, now, Reason(reason), note)
    if step.target not in (Status.REJECTED, Status.CANCELLED):
        raise IllegalTransitionError(_("This step is not possible for this order."))
    order = check_step(order_pk=order_pk, step=step)
    pending = PendingEnd.objects.create(
        order=order,
        to_status=step.target,
        actor=actor.kind,
        user=actor.user,
        reason=step.reason,
        note=note,
        created_at=now,
        due_at=now + HELD,
    )
    ring_board(order.restaurant_id)
    return pending


def has_ended(*, order_pk: int, actor: Actor, to_status: str) -> bool:
    """Tell whether it was this hand that rejected or cancelled an order."""
    events = OrderEvent.objects.filter(order=order_pk, to_status=to_status)
    return events.filter(actor=actor.kind, user=actor.user).exists()


@transaction.atomic
def take_end_back(*, order_pk: int) -> Order:
    """Undo what hold_end began; AlreadyMovedError once it is done."""
    order = Order.objects.select_for_update().get(pk=order_pk)
    taken_back, _by_model = PendingEnd.objects.filter(order=order).delete()
    if not taken_back and order.is_ended:
        error = AlreadyMovedError(_("It is too late: the customer has been told."))
        error.state = state_of(order)
        raise error
    ring_board(order.restaurant_id)
    return order


def finish_pending_ends(now: datetime | None = None) -> int:
    """Do what has been held long enough; return how many orders it ended."""
    now = now or timezone.now()
    due = PendingEnd.objects.filter(due_at__lte=now).order_by("due_at")
    ended = 0
    for order_pk in list(due.values_list("order_id", flat=True)[:SWEEP]):
        try:
            ended += _finish(order_pk, now)
        except DatabaseError:
            # One that cannot be ended now must not keep the others waiting.
            logger.exception("Order %s could not be ended.", order_pk)
    return ended


@transaction.atomic
def _finish(order_pk: int, now: datetime) -> bool:
    Order.objects.select_for_update().get(pk=order_pk)
    pending = (
        PendingEnd.objects.filter(order=order_pk, due_at__lte=now)
        .select_related("user")
        .first()
    )
    if pending is None:
        return False
    pending.delete()
    end = reject_order if pending.to_status == Status.REJECTED else cancel_order
    try:
        # A savepoint: a refusal undoes the step, not that the wish is gone.
        with transaction.atomic():
            end(
                order_pk=order_pk,
                actor=Actor(By(pending.actor), pending.user),
                reason=pending.reason,
                note=pending.note,
            )
    except AlreadyMovedError:
        # Somebody else ended it meanwhile and told the customer.
        return False
    return True
