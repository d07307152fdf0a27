"""Ordering without an account, and having the orders once there is one."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from customers.exceptions import TooManyAttemptsError
from customers.models import User
from customers.throttling import GUEST_ORDERS_PER_PLACE, spend
from orders.exceptions import NotOrderableError
from orders.models import Order

# Where a session keeps the public ids of orders whose guest's link was opened in it.
GUEST_ORDERS = "guest_orders"
# Where it keeps those that were placed in it, which are its visitor's for sure: a link
# may have come from a friend.
PLACED_AS_GUEST = "placed_as_guest"


@dataclass(frozen=True)
class Guest:
    """Who orders without an account, and the token of the cart they filled."""

    email: str
    name: str
    phone: str
    cart_token: str
    locale: str = "en"
    time_zone: str = "UTC"


def new_guest_token() -> str:
    return secrets.token_urlsafe(32)


def admit_guest(*, place: str) -> None:
    """Count an order that a guest is about to place from a network (`place_of`).

    NotOrderableError (too_many_orders) for more than are allowed within an hour.
    """
    try:
        spend((GUEST_ORDERS_PER_PLACE, place))
    except TooManyAttemptsError as error:
        raise NotOrderableError(
            _(
                "Many orders came from where you are. "
                "Sign in to order, or try again in an hour."
            ),
            code="too_many_orders",
        ) from error


@transaction.atomic
def adopt_guest_orders(*, public_ids: Iterable[str], user: User) -> int:
    """Give a person the orders they placed as a guest; return how many that were.

    What already belongs to an account stays there, so that once more does nothing.
    The links sent to the guest go on working.
    """
    orders = Order.objects.select_for_update(of=("self",)).filter(
        public_id__in=[one for one in public_ids if _is_id(one)],
        guest_token__isnull=False,
        customer__is_guest=True,
    )
    adopted = list(orders.order_by("pk"))
    for order in adopted:
        order.customer = user
        order.save(update_fields=["customer"])
    return len(adopted)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
