from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_required
from django.contrib.messages.views import SuccessMessageMixin
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from customers.exceptions import CustomerError
from customers.forms import AddressForm, PlaceForm, ProfileForm, SignInForm, SignUpForm
from customers.geocoding import GeocoderUnavailableError, Place, get_geocoder
from customers.models import Address, User
from customers.places import choose_place, forget_place, get_chosen_place
from customers.selectors import get_address_for_customer, list_addresses_for_customer
from customers.services import (
    add_address,
    change_profile,
    choose_address,
    delete_address,
    register_user,
    update_address,
)

SUGGESTION_COUNT = 6
SURROUNDING_COUNT = 30
FIRST_BACKEND = "customers.backends.AccountBackend"


def _customer(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _next_url(request: HttpRequest, default: str) -> str:
    """Give where the page before wanted to go, if that is on this site."""
    url = request.POST.get("next") or request.GET.get("next") or ""
    # A path, since anything else would be taken for the name of a page.
    if url.startswith("/") and url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return url
    return resolve_url(default)


def _address(request: HttpRequest, address_pk: int) -> Address:
    try:
        return get_address_for_customer(
            customer=_customer(request), address_pk=address_pk
        )
    except Address.DoesNotExist as error:
        raise Http404 from error


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    after = _next_url(request, "restaurants:restaurant-list")
    if request.user.is_authenticated:
        return redirect(after)
    form = SignUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = register_user(
                **form.cleaned_data | {"phone": str(form.cleaned_data["phone"])},
                locale=get_language() or "en",
            )
        except CustomerError as error:
            form.add_error("email", str(error))
        else:
            login(request, user, backend=FIRST_BACKEND)
            messages.success(request, _("Welcome to Tiffin."))
            return redirect(after)
    context = {"form": form, "next": request.POST.get("next", request.GET.get("next"))}
    return render(request, "customers/user_sign_up.html", context)


class SignInView(auth_views.LoginView):
    form_class = SignInForm
    template_name = "customers/user_sign_in.html"
    redirect_authenticated_user = True


class SignOutView(auth_views.LogoutView):
    pass


class PasswordChangeView(
    SuccessMessageMixin[Any],
    auth_views.PasswordChangeView,
):
    template_name = "customers/password_change.html"
    success_url = reverse_lazy("customers:profile")
    success_message = gettext_lazy("Your password is changed.")


class PasswordResetView(auth_views.PasswordResetView):
    template_name = "customers/password_reset.html"
    email_template_name = "customers/password_reset_email.txt"
    subject_template_name = "customers/password_reset_subject.txt"
    success_url = reverse_lazy("customers:password-reset-sent")


class PasswordResetSentView(auth_views.PasswordResetDoneView):
    template_name = "customers/password_reset_sent.html"


class PasswordResetConfirmView(
    SuccessMessageMixin[Any],
    auth_views.PasswordResetConfirmView,
):
    template_name = "customers/password_reset_confirm.html"
    success_url = reverse_lazy("customers:sign-in")
    success_message = gettext_lazy("Your password is changed. Sign in with it.")


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    user = _customer(request)
    form = ProfileForm(
        request.POST or None,
        initial={
            "name": user.name,
            "phone": user.phone,
            "time_zone": user.time_zone,
            "locale": user.locale,
        },
    )
    if request.method == "POST" and form.is_valid():
        phone = str(form.cleaned_data["phone"])
        change_profile(user_pk=user.pk, **form.cleaned_data | {"phone": phone})
        messages.success(request, _("Your profile is saved."))
        return redirect("customers:profile")
    return render(request, "customers/user_profile.html", {"form": form})


@login_required
@require_GET
def address_list(request: HttpRequest) -> HttpResponse:
    addresses = list_addresses_for_customer(customer=_customer(request))
    return render(
        request,
        "customers/address_list.html",
        {"addresses": addresses, "next": request.GET.get("next", "")},
    )


@login_required
@require_http_methods(["GET", "POST"])
def address_add(request: HttpRequest) -> HttpResponse:
    form = AddressForm(request.POST or None, initial=_initial_address(request))
    if request.method == "POST" and form.is_valid():
        try:
            add_address(customer_pk=_customer(request).pk, fields=form.to_fields())
        except CustomerError as error:
            form.add_error(None, str(error))
        else:
            forget_place(request)
            _tell_saved(request, form)
            return redirect(_next_url(request, "customers:address-list"))
    return _address_page(request, form)


@login_required
@require_http_methods(["GET", "POST"])
def address_edit(request: HttpRequest, address_pk: int) -> HttpResponse:
    address = _address(request, address_pk)
    form = AddressForm(request.POST or None, instance=address)
    if request.method == "POST" and form.is_valid():
        update_address(address_pk=address_pk, fields=form.to_fields())
        _tell_saved(request, form)
        return redirect(_next_url(request, "customers:address-list"))
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
        "next": request.POST.get("next", request.GET.get("next", "")),
    }
    return render(request, "customers/address_form.html", context)


