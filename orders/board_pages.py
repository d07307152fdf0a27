"""The order board: what the kitchen works from."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from customers.models import User
from orders.exceptions import OrderError
from orders.models import Order, OrderEvent
from orders.selectors import list_open_orders_for_restaurants
from orders.services.lifecycle import (
    Actor,
    accept_order,
    cancel_order,
    complete_order,
    mark_order_ready,
    reject_order,
    send_order_out,
    start_preparing_order,
)
from restaurants.models import Duty
from restaurants.owner_site import Page, own_restaurants, owner_site

Status = Order.Status
Reason = OrderEvent.Reason

PREPARATION_CHOICES = (10, 15, 20, 30, 45, 60)
# A scheduled order is shown apart until this long before it has to be there.
LATER = timedelta(minutes=90)
RESTAURANT_REASONS = [
    (reason.value, reason.label)
    for reason in (
        Reason.SOLD_OUT,
        Reason.TOO_BUSY,
        Reason.CLOSING,
        Reason.ADDRESS,
        Reason.NO_SHOW,
        Reason.OTHER,
    )
]


class AcceptForm(forms.Form):
    preparation_minutes = forms.IntegerField(min_value=1, max_value=240, required=False)


class ReasonForm(forms.Form):
    reason = forms.ChoiceField(label=gettext_lazy("Reason"), choices=RESTAURANT_REASONS)
    note = forms.CharField(
        label=gettext_lazy("Note to the customer"), max_length=300, required=False
    )


SIMPLE_STEPS: dict[str, Callable[..., Order]] = {
    "preparing": start_preparing_order,
    "ready": mark_order_ready,
    "out": send_order_out,
    "complete": complete_order,
}
REASON_STEPS: dict[str, Callable[..., Order]] = {
    "reject": reject_order,
    "cancel": cancel_order,
}


@dataclass(frozen=True)
class Column:
    title: str
    orders: list[Order]


def sort_into_columns(orders: list[Order]) -> list[Column]:
    """Put the orders in hand where the kitchen looks for them, keeping their order."""
    soon = timezone.now() + LATER
    new = [order for order in orders if order.status == Status.PLACED]
    later = [
        order
        for order in orders
        if order.status == Status.ACCEPTED
        and order.scheduled_for is not None
        and order.scheduled_for > soon
    ]
    kitchen = [
        order
        for order in orders
        if order.status in {Status.ACCEPTED, Status.PREPARING} and order not in later
    ]
    ready = [
        order
        for order in orders
        if order.status in {Status.READY, Status.OUT_FOR_DELIVERY}
    ]
    return [
        Column(_("New"), sorted(new, key=lambda order: order.answer_by)),
        Column(_("In the kitchen"), kitchen),
        Column(_("Ready and on the way"), ready),
        Column(_("Later"), later),
    ]


def _board(request: HttpRequest) -> dict[str, Any]:
    own = own_restaurants(request.user, Duty.BOARD)
    orders = list_open_orders_for_restaurants(restaurants=own)
    return {
        "columns": sort_into_columns(orders),
        "minutes": PREPARATION_CHOICES,
        "reasons": RESTAURANT_REASONS,
        "now": timezone.now(),
        "several": len({order.restaurant_id for order in orders}) > 1,
    }


def now(request: HttpRequest) -> HttpResponse:
    context = {
        **owner_site.each_context(request),
        **_board(request),
        "title": _("Orders now"),
    }
    return TemplateResponse(request, "owner/orders_now.html", context)


def cards(request: HttpRequest) -> HttpResponse:
    return TemplateResponse(request, "owner/_order_columns.html", _board(request))


def _get_order(request: HttpRequest, pk: int) -> Order:
    own = own_restaurants(request.user, Duty.BOARD)
    orders = Order.objects.exclude(status=Status.PENDING_PAYMENT)
    return get_object_or_404(orders.filter(restaurant__in=own), pk=pk)


def step(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    order = _get_order(request, pk)
    options: dict[str, Any] = {}
    if step == "accept":
        form = AcceptForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Give a preparation time of 1–240 minutes."))
            return redirect("owner:board")
        options = {"preparation_minutes": form.cleaned_data["preparation_minutes"]}
        act: Callable[..., Order] = accept_order
    elif step in SIMPLE_STEPS:
        act = SIMPLE_STEPS[step]
    else:
        raise Http404
    _take(request, order, act, options)
    return redirect("owner:board")


def end(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Ask for the reason of a rejection or cancellation, then do it."""
    order = _get_order(request, pk)
    if step not in REASON_STEPS:
        raise Http404
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        _take(request, order, REASON_STEPS[step], form.cleaned_data)
        return redirect("owner:board")
    title = (
        _("Reject order %(number)s")
        if step == "reject"
        else _("Cancel order %(number)s")
    )
    context = {
        **owner_site.each_context(request),
        "title": title % {"number": order.number},
        "order": order,
        "form": form,
    }
    return TemplateResponse(request, "owner/order_end.html", context)


def _take(
    request: HttpRequest,
    order: Order,
    act: Callable[..., Order],
    options: dict[str, Any],
) -> None:
    assert isinstance(request.user, User)
    actor = Actor(OrderEvent.Actor.RESTAURANT, request.user)
    try:
        moved = act(order_pk=order.pk, actor=actor, **options)
    except OrderError as error:
        messages.error(
            request,
            _("Order %(number)s: %(problem)s")
            % {"number": order.number, "problem": error},
        )
        return
    messages.success(
        request,
        _("Order %(number)s: %(status)s.")
        % {"number": order.number, "status": moved.get_status_display()},
    )


PAGES = [
    Page(
        path="board/",
        name="board",
        view=now,
        duty=Duty.BOARD,
        label=gettext_lazy("Orders now"),
        icon="soup_kitchen",
        position=10,
        about_one=False,
    ),
    Page(
        path="board/cards/",
        name="board-cards",
        view=cards,
        duty=Duty.BOARD,
        about_one=False,
    ),
    Page(
        path="board/<int:pk>/step/<slug:step>/",
        name="board-step",
        view=require_POST(step),
        duty=Duty.BOARD,
        about_one=False,
    ),
    Page(
        path="board/<int:pk>/end/<slug:step>/",
        name="board-end",
        view=end,
        duty=Duty.BOARD,
        about_one=False,
    ),
]
