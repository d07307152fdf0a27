"""The first steps of a restaurant that was approved, until it goes live."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from restaurants.exceptions import StepsMissingError, WrongStatusError
from restaurants.models import BoardPresence, Duty, OpeningHours, Restaurant
from restaurants.owner_site import Page, owner_site
from restaurants.services.joining import Step, add_step, go_live, list_steps


def _has_contact(restaurant: Restaurant) -> bool:
    return bool(restaurant.phone and restaurant.street_address)


def _has_hours(restaurant: Restaurant) -> bool:
    return OpeningHours.objects.filter(restaurant=restaurant).exists()


def _has_terms(restaurant: Restaurant) -> bool:
    fresh = Restaurant()
    names = ("delivery_fee", "minimum_order", "delivery_radius", "fee_step_fees")
    return not restaurant.offers_delivery or any(
        getattr(restaurant, name) != getattr(fresh, name) for name in names
    )


def _has_had_board(restaurant: Restaurant) -> bool:
    return BoardPresence.objects.filter(restaurant=restaurant).exists()


add_step(
    Step(
        code="contact",
        label=gettext_lazy("Place and contact"),
        description=gettext_lazy("Where you are, and a phone that is answered."),
        is_done=_has_contact,
        name="restaurants_restaurant_change",
        position=10,
    )
)
add_step(
    Step(
        code="hours",
        label=gettext_lazy("Opening hours"),
        description=gettext_lazy("When orders are taken, day by day."),
        is_done=_has_hours,
        name="hours",
        position=20,
    )
)
add_step(
    Step(
        code="terms",
        label=gettext_lazy("Delivery terms"),
        description=gettext_lazy(
            "How far you deliver, for what fee and from which amount. Without any"
            " changes you deliver ten miles for free."
        ),
        is_done=_has_terms,
        name="terms",
        position=30,
        is_needed=False,
    )
)
add_step(
    Step(
        code="board",
        label=gettext_lazy("The order board"),
        description=gettext_lazy(
            "Open it on the tablet in the kitchen, and turn its sound on."
        ),
        is_done=_has_had_board,
        name="board",
        about_one=False,
        position=60,
    )
)


@require_safe
def first_steps(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    """Show what is done and what is still to do."""
    steps = list_steps(restaurant)
    context = owner_site.page_context(
        request,
        restaurant,
        steps=[
            {"step": step, "is_done": is_done, "url": step.url_for(restaurant)}
            for step, is_done in steps
        ],
        missing=[
            step.label for step, is_done in steps if step.is_needed and not is_done
        ],
        done=sum(is_done for _step, is_done in steps),
        is_setting_up=restaurant.status == Restaurant.Status.SETTING_UP,
    )
    return TemplateResponse(request, "owner/joining/first_steps.html", context)


@require_http_methods(["GET", "POST"])
def live(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    """Ask once more, then list the restaurant."""
    if request.method == "POST":
        try:
            go_live(restaurant_pk=restaurant.pk)
        except (StepsMissingError, WrongStatusError) as error:
            messages.error(request, str(error.message))
            return redirect("owner:first-steps", restaurant.pk)
        messages.success(request, _("%s is live.") % restaurant.name)
        return redirect("owner:board")
    context = owner_site.page_context(
        request, restaurant, title=_("Go live with %s") % restaurant.name
    )
    return TemplateResponse(request, "owner/joining/go_live.html", context)


PAGES = [
    Page(
        path="first-steps/",
        name="first-steps",
        view=first_steps,
        duty=Duty.HOURS,
        label=gettext_lazy("First steps"),
        icon="checklist",
        position=5,
        while_setting_up=True,
    ),
    Page(path="first-steps/live/", name="go-live", view=live, duty=Duty.HOURS),
]
