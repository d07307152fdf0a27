"""A customer's addresses."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from customers.exceptions import CustomerError
from customers.forms import AddressForm
from customers.models import Address
from customers.places import forget_place, get_chosen_place
from customers.selectors import get_address_for_customer, list_addresses_for_customer
from customers.services import (
    add_address,
    choose_address,
    delete_address,
    update_address,
)
from customers.views.visitors import asked_next, customer_of, next_url


def _address(request: HttpRequest, address_pk: int) -> Address:
    try:
        return get_address_for_customer(
            customer=customer_of(request), address_pk=address_pk
        )
    except Address.DoesNotExist as error:
        raise Http404 from error


@never_cache
@login_required
@require_GET
def address_list(request: HttpRequest) -> HttpResponse:
    addresses = list_addresses_for_customer(customer=customer_of(request))
    return render(
        request,
        "customers/address_list.html",
        {"addresses": addresses, "next": asked_next(request)},
    )


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def address_add(request: HttpRequest) -> HttpResponse:
    form = AddressForm(request.POST or None, initial=_initial_address(request))
    if request.method == "POST" and form.is_valid():
        try:
            add_address(customer_pk=customer_of(request).pk, fields=form.to_fields())
        except CustomerError as error:
            form.add_error(None, str(error))
        else:
            forget_place(request)
            _tell_saved(request, form)
            return redirect(next_url(request, "customers:address-list"))
    return _address_page(request, form)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def address_edit(request: HttpRequest, address_pk: int) -> HttpResponse:
    address = _address(request, address_pk)
    form = AddressForm(request.POST or None, instance=address)
    if request.method == "POST" and form.is_valid():
        update_address(address_pk=address_pk, fields=form.to_fields())
        _tell_saved(request, form)
        return redirect(_list_url(request))
    return _address_page(request, form, address_pk=address_pk)


def _initial_address(request: HttpRequest) -> dict[str, object]:
    """Start from the place of this visit, if it is not a saved address."""
    place = get_chosen_place(request)
    if place is None or place.address_pk is not None:
        return {}
    return {
        "street_address": place.street_address,
        "locality": place.locality,
        "postal_code": place.postal_code,
        "country": place.country,
        "latitude": round(place.latitude, 6),
        "longitude": round(place.longitude, 6),
    }


def _tell_saved(request: HttpRequest, form: AddressForm) -> None:
    found = form.was_found_by_name
    if found is None:
        messages.success(request, _("The address is saved."))
    else:
        text = _(
            "The address is saved, placed at %(place)s. "
            "If that is not your door, edit it and move the pin."
        )
        messages.warning(request, text % {"place": found.label})


def _address_page(
    request: HttpRequest, form: AddressForm, *, address_pk: int | None = None
) -> HttpResponse:
    context = {
        "form": form,
        "address_pk": address_pk,
        # An address is edited from the list, and added from wherever one is asked for.
        "back": _list_url(request)
        if address_pk
        else next_url(request, "customers:address-list"),
        "next": asked_next(request),
    }
    return render(request, "customers/address_form.html", context)


@login_required
@require_POST
def address_choose(request: HttpRequest, address_pk: int) -> HttpResponse:
    address = _address(request, address_pk)
    choose_address(customer_pk=customer_of(request).pk, address_pk=address.pk)
    forget_place(request)
    return redirect(next_url(request, "customers:address-list"))


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def address_delete(request: HttpRequest, address_pk: int) -> HttpResponse:
    address = _address(request, address_pk)
    if request.method == "POST":
        delete_address(customer_pk=customer_of(request).pk, address_pk=address.pk)
        messages.success(request, _("The address is deleted."))
        return redirect(_list_url(request))
    context = {
        "address": address,
        "next": asked_next(request),
        "list_url": _list_url(request),
    }
    return render(request, "customers/address_delete.html", context)


def _list_url(request: HttpRequest) -> str:
    """Return where the addresses are, with where to go once one is chosen."""
    after = asked_next(request)
    query = f"?{urlencode({'next': after})}" if after else ""
    return reverse("customers:address-list") + query
