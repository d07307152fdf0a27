"""Orders as a kitchen looks at them, on the board's page and over the API."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from orders.forms import reasons_for
from orders.models import LineChange, Order, PendingEnd
from restaurants.models import Fulfilment

Status = Order.Status

MINUTE = timedelta(minutes=1)
DELAY_MINUTES = 10
# Work that starts later than this is out of the kitchen's way.
LATER = timedelta(minutes=30)
# How long the board says what happened without the kitchen's doing.
NEWS = timedelta(minutes=15)
# Out of the kitchen's hands.
HANDED_ON = (Status.READY, Status.OUT_FOR_DELIVERY)
# What the kitchen may do next, the usual first.
NEXT = {
    Status.ACCEPTED: ("preparing", "ready", "out"),
    Status.PREPARING: ("ready", "out"),
    Status.READY: ("out", "complete"),
    Status.OUT_FOR_DELIVERY: ("complete",),
}


@dataclass(frozen=True)
class Card:
    """An order as the board shows it."""

    order: Order
    # What its minutes are counted to: the answer, the food, or the customer.
    until: datetime
    is_today: bool
    is_due_today: bool
    pending: PendingEnd | None
    # Proposed to the customer and not answered, by the line's key.
    changes: list[LineChange]
    steps: list[tuple[str, StrOrPromise]]
    can_see_order: bool

    @property
    def is_unopened(self) -> bool:
        return self.order.status == Status.PLACED and self.order.opened_at is None

    @property
    def is_delivery(self) -> bool:
        return self.order.fulfilment == Fulfilment.DELIVERY

    @property
    def can_be_delayed(self) -> bool:
        return self.order.status in (Status.ACCEPTED, Status.PREPARING)

    @property
    def can_be_changed(self) -> bool:
        return self.pending is None and self.order.status not in HANDED_ON

    @property
    def reasons(self) -> list[tuple[str, str]]:
        is_new = self.order.status == Status.PLACED
        return reasons_for(Status.REJECTED if is_new else Status.CANCELLED)


@dataclass(frozen=True)
class Column:
    name: str
    title: StrOrPromise
    empty: StrOrPromise
    cards: list[Card]


def _until(order: Order) -> datetime:
    if order.status == Status.PLACED:
        return order.answer_by
    if order.status in HANDED_ON:
        return order.current_until
    return order.due_at


def _steps(order: Order) -> list[tuple[str, StrOrPromise]]:
    is_delivery = order.fulfilment == Fulfilment.DELIVERY
    words: dict[str, StrOrPromise] = {
        "preparing": _("Start preparing"),
        "ready": _("Ready"),
        "out": _("Out for delivery"),
        "complete": _("Delivered") if is_delivery else _("Collected"),
    }
    steps = NEXT.get(Status(order.status), ())
    return [(step, words[step]) for step in steps if is_delivery or step != "out"]


def make_card(order: Order, now: datetime, *, can_see_order: bool) -> Card:
    """Return an order that a selector loaded for the board, as the board shows it."""
    zone = ZoneInfo(order.restaurant.time_zone)
    today = now.astimezone(zone).date()
    until = _until(order)
    return Card(
        order=order,
        until=until,
        is_today=until.astimezone(zone).date() == today,
        is_due_today=order.due_at.astimezone(zone).date() == today,
        pending=getattr(order, "pending_end", None),
        changes=list(order.line_changes.all()),
        steps=_steps(order),
        can_see_order=can_see_order,
    )


def column_of(order: Order, now: datetime) -> str:
    """Return the name of the column where the kitchen looks for an order."""
    if order.status == Status.PLACED:
        return "new"
    if order.status in HANDED_ON:
        return "ready"
    start = order.due_at - timedelta(minutes=order.preparation_minutes)
    is_later = order.status == Status.ACCEPTED and start > now + LATER
    return "later" if is_later else "kitchen"


def sort_into_columns(cards: Iterable[Card], now: datetime) -> list[Column]:
    """Put the cards where the kitchen looks for them, the most pressing first."""
    columns = {
        name: Column(name, title, empty, [])
        for name, title, empty in (
            ("new", _("New"), _("Nothing new.")),
            ("kitchen", _("In the kitchen"), _("Nothing to cook.")),
            ("ready", _("Ready and out"), _("Nothing waits to be handed over.")),
            ("later", _("Later today"), _("Nothing is ordered for later.")),
        )
    }
    for card in sorted(cards, key=lambda card: (card.until, card.order.pk)):
        columns[column_of(card.order, now)].cards.append(card)
    return list(columns.values())


def get_late_minutes(order: Order, now: datetime) -> int:
    """Return by how much an order misses its promise, or did; 0 when it does not."""
    if order.status in Order.COMPLETED:
        reached = order.ended_at or order.current_until
    elif order.is_ended:
        return 0
    else:
        reached = max(order.current_until, now)
    return max(0, (reached - order.promised_until) // MINUTE)
