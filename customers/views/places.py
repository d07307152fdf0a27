"""The place of a visit: searched for, picked on a map, or where the browser is."""

from dataclasses import asdict

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from customers.forms import PlaceForm
from customers.geocoding import GeocoderUnavailableError, Place, get_geocoder
from customers.places import (
    SUGGESTION_COUNT,
    SURROUNDING_COUNT,
    choose_place,
    get_chosen_place,
)
from customers.views.visitors import next_url


@require_http_methods(["GET", "POST"])
def place_choose(request: HttpRequest) -> HttpResponse:
    """Find a place to deliver to, and choose it for this visit."""
    after = next_url(request, "restaurants:restaurant-list")
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
