"""The first page: where to, what again, and what is close."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from customers.models import User
from customers.places import ChosenPlace, get_chosen_place
from customers.selectors import list_addresses_for_customer
from orders.selectors import list_recent_orders
from orders.views.visitors import user_of
from restaurants.models import Cuisine, Fulfilment
from restaurants.selectors import (
    NearbyRestaurant,
    list_cuisines_near,
    list_restaurants_near,
)

RESTAURANTS_SHOWN = 8
ORDERS_SHOWN = 3
ADDRESSES_SHOWN = 6
CUISINES_SHOWN = 20


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Ask where to; who has a place or orders goes on from there at once."""
    user = user_of(request)
    place = get_chosen_place(request)
    addresses = list_addresses_for_customer(customer=user) if user else []
    orders = list_recent_orders(customer=user, limit=ORDERS_SHOWN) if user else []
    context = {
        "place": place,
        "addresses": list(addresses)[:ADDRESSES_SHOWN],
        "orders": orders,
        "nearby": _list_near(place, user),
        "cuisines": _list_cuisines(place)[:CUISINES_SHOWN],
        "fulfilment": Fulfilment.DELIVERY,
    }
    return render(request, "home.html", context)


def _list_near(place: ChosenPlace | None, user: User | None) -> list[NearbyRestaurant]:
    if place is None:
        return []
    return list_restaurants_near(
        latitude=place.latitude,
        longitude=place.longitude,
        moment=timezone.now(),
        limit=RESTAURANTS_SHOWN,
        reader=user,
    ).results


def _list_cuisines(place: ChosenPlace | None) -> list[Cuisine]:
    if place is None:
        return list(Cuisine.objects.order_by("name", "pk")[:CUISINES_SHOWN])
    return list_cuisines_near(latitude=place.latitude, longitude=place.longitude)
