"""The order board: what the kitchen works from, on as many tablets as it likes.

Every button is a form that works by itself; a script sends it, shows the answer and
fetches the cards again. Whoever looks at the board keeps its restaurants open.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotModified,
    JsonResponse,
)
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from orders.cards import DELAY_MINUTES, NEWS, make_card, sort_into_columns
from orders.exceptions import OrderError
from orders.forms import AcceptForm, DelayForm, EndForm
from orders.models import Order, OrderEvent, PendingEnd
from orders.portal import actor_of, is_acting, visible_orders
from orders.selectors import (
    get_order_for_board,
    list_answered_changes_for_restaurants,
    list_lost_orders_for_restaurants,
    list_open_orders_for_restaurants,
)
from orders.services.attention import open_order, print_ticket
from orders.services.ending import hold_end, take_end_back
from orders.services.kitchen import BUSY_MINUTES, SOLD_OUT_FOR
from orders.services.lifecycle import (
    accept_order,
    complete_order,
    delay_order,
    mark_order_ready,
    send_order_out,
    start_preparing_order,
)
from orders.standing import SHORT
from orders.switch_pages import get_switches
from restaurants.availability import Until
from restaurants.models import Duty, Restaurant
from restaurants.owner_site import (
    Page,
    duties_of,
    own_restaurants,
    owner_site,
    portals_of,
)
from restaurants.services.attendance import mark_board_open

Status = Order.Status
Reason = OrderEvent.Reason

PREPARATION_CHOICES = (10, 15, 20, 30, 45, 60)
# What a reason leads on to: the item is not sold again, the kitchen gets more time.
LEADING_ON = (Reason.SOLD_OUT, Reason.TOO_BUSY)
# Parts of the cards that differ each time they are rendered.
FLEETING = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"|data-clock[^<]*<')


ENDS = {"reject": Status.REJECTED, "cancel": Status.CANCELLED}
STEPS: dict[str, Callable[..., Order]] = {
    "accept": accept_order,
    "delay": delay_order,
    "preparing": start_preparing_order,
    "ready": mark_order_ready,
    "out": send_order_out,
    "complete": complete_order,
}


def _restaurants(request: HttpRequest) -> tuple[list[Restaurant], str]:
    """Return the restaurants of the board, and the query that leads back to it."""
    own = list(own_restaurants(request.user, Duty.BOARD))
    wanted = request.GET.get("restaurant")
    if wanted is None:
        return own, ""
    chosen = [restaurant for restaurant in own if str(restaurant.pk) == wanted]
    if not chosen:
        raise Http404
    return chosen, f"?restaurant={chosen[0].pk}"


def _look(request: HttpRequest, now: datetime) -> dict[str, Any]:
    restaurants, query = _restaurants(request)
    pks = {restaurant.pk for restaurant in restaurants}
    # An operator who looks in is not the kitchen's own pair of eyes.
    mark_board_open(restaurant_pks=pks - portals_of(request).acting)
    orders = list_open_orders_for_restaurants(restaurants=restaurants)
    duties = duties_of(request)
    cards = [
        make_card(
            order,
            now,
            can_see_order=Duty.ORDERS in duties.get(order.restaurant_id, ()),
        )
        for order in orders
    ]
    return {
        "switches": [one for one in get_switches(request) if one.restaurant.pk in pks],
        "columns": sort_into_columns(cards, now),
        "lost": list_lost_orders_for_restaurants(
            restaurants=restaurants, since=now - NEWS
        ),
        "answered": list_answered_changes_for_restaurants(
            restaurants=restaurants, since=now - NEWS
        ),
        "minutes": PREPARATION_CHOICES,
        "delay_minutes": DELAY_MINUTES,
        "now": now,
        "query": query,
        "several": len(restaurants) > 1,
    }


def _render_cards(
    request: HttpRequest, now: datetime
) -> tuple[str, str, dict[str, Any]]:
    """Return the cards, a mark that changes when they do, and what they show."""
    shown = _look(request, now)
    html = render_to_string("owner/board/_cards.html", shown, request)
    plain = FLEETING.sub("", html)
    return html, hashlib.sha256(plain.encode()).hexdigest()[:16], shown


def show_board(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    cards, version, shown = _render_cards(request, now)
    own = own_restaurants(request.user, Duty.BOARD)
    context = {
        **owner_site.each_context(request),
        "title": _("Orders now"),
        "cards": cards,
        "version": version,
        "now": now,
        "query": shown["query"],
        "restaurants": list(own),
        "chosen": request.GET.get("restaurant", ""),
        "lead": _lead_asked_for(request),
    }
    return TemplateResponse(request, "owner/board/board.html", context)


def show_cards(request: HttpRequest) -> HttpResponse:
    """Answer the cards alone; 304 while they are as the board has them."""
    now = timezone.now()
    cards, version, _shown = _render_cards(request, now)
    mark = f'W/"{version}"'
    response: HttpResponse = HttpResponse(cards)
    if request.headers.get("If-None-Match") == mark:
        response = HttpResponseNotModified()
    response["ETag"] = mark
    response["Cache-Control"] = "no-store"
    # Tablets' clocks are wrong; minutes are counted by this one.
    response["X-Board-Now"] = str(int(now.timestamp() * 1000))
    return response


def _get_order(request: HttpRequest, pk: int) -> Order:
    return get_object_or_404(visible_orders(request), pk=pk)


def _is_script(request: HttpRequest) -> bool:
    types = ["text/html", "application/json"]
    return request.get_preferred_type(types) == "application/json"


def _answer(
    request: HttpRequest,
    message: str,
    *,
    status: int = 200,
    lead: dict[str, Any] | None = None,
) -> HttpResponse:
    """Say how it went: to the script, or on the board that is shown again."""
    if _is_script(request):
        panel = ""
        if lead:
            panel = render_to_string(
                "owner/board/_lead_on.html", {"lead_on": lead}, request
            )
        return JsonResponse({"message": message, "panel": panel}, status=status)
    if message:
        level = messages.SUCCESS if status < 400 else messages.ERROR  # noqa: PLR2004
        messages.add_message(request, level, message)
    _own, query = _restaurants(request)
    after = f"{'&' if query else '?'}after={lead['order'].pk}" if lead else ""
    return redirect(reverse("owner:board") + query + after)


def _say(order: Order, text: str) -> str:
    return _("%(number)s: %(text)s") % {"number": order.short_number, "text": text}


def _act(
    request: HttpRequest, order: Order, act: Callable[..., Any], **options: Any
) -> HttpResponse | None:
    """Do something to an order; return the answer when it could not be done."""
    _open(request, order)
    try:
        act(order_pk=order.pk, **options)
    except OrderError as error:
        return _answer(request, _say(order, str(error)), status=409)
    return None


def step(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    order = _get_order(request, pk)
    if step not in STEPS:
        raise Http404
    options: dict[str, Any] = {"actor": actor_of(request, order)}
    if step == "accept":
        form = AcceptForm(request.POST)
        if not form.is_valid():
            text = _("Give a preparation time of 1–240 minutes.")
            return _answer(request, _say(order, text), status=400)
        options |= form.cleaned_data
    elif step == "delay":
        seen = DelayForm(request.POST)
        seen.is_valid()
        due_at = seen.cleaned_data.get("due_at")
        options |= {"minutes": DELAY_MINUTES, "seen_due_at": due_at}
    refusal = _act(request, order, STEPS[step], **options)
    if refusal is not None:
        return refusal
    order.refresh_from_db()
    said = order.get_status_display()
    if step == "delay":
        said = _("ten minutes later; the customer is told.")
    return _answer(request, _say(order, said))


def end(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Reject or cancel in ten seconds; asks again while no reason is given."""
    order = _get_order(request, pk)
    if step not in ENDS:
        raise Http404
    form = EndForm(ENDS[step], request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _ask_for_reason(request, order, step, form)
    wish = {"to_status": ENDS[step], **form.cleaned_data}
    refusal = _act(request, order, hold_end, actor=actor_of(request, order), **wish)
    if refusal is not None:
        return refusal
    text = _("The customer is told in ten seconds. Until then you can undo it.")
    return _answer(request, _say(order, text), lead=_lead(order, wish["reason"]))


def _ask_for_reason(
    request: HttpRequest, order: Order, step: str, form: EndForm
) -> HttpResponse:
    if form.is_bound and _is_script(request):
        text = " ".join(str(error) for one in form.errors.values() for error in one)
        return _answer(request, _say(order, text), status=400)
    title = _("Cancel order %(number)s")
    if step == "reject":
        title = _("Reject order %(number)s")
    context = {
        **owner_site.each_context(request),
        "title": title % {"number": order.number},
        "order": order,
        "form": form,
        "query": _restaurants(request)[1],
    }
    return TemplateResponse(request, "owner/board/end.html", context)


def _lead(order: Order, reason: str) -> dict[str, Any] | None:
    """Return what a reason leads on to, for its panel; None when to nothing."""
    if reason not in LEADING_ON:
        return None
    items = dict(
        order.lines.exclude(item=None).order_by("pk").values_list("item_id", "name")
    )
    return {
        "order": order,
        "reason": reason,
        "items": items.items(),
        "until": [(until, SHORT[until]) for until in SOLD_OUT_FOR],
        "busy_minutes": BUSY_MINUTES,
        "hour": Until.HOUR,
    }


def _lead_asked_for(request: HttpRequest) -> dict[str, Any] | None:
    """Return the panel of an order just ended by a form without a script."""
    pk = request.GET.get("after", "")
    own = own_restaurants(request.user, Duty.BOARD)
    if not (pk.isascii() and pk.isdigit()):
        return None
    order = Order.objects.filter(restaurant__in=own, pk=pk).first()
    pending = PendingEnd.objects.filter(order=order).first() if order else None
    if order is None:
        return None
    return _lead(order, pending.reason if pending else order.end_reason)


def undo(request: HttpRequest, pk: int) -> HttpResponse:
    order = _get_order(request, pk)
    refusal = _act(request, order, take_end_back)
    text = _("Taken back. The customer was not told.")
    return refusal or _answer(request, _say(order, text))


def open_card(request: HttpRequest, pk: int) -> HttpResponse:
    _open(request, _get_order(request, pk))
    return _answer(request, "")


def _open(request: HttpRequest, order: Order) -> None:
    # An operator who looks in does not end the kitchen's alarm.
    if not is_acting(request, order):
        open_order(order_pk=order.pk)


def _ticket_context(request: HttpRequest, pk: int) -> dict[str, Any]:
    try:
        order = get_order_for_board(orders=visible_orders(request), pk=pk)
    except Order.DoesNotExist as error:
        raise Http404 from error
    is_duplicate = order.printed_at is not None
    return {"order": order, "is_duplicate": is_duplicate, "now": timezone.now()}


def show_ticket(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the ticket; looking at it prints nothing."""
    context = _ticket_context(request, pk)
    return TemplateResponse(request, "owner/board/ticket.html", context)


def claim_ticket(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer the ticket to be printed now, marked when it is not the first."""
    context = _ticket_context(request, pk)
    is_duplicate = is_acting(request, context["order"]) or not print_ticket(order_pk=pk)
    context = {**context, "is_duplicate": is_duplicate, "is_claimed": True}
    if not _is_script(request):
        return TemplateResponse(request, "owner/board/ticket.html", context)
    html = render_to_string("owner/board/ticket.html", context, request)
    return JsonResponse({"is_duplicate": is_duplicate, "html": html})


def _page(
    name: str, path: str, view: Callable[..., HttpResponse], **shown: Any
) -> Page:
    return Page(
        path=path, name=name, view=view, duty=Duty.BOARD, about_one=False, **shown
    )


PAGES = [
    _page(
        "board",
        "board/",
        show_board,
        label=gettext_lazy("Orders now"),
        icon="soup_kitchen",
        position=10,
    ),
    _page("board-cards", "board/cards/", show_cards),
    _page("board-open", "board/<int:pk>/open/", require_POST(open_card)),
    _page("board-step", "board/<int:pk>/step/<slug:step>/", require_POST(step)),
    _page("board-end", "board/<int:pk>/end/<slug:step>/", end),
    _page("board-undo", "board/<int:pk>/undo/", require_POST(undo)),
    _page("board-ticket", "board/<int:pk>/ticket/", show_ticket),
    _page("board-print", "board/<int:pk>/print/", require_POST(claim_ticket)),
]
