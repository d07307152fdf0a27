"""What orders do when something happens below them."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest
from django.utils.translation import gettext as _

from customers.models import User
from orders.services.cart import ASIDE_KEY, SESSION_KEY, adopt_cart
from orders.services.guests import PLACED_AS_GUEST, adopt_guest_orders


def carry_cart_over(
    sender: object, request: HttpRequest | None, user: User, **kwargs: Any
) -> None:
    if request is None or not hasattr(request, "session"):
        return
    token = request.session.pop(SESSION_KEY, None)
    aside = adopt_cart(token=token, user=user) if token else None
    if aside is None:
        return
    request.session[ASIDE_KEY] = aside.token
    said = _(
        "Your cart is the one you filled just now. What you had from %(restaurant)s is "
        "kept for now. Look into your cart to go back to it."
    )
    text = said % {"restaurant": aside.restaurant}
    messages.info(request, text, fail_silently=True)


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
