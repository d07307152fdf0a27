"""The order's life: one table of steps, one way to take them.

Lock order: the order's row, then items by pk (portions given back), then the
restaurant's row.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _

from customers.models import User
from menus.services import return_portions
from orders.exceptions import AlreadyMovedError, IllegalTransitionError
from orders.models import LineChange, Order, OrderEvent, PendingEnd
from orders.notifications import tell_delay
from orders.payments import get_provider
from orders.services.telling import tell_step
from restaurants.estimating import Window, estimate_window
from restaurants.models import Fulfilment
from restaurants.services import count_missed_order, forget_missed_orders

logger = logging.getLogger(__name__)

Status = Order.Status
By = OrderEvent.Actor
Reason = OrderEvent.Reason
SWEEP = 500


@dataclass(frozen=True)
class Actor:
    """Who takes a step: in which role, and as whom when somebody is signed in."""

    kind: OrderEvent.Actor
    user: User | None = None

    @property
    def user_pk(self) -> int | None:
        return self.user.pk if self.user else None


@dataclass(frozen=True)
class Transition:
    sources: Collection[str]
    actors: Collection[str]
    fulfilment: str | None = None


COOKING = (Status.ACCEPTED, Status.PREPARING, Status.READY)
KITCHEN = (By.RESTAURANT, By.PLATFORM)
ROAD = (By.RESTAURANT, By.COURIER, By.PLATFORM)
TRANSITIONS = {
    Status.ACCEPTED: Transition([Status.PLACED], KITCHEN),
    Status.REJECTED: Transition([Status.PLACED], KITCHEN),
    Status.PREPARING: Transition([Status.ACCEPTED], KITCHEN),
    Status.READY: Transition([Status.ACCEPTED, Status.PREPARING], KITCHEN),
    Status.OUT_FOR_DELIVERY: Transition(COOKING, ROAD, Fulfilment.DELIVERY),
    Status.DELIVERED: Transition(
        (*COOKING, Status.OUT_FOR_DELIVERY), ROAD, Fulfilment.DELIVERY
    ),
    Status.COLLECTED: Transition(COOKING, KITCHEN, Fulfilment.PICKUP),
}
# Who may cancel from where; nobody once the order has ended.
CANCELLABLE = {
    By.CUSTOMER: (Status.PENDING_PAYMENT, Status.PLACED),
    By.SYSTEM: (Status.PENDING_PAYMENT, Status.PLACED),
    By.RESTAURANT: (Status.PLACED, *COOKING, Status.OUT_FOR_DELIVERY),
    By.PLATFORM: (
        Status.PENDING_PAYMENT,
        Status.PLACED,
        *COOKING,
        Status.OUT_FOR_DELIVERY,
    ),
}
# Until here a line may still be changed, if the customer agrees.
BEFORE_READY = (Status.PLACED, Status.ACCEPTED, Status.PREPARING)
# Food not yet on the stove: its portions can be sold again.
UNCOOKED = (Status.PENDING_PAYMENT, Status.PLACED, Status.ACCEPTED)


@dataclass(frozen=True)
class Step:
    """A step somebody wants to take."""

    target: Order.Status
    actor: Actor
    now: datetime
    reason: str = ""
    note: str = ""


@transaction.atomic
def accept_order(
    *, order_pk: int, actor: Actor, preparation_minutes: int | None = None
) -> Order:
    """Promise to cook; the arrival is estimated anew from the preparation time.

    AlreadyMovedError when the order was answered or cancelled before.
    """
    step = Step(Status.ACCEPTED, actor, timezone.now())
    order, is_repeat = _lock_for(order_pk, step)
    if is_repeat:
        return order
    if preparation_minutes is not None:
        order.preparation_minutes = preparation_minutes
    order.accepted_at = step.now
    start = max(step.now, order.scheduled_for or step.now)
    order.due_at = start + timedelta(minutes=order.preparation_minutes)
    forget_missed_orders(restaurant_pk=order.restaurant_id)
    return _take(order, step, window=_window(order, order.due_at))


@transaction.atomic
def reject_order(*, order_pk: int, actor: Actor, reason: str, note: str = "") -> Order:
    """Turn a placed order down, with a reason of OrderEvent.Reason."""
    step = Step(Status.REJECTED, actor, timezone.now(), Reason(reason), note)
    order, is_repeat = _lock_for(order_pk, step)
    if is_repeat:
        return order
    _end_uneaten(order, step)
    forget_missed_orders(restaurant_pk=order.restaurant_id)
    return order


@transaction.atomic
def start_preparing_order(*, order_pk: int, actor: Actor) -> Order:
    step = Step(Status.PREPARING, actor, timezone.now())
    order, is_repeat = _lock_for(order_pk, step)
    return order if is_repeat else _take(order, step)


@transaction.atomic
def mark_order_ready(*, order_pk: int, actor: Actor) -> Order:
    step = Step(Status.READY, actor, timezone.now())
    order, is_repeat = _lock_for(order_pk, step)
    if is_repeat:
        return order
    order.ready_at = step.now
    return _take(order, step, window=_window(order, step.now))


@transaction.atomic
def send_order_out(*, order_pk: int, actor: Actor) -> Order:
    """Record that the courier has it and is on the way."""
    step = Step(Status.OUT_FOR_DELIVERY, actor, timezone.now())
    order, is_repeat = _lock_for(order_pk, step)
    if is_repeat:
        return order
    order.out_at = step.now
    return _take(order, step, window=_window(order, step.now))


@transaction.atomic
def complete_order(*, order_pk: int, actor: Actor) -> Order:
    """Record that the customer has the food: delivered or collected, and paid."""
    fulfilment = Order.objects.values_list("fulfilment", flat=True).get(pk=order_pk)
    target = Status.COLLECTED
    if fulfilment == Fulfilment.DELIVERY:
        target = Status.DELIVERED
    step = Step(target, actor, timezone.now())
    order, is_repeat = _lock_for(order_pk, step)
    if is_repeat:
        return order
    order.ended_at = step.now
    order.payment_status = get_provider(order.payment_method).capture(order)
    return _take(order, step)


@transaction.atomic
def cancel_order(
    *,
    order_pk: int,
    actor: Actor,
    reason: str,
    note: str = "",
    now: datetime | None = None,
) -> Order:
    """End an order before it is eaten; a customer only until it is accepted."""
    step = Step(Status.CANCELLED, actor, now or timezone.now(), Reason(reason), note)
    order, is_repeat = _lock_for(order_pk, step)
    return order if is_repeat else _end_uneaten(order, step)


def cancel_unanswered_orders(now: datetime | None = None) -> int:
    """Cancel the orders whose deadline has passed; return how many it was.

    Each in its own transaction, so that an answer given meanwhile wins alone. One that
    is being rejected has its answer.
    """
    now = now or timezone.now()
    overdue = Order.objects.filter(
        status=Status.PLACED, answer_by__lte=now, pending_end=None
    )
    cancelled = 0
    for pk in list(overdue.order_by("answer_by").values_list("pk", flat=True)[:SWEEP]):
        try:
            cancelled += _cancel_unanswered(pk, now)
        except AlreadyMovedError:
            continue
        except DatabaseError:
            # One that cannot be ended now must not keep the others waiting.
            logger.exception("Order %s could not be cancelled.", pk)
    return cancelled


@transaction.atomic
def _cancel_unanswered(order_pk: int, now: datetime) -> bool:
    step = Step(Status.CANCELLED, Actor(By.SYSTEM), now, Reason.NO_RESPONSE)
    order, is_repeat = _lock_for(order_pk, step)
    # Two sweeps may list the same order; it is missed once.
    if is_repeat or _pending_end(order) is not None:
        return False
    _end_uneaten(order, step)
    if not order.is_test:
        count_missed_order(restaurant_pk=order.restaurant_id)
    return True


@transaction.atomic
def delay_order(
    *, order_pk: int, actor: Actor, minutes: int, seen_due_at: datetime | None = None
) -> Order:
    """Take longer than said: the window moves and the customer is told.

    Nothing happens when it is no longer due at `seen_due_at`: the same tap came twice,
    or from two tablets. IllegalTransitionError before it is accepted and once it has
    left the kitchen.
    """
    order = _lock(order_pk)
    _refuse_while_ending(order, actor)
    if seen_due_at is not None and seen_due_at != order.due_at:
        return order
    if order.status not in (Status.ACCEPTED, Status.PREPARING):
        raise _refusal(order, _("Only what is in the kitchen can be delayed."))
    step = Step(Status(order.status), actor, timezone.now(), Reason.DELAYED)
    order.preparation_minutes += minutes
    # From now at the earliest: what is late already is not ready in the past.
    order.due_at = max(order.due_at, step.now) + timedelta(minutes=minutes)
    _take(order, step, window=_window(order, order.due_at))
    tell_delay(order, minutes=minutes)
    return order


@transaction.atomic
def move_window(*, order_pk: int, window: Window, actor: Actor) -> Order:
    """Set when the order is now expected; the promised window stays as it was."""
    order = _lock(order_pk)
    unchanged = (order.current_from, order.current_until) == (window.start, window.end)
    if order.is_ended or unchanged:
        return order
    step = Step(Status(order.status), actor, timezone.now())
    return _take(order, step, window=window)


def first_event(order: Order, *, actor: Actor) -> OrderEvent:
    """Return the event of an order's being placed; nothing is written yet."""
    return _event(order, Step(Status.PLACED, actor, order.placed_at), before=None)


