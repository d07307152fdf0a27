"""An order's receipt by email."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.models import Channel, Event
from notifications.selectors import get_preferences
from orders.exceptions import ReceiptError
from orders.models import Order
from orders.notifications import ORDER_RECEIPT, tell_receipt

# Who presses twice gets one mail.
LEAST_GAP = timedelta(minutes=1)


@transaction.atomic
def email_receipt(*, order_pk: int) -> Order:
    """Send a completed order's receipt to its customer.

    ReceiptError before it is paid, when nobody is left to send it to or they want no
    such emails, and within a minute of the last time.
    """
    order = (
        Order.objects.select_for_update(of=("self",))
        .select_related("restaurant", "region")
        .get(pk=order_pk)
    )
    if order.status not in Order.COMPLETED:
        raise ReceiptError(_("It is not paid yet: there is no receipt to send."))
    if order.customer_id is None:
        raise ReceiptError(_("There is no email address to send it to."))
    if not _takes_email(order.customer_id):
        raise ReceiptError(
            _("You have turned emails about orders off. Turn them on to be sent one."),
            code="email_off",
        )
    now = timezone.now()
    # The key has the minute in it: the last one or the one before, if any was sent.
    minute = int(now.timestamp() // LEAST_GAP.total_seconds())
    keys = [_key(order, one) for one in (minute - 1, minute)]
    if Event.objects.filter(key__in=keys, published_at__gt=now - LEAST_GAP).exists():
        raise ReceiptError(_("It was sent less than a minute ago."), code="too_soon")
    tell_receipt(order, key=keys[-1])
    return order


def _takes_email(user_pk: int) -> bool:
    return any(
        choice.is_on
        for choices in get_preferences(user_pk)
        if choices.category == ORDER_RECEIPT.category
        for choice in choices.choices
        if choice.channel == Channel.EMAIL
    )


def _key(order: Order, minute: int) -> str:
    return f"{ORDER_RECEIPT.name}:{order.public_id}:{minute}"
