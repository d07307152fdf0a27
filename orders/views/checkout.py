"""From the cart to the order, on one page, with or without an account."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from customers.exceptions import CustomerError
from customers.htmx import go, is_fragment
from customers.models import User
from customers.places import choose_place, forget_place
from customers.services import AddressFields, add_address
from customers.throttling import place_of
from orders import services
from orders.exceptions import CartEmptyError, OrderError
from orders.forms import CheckoutForm
from orders.models import Cart, Order
from orders.views.checkout_page import (
    Mistake,
    Where,
    checkout_context,
    list_mistakes,
    quote_shown,
    read_where,
)
from orders.views.visitors import cart_of, remember_guest_order, user_of
from restaurants.models import Fulfilment

# Where a session keeps what was typed by who had to leave the page before ordering,
# and whose it is: it is nobody else's to see.
TYPED = "checkout_typed"
GUEST = "guest"
# Theirs who sign in next, since they left the page to do that.
SIGNING_IN = "signing-in"
KEPT = (
    *("when", "address", "shown_address", "street_address", "delivery_instructions"),
    *("save_address", "email", "name", "phone", "kitchen_note", "tip_choice", "tip"),
    "seen_tip",
)
MOST_KEPT = 400
# Buttons that lead elsewhere, and back here.
AWAY = {
    "sign-in": "customers:sign-in",
    "place-choose": "customers:place-choose",
    "address-add": "customers:address-add",
    "cart": "orders:cart-detail",
}


@never_cache
@require_http_methods(["GET", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    """Show what would be ordered and ask for the rest; place the order when sent."""
    answer = _take(request) if request.method == "POST" else _show(request)
    patch_vary_headers(answer, ["HX-Request"])
    return answer


def _show(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    typed = _typed_before(request)
    if user is None and request.GET.get("signed_out") and typed:
        return _interrupted_page(request, is_signed_out=True)
    cart = cart_of(request)
    if cart is None:
        return _no_cart(request)
    form = CheckoutForm(typed, is_guest=user is None) if typed else None
    return _page(request, cart, form)


def _take(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    cart = cart_of(request)
    who = request.POST.get("who")
    if user is None and (who == "account" or (who and cart is None)):
        return _interrupt(request, is_signed_out=who == "account")
    if cart is None:
        return _no_cart(request)
    action = request.POST.get("action")
    is_switched = _switch_fulfilment(request, cart)
    if action in AWAY:
        keep_typed(request, is_signing_in=action == "sign-in")
        query = urlencode({"next": reverse("orders:checkout")})
        return go(request, f"{reverse(AWAY[action])}?{query}")
    form = CheckoutForm(request.POST, is_guest=user is None)
    if action == "accept":
        services.accept_changed_prices(cart=cart)
    where = read_where(request, request.POST)
    # Switched and sent in one go: the new amounts have not been seen yet.
    is_unseen = is_switched or (where.is_unseen and _is_delivery(cart))
    if action != "place" or (is_unseen and cart.lines.exists()):
        if action == "place" and not is_switched:
            messages.info(
                request,
                _("Nothing is ordered yet: it would go to another place than shown."),
            )
        return _page(request, cart, form, where=where)
    if not form.is_valid():
        return _page(request, cart, form, where=where, shows_mistakes=True, status=422)
    return _order(request, cart, form, where)


def _order(
    request: HttpRequest, cart: Cart, form: CheckoutForm, where: Where
) -> HttpResponse:
    user = user_of(request)
    try:
        if user is None:
            key = form.cleaned_data["key"]
            with services.admit_guest(place=place_of(request), idempotency_key=key):
                order = _place(request, cart, form, where)
        else:
            order = _place(request, cart, form, where)
    except CartEmptyError as error:
        messages.info(request, str(error.message))
        return go(request, "orders:cart-detail")
    except Cart.DoesNotExist:
        return _no_cart(request)
    except OrderError as error:
        return _page(request, cart, form, where=where, error=error, status=409)
    request.session.pop(TYPED, None)
    if user is None:
        remember_guest_order(request, order, is_placed_here=True)
    _keep_place(request, form, where, order)
    return go(request, order)


def _place(request: HttpRequest, cart: Cart, form: CheckoutForm, where: Where) -> Order:
    wish = form.cleaned_data
    return services.place_order(
        cart_pk=cart.pk,
        customer=user_of(request) or _guest(cart, wish),
        idempotency_key=wish["key"],
        place=where.place,
        fulfilment=wish["fulfilment"],
        scheduled_for=wish["when"],
        tip=wish["tip"],
        tip_percent=form.tip_percent,
        kitchen_note=wish["kitchen_note"],
        phone=str(wish["phone"]),
        name=wish["name"],
        seen_window=form.seen_window,
        seen_total=wish["seen_total"],
    )


def _guest(cart: Cart, wish: Mapping[str, Any]) -> services.Guest:
    return services.Guest(
        email=wish["email"],
        name=wish["name"],
        phone=str(wish["phone"]),
        cart_token=cart.token,
        locale=get_language() or "en",
        time_zone=cart.restaurant.time_zone if cart.restaurant else "UTC",
    )


def _keep_place(
    request: HttpRequest, form: CheckoutForm, where: Where, order: Order
) -> None:
    """Know the street the next time, and for good if they wish so."""
    place = where.place
    if place is None or order.fulfilment != Fulfilment.DELIVERY:
        return
    if where.is_unsaved:
        choose_place(request, place)
    user = user_of(request)
    if user is None or not where.is_unsaved or not form.cleaned_data["save_address"]:
        return
    _save_address(request, user, where)


def _save_address(request: HttpRequest, user: User, where: Where) -> None:
    place = where.place
    assert place is not None
    fields = AddressFields(
        street_address=place.street_address,
        latitude=round(Decimal(place.latitude), 6),
        longitude=round(Decimal(place.longitude), 6),
        locality=place.locality[:100],
        postal_code=place.postal_code[:20],
        country=place.country[:2],
        delivery_instructions=place.delivery_instructions,
    )
    try:
        add_address(customer_pk=user.pk, fields=fields)
    except CustomerError as error:
        messages.info(request, str(error))
        return
    forget_place(request)


def _switch_fulfilment(request: HttpRequest, cart: Cart) -> bool:
    """Tell whether the form asks for the other way than the cart's, and follow it."""
    wanted = request.POST.get("fulfilment")
    if wanted == cart.fulfilment:
        return False
    if wanted in Fulfilment.values:
        services.set_fulfilment(cart=cart, fulfilment=wanted)
    return True


