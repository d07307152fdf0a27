"""What orders do when something happens below them."""

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

from customers.models import User
from orders.services.cart import SESSION_KEY, adopt_cart
from orders.services.guests import PLACED_AS_GUEST, adopt_guest_orders


def carry_cart_over(
    sender: object, request: HttpRequest | None, user: User, **kwargs: Any
) -> None:
    if request is None or not hasattr(request, "session"):
        return
    token = request.session.pop(SESSION_KEY, None)
    if token:
        adopt_cart(token=token, user=user)


def carry_guest_orders_over(
    sender: object, request: HttpRequest | None, user: User, **kwargs: Any
) -> None:
    if request is None or not hasattr(request, "session"):
        return
    public_ids = request.session.pop(PLACED_AS_GUEST, None)
    if public_ids:
        adopt_guest_orders(public_ids=public_ids, user=user)


def connect() -> None:
    user_logged_in.connect(carry_cart_over, dispatch_uid="orders.carry_cart_over")
    user_logged_in.connect(
        carry_guest_orders_over, dispatch_uid="orders.carry_guest_orders_over"
    )