def record_change(order: Order, *, actor: Actor, reason: str, note: str) -> None:
    """Save an order that changed but did not move; the caller holds its lock."""
    step = Step(Status(order.status), actor, timezone.now(), Reason(reason), note)
    _take(order, step)


def _lock(order_pk: int) -> Order:
    return (
        Order.objects.select_for_update(of=("self",))
        .select_related("restaurant__region")
        .get(pk=order_pk)
    )


def _pending_end(order: Order) -> PendingEnd | None:
    """Return what is about to end a locked order.

    Read after the lock: what a join with it sees is as old as the wait for the lock.
    """
    return PendingEnd.objects.filter(order=order).select_related("user").first()


def _refuse_while_ending(order: Order, actor: Actor) -> None:
    """Hold the restaurant's hands off an order that one of them is ending."""
    if actor.kind not in KITCHEN:
        return
    pending = _pending_end(order)
    if pending is None:
        return
    error = AlreadyMovedError(
        _("%(name)s is ending this order since %(time)s. Take that back first.")
        % {
            "name": _name(pending.user) or _("Somebody"),
            "time": _clock(order, pending.created_at),
        }
    )
    error.state = {**state_of(order), "ending_since": pending.created_at}
    raise error


def check_step(*, order_pk: int, step: Step) -> Order:
    """Lock the order and check that a step could be taken; raises as the step would."""
    order, is_repeat = _lock_for(order_pk, step)
    if is_repeat:
        _refuse(order, step)
    return order


