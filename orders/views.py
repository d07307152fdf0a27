"""Pages from the cart to the eaten order."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from customers.models import User
from customers.places import ChosenPlace, get_chosen_place
from menus.models import Item
from menus.pricing import Choice
from menus.selectors import get_item_for_customer, say_sold_out
from orders import services
from orders.exceptions import (
    CartEmptyError,
    InvalidCursorError,
    ItemRefusedError,
    OrderError,
    OrderProblem,
    OtherRestaurantError,
    WindowMovedError,
)
from orders.forms import CancelForm, CheckoutForm, LineChangeAnswerForm, ReviewForm
from orders.models import Cart, LineChange, Order, OrderEvent
from orders.selectors import (
    get_cart,
    get_order_for_customer,
    list_orders_for_customer,
)
from orders.services.cart import SESSION_KEY
from restaurants.availability import list_order_slots
from restaurants.models import Fulfilment


def _user(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _customer(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _cart(request: HttpRequest) -> Cart | None:
    return get_cart(user=_user(request), token=request.session.get(SESSION_KEY))


def _cart_or_new(request: HttpRequest) -> Cart:
    user = _user(request)
    cart = services.get_or_create_cart(
        user=user, token=request.session.get(SESSION_KEY)
    )
    if user is None:
        request.session[SESSION_KEY] = cart.token
    return cart


def _order(request: HttpRequest, public_id: UUID) -> Order:
    try:
        return get_order_for_customer(customer=_customer(request), public_id=public_id)
    except Order.DoesNotExist as error:
        raise Http404 from error


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


def _ask_replace(request: HttpRequest, error: OrderError) -> HttpResponse:
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
            cart=_cart_or_new(request),
            item_public_id=public_id,
            quantity=quantity,
            choices=_choices(request.POST),
            note=note,
            replace_restaurant=bool(request.POST.get("replace")),
        )
    except OtherRestaurantError as error:
        return _ask_replace(request, error)
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
    cart = _cart(request)
    quote = None
    if cart is not None:
        try:
            quote = services.quote_cart(cart=cart, place=get_chosen_place(request))
        except CartEmptyError:
            quote = None
    return render(request, "orders/cart_detail.html", {"cart": cart, "quote": quote})


@require_POST
def cart_change_line(request: HttpRequest, public_id: UUID) -> HttpResponse:
    cart = _cart(request)
    if cart is not None:
        services.change_line(
            cart=cart,
            line_public_id=public_id,
            quantity=_number(request.POST.get("quantity"), 1),
        )
    return redirect("orders:cart-detail")


@require_POST
def cart_remove_line(request: HttpRequest, public_id: UUID) -> HttpResponse:
    cart = _cart(request)
    if cart is not None:
        services.remove_line(cart=cart, line_public_id=public_id)
    return redirect("orders:cart-detail")


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    cart = _cart_or_new(request)
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
            customer=_customer(request),
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
    user = _customer(request)
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


@login_required
@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    try:
        page = list_orders_for_customer(
            customer=_customer(request), cursor=request.GET.get("cursor")
        )
    except InvalidCursorError:
        return redirect("orders:order-list")
    return render(request, "orders/order_list.html", {"page": page})


def _order_context(order: Order) -> dict[str, Any]:
    now = timezone.now()
    return {
        "order": order,
        "now": now,
        "events": [
            one for one in order.events.all() if one.from_status != one.to_status
        ],
        "is_late": not order.is_ended and _is_late(order, now),
        "can_cancel": order.status == Order.Status.PLACED,
        "is_completed": order.status in Order.COMPLETED,
    }


def _is_late(order: Order, now: datetime) -> bool:
    return max(order.current_until, now) > order.promised_until


@login_required
@never_cache
@require_safe
def order_detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _order_page(request, _order(request, public_id))


def _order_page(
    request: HttpRequest,
    order: Order,
    *,
    review_form: ReviewForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        **_order_context(order),
        "cancel_form": CancelForm(),
        "review": getattr(order, "review", None),
        "form": review_form or ReviewForm(),
    }
    return render(request, "orders/order_detail.html", context, status=status)


@login_required
@never_cache
@require_safe
def order_status(request: HttpRequest, public_id: UUID) -> HttpResponse:
    order = _order(request, public_id)
    return render(request, "orders/_order_status.html", _order_context(order))


@login_required
@require_POST
def order_cancel(request: HttpRequest, public_id: UUID) -> HttpResponse:
    order = _order(request, public_id)
    form = CancelForm(request.POST)
    if form.is_valid():
        customer = services.Actor(OrderEvent.Actor.CUSTOMER, _customer(request))
        try:
            services.cancel_order(
                order_pk=order.pk, actor=customer, reason=form.cleaned_data["reason"]
            )
        except OrderError as error:
            messages.error(request, str(error.message))
    return redirect(order)


@login_required
@require_POST
def order_again(request: HttpRequest, public_id: UUID) -> HttpResponse:
    order = _order(request, public_id)
    cart = _cart_or_new(request)
    try:
        left_out = services.order_again(
            order=order,
            cart=cart,
            replace_restaurant=bool(request.POST.get("replace"))
            and cart.restaurant_id != order.restaurant_id,
        )
    except OtherRestaurantError as error:
        return _ask_replace(request, error)
    if left_out:
        messages.warning(
            request,
            _("Not to be had any more: %(names)s.") % {"names": ", ".join(left_out)},
        )
    return redirect("orders:cart-detail")


@login_required
@require_POST
def order_review(request: HttpRequest, public_id: UUID) -> HttpResponse:
    order = _order(request, public_id)
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _order_page(request, order, review_form=form, status=422)
    try:
        services.write_review(
            order_pk=order.pk, customer=_customer(request), **form.cleaned_data
        )
    except OrderError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Thank you for your review."))
    return redirect(order)


@login_required
@require_POST
def line_change_answer(
    request: HttpRequest, public_id: UUID, change: UUID
) -> HttpResponse:
    order = _order(request, public_id)
    if change not in {one.public_id for one in order.line_changes.all()}:
        raise Http404
    form = LineChangeAnswerForm(
        {
            "answer": request.POST.get("answer"),
            "seen": request.POST.get(f"seen-{change}"),
        }
    )
    if not form.is_valid():
        messages.error(request, _("Answer with one of the buttons."))
        return redirect(order)
    try:
        answered = services.answer_line_change(
            public_id=change,
            customer=_customer(request),
            answer=form.cleaned_data["answer"],
            seen_total=form.cleaned_data["seen"],
        )
    except OrderError as error:
        messages.error(request, str(error.message))
        return redirect(order)
    if answered.status == LineChange.Status.ACCEPTED:
        messages.success(request, _("Thank you: your order is changed."))
    else:
        messages.info(request, _("The restaurant is told that you want it as ordered."))
    return redirect(order)
