"""The test order among a restaurant's first steps."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from customers.models import User
from orders.exceptions import OrderError
from orders.selectors import has_completed_test_order
from orders.services.trial import place_test_order
from restaurants.models import Duty, Restaurant
from restaurants.owner_site import Page
from restaurants.services.joining import Step, add_step

add_step(
    Step(
        code="test_order",
        label=gettext_lazy("A test order"),
        description=gettext_lazy(
            "You order from yourself: accept it on the board, cook nothing, and mark"
            " it collected. No figure counts it."
        ),
        is_done=has_completed_test_order,
        name="test-order",
        is_posted=True,
        position=70,
    )
)


@require_POST
def test_order(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    """Place a test order, and go to the board where it rings."""
    assert isinstance(request.user, User)
    try:
        order = place_test_order(restaurant_pk=restaurant.pk, user=request.user)
    except OrderError as error:
        messages.error(request, str(error.message))
        return redirect("owner:first-steps", restaurant.pk)
    messages.success(
        request, _("Test order %(number)s is placed.") % {"number": order.number}
    )
    return redirect("owner:board")


PAGES = [
    Page(path="test-order/", name="test-order", view=test_order, duty=Duty.HOURS),
]
