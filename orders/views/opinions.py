"""What a customer says about an order: a review, a claim."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from orders import services
from orders.exceptions import OrderError
from orders.forms import ClaimForm, ReviewForm, review_form
from orders.models import ClaimLine, Order, Review
from orders.selectors import find_claim_obstacle, find_review_obstacle
from orders.views.visitors import with_order


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@with_order
def order_review(request: HttpRequest, order: Order) -> HttpResponse:
    """Rate an order, or change what was said about it."""
    review = getattr(order, "review", None)
    obstacle = find_review_obstacle(order, review, now=timezone.now())
    if obstacle:
        messages.error(request, obstacle.words)
        return redirect(order)
    data = request.POST if request.method == "POST" else None
    stars = request.GET.get("food_rating", "")
    form = review_form(order, data=data, review=review, stars=stars)
    if form.is_valid():
        _send_review(request, order, review, form)
        return redirect(order)
    context = {"order": order, "review": review, "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "orders/review.html", context, status=status)


def _send_review(
    request: HttpRequest, order: Order, review: Review | None, form: ReviewForm
) -> None:
    # Whoever may see the order speaks for its customer; find_review_obstacle has seen
    # to it that there is one.
    assert order.customer is not None
    send = services.write_review if review is None else services.edit_review
    try:
        send(order_pk=order.pk, customer=order.customer, **form.cleaned_data)
    except OrderError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Thank you for your review."))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@with_order
def order_claim(request: HttpRequest, order: Order) -> HttpResponse:
    """Report what was missing or wrong; look at the refund asked for, then send it."""
    claim = getattr(order, "claim", None)
    obstacle = find_claim_obstacle(order, claim, now=timezone.now())
    if obstacle:
        messages.error(request, obstacle.words)
        return redirect(order)
    data = request.POST if request.method == "POST" else None
    form = ClaimForm(data, lines=list(order.lines.all()))
    wrong: list[services.Wrong] = []
    if form.is_valid():
        wrong = [services.Wrong(*one) for one in form.chosen]
        if not services.propose_claim(order, wrong):
            form.add_error(None, services.NOTHING_TO_GIVE_BACK)
        elif request.POST.get("act") == "send":
            return _send_claim(request, order, wrong, form.cleaned_data["text"])
    is_shown = bool(wrong) and not form.errors and request.POST.get("act") == "look"
    context = {
        "order": order,
        "form": form,
        "proposed": services.propose_claim(order, wrong) if is_shown else None,
        "wrong": _name(order, wrong) if is_shown else [],
    }
    status = 422 if form.errors else 200
    return render(request, "orders/claim.html", context, status=status)


def _name(order: Order, wrong: list[services.Wrong]) -> list[dict[str, object]]:
    names = {line.pk: line.name for line in order.lines.all()}
    labels = dict(ClaimLine.Kind.choices)
    return [
        {
            "name": names[one.line_pk],
            "quantity": one.quantity,
            "kind": labels[one.kind],
        }
        for one in wrong
    ]


def _send_claim(
    request: HttpRequest, order: Order, wrong: list[services.Wrong], text: str
) -> HttpResponse:
    assert order.customer is not None
    try:
        services.report_claim(
            order_pk=order.pk, customer=order.customer, wrong=wrong, text=text
        )
    except OrderError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(
            request,
            _("%(restaurant)s is told, and asked to answer within two days.")
            % {"restaurant": order.restaurant_name},
        )
    return redirect(order)
