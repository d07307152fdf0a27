"""One line changed after ordering: the restaurant proposes, the customer decides.

Lock order: the order's row, then the change, then the items (their portions), by pk.
Totals are computed from the lines as they would be, never by adding differences.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import User
from menus.exceptions import ItemSoldOutError
from menus.models import Item
from menus.services import return_portions, take_portions
from orders.exceptions import (
    AlreadyMovedError,
    ItemRefusedError,
    LineChangeError,
    OrderError,
    PriceChangedError,
)
from orders.live import ring_order
from orders.models import LineChange, Order, OrderEvent, OrderLine, PendingEnd
from orders.notifications import tell_line_change
from orders.pricing import PricedLine, Totals, compute_totals, is_whole_amount
from orders.selectors import list_replacements
from orders.services.lifecycle import (
    BEFORE_READY,
    UNCOOKED,
    Actor,
    By,
    Reason,
    record_change,
    state_of,
)
from restaurants.live import ring_board

Status = LineChange.Status
# As much as the columns of an order hold.
MOST = Decimal(10) ** 8


@dataclass(frozen=True)
class Proposal:
    """What a line would become, and what the order would then come to."""

    line: OrderLine
    item: Item | None
    unit_price: Decimal | None
    total_before: Decimal
    total_after: Decimal


def preview_line_change(
    *,
    order_pk: int,
    line_pk: int,
    item_pk: int | None = None,
    unit_price: Decimal | None = None,
) -> Proposal:
    """Return what propose_line_change would ask; it refuses as that one would."""
    order = Order.objects.select_related("restaurant").get(pk=order_pk)
    return _plan(order, line_pk, item_pk, unit_price)


@transaction.atomic
def propose_line_change(
    *,
    order_pk: int,
    line_pk: int,
    actor: Actor,
    item_pk: int | None = None,
    unit_price: Decimal | None = None,
    note: str = "",
) -> LineChange:
    """Ask the customer to take an item instead of a line, or to go without it.

    No item means that the line is left out; no price means the item's own, and it may
    only be lowered. LineChangeError says why it cannot be asked.
    """
    order = _lock(order_pk)
    proposal = _plan(order, line_pk, item_pk, unit_price)
    change = LineChange.objects.create(
        order=order,
        line=proposal.line,
        line_name=proposal.line.name,
        line_amount=proposal.line.amount,
        item=proposal.item,
        new_name=proposal.item.name if proposal.item else "",
        new_unit_price=proposal.unit_price,
        note=note.strip()[:200],
        proposed_by=actor.user,
        proposed_at=timezone.now(),
        total_before=proposal.total_before,
        total_after=proposal.total_after,
    )
    tell_line_change(change)
    ring_board(order.restaurant_id)
    ring_order(order.public_id)
    return change


@transaction.atomic
def withdraw_line_change(*, change_pk: int) -> LineChange:
    """Take a proposal back; AlreadyMovedError when the customer was faster."""
    order_pk = LineChange.objects.values_list("order", flat=True).get(pk=change_pk)
    order = _lock(order_pk)
    change = _lock_change(order, change_pk)
    if change.status in (Status.ACCEPTED, Status.DECLINED):
        error = AlreadyMovedError(_("The customer has answered already."))
        error.state = {**state_of(order), "line_change_status": change.status}
        raise error
    if change.status == Status.PROPOSED:
        _close(change, Status.WITHDRAWN, timezone.now())
    return change


def answer_line_change(
    *,
    public_id: UUID,
    customer: User,
    answer: str,
    seen_total: Decimal | None = None,
) -> LineChange:
    """Accept or decline a proposal about one's own order: "accepted", "declined".

    The same answer again changes nothing. AlreadyMovedError when it was answered
    otherwise, taken back or overtaken by the kitchen; PriceChangedError when
    `seen_total` is no longer what the order would come to; ItemRefusedError when the
    replacement cannot be had any more, which ends the proposal.
    """
    with transaction.atomic():
        change, refusal = _answer(public_id, customer, Status(answer), seen_total)
    # Raised outside, so that what the refusal ended stays ended.
    if refusal is not None:
        raise refusal
    return change


def _answer(
    public_id: UUID, customer: User, answer: Status, seen_total: Decimal | None
) -> tuple[LineChange, OrderError | None]:
    found = LineChange.objects.get(public_id=public_id, order__customer=customer)
    order = _lock(found.order_id)
    change = _lock_change(order, found.pk)
    if change.status != Status.PROPOSED:
        is_repeat = change.status == answer
        return change, None if is_repeat else _say_too_late(order, change)
    now = timezone.now()
    if order.status not in BEFORE_READY:
        return change, _say_too_late(order, change)
    if answer == Status.DECLINED:
        _close(change, Status.DECLINED, now)
        tell_line_change(change)
        return change, None
    if seen_total is not None and seen_total != change.total_after:
        return change, PriceChangedError(
            _("The total has changed meanwhile. Please look at it and answer again.")
        )
    return change, _accept(order, change, customer, now)


def _accept(
    order: Order, change: LineChange, customer: User, now: datetime
) -> OrderError | None:
    lines = list(order.lines.all())
    line = next((one for one in lines if one.pk == change.line_id), None)
    refusal = _find_refusal(order, change, line, lines, now)
    if refusal is not None or line is None:
        _close(change, Status.WITHDRAWN, now)
        return refusal
    _close(change, Status.ACCEPTED, now)
    if change.new_unit_price is None or change.item is None:
        lines.remove(line)
        line.delete()
    else:
        _rewrite(line, change.item, change.new_unit_price, order)
    _set_totals(order, _total(order, lines))
    _renew_other_proposals(order, lines, now)
    record_change(
        order,
        actor=Actor(By.CUSTOMER, customer),
        reason=Reason.LINE_CHANGED,
        note=_words(change),
    )
    tell_line_change(change)
    return None


def _find_refusal(
    order: Order,
    change: LineChange,
    line: OrderLine | None,
    lines: list[OrderLine],
    now: datetime,
) -> OrderError | None:
    """Return what stands against an accepted change; move the portions if nothing."""
    if line is None or (not change.new_name and len(lines) == 1):
        return AlreadyMovedError(
            _("This cannot be changed any more; the order stays as it was.")
        )
    if not change.new_name:
        _move_portions(order, line, None)
        return None
    sold_out = ItemRefusedError(
        _("“%(name)s” has sold out meanwhile; the order stays as it was.")
        % {"name": change.new_name},
        code=ItemSoldOutError.code,
    )
    if change.item is None:
        return sold_out
    # The same item for less is the line's already, sold out or not.
    if change.item.pk != line.item_id and change.item.is_sold_out_at(now):
        return sold_out
    try:
        # A savepoint: a refusal must not undo that the proposal is over.
        with transaction.atomic():
            _move_portions(order, line, change.item)
    except ItemSoldOutError:
        return sold_out
    return None


def _move_portions(order: Order, line: OrderLine, item: Item | None) -> None:
    """Take another item's portions for a line; give its own back if not cooked yet."""
    moves: list[tuple[int, Callable[..., None]]] = []
    if item is not None and item.pk != line.item_id:
        moves.append((item.pk, take_portions))
    is_given_up = item is None or item.pk != line.item_id
    if is_given_up and line.item_id is not None and order.status in UNCOOKED:
        moves.append((line.item_id, return_portions))
    # By pk, as orders take theirs, so that they wait for each other and never deadlock.
    for item_pk, move in sorted(moves, key=lambda one: one[0]):
        move(quantities={item_pk: line.quantity})


