"""How an order stands, as its customer is told (reads only what is loaded)."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django_stubs_ext import StrOrPromise

from orders.models import Order, OrderEvent
from restaurants.models import Fulfilment

Status = Order.Status
By = OrderEvent.Actor
Reason = OrderEvent.Reason

KITCHEN_STEPS = (Status.PLACED, Status.ACCEPTED, Status.PREPARING, Status.READY)
STEPS = {
    Fulfilment.DELIVERY: (*KITCHEN_STEPS, Status.OUT_FOR_DELIVERY, Status.DELIVERED),
    Fulfilment.PICKUP: (*KITCHEN_STEPS, Status.COLLECTED),
}
STEP_WORDS = {
    Status.PLACED: gettext_lazy("You placed the order"),
    Status.ACCEPTED: gettext_lazy("Accepted by the restaurant"),
    Status.PREPARING: gettext_lazy("Being prepared"),
    Status.READY: gettext_lazy("Ready"),
    Status.OUT_FOR_DELIVERY: gettext_lazy("On the way"),
    Status.DELIVERED: gettext_lazy("Delivered"),
    Status.COLLECTED: gettext_lazy("Collected"),
    Status.REJECTED: gettext_lazy("Turned down"),
    Status.CANCELLED: gettext_lazy("Cancelled"),
}
STATUS_WORDS = {
    Status.PENDING_PAYMENT: gettext_lazy("Waiting for your payment."),
    Status.PLACED: gettext_lazy("Waiting for %(name)s to accept."),
    Status.ACCEPTED: gettext_lazy("%(name)s is on it."),
    Status.PREPARING: gettext_lazy("%(name)s is preparing your food."),
    Status.READY: gettext_lazy("Ready, waiting for the courier."),
    Status.OUT_FOR_DELIVERY: gettext_lazy("On the way to you."),
    Status.DELIVERED: gettext_lazy("It was delivered at %(time)s. Enjoy your meal!"),
    Status.COLLECTED: gettext_lazy("You collected it at %(time)s. Enjoy your meal!"),
}
WHO_ENDED = {
    By.CUSTOMER: gettext_lazy("You cancelled this order"),
    By.RESTAURANT: gettext_lazy("Cancelled by the restaurant"),
    By.COURIER: gettext_lazy("Cancelled by the courier"),
    By.PLATFORM: gettext_lazy("Cancelled by Tiffin"),
    By.SYSTEM: gettext_lazy("Cancelled by Tiffin"),
}
WHY_ENDED = {
    Reason.SOLD_OUT: gettext_lazy("something is sold out"),
    Reason.TOO_BUSY: gettext_lazy("the kitchen is too busy"),
    Reason.CLOSING: gettext_lazy("the kitchen is closing"),
    Reason.ADDRESS: gettext_lazy("the address cannot be delivered to"),
    Reason.CHANGED_MIND: gettext_lazy("you changed your mind"),
    Reason.TOO_SLOW: gettext_lazy("it took too long"),
    Reason.MISTAKE: gettext_lazy("it was ordered by mistake"),
    Reason.NO_SHOW: gettext_lazy("nobody was there to take it"),
    Reason.NO_RESPONSE: gettext_lazy("the restaurant did not answer in time"),
}
# By who took longer; "" when nobody knows.
A_LITTLE_LATE = {
    "kitchen": gettext_lazy("Later than promised, because the kitchen needs longer."),
    "busy": gettext_lazy("Later than promised, because the kitchen is busy."),
    "way": gettext_lazy("Later than promised, because the way takes longer."),
    "": gettext_lazy("Later than promised."),
}
LATE = {
    "kitchen": ngettext_lazy(
        "%(count)d minute later than promised, because the kitchen needs longer.",
        "%(count)d minutes later than promised, because the kitchen needs longer.",
        "count",
    ),
    "busy": ngettext_lazy(
        "%(count)d minute later than promised, because the kitchen is busy.",
        "%(count)d minutes later than promised, because the kitchen is busy.",
        "count",
    ),
    "way": ngettext_lazy(
        "%(count)d minute later than promised, because the way takes longer.",
        "%(count)d minutes later than promised, because the way takes longer.",
        "count",
    ),
    "": ngettext_lazy(
        "%(count)d minute later than promised.",
        "%(count)d minutes later than promised.",
        "count",
    ),
}
OVERDUE = {
    "kitchen": ngettext_lazy(
        "More than %(count)d minute later than promised,"
        " because the kitchen needs longer.",
        "More than %(count)d minutes later than promised,"
        " because the kitchen needs longer.",
        "count",
    ),
    "busy": ngettext_lazy(
        "More than %(count)d minute later than promised, because the kitchen is busy.",
        "More than %(count)d minutes later than promised, because the kitchen is busy.",
        "count",
    ),
    "way": ngettext_lazy(
        "More than %(count)d minute later than promised, because the way takes longer.",
        "More than %(count)d minutes later than promised,"
        " because the way takes longer.",
        "count",
    ),
    "": ngettext_lazy(
        "More than %(count)d minute later than promised.",
        "More than %(count)d minutes later than promised.",
        "count",
    ),
}
MINUTE = timedelta(minutes=1)
# Past the window the minutes are counted in steps of so many.
FIFTH = 5


@dataclass(frozen=True)
class Step:
    status: Order.Status
    label: StrOrPromise
    # When it was taken; None for one that was skipped or is still to come.
    at: datetime | None
    # "done", "now" or "next".
    state: str


@dataclass(frozen=True)
class Ending:
    """Who ended an uneaten order and why, and what they wrote about it."""

    sentence: str
    note: str


@dataclass(frozen=True)
class Progress:
    # How it stands, in one sentence.
    sentence: str
    steps: list[Step]
    # What says that it is later than promised, and why; empty when it is not.
    lateness: str
    # Even the window of now has passed, and it is not there.
    is_overdue: bool
    # None while it is under way, and once it is eaten.
    ending: Ending | None


def read_progress(order: Order, *, now: datetime) -> Progress:
    """Return how an order stands at a moment; its events must be loaded."""
    events = list(order.events.all())
    ending = _describe_ending(order, events)
    return Progress(
        sentence=ending.sentence if ending else _describe_status(order),
        steps=_list_steps(order, events),
        lateness=_describe_lateness(order, events, now),
        is_overdue=_is_overdue(order, now),
        ending=ending,
    )


def _describe_status(order: Order) -> str:
    """Say how an order stands that was not ended uneaten."""
    words = str(STATUS_WORDS[Status(order.status)])
    if _is_collectable(order):
        words = _("Ready: come and collect it.")
    elif order.status == Status.ACCEPTED and order.scheduled_for:
        words = _("%(name)s has accepted it and starts in time.")
    clock = ""
    if order.ended_at is not None:
        zone = ZoneInfo(order.restaurant.time_zone)
        clock = time_format(order.ended_at.astimezone(zone), "TIME_FORMAT")
    return words % {"name": order.restaurant_name, "time": clock}


def _list_steps(order: Order, events: list[OrderEvent]) -> list[Step]:
    taken = {
        Status(event.to_status): event.at
        for event in events
        if event.from_status != event.to_status
    }
    way = STEPS[Fulfilment(order.fulfilment)]
    reached = max((way.index(one) for one in taken if one in way), default=-1)
    if order.is_ended and order.status not in way:
        done = [one for one in way if one in taken]
        return [
            *(Step(one, STEP_WORDS[one], taken[one], "done") for one in done),
            _end_step(order),
        ]
    current = -1 if order.is_ended else reached
    return [
        Step(one, STEP_WORDS[one], taken.get(one), _state_of(number, reached, current))
        for number, one in enumerate(way)
    ]


def _end_step(order: Order) -> Step:
    status = Status(order.status)
    return Step(status, STEP_WORDS[status], order.ended_at, "now")


def _state_of(number: int, reached: int, current: int) -> str:
    if number == current:
        return "now"
    return "done" if number <= reached else "next"


def _is_collectable(order: Order) -> bool:
    """Tell whether the restaurant has done its part: it waits for the customer."""
    return order.fulfilment == Fulfilment.PICKUP and order.status == Status.READY


def _is_overdue(order: Order, now: datetime) -> bool:
    is_waited_for = not order.is_ended and order.status != Status.PENDING_PAYMENT
    return is_waited_for and not _is_collectable(order) and now > order.current_until


def _describe_lateness(order: Order, events: list[OrderEvent], now: datetime) -> str:
    """Say how late it is and why; nothing when it is not.

    Past the current window the minutes would change all the time: then only every
    fifth is said.
    """
    if order.is_ended:
        return ""
    expected = max(order.current_until, now)
    if _is_collectable(order) and order.ready_at is not None:
        # From then on it waits for the customer.
        expected = order.ready_at
    minutes = math.ceil((expected - order.promised_until) / MINUTE)
    if minutes <= 0:
        return ""
    is_overdue = _is_overdue(order, now)
    if is_overdue:
        # Not less than was said before it passed.
        known = math.ceil((order.current_until - order.promised_until) / MINUTE)
        minutes = max((minutes - 1) // FIFTH * FIFTH, known)
    cause = _find_cause(order, events)
    return _word_lateness(minutes, cause, is_overdue=is_overdue)


def _find_cause(order: Order, events: list[OrderEvent]) -> str:
    """Return who took longer at the last move of the window: "" when it never did."""
    for event in reversed(events):
        before = event.window_before_until
        if before is None or event.window_after_until <= before:
            continue
        is_on_way = event.to_status == Status.OUT_FOR_DELIVERY
        if event.actor == By.COURIER or is_on_way:
            return "way"
        return "busy" if order.restaurant.busy_minutes_at(event.at) else "kitchen"
    return ""


def _word_lateness(minutes: int, cause: str, *, is_overdue: bool) -> str:
    if not minutes:
        return str(A_LITTLE_LATE[cause])
    words = OVERDUE if is_overdue else LATE
    return words[cause] % {"count": minutes}


def _describe_ending(order: Order, events: list[OrderEvent]) -> Ending | None:
    if not order.is_ended or order.status in Order.COMPLETED:
        return None
    last = next(
        (event for event in reversed(events) if event.to_status == order.status), None
    )
    who: StrOrPromise = _("The restaurant could not take this order")
    if order.status == Status.CANCELLED:
        who = WHO_ENDED[By(order.end_actor)] if order.end_actor else _("Cancelled")
    why = WHY_ENDED.get(Reason(order.end_reason)) if order.end_reason else None
    if why is None:
        sentence = _("%(who)s.") % {"who": who}
    else:
        sentence = _("%(who)s: %(why)s.") % {"who": who, "why": why}
    return Ending(sentence=sentence, note=last.note if last else "")