def _lock_for(order_pk: int, step: Step) -> tuple[Order, bool]:
    """Lock the order and check the step; True when the same hand took it before."""
    order = _lock(order_pk)
    _refuse_while_ending(order, step.actor)
    taken = (
        order.events.filter(to_status=step.target)
        .exclude(from_status=step.target)
        .first()
    )
    if taken is not None and _is_repeat(order, taken, step):
        return order, True
    if not _is_allowed(order, step):
        _refuse(order, step)
    return order, False


def _is_repeat(order: Order, taken: OrderEvent, step: Step) -> bool:
    is_same_hand = (taken.actor, taken.user_id) == (
        step.actor.kind,
        step.actor.user_pk,
    )
    is_undone = order.status in (Status.REJECTED, Status.CANCELLED)
    return is_same_hand and (order.status == step.target or not is_undone)


def _is_allowed(order: Order, step: Step) -> bool:
    if step.target == Status.CANCELLED:
        return order.status in CANCELLABLE.get(step.actor.kind, ())
    transition = TRANSITIONS[step.target]
    return (
        order.status in transition.sources
        and step.actor.kind in transition.actors
        and transition.fulfilment in (None, order.fulfilment)
    )


def state_of(order: Order) -> dict[str, object]:
    """Return how an order stands and since when, for who was refused because of it."""
    last = _entered(order)
    return {"status": order.status, "since": last.at if last else order.placed_at}


def _entered(order: Order) -> OrderEvent | None:
    """Return the event by which an order came to be as it is."""
    events = order.events.filter(to_status=order.status)
    entered = events.exclude(from_status=order.status).select_related("user")
    return entered.first()


