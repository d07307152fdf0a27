"""What somebody ordered before."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_POST,
    require_safe,
)

from customers.htmx import go, is_fragment
from customers.models import User
from menus.templatetags.money import money
from orders import services
from orders.exceptions import (
    InvalidCursorError,
    OtherRestaurantError,
)
from orders.forms import HistoryForm
from orders.models import Claim, Order, OrderEvent, OrderLine, Review
from orders.selectors import (
    HistoryFilters,
    HistoryState,
    OrderPage,
    find_claim_obstacle,
    find_review_obstacle,
    list_orders_for_customer,
)
from orders.views.cart import ask_replace
from orders.views.visitors import cart_or_new, with_order

# Lines named on a card.
MOST_LINES = 3
# Orders under way that stand above the others.
MOST_OPEN = 10


@dataclass(frozen=True)
class Entry:
    """An order as the history shows it."""

    order: Order
    reason: str  # why it was rejected or cancelled, in words
    lines: list[OrderLine]
    more: int  # lines not named
    review: Review | None
    claim: Claim | None
    is_completed: bool
    can_review: bool
    can_claim: bool


@never_cache
@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    """Show one's own orders; to htmx only the list, or the next rows of it."""
    is_part = is_fragment(request)
    if not isinstance(request.user, User):
        # Back to a whole page, not to rows of one.
        here = reverse("orders:order-list") if is_part else request.get_full_path()
        return go(request, redirect_to_login(here)["Location"])
    form = HistoryForm(request.GET)
    filters = form.filters
    cursor = request.GET.get("cursor")
    try:
        page, under_way = _read(request.user, filters, cursor)
    except InvalidCursorError:
        return go(request, "orders:order-list")
    kept = request.GET.copy()
    kept["cursor"] = page.next_cursor or ""
    now = timezone.now()
    context = {
        "form": form,
        "count": len(under_way.results) + len(page.results),
        "is_filtered": filters != HistoryFilters(),
        "under_way": [_entry(order, now) for order in under_way.results],
        "has_more_under_way": bool(under_way.next_cursor),
        "entries": [_entry(order, now) for order in page.results],
        "older_query": kept.urlencode() if page.next_cursor else "",
    }
    template = "orders/order_list.html"
    if is_part:
        template = "orders/_order_rows.html" if cursor else "orders/_order_results.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _read(
    user: User, filters: HistoryFilters, cursor: str | None
) -> tuple[OrderPage, OrderPage]:
    """Return a page of the orders and, unless a state is asked for, the open ones."""
    nothing = OrderPage([], None)
    if filters.state:
        page = list_orders_for_customer(customer=user, filters=filters, cursor=cursor)
        return page, nothing
    over = HistoryFilters(filters.text, HistoryState.ENDED, filters.fulfilment)
    page = list_orders_for_customer(customer=user, filters=over, cursor=cursor)
    if cursor:
        return page, nothing
    wanted = HistoryFilters(filters.text, HistoryState.OPEN, filters.fulfilment)
    return page, list_orders_for_customer(
        customer=user, filters=wanted, limit=MOST_OPEN
    )


def _entry(order: Order, now: datetime) -> Entry:
    lines = list(order.lines.all())
    review = getattr(order, "review", None)
    claim = getattr(order, "claim", None)
    reason = ""
    if order.end_reason in OrderEvent.Reason.values:
        reason = str(OrderEvent.Reason(order.end_reason).label)
    may_review = not find_review_obstacle(order, review, now=now)
    return Entry(
        order=order,
        reason=reason,
        lines=lines[:MOST_LINES],
        more=len(lines[MOST_LINES:]),
        review=review,
        claim=claim,
        is_completed=order.status in Order.COMPLETED,
        can_review=may_review and review is None,
        can_claim=not find_claim_obstacle(order, claim, now=now),
    )


@require_POST
@with_order
def order_again(request: HttpRequest, order: Order) -> HttpResponse:
    """Put an order's lines into the cart and say there what changed since."""
    cart = cart_or_new(request)
    try:
        done = services.order_again(
            order=order,
            cart=cart,
            replace_restaurant=bool(request.POST.get("replace"))
            and cart.restaurant_id != order.restaurant_id,
        )
    except OtherRestaurantError as error:
        return ask_replace(request, error)
    _say_what_changed(request, order, done)
    return redirect("orders:cart-detail")


def _say_what_changed(
    request: HttpRequest, order: Order, done: services.OrderedAgain
) -> None:
    if done.added:
        words = ngettext(
            "%(count)d item from your order is in the cart.",
            "%(count)d items from your order are in the cart.",
            done.added,
        )
        messages.success(request, words % {"count": done.added})
    else:
        messages.error(request, _("Nothing of this order can be had any more."))
    for one in done.left_out:
        messages.warning(
            request,
            _("“%(name)s” is not in the cart: %(why)s")
            % {"name": one.name, "why": one.why},
        )
    for change in done.repriced:
        messages.info(
            request,
            _("“%(name)s” now costs %(after)s; it was %(before)s.")
            % {
                "name": change.name,
                "before": money(change.before, order.currency),
                "after": money(change.after, order.currency),
            },
        )
    if done.closed:
        messages.warning(request, done.closed)
