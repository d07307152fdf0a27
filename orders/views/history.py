"""What somebody ordered before."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_POST,
    require_safe,
)

from customers.models import User
from orders import services
from orders.exceptions import (
    InvalidCursorError,
    OtherRestaurantError,
)
from orders.models import Order
from orders.selectors import (
    list_orders_for_customer,
)
from orders.views.cart import ask_replace
from orders.views.visitors import cart_or_new, with_order


@login_required
@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    try:
        page = list_orders_for_customer(
            customer=request.user, cursor=request.GET.get("cursor")
        )
    except InvalidCursorError:
        return redirect("orders:order-list")
    return render(request, "orders/order_list.html", {"page": page})


@require_POST
@with_order
def order_again(request: HttpRequest, order: Order) -> HttpResponse:
    cart = cart_or_new(request)
    try:
        left_out = services.order_again(
            order=order,
            cart=cart,
            replace_restaurant=bool(request.POST.get("replace"))
            and cart.restaurant_id != order.restaurant_id,
        )
    except OtherRestaurantError as error:
        return ask_replace(request, error)
    if left_out:
        messages.warning(
            request,
            _("Not to be had any more: %(names)s.") % {"names": ", ".join(left_out)},
        )
    return redirect("orders:cart-detail")
