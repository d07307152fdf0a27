"""The courier's pages: whoever holds the link needs no sign-in."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from delivery import services
from delivery.exceptions import DeliveryError
from delivery.forms import PositionForm
from delivery.models import Delivery
from delivery.selectors import (
    amount_to_collect,
    get_delivery_by_token,
    is_over,
    list_steps,
)
from orders.exceptions import OrderError

STEPS: dict[str, Callable[..., Delivery]] = {
    "picked-up": services.pick_up_delivery,
    "arrived": services.arrive,
    "handed-over": services.hand_over_delivery,
    "give-back": services.abandon_delivery,
}
# Steps that cannot be taken back are asked for once more.
CONFIRMED = {"handed-over", "give-back"}


def _get_delivery(token: str) -> Delivery:
    try:
        return get_delivery_by_token(token=token)
    except Delivery.DoesNotExist as error:
        raise Http404 from error


def _private(response: HttpResponse) -> HttpResponse:
    # The address is the key: it must not leak to the map site or a search engine.
    # "no-referrer" would also hide the origin that the CSRF check needs.
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex"
    return response


def _context(delivery: Delivery) -> dict[str, object]:
    return {
        "delivery": delivery,
        "order": delivery.order,
        "collect": amount_to_collect(delivery.order),
        "steps": list_steps(delivery),
    }


@never_cache
@require_GET
def courier_delivery(request: HttpRequest, token: str) -> HttpResponse:
    delivery = _get_delivery(token)
    if is_over(delivery):
        return _private(render(request, "delivery/courier_done.html"))
    return _private(
        render(
            request,
            "delivery/courier_delivery.html",
            _context(delivery),
        )
    )


@never_cache
@require_http_methods(["GET", "POST"])
def courier_step(request: HttpRequest, token: str, step: str) -> HttpResponse:
    delivery = _get_delivery(token)
    if step not in STEPS:
        raise Http404
    needs_answer = step in CONFIRMED and "confirmed" not in request.POST
    if not is_over(delivery) and needs_answer:
        return _private(
            render(
                request,
                "delivery/courier_confirm.html",
                {**_context(delivery), "step": step},
            )
        )
    if request.method == "POST":
        try:
            STEPS[step](token=token)
        except (DeliveryError, OrderError) as error:
            messages.error(request, str(error))
        except Delivery.DoesNotExist as error:
            raise Http404 from error
    return redirect("delivery:courier-delivery", token)


@require_POST
def courier_position(request: HttpRequest, token: str) -> JsonResponse:
    form = PositionForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"message": _("That is not a position.")}, status=400)
    try:
        kept = services.share_position(token=token, position=form.get_position())
    except Delivery.DoesNotExist as error:
        raise Http404 from error
    except DeliveryError as error:
        return JsonResponse({"message": str(error)}, status=409)
    return JsonResponse({"kept": kept})
