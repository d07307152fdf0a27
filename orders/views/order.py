"""One order, while it is made and after."""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_POST,
    require_safe,
)

from notifications.quiet_hours import zone_of
from orders import services
from orders.exceptions import (
    OrderError,
)
from orders.forms import CancelForm, LineChangeAnswerForm
from orders.models import LineChange, Order, OrderEvent
from orders.selectors import get_order_now_for_visitor
from orders.selectors.progress import read_progress
from orders.services.receipts import email_receipt
from orders.views.visitors import (
    list_guest_orders,
    remember_guest_order,
    user_of,
    with_order,
)


def _now_context(order: Order) -> dict[str, Any]:
    """Return what tells how an order stands; the same for as long as it stands so."""
    return {
        "order": order,
        "progress": read_progress(order, now=timezone.now()),
        "can_cancel": order.status == Order.Status.PLACED,
        "is_completed": order.status in Order.COMPLETED,
    }


def _is_elsewhere(request: HttpRequest, order: Order) -> bool:
    """Tell whether the reader's clock shows another time than the restaurant's."""
    user = user_of(request)
    if user is None:
        return False
    here = order.current_from.astimezone(zone_of(user.time_zone))
    there = order.current_from.astimezone(ZoneInfo(order.restaurant.time_zone))
    return here.utcoffset() != there.utcoffset()


def _offset_minutes(order: Order) -> int:
    local: datetime = order.current_from.astimezone(
        ZoneInfo(order.restaurant.time_zone)
    )
    offset = local.utcoffset()
    assert offset is not None
    return int(offset.total_seconds() // 60)


@require_safe
@never_cache
def order_link(request: HttpRequest, token: str) -> HttpResponse:
    """Open a guest's order for who holds its link."""
    # The database takes no such character.
    order = Order.objects.filter(guest_token=token.replace("\0", "")).first()
    if order is None:
        raise Http404
    remember_guest_order(request, order)
    return redirect(order)


@never_cache
@require_safe
@with_order
def order_detail(request: HttpRequest, order: Order) -> HttpResponse:
    return _page(request, order)


def _page(
    request: HttpRequest,
    order: Order,
    *,
    cancel_form: CancelForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        **_now_context(order),
        "now": timezone.now(),
        "is_elsewhere": _is_elsewhere(request, order),
        "offset_minutes": _offset_minutes(order),
        "cancel_form": cancel_form or CancelForm(),
    }
    return render(request, "orders/order_detail.html", context, status=status)


@never_cache
@require_safe
def order_status(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Tell how an order stands, or only that it stands as the page shows it (304).

    Who may not see it is sent to sign in, or finds nothing, as on its page.
    """
    try:
        order = get_order_now_for_visitor(
            user=user_of(request),
            guest_orders=list_guest_orders(request),
            public_id=public_id,
        )
    except Order.DoesNotExist:
        return order_detail(request, public_id=public_id)
    response = render(request, "orders/_order_status.html", _now_context(order))
    etag = quote_etag(hashlib.sha256(response.content).hexdigest()[:20])
    response["ETag"] = etag
    answer = get_conditional_response(request, etag=etag, response=response)
    assert answer is not None
    # By the server's clock, since those of phones are wrong.
    answer["X-Order-Now"] = f"{timezone.now().timestamp():.3f}"
    return answer


@require_POST
@with_order
def order_cancel(request: HttpRequest, order: Order) -> HttpResponse:
    form = CancelForm(request.POST)
    if not form.is_valid():
        return _page(request, order, cancel_form=form, status=422)
    customer = services.Actor(OrderEvent.Actor.CUSTOMER, order.customer)
    try:
        services.cancel_order(
            order_pk=order.pk, actor=customer, reason=form.cleaned_data["reason"]
        )
    except OrderError as error:
        messages.error(request, str(error.message))
    return redirect(order)


@never_cache
@require_safe
@with_order
def order_receipt(request: HttpRequest, order: Order) -> HttpResponse:
    context = {
        "order": order,
        "is_completed": order.status in Order.COMPLETED,
        "kept": order.kept,
    }
    return render(request, "orders/receipt.html", context)


@require_POST
@with_order
def order_receipt_email(request: HttpRequest, order: Order) -> HttpResponse:
    try:
        email_receipt(order_pk=order.pk)
    except OrderError as error:
        messages.error(request, str(error.message))
    else:
        said = _("The receipt is on its way by email.")
        # Who came by a link may be somebody else.
        if order.customer is not None and order.customer == request.user:
            said = _("The receipt is on its way to %(email)s.")
            said %= {"email": order.customer.email}
        messages.success(request, said)
    return redirect("orders:order-receipt", order.public_id)


@require_POST
@with_order
def line_change_answer(
    request: HttpRequest, order: Order, change: UUID
) -> HttpResponse:
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
    # Whoever may see the order speaks for its customer; nobody does once they left.
    if order.customer is None:
        raise Http404
    try:
        answered = services.answer_line_change(
            public_id=change,
            customer=order.customer,
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
