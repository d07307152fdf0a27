from collections.abc import Callable
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from customers.htmx import go, is_fragment
from customers.models import User
from customers.places import get_chosen_place
from customers.views.visitors import next_url
from restaurants.exceptions import (
    InvalidCursorError,
    InvitationOverError,
    OtherAccountError,
    RefusedError,
    WrongStatusError,
)
from restaurants.forms import ApplicationForm, fields_of
from restaurants.models import (
    Cuisine,
    Fulfilment,
    Invitation,
    Membership,
    Restaurant,
)
from restaurants.selectors import (
    NearbyFilters,
    NearbyPage,
    Sort,
    list_applications_of,
    list_cuisines_near,
    list_favourites,
    list_restaurants_near,
)
from restaurants.services.favourites import set_favourite
from restaurants.services.joining import apply_again, apply_as_restaurant
from restaurants.services.people import accept_invitation
from restaurants.services.sources import BadRowError

# Where a session keeps an application whose sender is still signing in.
APPLICATION_KEY = "application"
# Where it keeps the slug of what is to become a favourite once somebody signed in.
FAVOURITE_KEY = "wanted_favourite"
GOOD_RATING = 4.0
# How many pages of the list come by themselves before a button asks.
LOADS_BY_ITSELF = 5
LONGEST_COUNT = 3


@require_safe
def restaurant_list(request: HttpRequest) -> HttpResponse:
    """Show who delivers to the chosen place; to htmx, only the part that changes."""
    place = get_chosen_place(request)
    if place is None:
        return go(request, _place_url(request))
    wanted, cursor = request.GET, request.GET.get("cursor", "")
    filters, sort = _filters_in(wanted), _sort_in(wanted)
    view = "map" if wanted.get("view") == "map" else ""
    kept = _query_of(filters, sort, view)
    try:
        page = list_restaurants_near(
            latitude=place.latitude,
            longitude=place.longitude,
            moment=timezone.now(),
            filters=filters,
            sort=sort,
            cursor=cursor,
            reader=_user_of(request),
        )
    except InvalidCursorError:
        return go(request, _list_url(kept))
    is_part = is_fragment(request)
    cuisines: list[Cuisine] = []
    if not is_part or not page.results:
        cuisines = list_cuisines_near(
            latitude=place.latitude, longitude=place.longitude
        )
    context = {
        "place": place,
        "latitude": f"{place.latitude:.6f}",
        "longitude": f"{place.longitude:.6f}",
        "page": page,
        "filters": filters,
        "sort": sort,
        "sorts": Sort.choices,
        "view": view,
        "cuisines": cuisines,
        "droppable": _droppable(filters, kept, cuisines),
        "list_url": reverse("restaurants:restaurant-list"),
        "is_fragment": is_part,
        "is_first_page": not cursor,
        **_more(page, kept, wanted),
    }
    return _answer_list(request, context, kept)


def _answer_list(
    request: HttpRequest, context: dict[str, object], kept: dict[str, str]
) -> HttpResponse:
    template = "restaurants/restaurant_list.html"
    if context["is_fragment"] and context["is_first_page"]:
        template = "restaurants/_results.html"
    elif context["is_fragment"]:
        template = "restaurants/_cards.html"
        page, filters = context["page"], context["filters"]
        assert isinstance(page, NearbyPage)
        assert isinstance(filters, NearbyFilters)
        context |= {"results": page.results, "fulfilment": filters.fulfilment}
    response = render(request, template, context)
    if template == "restaurants/_results.html":
        header = "HX-Replace-Url" if _types_on(request, kept) else "HX-Push-Url"
        response[header] = _list_url(kept)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _types_on(request: HttpRequest, kept: dict[str, str]) -> bool:
    """Tell whether only the words searched for go on; "back" is to skip those."""
    shown = request.headers.get("HX-Current-URL", "").partition("?")[2]
    before = QueryDict(shown).dict()
    if not before.get("text") or "text" not in kept:
        return False
    return {**before, "text": ""} == {**kept, "text": ""}


