from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from customers.places import get_chosen_place
from menus.models import Item
from menus.selectors import (
    get_item_for_customer,
    get_menu_for_customer,
    say_sold_out,
)
from restaurants.availability import check_orderability
from restaurants.estimating import estimate_minutes
from restaurants.models import Fulfilment, Restaurant, Weekday
from restaurants.selectors import get_restaurant

REVIEW_COUNT = 10
AHEAD = timedelta(days=14)


@require_safe
def restaurant_detail(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        restaurant = get_restaurant(slug=slug)
    except Restaurant.DoesNotExist as error:
        raise Http404 from error
    now = timezone.now()
    place = get_chosen_place(request)
    fulfilment = (
        Fulfilment.DELIVERY if restaurant.offers_delivery else Fulfilment.PICKUP
    )
    answer = check_orderability(
        restaurant,
        moment=now,
        place=(place.latitude, place.longitude) if place else None,
        fulfilment=fulfilment,
    )
    return render(
        request,
        "restaurants/restaurant_detail.html",
        {
            "restaurant": restaurant,
            "menus": get_menu_for_customer(restaurant=restaurant, moment=now),
            "answer": answer,
            "busy_minutes": restaurant.busy_minutes_at(now),
            "delivery_fee": restaurant.delivery_fee_at(answer.distance),
            "minutes": estimate_minutes(
                preparation_minutes=restaurant.preparation_minutes_at(now),
                distance=answer.distance,
            ),
            **_hours(restaurant, now.astimezone(ZoneInfo(restaurant.time_zone)).date()),
            "reviews": restaurant.reviews.all()[:REVIEW_COUNT],
        },
    )


def _hours(restaurant: Restaurant, today: date) -> dict[str, Any]:
    spans = restaurant.opening_hours.all()
    return {
        "today": today.weekday(),
        "week": [
            {
                "weekday": day,
                "name": day.label,
                "spans": [span for span in spans if span.weekday == day],
            }
            for day in Weekday
        ],
        "special_hours": [
            special
            for special in restaurant.special_hours.all()
            if today <= special.date <= today + AHEAD
        ],
    }


@require_safe
def item_detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    try:
        item = get_item_for_customer(public_id=public_id)
    except Item.DoesNotExist as error:
        raise Http404 from error
    time_zone = item.restaurant.time_zone
    return render(
        request,
        "menus/item_detail.html",
        {
            "item": item,
            "restaurant": item.restaurant,
            "sold_out": say_sold_out(item, time_zone=time_zone, moment=timezone.now()),
            "quantity": 1,
        },
    )
