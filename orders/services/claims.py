"""Claims: something was missing or wrong; the restaurant gives money back, or not.

Lock order: the order's row, then the claim.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import User
from orders.exceptions import AlreadyMovedError, ClaimError
from orders.models import Claim, ClaimLine, Order, OrderLine
from orders.notifications import tell_claim
from orders.pricing import PricedLine, is_whole_amount, propose_refund
from orders.selectors import find_claim_obstacle

# Letters of what was wrong, and of what is answered.
LONGEST = 1000
NOTHING_TO_GIVE_BACK = gettext_lazy(
    "That cost nothing, so there is nothing to give back. Call the restaurant instead."
)
Status = Claim.Status
PaymentStatus = Order.PaymentStatus


@dataclass(frozen=True)
class Wrong:
    """How many of an order's line, and what was the matter: a ClaimLine.Kind."""

    line_pk: int
    quantity: int
    kind: str


@transaction.atomic
def report_claim(
    *, order_pk: int, customer: User, wrong: Sequence[Wrong], text: str = ""
) -> Claim:
    """Report what was missing or wrong of one's own order, once; tell the restaurant.

    The proposed refund is what it cost, at most what was paid and not given back.
    ClaimError says why it cannot be reported.
    """
    order = (
        Order.objects.select_for_update(of=("self",))
        .select_related("region", "restaurant")
        .get(pk=order_pk, customer=customer)
    )
    claim = Claim.objects.filter(order=order).first()
    obstacle = find_claim_obstacle(order, claim, now=timezone.now())
    if obstacle:
        raise ClaimError(obstacle.words)
    lines = {line.pk: line for line in order.lines.all()}
    for one in wrong:
        _check(one, lines)
    if not wrong or len({one.line_pk for one in wrong}) != len(wrong):
        raise ClaimError(_("Choose what was missing or wrong."), code="nothing_chosen")
    proposed = propose_claim(order, wrong)
    if not proposed:
        raise ClaimError(NOTHING_TO_GIVE_BACK, code="nothing_to_give_back")
    claim = Claim.objects.create(
        order=order,
        text=text.strip()[:LONGEST],
        proposed_refund=proposed,
        created_at=timezone.now(),
    )
    ClaimLine.objects.bulk_create(
        ClaimLine(claim=claim, line=lines[one.line_pk], **_words(one)) for one in wrong
    )
    tell_claim(claim)
    return claim


def propose_claim(order: Order, wrong: Sequence[Wrong]) -> Decimal:
    """Return what report_claim would propose to give back."""
    lines = {line.pk: line for line in order.lines.all()}
    priced = [
        PricedLine(line.unit_price, one.quantity, line.tax_rate)
        for one in wrong
        if (line := lines.get(one.line_pk)) is not None
    ]
    return propose_refund(
        priced,
        currency=order.currency,
        prices_include_tax=order.prices_include_tax,
        most=order.total - order.refunded,
    )


@transaction.atomic
def answer_claim(
    *, claim_pk: int, user: User, refund: Decimal | None, text: str = ""
) -> Claim:
    """Give money back for a claim, in the order's currency; or refuse it with None.

    AlreadyMovedError when somebody answered before; ClaimError when the refund is
    nothing, too much or too small a coin, or when a refusal says nothing.
    """
    order_pk = Claim.objects.values_list("order", flat=True).get(pk=claim_pk)
    order = (
        Order.objects.select_for_update(of=("self",))
        .select_related("region", "restaurant")
        .get(pk=order_pk)
    )
    claim = Claim.objects.select_for_update().get(pk=claim_pk)
    claim.order = order
    _check_answer(claim, refund, text.strip())
    claim.status = Status.REFUSED if refund is None else Status.GRANTED
    claim.refund = refund or Decimal(0)
    claim.answer = text.strip()
    claim.answered_at, claim.answered_by = timezone.now(), user
    claim.save()
    if refund is not None:
        _give_back(order, refund)
    tell_claim(claim)
    return claim


def _check(one: Wrong, lines: dict[int, OrderLine]) -> None:
    line = lines.get(one.line_pk)
    if line is None or one.kind not in ClaimLine.Kind.values:
        raise ClaimError(_("Choose what was missing or wrong."), code="nothing_chosen")
    if not 1 <= one.quantity <= line.quantity:
        raise ClaimError(
            _("You ordered %(count)d of “%(name)s”.")
            % {"count": line.quantity, "name": line.name},
            code="too_many",
        )


def _words(one: Wrong) -> dict[str, str | int]:
    return {"quantity": one.quantity, "kind": one.kind}


def _check_answer(claim: Claim, refund: Decimal | None, text: str) -> None:
    if claim.status != Status.OPEN:
        assert claim.answered_at is not None
        error = AlreadyMovedError(_say_answered(claim))
        error.state = {"status": claim.status, "since": claim.answered_at}
        raise error
    if len(text) > LONGEST:
        raise ClaimError(_("This answer is too long."), code="answer_too_long")
    if refund is None:
        if not text:
            raise ClaimError(
                _("Write why you refuse; the customer reads it."), code="answer_empty"
            )
        return
    order = claim.order
    if not 0 < refund <= min(claim.proposed_refund, order.total - order.refunded):
        raise ClaimError(
            _("Give back more than nothing, and no more than was asked for."),
            code="refund_out_of_range",
        )
    if not is_whole_amount(refund, order.currency):
        raise ClaimError(
            _("This currency has no such small amounts."), code="price_format"
        )


def _say_answered(claim: Claim) -> str:
    by = claim.answered_by
    if by is None or claim.answered_at is None:
        return _("This claim has been answered already.")
    zone = ZoneInfo(claim.order.restaurant.time_zone)
    local = timezone.localtime(claim.answered_at, zone)
    return _("%(name)s answered this at %(clock)s: %(status)s.") % {
        "name": by.name or by.email,
        "clock": date_format(local, "TIME_FORMAT"),
        "status": claim.get_status_display(),
    }


def _give_back(order: Order, refund: Decimal) -> None:
    order.refunded += refund
    is_all = order.refunded >= order.total
    order.payment_status = (
        PaymentStatus.REFUNDED if is_all else PaymentStatus.PARTIALLY_REFUNDED
    )
    order.save(update_fields=["refunded", "payment_status"])
