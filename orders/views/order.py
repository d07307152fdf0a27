"""One order, while it is made and after."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_POST,
    require_safe,
)

from orders import services
from orders.exceptions import (
    OrderError,
)
from orders.forms import CancelForm, LineChangeAnswerForm, ReviewForm
from orders.models import LineChange, Order, OrderEvent
from orders.views.visitors import remember_guest_order, with_order


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


@require_safe
@never_cache
def order_link(request: HttpRequest, token: str) -> HttpResponse:
    """Open a guest's order for who holds its link."""
    order = get_object_or_404(Order, guest_token=token)
    remember_guest_order(request, order)
    return redirect(order)


@never_cache
@require_safe
@with_order
def order_detail(request: HttpRequest, order: Order) -> HttpResponse:
    return order_page(request, order)


def order_page(
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


@never_cache
@require_safe
@with_order
def order_status(request: HttpRequest, order: Order) -> HttpResponse:
    return render(request, "orders/_order_status.html", _order_context(order))


@require_POST
@with_order
def order_cancel(request: HttpRequest, order: Order) -> HttpResponse:
    form = CancelForm(request.POST)
    if form.is_valid():
        customer = services.Actor(OrderEvent.Actor.CUSTOMER, order.customer)
        try:
            services.cancel_order(
                order_pk=order.pk, actor=customer, reason=form.cleaned_data["reason"]
            )
        except OrderError as error:
            messages.error(request, str(error.message))
    return redirect(order)


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
    # Whoever may see the order speaks for its customer.
    assert order.customer is not None
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