def _rewrite(line: OrderLine, item: Item, unit_price: Decimal, order: Order) -> None:
    line.modifiers.all().delete()
    line.item, line.name = item, item.name
    line.unit_price, line.amount = unit_price, unit_price * line.quantity
    line.tax_rate = _tax_rate(item, order)
    line.allergens = sorted(item.allergens)
    line.save()


def _set_totals(order: Order, totals: Totals) -> None:
    order.subtotal = totals.subtotal
    order.tax = totals.tax
    order.total = totals.total


def _renew_other_proposals(order: Order, lines: list[OrderLine], now: datetime) -> None:
    """Bring the totals of what is still asked up to date; end what would empty it."""
    others = order.line_changes.filter(status=Status.PROPOSED).select_related(
        "item", "line"
    )
    for other in others:
        other.order = order
        if other.line is None or (not other.new_name and len(lines) == 1):
            _close(other, Status.WITHDRAWN, now)
            continue
        rest = [line for line in lines if line.pk != other.line_id]
        after = _total(order, rest, _as_changed(other, order))
        other.total_before, other.total_after = order.total, after.total
        other.save(update_fields=["total_before", "total_after"])


def _as_changed(change: LineChange, order: Order) -> PricedLine | None:
    if change.new_unit_price is None or change.item is None or change.line is None:
        return None
    rate = _tax_rate(change.item, order)
    return PricedLine(change.new_unit_price, change.line.quantity, rate)


