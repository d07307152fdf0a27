"""From the cart to the order."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
)

from customers.models import User
from customers.places import ChosenPlace, get_chosen_place
from orders import services
from orders.exceptions import (
    CartEmptyError,
    OrderError,
    OrderProblem,
    WindowMovedError,
)
from orders.forms import CheckoutForm
from orders.models import Cart
from orders.views.visitors import cart_or_new
from restaurants.availability import list_order_slots
from restaurants.models import Fulfilment


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    cart = cart_or_new(request)
    if request.method == "GET":
        return _checkout_page(request, cart, form=None)
    form = CheckoutForm(request.POST)
    # Switched and sent in one go: the new window has not been seen yet.
    is_switched = request.POST.get("fulfilment") != cart.fulfilment
    if request.POST.get("fulfilment") in Fulfilment.values:
        services.set_fulfilment(cart=cart, fulfilment=request.POST["fulfilment"])
    action = request.POST.get("action")
    if action == "accept":
        services.accept_changed_prices(cart=cart)
    if action != "place" or (is_switched and cart.lines.exists()):
        return _checkout_page(request, cart, form=form)
    if not form.is_valid():
        return _checkout_page(request, cart, form=form, shows_errors=True, status=422)
    wish = form.cleaned_data
    try:
        order = services.place_order(
            cart_pk=cart.pk,
            customer=request.user,
            idempotency_key=wish["key"],
            place=_place(request, request.POST),
            fulfilment=wish["fulfilment"],
            scheduled_for=wish["when"],
            tip=wish["tip"],
            kitchen_note=wish["kitchen_note"],
            phone=str(wish["phone"]),
            name=wish["name"],
            seen_window=form.seen_window,
            seen_total=wish["seen_total"],
        )
    except CartEmptyError as error:
        messages.info(request, str(error.message))
        return redirect("orders:cart-detail")
    except OrderError as error:
        return _checkout_page(request, cart, form=form, error=error, status=409)
    return redirect(order)


def _place(request: HttpRequest, data: Mapping[str, Any] | None) -> ChosenPlace | None:
    place = get_chosen_place(request)
    if place is None or data is None or "street_address" not in data:
        return place
    return replace(
        place,
        street_address=str(data["street_address"]).strip()[:200],
        delivery_instructions=str(data.get("delivery_instructions", "")).strip()[:300],
    )


def _wanted_moment(form: CheckoutForm | None, error: OrderError | None) -> Any:
    if isinstance(error, WindowMovedError):
        return error.slot
    if form is None:
        return None
    return _clean(form, "when", None)


def _clean(form: CheckoutForm, name: str, default: Any) -> Any:
    form.is_valid()
    return form.cleaned_data.get(name, default)


def _checkout_page(
    request: HttpRequest,
    cart: Cart,
    *,
    form: CheckoutForm | None,
    error: OrderError | None = None,
    shows_errors: bool = False,
    status: int = 200,
) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)
    place = _place(request, form.data if form else None)
    now = timezone.now()
    moment = _wanted_moment(form, error)
    tip = _clean(form, "tip", Decimal(0)) if form else Decimal(0)
    try:
        quote = services.quote_cart(
            cart=cart, place=place, now=now, scheduled_for=moment, tip=tip
        )
    except CartEmptyError as empty:
        messages.info(request, str(empty.message))
        return redirect("orders:cart-detail")
    problems: list[OrderProblem] = list(quote.problems)
    known = {problem.code for problem in problems}
    if error is not None:
        problems += [one for one in error.problems if one.code not in known]
    values: Any = form.data if form else {}
    context = {
        "quote": quote,
        "cart": cart,
        "place": place,
        "problems": problems,
        "asks_prices": any(one.code == "price_changed" for one in quote.problems),
        "form": form,
        "shows_errors": shows_errors,
        "slots": list_order_slots(quote.restaurant, now=now),
        "moment": moment,
        "tip": tip,
        "key": form.key_or_new if form else str(uuid.uuid4()),
        "name": values.get("name", user.name),
        "phone": values.get("phone", str(user.phone or "")),
        "kitchen_note": values.get("kitchen_note", ""),
    }
    return render(request, "orders/checkout.html", context, status=status)
