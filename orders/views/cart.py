"""The cart and what goes into it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from customers.htmx import is_fragment
from customers.places import get_chosen_place
from customers.views.visitors import customer_of
from menus.models import Item
from menus.pricing import Choice, Wishes
from menus.selectors import get_item_for_customer
from menus.views import Field, item_context, render_item, wishes_of
from orders import services
from orders.exceptions import (
    CartEmptyError,
    ItemRefusedError,
    OrderError,
    OtherRestaurantError,
)
from orders.models import Cart, CartLine
from orders.selectors import get_cart, list_cart_lines
from orders.services.cart import ASIDE_KEY
from orders.services.quoting import Quote, QuotedLine
from orders.views.visitors import cart_of, cart_or_new
from restaurants.models import Fulfilment, Restaurant

# Where a session keeps whether a visitor wants food brought, and what they took out
# of the cart last, to put it back.
FULFILMENT_KEY = "fulfilment"
REMOVED_KEY = "cart_removed"


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


def _fields_of(line: CartLine) -> list[Field]:
    """Return the fields that choose what was chosen on a line, as _choices reads."""
    rows = list(line.modifiers.all())
    ids = {row.pk: row.modifier.public_id for row in rows}
    return [
        (
            f"n-{ids[row.parent_id]}.{row.modifier.group_id}"
            if row.parent_id is not None
            else f"g-{row.modifier.group_id}",
            str(row.modifier.public_id),
        )
        for row in rows
    ]


def _step(text: str) -> int:
    """Read how many more of a line are wanted; none when it is no number."""
    try:
        return max(-services.MOST, min(services.MOST, int(text)))
    except ValueError:
        return 0


def _number(text: str | None, default: int) -> int:
    try:
        return max(0, min(99, int(text or default)))
    except ValueError:
        return default


@dataclass(frozen=True)
class LineShown:
    quoted: QuotedLine
    warnings: list[str]


def cart_context(request: HttpRequest) -> dict[str, Any]:
    """Return what the cart shows, wherever it is in sight.

    What was taken out last is offered back once.
    """
    cart = cart_of(request)
    quote = _quote(request, cart)
    wishes = wishes_of(request)
    return {
        "cart": cart,
        "quote": quote,
        "cart_lines": _lines(quote, wishes) if quote else [],
        "cart_count": sum(one.quantity for one in quote.lines) if quote else 0,
        "missing": quote.missing_to_minimum if quote else 0,
        "removed": request.session.pop(REMOVED_KEY, None)
        if REMOVED_KEY in request.session
        else None,
    }


def _quote(request: HttpRequest, cart: Cart | None) -> Quote | None:
    if cart is None or cart.restaurant_id is None:
        return None
    try:
        return services.quote_cart(cart=cart, place=get_chosen_place(request))
    except CartEmptyError:
        return None


def _lines(quote: Quote, wishes: Wishes) -> list[LineShown]:
    return [
        LineShown(one, wishes.warnings_about_choice(one.item, one.chosen))
        for one in quote.lines
    ]


def _answer(request: HttpRequest, said: str, url: str) -> HttpResponse:
    """Show the cart as it is now, in place on a page that shows it, else at `url`."""
    if not is_fragment(request):
        if said:
            messages.success(request, said)
        return redirect(url)
    response = render(
        request, "orders/_cart_part.html", {**cart_context(request), "said": said}
    )
    response["HX-Retarget"] = "#cart"
    response["HX-Reswap"] = "outerHTML"
    response["HX-Trigger"] = "cart-changed"
    return response


def ask_replace(request: HttpRequest, error: OrderError) -> HttpResponse:
    """Ask whether to start a new cart, and send again what was sent if so."""
    kept = [
        (key, value)
        for key, values in request.POST.lists()
        for value in values
        if key != "csrfmiddlewaretoken"
    ]
    is_part = is_fragment(request)
    context = {"message": error.message, "kept": kept, "is_part": is_part}
    template = "orders/_replace.html" if is_part else "orders/cart_replace.html"
    return render(request, template, context, status=409)


def _typed(request: HttpRequest, error: str) -> dict[str, Any]:
    """Return what was typed into an item's form, to show it again."""
    return {
        "error": error,
        "quantity": _number(request.POST.get("quantity"), 1) or 1,
        "note": request.POST.get("note", "")[:200],
        "chosen": [
            (key, value) for key, found in request.POST.lists() for value in found
        ],
    }


@require_POST
def cart_add(request: HttpRequest, public_id: UUID) -> HttpResponse:
    try:
        item = get_item_for_customer(public_id=public_id)
    except Item.DoesNotExist as error:
        raise Http404 from error
    cart = cart_or_new(request)
    before = cart.restaurant_id
    try:
        services.add_line(
            cart=cart,
            item_public_id=public_id,
            quantity=_number(request.POST.get("quantity"), 1) or 1,
            choices=_choices(request.POST),
            note=request.POST.get("note", "")[:200],
            replace_restaurant=bool(request.POST.get("replace")),
        )
    except OtherRestaurantError as error:
        return ask_replace(request, error)
    except ItemRefusedError as error:
        context = item_context(
            item, wishes=wishes_of(request), **_typed(request, str(error.message))
        )
        return render_item(request, context, status=422)
    if before != item.restaurant_id:
        _begin(request, cart, item.restaurant)
    said = _("“%(name)s” is in your cart.") % {"name": item.name}
    is_from_cart = request.POST.get("back") == "cart"
    after = reverse("orders:cart-detail") if is_from_cart else ""
    return _answer(request, said, after or item.restaurant.get_absolute_url())


