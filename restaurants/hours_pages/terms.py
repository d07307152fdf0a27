"""Delivery and pickup: how far, for how much, and how long it takes."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from restaurants.exceptions import TermsRefusedError
from restaurants.hours_pages.answering import log, only_get_and_post, render
from restaurants.hours_pages.forms import TermsForm
from restaurants.models import Duty, Restaurant
from restaurants.owner_site import duties_of
from restaurants.services.hours import (
    MOST_FEE_STEPS,
    Terms,
    change_tax,
    change_terms,
)
from restaurants.templatetags.distances import KILOMETRE, MILE, MILES, distance


def _unit(restaurant: Restaurant) -> tuple[float, str]:
    """Return metres of the unit that signs on the road count in, and its name."""
    if restaurant.country in MILES:
        return MILE, _("mi")
    return KILOMETRE, _("km")


@only_get_and_post
def terms(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    """Show how far it delivers and for how much; save it when sent."""
    form = _terms_form(request, restaurant)
    if form.is_bound and form.is_valid() and _save_terms(form, restaurant):
        log(request, restaurant, _("Changed the delivery terms."))
        messages.success(request, _terms_message(restaurant.pk))
        return redirect("owner:terms", restaurant.pk)
    unit, unit_name = _unit(restaurant)
    context = {
        **_fees(form, restaurant),
        "form": form,
        "unit": unit_name,
        "unit_metres": unit,
        "most_steps": MOST_FEE_STEPS,
    }
    return render(request, restaurant, "terms", context)


def _terms_form(request: HttpRequest, restaurant: Restaurant) -> TermsForm:
    return TermsForm(
        request.POST if request.method == "POST" else None,
        restaurant=restaurant,
        unit=_unit(restaurant)[0],
        with_tax=Duty.MONEY in duties_of(request).get(restaurant.pk, ()),
    )


def _save_terms(form: TermsForm, restaurant: Restaurant) -> bool:
    found = form.cleaned_data
    try:
        change_terms(
            restaurant_pk=restaurant.pk,
            terms=Terms(
                fee_steps=tuple(form.steps),
                **{
                    name: found[name]
                    for name in Terms.__dataclass_fields__
                    if name != "fee_steps"
                },
            ),
        )
        if "tax_rate" in form.fields:
            change_tax(
                restaurant_pk=restaurant.pk,
                tax_rate=found["tax_rate"],
                prices_include_tax=found["prices_include_tax"],
            )
    except TermsRefusedError as refusal:
        field = refusal.field if refusal.field in form.fields else None
        form.add_error(field, str(refusal.message))
        return False
    return True


def _terms_message(restaurant_pk: int) -> str:
    saved = Restaurant.objects.get(pk=restaurant_pk)
    if not saved.offers_delivery:
        return _("Saved. Customers can collect their orders; nothing is delivered.")
    radius = distance(saved.delivery_radius, saved.country)
    if saved.offers_pickup:
        return _("Saved. Customers within %s can have it delivered or collect it.") % (
            radius
        )
    return _("Saved. Customers within %s can have it delivered.") % radius


@require_POST
def terms_preview(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    """Show what deliveries would cost by terms that are not saved yet."""
    form = _terms_form(request, restaurant)
    form.is_valid()
    context = {**_fees(form, restaurant), "restaurant": restaurant}
    return TemplateResponse(request, "owner/hours/_fees.html", context)


@dataclass(frozen=True)
class FeeBand:
    since: str
    until: str
    fee: Decimal


def _fees(form: TermsForm, restaurant: Restaurant) -> dict[str, Any]:
    """Return the bands of fees as customers meet them, and one worked example."""
    unit, unit_name = _unit(restaurant)
    priced = restaurant
    if form.is_bound:
        found = form.cleaned_data if hasattr(form, "cleaned_data") else {}
        if "delivery_radius" not in found or "delivery_fee" not in found:
            return {"bands": [], "unit": unit_name}
        within = [step for step in form.steps if step[0] < found["delivery_radius"]]
        priced = Restaurant(
            delivery_radius=found["delivery_radius"],
            delivery_fee=found["delivery_fee"],
            fee_step_metres=[metres for metres, _fee in within],
            fee_step_fees=[fee for _metres, fee in within],
        )
    edges = [0.0, *priced.fee_step_metres, priced.delivery_radius]
    shown = [
        number_format(round(Decimal(edge / unit), 2).normalize()) for edge in edges
    ]
    example = (edges[-2] + edges[-1]) / 2
    return {
        "bands": [
            FeeBand(shown[n], shown[n + 1], priced.delivery_fee_at(edge))
            for n, edge in enumerate(edges[:-1])
        ],
        "unit": unit_name,
        "example_distance": distance(example, restaurant.country),
        "example_fee": priced.delivery_fee_at(example),
    }