def _user_of(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _place_url(request: HttpRequest) -> str:
    url = reverse("customers:place-choose")
    if not request.GET:
        return url
    kept = _query_of(_filters_in(request.GET), _sort_in(request.GET), "")
    return f"{url}?{urlencode({'next': _list_url(kept)})}"


def _list_url(kept: dict[str, str]) -> str:
    url = reverse("restaurants:restaurant-list")
    return f"{url}?{urlencode(kept)}" if kept else url


def _filters_in(wanted: QueryDict) -> NearbyFilters:
    is_pickup = wanted.get("fulfilment") == Fulfilment.PICKUP
    return NearbyFilters(
        cuisine=wanted.get("cuisine", "")[:60],
        open_now=bool(wanted.get("open_now")),
        text=wanted.get("text", "").strip()[:100],
        fulfilment=Fulfilment.PICKUP if is_pickup else Fulfilment.DELIVERY,
        free_delivery=bool(wanted.get("free_delivery")),
        min_rating=GOOD_RATING if wanted.get("rating") else 0,
    )


def _sort_in(wanted: QueryDict) -> Sort:
    sort = wanted.get("sort", "")
    return Sort(sort) if sort in Sort.values else Sort.DISTANCE


def _query_of(filters: NearbyFilters, sort: Sort, view: str) -> dict[str, str]:
    """Return the query that says the same, without what goes without saying."""
    is_pickup = filters.fulfilment == Fulfilment.PICKUP
    query = {
        "text": filters.text,
        "cuisine": filters.cuisine,
        "fulfilment": Fulfilment.PICKUP.value if is_pickup else "",
        "open_now": "1" if filters.open_now else "",
        "free_delivery": "1" if filters.free_delivery else "",
        "rating": "4" if filters.min_rating else "",
        "sort": "" if sort == Sort.DISTANCE else sort.value,
        "view": view,
    }
    return {name: value for name, value in query.items() if value}


def _droppable(
    filters: NearbyFilters, kept: dict[str, str], cuisines: list[Cuisine]
) -> list[tuple[str, str]]:
    """Return what narrows the list, in words, each with the query without it."""
    names = {cuisine.slug: cuisine.name for cuisine in cuisines}
    words = {
        "text": _("“%(text)s”") % {"text": filters.text},
        "cuisine": names.get(filters.cuisine, filters.cuisine),
        "fulfilment": _("Pickup"),
        "open_now": _("Open now"),
        "free_delivery": _("Free delivery"),
        "rating": _("Rated 4 or better"),
    }
    return [
        (words[name], urlencode({key: kept[key] for key in kept if key != name}))
        for name in words
        if name in kept
    ]


def _more(
    page: NearbyPage, kept: dict[str, str], wanted: QueryDict
) -> dict[str, object]:
    """Return how the list goes on; it loads by itself a few times, not for ever."""
    number = wanted.get("n", "1")
    is_number = number.isascii() and number.isdigit() and len(number) <= LONGEST_COUNT
    turn = int(number) if is_number else 1
    goes_on = {"cursor": page.next_cursor, "n": str(turn + 1)}
    if page.results and not page.results[-1].is_open:
        goes_on["closed"] = "1"
    return {
        "more_query": urlencode({**kept, **goes_on}) if page.next_cursor else "",
        "loads_by_itself": turn < LOADS_BY_ITSELF,
        "goes_on_closed": bool(wanted.get("closed")),
    }


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


@login_required
@never_cache
@require_safe
def favourite_list(request: HttpRequest) -> HttpResponse:
    """Show one's own favourites, with which of them take orders now."""
    assert isinstance(request.user, User)
    place = get_chosen_place(request)
    try:
        page = list_favourites(
            user=request.user,
            moment=timezone.now(),
            place=(place.latitude, place.longitude) if place else None,
            cursor=request.GET.get("cursor", ""),
        )
    except InvalidCursorError:
        return redirect("restaurants:favourite-list")
    return render(request, "restaurants/favourite_list.html", {"page": page})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def favourite_toggle(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a restaurant one's favourite, or no longer.

    Who is not signed in signs in first, comes back here, and then it is done.
    """
    restaurant = get_object_or_404(Restaurant.objects.live(), slug=slug)
    user = request.user
    if request.method != "POST":
        is_wanted = request.session.pop(FAVOURITE_KEY, "") == slug
        if is_wanted and isinstance(user, User):
            set_favourite(user=user, restaurant_pk=restaurant.pk, wanted=True)
            words = _("%(name)s is one of your favourites now.")
            messages.success(request, words % {"name": restaurant.name})
        return redirect(restaurant)
    if not isinstance(user, User):
        request.session[FAVOURITE_KEY] = slug
        sign_in = redirect_to_login(request.path)
        return go(request, sign_in["Location"])
    is_favourite = request.POST.get("want") != "off"
    set_favourite(user=user, restaurant_pk=restaurant.pk, wanted=is_favourite)
    here = next_url(request, restaurant.get_absolute_url())
    if not is_fragment(request):
        return redirect(here)
    context = {
        "restaurant": restaurant,
        "is_favourite": is_favourite,
        "favourite_next": here,
    }
    return render(request, "restaurants/_favourite.html", context)