@login_required
@require_POST
def address_choose(request: HttpRequest, address_pk: int) -> HttpResponse:
    address = _address(request, address_pk)
    choose_address(customer_pk=_customer(request).pk, address_pk=address.pk)
    forget_place(request)
    return redirect(_next_url(request, "customers:address-list"))


@login_required
@require_http_methods(["GET", "POST"])
def address_delete(request: HttpRequest, address_pk: int) -> HttpResponse:
    address = _address(request, address_pk)
    if request.method == "POST":
        delete_address(customer_pk=_customer(request).pk, address_pk=address.pk)
        messages.success(request, _("The address is deleted."))
        return redirect("customers:address-list")
    return render(request, "customers/address_delete.html", {"address": address})


@require_http_methods(["GET", "POST"])
def place_choose(request: HttpRequest) -> HttpResponse:
    """Find a place to deliver to, and choose it for this visit."""
    after = _next_url(request, "restaurants:restaurant-list")
    has_failed = False
    if request.method == "POST":
        form = PlaceForm(request.POST)
        if form.is_valid():
            choose_place(request, form.to_place())
            return redirect(after)
        has_failed = True
    text = request.GET.get("q", "").strip()
    places, is_down = _search(text, limit=SUGGESTION_COUNT)
    context = {
        "query": text,
        "places": places,
        "is_down": is_down,
        "has_failed": has_failed,
        "chosen_place": get_chosen_place(request),
        "next": request.POST.get("next", request.GET.get("next", "")),
    }
    status = 400 if has_failed else 200
    return render(request, "customers/place_choose.html", context, status=status)


def _search(text: str, *, limit: int) -> tuple[list[Place], bool]:
    if not text:
        return [], False
    try:
        return get_geocoder().search(text, limit=limit), False
    except GeocoderUnavailableError:
        return [], True


@require_GET
def place_suggestions(request: HttpRequest) -> HttpResponse:
    """Answer what the address field offers while someone types."""
    text = request.GET.get("q", "").strip()
    places, is_down = _search(text, limit=SUGGESTION_COUNT)
    if is_down:
        return JsonResponse({"code": "geocoder_unavailable"}, status=503)
    return JsonResponse({"places": [asdict(place) for place in places]})


@require_GET
def place_around(request: HttpRequest) -> HttpResponse:
    """Answer the names to print on a map that has no tiles."""
    form = PlaceForm(request.GET)
    if not form.is_valid():
        return JsonResponse({"code": "invalid_point"}, status=400)
    try:
        places = get_geocoder().list_around(
            latitude=form.cleaned_data["latitude"],
            longitude=form.cleaned_data["longitude"],
            limit=SURROUNDING_COUNT,
        )
    except GeocoderUnavailableError:
        return JsonResponse({"code": "geocoder_unavailable"}, status=503)
    return JsonResponse({"places": [asdict(place) for place in places]})