def _refuse(order: Order, step: Step) -> None:
    if order.status == Status.PLACED or _is_foreign(order, step):
        raise _refusal(order, _("This step is not possible for this order."))
    last = _entered(order)
    assert last is not None
    # Colleagues are told who of them it was; nobody else is.
    is_colleague = step.actor.kind == last.actor == By.RESTAURANT
    name = _name(last.user) if is_colleague else ""
    message = _("The order was already %(status)s at %(time)s by %(actor)s.") % {
        "status": _status_words(order),
        "time": _clock(order, last.at),
        "actor": name or _actor_words(last.actor),
    }
    if step.actor.kind == By.CUSTOMER and not order.is_ended:
        message += " " + _("Please call the restaurant.")
    moved = AlreadyMovedError(message)
    moved.state = state_of(order)
    raise moved


def _refusal(order: Order, message: str) -> IllegalTransitionError:
    error = IllegalTransitionError(message)
    error.state = state_of(order)
    return error


def _name(user: User | None) -> str:
    return (user.name or user.email) if user else ""


def _clock(order: Order, moment: datetime) -> str:
    zone = ZoneInfo(order.restaurant.time_zone)
    return time_format(moment.astimezone(zone), "TIME_FORMAT")


def _is_foreign(order: Order, step: Step) -> bool:
    """Tell whether the step is not this actor's, or not for this fulfilment, ever."""
    if step.target == Status.CANCELLED:
        return step.actor.kind not in CANCELLABLE
    transition = TRANSITIONS[step.target]
    return step.actor.kind not in transition.actors or (
        transition.fulfilment not in (None, order.fulfilment)
    )


def _status_words(order: Order) -> str:
    return {
        Status.PENDING_PAYMENT: _("created"),
        Status.PLACED: _("placed"),
        Status.ACCEPTED: _("accepted"),
        Status.PREPARING: _("started"),
        Status.READY: _("marked ready"),
        Status.OUT_FOR_DELIVERY: _("sent out"),
        Status.DELIVERED: _("delivered"),
        Status.COLLECTED: _("collected"),
        Status.REJECTED: _("rejected"),
        Status.CANCELLED: _("cancelled"),
    }[Status(order.status)]


def _actor_words(actor: str) -> str:
    return {
        By.CUSTOMER: _("the customer"),
        By.RESTAURANT: _("the restaurant"),
        By.COURIER: _("the courier"),
        By.PLATFORM: _("Tiffin"),
        By.SYSTEM: _("Tiffin, as nobody answered in time"),
    }[By(actor)]


def _window(order: Order, ready_at: datetime) -> Window:
    return estimate_window(ready_at=ready_at, distance=order.distance)


def _end_uneaten(order: Order, step: Step) -> Order:
    order.ended_at = step.now
    order.end_actor, order.end_reason = step.actor.kind, step.reason
    PendingEnd.objects.filter(order=order).delete()
    order.payment_status = get_provider(order.payment_method).void(order)
    if order.status in UNCOOKED:
        _return_portions(order)
    return _take(order, step)


def _return_portions(order: Order) -> None:
    quantities: dict[int, int] = {}
    for item_pk, quantity in order.lines.values_list("item_id", "quantity"):
        if item_pk is not None:
            quantities[item_pk] = quantities.get(item_pk, 0) + quantity
    return_portions(quantities=quantities)


def _take(order: Order, step: Step, *, window: Window | None = None) -> Order:
    before = order.status, Window(order.current_from, order.current_until)
    order.status = step.target
    if window is not None:
        order.current_from, order.current_until = window.start, window.end
    order.save()
    if before[0] in BEFORE_READY and step.target not in BEFORE_READY:
        _withdraw_line_changes(order, step)
    event = _event(order, step, before=before)
    event.save()
    tell_step(order, event)
    return order


def _withdraw_line_changes(order: Order, step: Step) -> None:
    """Ask the customer no longer about lines of what is cooked or ended."""
    LineChange.objects.filter(order=order, status=LineChange.Status.PROPOSED).update(
        status=LineChange.Status.WITHDRAWN, answered_at=step.now
    )


def _event(
    order: Order, step: Step, *, before: tuple[str, Window] | None
) -> OrderEvent:
    status, window = before or ("", None)
    return OrderEvent(
        order=order,
        at=step.now,
        actor=step.actor.kind,
        user=step.actor.user,
        from_status=status,
        to_status=step.target,
        reason=step.reason,
        note=step.note,
        window_before_from=window.start if window else None,
        window_before_until=window.end if window else None,
        window_after_from=order.current_from,
        window_after_until=order.current_until,
    )