def _is_delivery(cart: Cart) -> bool:
    return cart.fulfilment == Fulfilment.DELIVERY


def keep_typed(request: HttpRequest, *, is_signing_in: bool = False) -> None:
    """Keep what was typed for when its writer comes back to the page."""
    fields = {
        name: request.POST[name][:MOST_KEPT] for name in KEPT if name in request.POST
    }
    whose = SIGNING_IN if is_signing_in else _whose(request)
    request.session[TYPED] = {"whose": whose, "fields": fields}


def _typed_before(request: HttpRequest) -> dict[str, str] | None:
    kept = request.session.get(TYPED)
    if kept is None:
        return None
    if kept.get("whose") not in {SIGNING_IN, _whose(request)}:
        del request.session[TYPED]
        return None
    if kept["whose"] == SIGNING_IN and user_of(request) is not None:
        # They have signed in: it is theirs alone now.
        request.session[TYPED] = {**kept, "whose": _whose(request)}
    fields: dict[str, str] = kept["fields"]
    return fields


def _whose(request: HttpRequest) -> str:
    user = user_of(request)
    return GUEST if user is None else str(user.pk)


def _no_cart(request: HttpRequest) -> HttpResponse:
    messages.info(request, _("Your cart is empty."))
    return go(request, "orders:cart-detail")


def _interrupt(request: HttpRequest, *, is_signed_out: bool) -> HttpResponse:
    """Say that the session was lost, and keep what was typed in the new one."""
    keep_typed(request, is_signing_in=is_signed_out)
    if is_fragment(request):
        path = reverse("orders:checkout" if is_signed_out else "orders:cart-detail")
        return go(request, f"{path}?signed_out=1")
    return _interrupted_page(request, is_signed_out=is_signed_out, status=409)


def _interrupted_page(
    request: HttpRequest, *, is_signed_out: bool, status: int = 200
) -> HttpResponse:
    context = {"is_signed_out": is_signed_out}
    return render(request, "orders/checkout_interrupted.html", context, status=status)


def _page(
    request: HttpRequest,
    cart: Cart,
    form: CheckoutForm | None,
    *,
    where: Where | None = None,
    error: OrderError | None = None,
    shows_mistakes: bool = False,
    status: int = 200,
) -> HttpResponse:
    where = where or read_where(request, form.data if form else {})
    now = timezone.now()
    try:
        shown = quote_shown(cart, where.place, form, error, now=now)
    except CartEmptyError as empty:
        messages.info(request, str(empty.message))
        return go(request, "orders:cart-detail")
    mistakes: list[Mistake] = []
    if form is not None and shows_mistakes:
        mistakes = list_mistakes(form)
    mistakes += shown.mistakes
    context = {
        **checkout_context(request, shown, where, form, now=now),
        "cart": cart,
        "mistakes": mistakes,
        "has_cart_mistake": any(not one.field for one in mistakes),
        "at": {one.field: one.text for one in reversed(mistakes) if one.field},
        "has_failed": status != 200,  # noqa: PLR2004
    }
    if is_fragment(request):
        trigger = request.headers.get("HX-Trigger", "")
        context["moves_where"] = trigger in {"co-how", "co-addresses"}
        context["moves_when"] = trigger != "co-when" or bool(shown.moved)
        return render(request, "orders/_checkout_update.html", context)
    return render(request, "orders/checkout.html", context, status=status)
