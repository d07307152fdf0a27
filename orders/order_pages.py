"""One order in full, ending it with a reason, and changing one of its lines."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from menus.models import Allergen
from orders.cards import get_late_minutes
from orders.exceptions import OrderError
from orders.forms import LineChangeForm, RestaurantEndForm
from orders.models import LineChange, Order, OrderLine
from orders.portal import actor_of
from orders.selectors import list_replacements, with_lines
from orders.services.changing import (
    Proposal,
    preview_line_change,
    propose_line_change,
    withdraw_line_change,
)
from orders.services.ending import hold_end, take_end_back
from orders.services.lifecycle import BEFORE_READY
from orders.trail import list_told, list_trail, name_actor
from restaurants.models import Duty, Restaurant
from restaurants.owner_site import Page, duties_of, owner_site

Status = Order.Status


@dataclass(frozen=True)
class LineRow:
    """A line of an order, its allergens in words, and what is asked about it."""

    line: OrderLine
    allergens: list[str]
    change: LineChange | None


def _find(restaurant: Restaurant, order_pk: int) -> Order:
    orders = Order.objects.filter(restaurant=restaurant).exclude(
        status=Status.PENDING_PAYMENT
    )
    orders = with_lines(orders).select_related("customer", "claim", "pending_end__user")
    full = orders.prefetch_related("events__user", "line_changes__proposed_by")
    return get_object_or_404(full, pk=order_pk)


@require_safe
def show(request: HttpRequest, restaurant: Restaurant, order_pk: int) -> HttpResponse:
    order = _find(restaurant, order_pk)
    now = timezone.now()
    changes = list(order.line_changes.all())
    context = owner_site.page_context(
        request,
        restaurant,
        title=_("Order %(number)s") % {"number": order.number},
        order=order,
        lines=_list_lines(order, changes),
        changes=changes,
        trail=list_trail(order),
        told=list_told(order, changes),
        review=getattr(order, "review", None),
        claim=getattr(order, "claim", None),
        pending=getattr(order, "pending_end", None),
        ended_by=_name_end(order),
        late_minutes=get_late_minutes(order, now),
        can_change=order.status in BEFORE_READY,
        asked_from="order",
    )
    return TemplateResponse(request, "owner/orders/order.html", context)


def _list_lines(order: Order, changes: list[LineChange]) -> list[LineRow]:
    words = dict(Allergen.choices)
    asked = {
        change.line_id: change
        for change in changes
        if change.status == LineChange.Status.PROPOSED
    }
    return [
        LineRow(
            line,
            [str(words.get(code, code)) for code in line.allergens],
            asked.get(line.pk),
        )
        for line in order.lines.all()
    ]


def _name_end(order: Order) -> str:
    for event in order.events.all():
        is_end = event.to_status == order.status != event.from_status
        if is_end and order.is_ended:
            return name_actor(order, event)
    return ""


@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, restaurant: Restaurant, order_pk: int) -> HttpResponse:
    """Ask why, then end the order in ten seconds unless it is taken back."""
    order = _find(restaurant, order_pk)
    page = redirect("owner:order", restaurant.pk, order.pk)
    if order.is_ended:
        messages.error(request, _("This order has ended; nothing is left to cancel."))
        return page
    target = Status.CANCELLED
    if order.status == Status.PLACED:
        target = Status.REJECTED
    form = RestaurantEndForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            hold_end(
                order_pk=order.pk,
                actor=actor_of(request, order),
                to_status=target,
                **form.cleaned_data,
            )
        except OrderError as error:
            messages.error(request, str(error.message))
        return page
    title = _("Cancel order %(number)s")
    if target == Status.REJECTED:
        title = _("Reject order %(number)s")
    context = owner_site.page_context(
        request,
        restaurant,
        title=title % {"number": order.number},
        order=order,
        form=form,
        is_rejection=target == Status.REJECTED,
    )
    status = 422 if form.is_bound else 200
    return TemplateResponse(request, "owner/orders/end.html", context, status=status)


@require_POST
def keep(request: HttpRequest, restaurant: Restaurant, order_pk: int) -> HttpResponse:
    order = _find(restaurant, order_pk)
    try:
        take_end_back(order_pk=order.pk)
    except OrderError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Taken back: the order goes on."))
    return redirect("owner:order", restaurant.pk, order.pk)


def _go_back(
    request: HttpRequest, restaurant: Restaurant, order_pk: int
) -> HttpResponseRedirect:
    """Return to the order if that is where they came from, else to the board."""
    asked_from = request.POST.get("from") or request.GET.get("from")
    may_see = Duty.ORDERS in duties_of(request).get(restaurant.pk, ())
    if asked_from == "order" and may_see:
        return redirect("owner:order", restaurant.pk, order_pk)
    # The first page of the portal is the board.
    return redirect("owner:index")


@require_http_methods(["GET", "HEAD", "POST"])
def change_line(
    request: HttpRequest, restaurant: Restaurant, order_pk: int, line_pk: int
) -> HttpResponse:
    """Choose what a line becomes, look at both totals, then ask the customer."""
    order = _find(restaurant, order_pk)
    lines = {line.pk: line for line in order.lines.all()}
    if line_pk not in lines or order.status not in BEFORE_READY:
        messages.error(request, _("This line can no longer be changed."))
        return _go_back(request, restaurant, order.pk)
    line = lines[line_pk]
    items = list_replacements(restaurant=restaurant, quantity=line.quantity)
    data = request.POST if request.method == "POST" else None
    form = LineChangeForm(data, items=items, currency=order.currency)
    proposal = None
    if form.is_valid():
        proposal = _plan(form, order, line)
    if proposal is not None and request.POST.get("act") == "send":
        if _propose(request, form, order, line):
            return _go_back(request, restaurant, order.pk)
        proposal = None
    context = owner_site.page_context(
        request,
        restaurant,
        title=_("Order %(number)s: change a line") % {"number": order.number},
        order=order,
        line=line,
        items=items,
        is_only_line=len(lines) == 1,
        form=form,
        proposal=proposal if request.POST.get("act") != "edit" else None,
        asked_from=request.POST.get("from") or request.GET.get("from", ""),
    )
    status = 422 if form.errors else 200
    template = "owner/orders/line_change.html"
    return TemplateResponse(request, template, context, status=status)


def _plan(form: LineChangeForm, order: Order, line: OrderLine) -> Proposal | None:
    try:
        return preview_line_change(
            order_pk=order.pk,
            line_pk=line.pk,
            item_pk=form.item_pk,
            unit_price=form.cleaned_data["price"],
        )
    except OrderError as error:
        is_price = error.code.startswith("price")
        form.add_error("price" if is_price else "item", str(error.message))
    return None


def _propose(
    request: HttpRequest, form: LineChangeForm, order: Order, line: OrderLine
) -> bool:
    try:
        propose_line_change(
            order_pk=order.pk,
            line_pk=line.pk,
            actor=actor_of(request, order),
            item_pk=form.item_pk,
            unit_price=form.cleaned_data["price"],
            note=form.cleaned_data["note"],
        )
    except OrderError as error:
        form.add_error("item", str(error.message))
        return False
    messages.success(
        request,
        _("%(name)s has been asked about “%(line)s”.")
        % {"name": order.customer_name, "line": line.name},
    )
    return True


@require_POST
def withdraw_change(
    request: HttpRequest, restaurant: Restaurant, order_pk: int, change_pk: int
) -> HttpResponse:
    changes = LineChange.objects.filter(order=order_pk, order__restaurant=restaurant)
    change = get_object_or_404(changes, pk=change_pk)
    try:
        withdraw_line_change(change_pk=change.pk)
    except OrderError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("The question to the customer is taken back."))
    return _go_back(request, restaurant, order_pk)


PAGES = [
    Page(
        path="orders/<int:order_pk>/",
        name="order",
        view=show,
        duty=Duty.ORDERS,
        icon="receipt_long",
    ),
    Page(
        path="orders/<int:order_pk>/cancel/",
        name="order-cancel",
        view=end,
        duty=Duty.ORDERS,
    ),
    Page(
        path="orders/<int:order_pk>/keep/",
        name="order-keep",
        view=keep,
        duty=Duty.ORDERS,
    ),
    Page(
        path="orders/<int:order_pk>/lines/<int:line_pk>/change/",
        name="line-change",
        view=change_line,
        duty=Duty.BOARD,
    ),
    Page(
        path="orders/<int:order_pk>/changes/<int:change_pk>/withdraw/",
        name="line-change-withdraw",
        view=withdraw_change,
        duty=Duty.BOARD,
    ),
]
