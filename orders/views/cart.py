"""The cart and what goes into it."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_POST,
    require_safe,
)

from customers.places import get_chosen_place
from menus.models import Item
from menus.pricing import Choice
from menus.selectors import get_item_for_customer, say_sold_out
from orders import services
from orders.exceptions import (
    CartEmptyError,
    ItemRefusedError,
    OrderError,
    OtherRestaurantError,
)
from orders.views.visitors import cart_of, cart_or_new


def _ids(values: list[str]) -> list[UUID]:
    found = []
    for value in values:
        try:
            found.append(UUID(value))
        except ValueError:
            continue
    return found


def _choices(data: QueryDict) -> list[Choice]:
    """Read fields "g-<group>", and "n-<modifier>.<group>" for what those ask further.

    What is chosen under a modifier that is not chosen itself does not count.
    """
    children: dict[str, list[Choice]] = {}
    for key in data:
        if key.startswith("n-"):
            parent = key[2:].split(".")[0]
            children.setdefault(parent, []).extend(
                Choice(one) for one in _ids(data.getlist(key))
            )
    return [
        Choice(one, children.get(str(one), []))
        for key in data
        if key.startswith("g-")
        for one in _ids(data.getlist(key))
    ]


def _number(text: str | None, default: int) -> int:
    try:
        return max(0, min(99, int(text or default)))
    except ValueError:
        return default


def ask_replace(request: HttpRequest, error: OrderError) -> HttpResponse:
    kept = [
        (key, value)
        for key, values in request.POST.lists()
        for value in values
        if key != "csrfmiddlewaretoken"
    ]
    context = {"message": error.message, "kept": kept}
    return render(request, "orders/cart_replace.html", context, status=409)


@require_POST
def cart_add(request: HttpRequest, public_id: UUID) -> HttpResponse:
    try:
        item = get_item_for_customer(public_id=public_id)
    except Item.DoesNotExist as error:
        raise Http404 from error
    quantity = _number(request.POST.get("quantity"), 1) or 1
    note = request.POST.get("note", "")[:200]
    try:
        services.add_line(
            cart=cart_or_new(request),
            item_public_id=public_id,
            quantity=quantity,
            choices=_choices(request.POST),
            note=note,
            replace_restaurant=bool(request.POST.get("replace")),
        )
    except OtherRestaurantError as error:
        return ask_replace(request, error)
    except ItemRefusedError as error:
        context = {
            "item": item,
            "restaurant": item.restaurant,
            "sold_out": say_sold_out(
                item, time_zone=item.restaurant.time_zone, moment=timezone.now()
            ),
            "error": error.message,
            "chosen": [
                one for key in request.POST for one in request.POST.getlist(key)
            ],
            "quantity": quantity,
            "note": note,
        }
        return render(request, "menus/item_detail.html", context, status=422)
    messages.success(request, _("“%(name)s” is in your cart.") % {"name": item.name})
    return redirect(item.restaurant)


@require_safe
@never_cache
def cart_detail(request: HttpRequest) -> HttpResponse:
    cart = cart_of(request)
    quote = None
    if cart is not None:
        try:
            quote = services.quote_cart(cart=cart, place=get_chosen_place(request))
        except CartEmptyError:
            quote = None
    return render(request, "orders/cart_detail.html", {"cart": cart, "quote": quote})


@require_POST
def cart_change_line(request: HttpRequest, public_id: UUID) -> HttpResponse:
    cart = cart_of(request)
    if cart is not None:
        services.change_line(
            cart=cart,
            line_public_id=public_id,
            quantity=_number(request.POST.get("quantity"), 1),
        )
    return redirect("orders:cart-detail")


@require_POST
def cart_remove_line(request: HttpRequest, public_id: UUID) -> HttpResponse:
    cart = cart_of(request)
    if cart is not None:
        services.remove_line(cart=cart, line_public_id=public_id)
    return redirect("orders:cart-detail")