def _plan(
    order: Order, line_pk: int, item_pk: int | None, unit_price: Decimal | None
) -> Proposal:
    _check_order(order)
    lines = list(order.lines.all())
    line = next((one for one in lines if one.pk == line_pk), None)
    if line is None:
        raise LineChangeError(_("This line is no longer in the order."))
    if line.changes.filter(status=Status.PROPOSED).exists():
        raise LineChangeError(
            _("The customer is being asked about this line already."),
            code="already_proposed",
        )
    rest = [one for one in lines if one.pk != line.pk]
    if item_pk is None:
        if not rest:
            raise LineChangeError(
                _("It is the only line of the order: cancel the order instead.")
            )
        return Proposal(line, None, None, order.total, _total(order, rest).total)
    item = _find_item(order, item_pk, line.quantity)
    price = item.price if unit_price is None else unit_price
    _check_price(price, item, order)
    changed = PricedLine(price, line.quantity, _tax_rate(item, order))
    total = _total(order, rest, changed).total
    if total >= MOST:
        raise LineChangeError(_("The order would come to too much."))
    return Proposal(line, item, price, order.total, total)


def _check_order(order: Order) -> None:
    if order.status not in BEFORE_READY:
        error = LineChangeError(
            _("Only what is not ready yet can be changed; this order is: %(status)s.")
            % {"status": order.get_status_display()}
        )
        error.state = state_of(order)
        raise error
    if PendingEnd.objects.filter(order=order).exists():
        raise LineChangeError(_("This order is being ended. Take that back first."))


def _find_item(order: Order, item_pk: int, quantity: int) -> Item:
    items = list_replacements(restaurant=order.restaurant, quantity=quantity)
    for item in items:
        if item.pk == item_pk:
            return item
    raise LineChangeError(_("Choose something that can be had now."))


def _check_price(price: Decimal, item: Item, order: Order) -> None:
    if not 0 <= price <= item.price:
        raise LineChangeError(
            _("The price can be lowered, not raised."), code="price_too_high"
        )
    if not is_whole_amount(price, order.currency):
        raise LineChangeError(
            _("This currency has no such small amounts."), code="price_format"
        )


def _total(
    order: Order, lines: Iterable[OrderLine], changed: PricedLine | None = None
) -> Totals:
    priced = [
        PricedLine(line.unit_price, line.quantity, line.tax_rate) for line in lines
    ]
    return compute_totals(
        [*priced, changed] if changed else priced,
        delivery_fee=order.delivery_fee,
        tip=order.tip,
        currency=order.currency,
        prices_include_tax=order.prices_include_tax,
    )


def _tax_rate(item: Item, order: Order) -> Decimal:
    return order.restaurant.tax_rate if item.tax_rate is None else item.tax_rate


def _lock(order_pk: int) -> Order:
    return (
        Order.objects.select_for_update(of=("self",))
        .select_related("restaurant__region", "region")
        .get(pk=order_pk)
    )


def _lock_change(order: Order, change_pk: int) -> LineChange:
    change = (
        LineChange.objects.select_for_update(of=("self",))
        .select_related("item")
        .get(pk=change_pk)
    )
    change.order = order
    return change


def _close(change: LineChange, status: Status, now: datetime) -> None:
    change.status, change.answered_at = status, now
    change.save(update_fields=["status", "answered_at"])
    ring_board(change.order.restaurant_id)
    ring_order(change.order.public_id)


def _say_too_late(order: Order, change: LineChange) -> AlreadyMovedError:
    error = _word_too_late(order, change)
    error.state = {**state_of(order), "line_change_status": change.status}
    return error


def _word_too_late(order: Order, change: LineChange) -> AlreadyMovedError:
    if change.status == Status.ACCEPTED:
        return AlreadyMovedError(_("You have agreed to this change already."))
    if change.status == Status.DECLINED:
        return AlreadyMovedError(_("You have declined this change already."))
    if order.status not in BEFORE_READY:
        return AlreadyMovedError(
            _("It is too late: the order is %(status)s by now and stays as it was.")
            % {"status": order.get_status_display().lower()}
        )
    return AlreadyMovedError(_("The restaurant has taken this question back."))


def _words(change: LineChange) -> str:
    if not change.new_name:
        text = _("Without “%(line)s”") % {"line": change.line_name}
    else:
        text = _("“%(instead)s” instead of “%(line)s”") % {
            "instead": change.new_name,
            "line": change.line_name,
        }
    limit: int = OrderEvent._meta.get_field("note").max_length or 0  # noqa: SLF001
    return text[:limit]
