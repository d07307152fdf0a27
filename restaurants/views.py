from collections.abc import Callable
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from customers.models import User
from customers.places import get_chosen_place
from customers.selectors import list_addresses_for_customer
from restaurants.exceptions import (
    InvalidCursorError,
    InvitationOverError,
    OtherAccountError,
    RefusedError,
    WrongStatusError,
)
from restaurants.forms import ApplicationForm, fields_of
from restaurants.models import Fulfilment, Invitation, Membership, Restaurant
from restaurants.selectors import (
    NearbyFilters,
    Sort,
    list_applications_of,
    list_cuisines_near,
    list_restaurants_near,
)
from restaurants.services.joining import apply_again, apply_as_restaurant
from restaurants.services.people import accept_invitation
from restaurants.services.sources import BadRowError

# Where a session keeps an application whose sender is still signing in.
APPLICATION_KEY = "application"


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    addresses = []
    if isinstance(request.user, User):
        addresses = list(list_addresses_for_customer(customer=request.user))
    return render(
        request,
        "home.html",
        {"place": get_chosen_place(request), "addresses": addresses},
    )


@require_safe
def restaurant_list(request: HttpRequest) -> HttpResponse:
    place = get_chosen_place(request)
    if place is None:
        return redirect("customers:place-choose")
    wanted = request.GET
    sort = Sort(wanted["sort"]) if wanted.get("sort") in Sort.values else Sort.DISTANCE
    fulfilment = wanted.get("fulfilment", "")
    filters = NearbyFilters(
        cuisine=wanted.get("cuisine", "")[:60],
        open_now=bool(wanted.get("open_now")),
        text=wanted.get("text", "")[:100],
        fulfilment=fulfilment
        if fulfilment in Fulfilment.values
        else Fulfilment.DELIVERY,
    )
    kept = {key: value for key, value in wanted.items() if key != "cursor"}
    try:
        page = list_restaurants_near(
            latitude=place.latitude,
            longitude=place.longitude,
            moment=timezone.now(),
            filters=filters,
            sort=sort,
            cursor=wanted.get("cursor", ""),
        )
    except InvalidCursorError:
        return redirect(f"{request.path}?{urlencode(kept)}")
    return render(
        request,
        "restaurants/restaurant_list.html",
        {
            "place": place,
            "page": page,
            "filters": filters,
            "sort": sort,
            "sorts": Sort.choices,
            "cuisines": list_cuisines_near(
                latitude=place.latitude, longitude=place.longitude
            ),
            "is_filtered": bool(filters.text or filters.cuisine or filters.open_now),
            "more_query": urlencode({**kept, "cursor": page.next_cursor}),
        },
    )


@require_http_methods(["GET", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """Show why to join, and take a restaurant's application.

    Whoever is not signed in fills it in first; it waits in the session meanwhile.
    """
    user = request.user
    if request.method == "GET":
        kept = request.session.get(APPLICATION_KEY)
        initial = kept if kept and isinstance(user, User) else _initial(user)
        form = ApplicationForm(initial=initial)
        return _join_page(request, form, is_kept=initial is kept)
    form = ApplicationForm(request.POST)
    if not form.is_valid():
        return _join_page(request, form)
    if not isinstance(user, User):
        request.session[APPLICATION_KEY] = form.to_session()
        messages.info(request, _("Nearly there: sign up, and then send it."))
        here = urlencode({"next": request.path})
        return redirect(f"{reverse('customers:sign-up')}?{here}")
    if not _send(
        form, lambda: apply_as_restaurant(applicant=user, fields=form.to_application())
    ):
        return _join_page(request, form)
    request.session.pop(APPLICATION_KEY, None)
    messages.success(request, _("Thank you. We have your application."))
    return redirect("joining:status")


@login_required
@require_http_methods(["GET", "POST"])
def join_again(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Change a refused application and send it once more."""
    user = request.user
    assert isinstance(user, User)
    refused = Restaurant.objects.select_related("application")
    restaurant = get_object_or_404(
        refused, public_id=public_id, application__applicant=user
    )
    if restaurant.status != Restaurant.Status.REFUSED:
        return redirect("joining:status")
    if request.method == "GET":
        form = ApplicationForm(initial=fields_of(restaurant))
        return _join_page(request, form, restaurant=restaurant)
    form = ApplicationForm(request.POST)
    if form.is_valid() and _send(
        form,
        lambda: apply_again(
            restaurant_pk=restaurant.pk, applicant=user, fields=form.to_application()
        ),
    ):
        messages.success(request, _("Thank you. We look at it again."))
        return redirect("joining:status")
    return _join_page(request, form, restaurant=restaurant)


def _initial(user: object) -> dict[str, str]:
    if not isinstance(user, User):
        return {}
    return {"email": user.email, "phone": str(user.phone)}


def _send(form: ApplicationForm, send: Callable[[], Restaurant]) -> bool:
    try:
        send()
    except BadRowError:
        form.add_error("latitude", _("There is no such place on the map."))
        return False
    except (RefusedError, WrongStatusError) as error:
        form.add_error(None, str(error.message))
        return False
    return True


def _join_page(
    request: HttpRequest,
    form: ApplicationForm,
    *,
    restaurant: Restaurant | None = None,
    is_kept: bool = False,
) -> HttpResponse:
    context = {"form": form, "restaurant": restaurant, "is_kept": is_kept}
    return render(request, "restaurants/join.html", context)


@login_required
@require_safe
def join_status(request: HttpRequest) -> HttpResponse:
    """Tell applicants where their applications stand."""
    assert isinstance(request.user, User)
    applications = list_applications_of(request.user)
    context = {"applications": applications, "Status": Restaurant.Status}
    return render(request, "restaurants/join_status.html", context)


@require_http_methods(["GET", "POST"])
def join_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation, and accept it as who was invited."""
    invitation = get_object_or_404(
        Invitation.objects.select_related("restaurant"), token=token
    )
    user = request.user
    problem = ""
    if request.method == "POST" and isinstance(user, User):
        try:
            membership = accept_invitation(token=token, user=user)
        except (OtherAccountError, InvitationOverError) as error:
            problem = str(error.message)
        else:
            return _welcome(request, membership)
    is_over = (
        invitation.accepted_at is not None or invitation.expires_at <= timezone.now()
    )
    context = {
        "invitation": invitation,
        "problem": problem,
        "is_over": is_over,
        "is_theirs": isinstance(user, User)
        and user.email.lower() == invitation.email.lower(),
    }
    status = 410 if is_over else 400 if problem else 200
    return render(request, "restaurants/join_invitation.html", context, status=status)


def _welcome(request: HttpRequest, membership: Membership) -> HttpResponse:
    restaurant = membership.restaurant
    if restaurant.status in (Restaurant.Status.PENDING, Restaurant.Status.REFUSED):
        messages.success(
            request,
            _("You have joined %(name)s. Its portal opens once it is approved.")
            % {"name": restaurant.name},
        )
        return redirect("home")
    messages.success(request, _("Welcome to %(name)s.") % {"name": restaurant.name})
    return redirect("owner:index")
