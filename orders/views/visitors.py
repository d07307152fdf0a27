"""Who is asking, and which cart and orders are theirs."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse

from customers.models import User
from orders import services
from orders.models import Cart, Order
from orders.selectors import get_cart, get_order_for_visitor
from orders.services.cart import SESSION_KEY
from orders.services.guests import GUEST_ORDERS, PLACED_AS_GUEST

P = ParamSpec("P")
MOST_GUEST_ORDERS = 20


def user_of(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def cart_of(request: HttpRequest) -> Cart | None:
    return get_cart(user=user_of(request), token=request.session.get(SESSION_KEY))


def cart_or_new(request: HttpRequest) -> Cart:
    user = user_of(request)
    cart = services.get_or_create_cart(
        user=user, token=request.session.get(SESSION_KEY)
    )
    if user is None:
        request.session[SESSION_KEY] = cart.token
    return cart


def list_guest_orders(request: HttpRequest) -> list[str]:
    """Return the public ids of the guests' orders that this session may see."""
    return list(request.session.get(GUEST_ORDERS, []))


def remember_guest_order(
    request: HttpRequest, order: Order, *, is_placed_here: bool = False
) -> None:
    """Let this session see a guest's order and act for the guest."""
    key = str(order.public_id)
    for name in (GUEST_ORDERS, *([PLACED_AS_GUEST] if is_placed_here else [])):
        known = [one for one in request.session.get(name, []) if one != key]
        request.session[name] = [*known, key][-MOST_GUEST_ORDERS:]


def with_order(
    view: Callable[Concatenate[HttpRequest, Order, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Give a view the order its address names, if that is the visitor's.

    Who is not signed in is asked to; anybody else finds nothing.
    """

    @wraps(view)
    def wrapped(
        request: HttpRequest, public_id: UUID, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        user = user_of(request)
        try:
            order = get_order_for_visitor(
                user=user, guest_orders=list_guest_orders(request), public_id=public_id
            )
        except Order.DoesNotExist as error:
            if user is None:
                return redirect_to_login(request.get_full_path())
            raise Http404 from error
        return view(request, order, *args, **kwargs)

    return wrapped
