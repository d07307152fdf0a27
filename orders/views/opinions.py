"""What a customer says about an order."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_POST,
)

from orders import services
from orders.exceptions import (
    OrderError,
)
from orders.forms import ReviewForm
from orders.models import Order
from orders.views.order import order_page
from orders.views.visitors import with_order


@require_POST
@with_order
def order_review(request: HttpRequest, order: Order) -> HttpResponse:
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return order_page(request, order, review_form=form, status=422)
    # Whoever may see the order speaks for its customer.
    assert order.customer is not None
    try:
        services.write_review(
            order_pk=order.pk, customer=order.customer, **form.cleaned_data
        )
    except OrderError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Thank you for your review."))
    return redirect(order)