def _begin(request: HttpRequest, cart: Cart, restaurant: Restaurant) -> None:
    """Let a new cart be for what the visitor chose on the restaurant's page."""
    wanted = request.session.get(FULFILMENT_KEY)
    if wanted in _offered(restaurant):
        services.set_fulfilment(cart=cart, fulfilment=wanted)


def _offered(restaurant: Restaurant) -> list[str]:
    offers = {
        Fulfilment.DELIVERY: restaurant.offers_delivery,
        Fulfilment.PICKUP: restaurant.offers_pickup,
    }
    return [kind.value for kind, is_offered in offers.items() if is_offered]


def read_fulfilment(request: HttpRequest, restaurant: Restaurant) -> str:
    """Return how food of a restaurant is to reach the visitor.

    As their cart says, if it is of there, or as they wanted it last.
    """
    offered = _offered(restaurant)
    cart = cart_of(request)
    if cart is not None and cart.restaurant_id == restaurant.pk:
        return cart.fulfilment
    kept = request.session.get(FULFILMENT_KEY)
    if kept in offered:
        return str(kept)
    return next(iter(offered), Fulfilment.PICKUP.value)


@require_POST
def cart_fulfilment(request: HttpRequest) -> HttpResponse:
    """Choose delivery or pickup at a restaurant, for the cart if it is of there."""
    slug = request.POST.get("restaurant", "")
    restaurant = Restaurant.objects.live().filter(slug=slug).first()
    if restaurant is None:
        raise Http404
    wanted = request.POST.get("fulfilment", "")
    if wanted in _offered(restaurant):
        if wanted != request.session.get(FULFILMENT_KEY, Fulfilment.DELIVERY.value):
            request.session[FULFILMENT_KEY] = wanted
        cart = cart_of(request)
        is_here = cart is not None and cart.restaurant_id == restaurant.pk
        if cart is not None and is_here and cart.fulfilment != wanted:
            services.set_fulfilment(cart=cart, fulfilment=wanted)
    return redirect(restaurant)


@require_safe
@never_cache
def cart_detail(request: HttpRequest) -> HttpResponse:
    token = request.session.get(ASIDE_KEY)
    context = {**cart_context(request), "earlier": get_cart(user=None, token=token)}
    return render(request, "orders/cart_detail.html", context)


@login_required
@require_POST
def cart_take_back(request: HttpRequest) -> HttpResponse:
    """Go back to the cart one had before signing in with another, and keep that."""
    token = request.session.pop(ASIDE_KEY, None)
    aside = None
    if token:
        aside = services.adopt_cart(token=token, user=customer_of(request))
    if aside is not None:
        request.session[ASIDE_KEY] = aside.token
    return redirect("orders:cart-detail")


def _line_of(request: HttpRequest, public_id: UUID) -> tuple[Cart, CartLine] | None:
    cart = cart_of(request)
    if cart is None:
        return None
    lines = [one for one in list_cart_lines(cart=cart) if one.public_id == public_id]
    return (cart, lines[0]) if lines else None


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def cart_edit_line(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Choose anew what a line is made of."""
    cart_url = reverse("orders:cart-detail")
    found = _line_of(request, public_id)
    if found is None:
        return _answer(request, "", cart_url)
    cart, line = found
    try:
        item = get_item_for_customer(public_id=line.item.public_id)
    except Item.DoesNotExist:
        gone = _("“%(name)s” is not on the menu any more.") % {"name": line.item.name}
        return _answer(request, gone, cart_url)
    typed: dict[str, Any] = {
        "quantity": line.quantity,
        "note": line.note,
        "chosen": _fields_of(line),
    }
    status = 200
    if request.method == "POST":
        try:
            services.replace_line(
                cart=cart,
                line_public_id=public_id,
                quantity=_number(request.POST.get("quantity"), 1) or 1,
                choices=_choices(request.POST),
                note=request.POST.get("note", "")[:200],
            )
        except ItemRefusedError as error:
            typed, status = _typed(request, str(error.message)), 422
        except (CartLine.DoesNotExist, Item.DoesNotExist):
            return _answer(request, "", cart_url)
        else:
            said = _("“%(name)s” is changed.") % {"name": item.name}
            return _answer(request, said, cart_url)
    context = item_context(item, wishes=wishes_of(request), **typed)
    return render_item(request, {**context, "line": line}, status=status)


@require_POST
def cart_change_line(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Change how many are wanted: by a step, or to a quantity."""
    step = request.POST.get("step")
    if step is not None:
        return _change(request, public_id, step=_step(step))
    quantity = _number(request.POST.get("quantity"), 1)
    return _change(request, public_id, quantity=quantity)


@require_POST
def cart_remove_line(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _change(request, public_id, quantity=0)


def _change(
    request: HttpRequest, public_id: UUID, *, step: int = 0, quantity: int | None = None
) -> HttpResponse:
    found = _line_of(request, public_id)
    said = ""
    if found is not None:
        cart, line = found
        if quantity is None:
            quantity = services.step_line(
                cart=cart, line_public_id=public_id, step=step
            )
        else:
            services.change_line(cart=cart, line_public_id=public_id, quantity=quantity)
        name = line.item.name
        if quantity:
            said = _("%(count)d × “%(name)s”") % {"count": quantity, "name": name}
        else:
            said = _("“%(name)s” is out of your cart.") % {"name": name}
            request.session[REMOVED_KEY] = {
                "name": name,
                "item": str(line.item.public_id),
                "fields": [
                    ("quantity", str(line.quantity)),
                    ("note", line.note),
                    *_fields_of(line),
                ],
            }
    # Without a script the page itself says it all.
    said = said if is_fragment(request) else ""
    return _answer(request, said, reverse("orders:cart-detail"))
