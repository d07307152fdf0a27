"""Ordering without an account, and having the orders once there is one."""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from customers.exceptions import TooManyAttemptsError
from customers.models import User
from customers.throttling import GUEST_ORDERS_PER_PLACE, give_back, spend
from orders.exceptions import NotOrderableError
from orders.models import Order, OrderEvent
from orders.services.forgetting import forget_person

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


@contextmanager
def admit_guest(*, place: str, idempotency_key: UUID) -> Iterator[None]:
    """Count the order that a guest places within this, from a network (`place_of`).

    What is not placed does not count, nor what was placed with the key before.
    NotOrderableError (too_many_orders) for more than are allowed within an hour.
    """
    attempt = (GUEST_ORDERS_PER_PLACE, place)
    placed = Order.objects.filter(
        idempotency_key=idempotency_key, guest_token__isnull=False
    )
    if placed.exists():
        yield
        return
    try:
        # Before it is placed, so that a hundred at once are a hundred.
        spend(attempt)
    except TooManyAttemptsError as error:
        give_back(attempt)
        raise NotOrderableError(
            _(
                "Many orders came from where you are. "
                "Sign in to order, or try again in an hour."
            ),
            code="too_many_orders",
        ) from error
    try:
        yield
    except BaseException:
        give_back(attempt)
        raise


@transaction.atomic
def adopt_guest_orders(*, public_ids: Iterable[str], user: User) -> int:
    """Give a person the orders they placed as a guest; return how many that were.

    They placed those that have their email; at the same browser somebody else may have
    ordered, whose orders stay theirs. What already belongs to an account stays there,
    so that once more does nothing. The links sent to the guest go on working; who was
    told as the guest is forgotten, with all that was told.
    """
    orders = Order.objects.select_for_update(of=("self",)).filter(
        public_id__in=[one for one in public_ids if _is_id(one)],
        guest_token__isnull=False,
        customer__is_guest=True,
        customer__email__iexact=user.email,
    )
    adopted = list(orders.select_related("customer").order_by("pk"))
    for order in adopted:
        guest = order.customer
        assert guest is not None
        OrderEvent.objects.filter(order=order, user=guest).update(user=user)
        order.customer = user
        order.save(update_fields=["customer"])
        forget_person(guest)
    return len(adopted)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
