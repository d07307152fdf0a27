from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from customers.models import User
from customers.places import get_chosen_place
from customers.selectors import list_addresses_for_customer
from restaurants.exceptions import InvalidCursorError
from restaurants.models import Fulfilment
from restaurants.selectors import (
    NearbyFilters,
    Sort,
    list_cuisines_near,
    list_restaurants_near,
)


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
