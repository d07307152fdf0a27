"""A restaurant's page: its menu, what it says about itself, and the cart beside it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from customers.models import User
from customers.places import ChosenPlace, get_chosen_place
from menus.models import Allergen, Diet, Item, Menu, Section
from menus.pricing import ASKED_DIETS, Wishes, lowest_price
from menus.selectors import get_menu_for_customer, hours_in_words, is_served
from menus.templatetags.money import money
from menus.views import wishes_of
from orders.exceptions import InvalidCursorError
from orders.selectors import ReviewPage, list_reviews, summarize_reviews
from orders.services.slots import is_served_later
from orders.views.cart import cart_context, read_fulfilment
from restaurants.availability import (
    check_orderability,
    known_spans,
    say_moment,
)
from restaurants.estimating import estimate_minutes
from restaurants.geo import great_circle_distance
from restaurants.models import Fulfilment, Restaurant, Weekday
from restaurants.opening import span_at
from restaurants.selectors import (
    fold,
    get_restaurant,
    list_fee_steps,
    list_special_hours,
)

REVIEW_COUNT = 10
ROUND_THE_CLOCK = timedelta(days=1)


@dataclass(frozen=True)
class Dish:
    """An item on the page in words; `reasons` say why the visitor cannot eat it.

    `is_for_later`: its menu is not served now, but at a time that can be chosen.
    """

    item: Item
    price: str
    diets: list[str]
    allergens: str
    reasons: list[str]
    is_for_later: bool


@dataclass(frozen=True)
class Part:
    """A section on the page with what is shown of it."""

    section: Section
    served: str
    dishes: list[Dish]


@dataclass(frozen=True)
class MenuShown:
    parts: list[Part]
    shown: int
    # How many the visitor's wishes keep from being shown.
    hidden: int
    # Whether nothing on it says what allergens it contains.
    is_silent: bool


class _Words:
    """The words about items, each made once: a long menu repeats itself."""

    def __init__(self, currency: str) -> None:
        self.price = cache(self._price)
        self.allergens = cache(self._allergens)
        self._currency = currency
        self._diets = {code: str(label) for code, label in Diet.choices}
        self._labels = {code: str(label) for code, label in Allergen.choices}

    def _price(self, amount: Decimal, may_cost_more: bool) -> str:  # noqa: FBT001
        price = money(amount, self._currency)
        return _("from %(amount)s") % {"amount": price} if may_cost_more else price

    def _allergens(self, codes: tuple[str, ...]) -> str:
        if not codes:
            return ""
        names = ", ".join(self._labels[code] for code in codes if code in self._labels)
        return _("Contains %(names)s") % {"names": names}

    def of(self, item: Item, reasons: list[str], *, is_for_later: bool) -> Dish:
        return Dish(
            item,
            self.price(*lowest_price(item)),
            [self._diets[code] for code in item.diets if code in self._diets],
            self.allergens(tuple(item.allergens)),
            reasons,
            is_for_later,
        )


def show_menu(
    menus: Iterable[Menu],
    *,
    restaurant: Restaurant,
    wishes: Wishes,
    text: str,
    shows_all: bool,
    now: datetime,
) -> MenuShown:
    """Choose what of the menus is shown: what is searched for and can be eaten."""
    told = _Words(restaurant.currency)
    words = fold(text).split()
    parts, hidden, is_silent = [], 0, True
    for menu in menus:
        served = hours_in_words(menu.hours.all())
        is_later = _is_for_later(menu, restaurant, now)
        for section in menu.sections.all():
            dishes = []
            for item in section.items.all():
                is_silent = is_silent and not item.allergens
                if words and not _matches(item, words):
                    continue
                reasons = wishes.reasons_against(item) if wishes else []
                if reasons and not shows_all:
                    hidden += 1
                    continue
                is_for_later = is_later and not item.is_sold_out_at(now)
                dishes.append(told.of(item, reasons, is_for_later=is_for_later))
            if dishes:
                parts.append(Part(section, served, dishes))
    shown = sum(len(part.dishes) for part in parts)
    return MenuShown(parts, shown, hidden, is_silent)


def _is_for_later(menu: Menu, restaurant: Restaurant, now: datetime) -> bool:
    if is_served(menu, time_zone=restaurant.time_zone, moment=now):
        return False
    return is_served_later(menu, restaurant, now=now)


def _matches(item: Item, words: list[str]) -> bool:
    text = fold(f"{item.name} {item.description} {' '.join(item.diet_labels)}")
    return all(word in text for word in words)


@require_safe
@never_cache
def restaurant_detail(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        restaurant = get_restaurant(slug=slug)
    except Restaurant.DoesNotExist as error:
        raise Http404 from error
    now = timezone.now()
    wishes = wishes_of(request)
    text = request.GET.get("q", "").strip()[:60]
    menus = get_menu_for_customer(restaurant=restaurant, moment=now)
    shows_all = bool(request.GET.get("all"))
    context = {
        "restaurant": restaurant,
        "menu": show_menu(
            menus,
            restaurant=restaurant,
            wishes=wishes,
            text=text,
            shows_all=shows_all,
            now=now,
        ),
        "has_menu": bool(menus),
        "text": text,
        "shows_all": shows_all,
        "wishes": wishes,
        "allergens": Allergen.choices,
        "diets": [(diet.value, diet.label) for diet in ASKED_DIETS],
        "is_favourite": _is_favourite(request, restaurant),
        **_terms(request, restaurant, now),
        **_hours(restaurant, now),
        **_reviews(request, restaurant),
        **cart_context(request),
    }
    return render(request, "restaurants/restaurant_detail.html", context)


def _is_favourite(request: HttpRequest, restaurant: Restaurant) -> bool:
    user = request.user
    return isinstance(user, User) and restaurant.favourites.filter(user=user).exists()


def _terms(
    request: HttpRequest, restaurant: Restaurant, now: datetime
) -> dict[str, Any]:
    """Say what an order costs and how long it takes, for the visitor's place."""
    place = get_chosen_place(request)
    fulfilment = read_fulfilment(request, restaurant)
    answer = check_orderability(
        restaurant,
        moment=now,
        place=(place.latitude, place.longitude) if place else None,
        fulfilment=fulfilment,
    )
    distance = _distance(restaurant, place)
    fee = restaurant.delivery_fee_at(distance)
    steps = list_fee_steps(restaurant, distance)
    return {
        "place": place,
        "fulfilment": fulfilment,
        "answer": answer,
        "distance": distance,
        "is_near": distance is not None and distance <= restaurant.delivery_radius,
        "busy_minutes": restaurant.busy_minutes_at(now),
        "delivery_fee": fee,
        # Where nobody knows how far it is, no step may cost anything.
        "is_free": not fee and (place is not None or not any(it.fee for it in steps)),
        "fee_steps": steps,
        "opens": (
            say_moment(answer.next_opening, time_zone=restaurant.time_zone, now=now)
            if answer.next_opening
            else ""
        ),
        "minutes": estimate_minutes(
            preparation_minutes=restaurant.preparation_minutes_at(now),
            distance=None if fulfilment == Fulfilment.PICKUP else distance,
        ),
    }


def _distance(restaurant: Restaurant, place: ChosenPlace | None) -> float | None:
    if place is None:
        return None
    return great_circle_distance(
        place.latitude, place.longitude, restaurant.latitude, restaurant.longitude
    )


def _hours(restaurant: Restaurant, now: datetime) -> dict[str, Any]:
    today = now.astimezone(ZoneInfo(restaurant.time_zone)).date()
    span = span_at(known_spans(restaurant), now)
    week = _week(restaurant)
    return {
        "now": now,
        "today": today.weekday(),
        "week": week,
        "today_hours": week[today.weekday()]["spans"],
        "today_special": [
            one for one in restaurant.special_hours.all() if one.date == today
        ],
        "special_hours": list_special_hours(restaurant, moment=now),
        "is_open": span is not None and _takes_orders(restaurant, now),
        "open_until": (span[1] if span and span[1] - now < ROUND_THE_CLOCK else None),
    }


def _takes_orders(restaurant: Restaurant, now: datetime) -> bool:
    """Tell whether it takes orders right now, wherever they go to."""
    delivers = restaurant.offers_delivery
    return check_orderability(
        restaurant,
        moment=now,
        place=(restaurant.latitude, restaurant.longitude),
        fulfilment=Fulfilment.DELIVERY if delivers else Fulfilment.PICKUP,
    ).can_order


def _week(restaurant: Restaurant) -> list[dict[str, Any]]:
    spans = restaurant.opening_hours.all()
    return [
        {
            "weekday": day,
            "name": day.label,
            "spans": [span for span in spans if span.weekday == day],
        }
        for day in Weekday
    ]


def _reviews(request: HttpRequest, restaurant: Restaurant) -> dict[str, Any]:
    cursor = request.GET.get("reviews")
    page = ReviewPage([], None)
    if restaurant.rating_count:
        try:
            page = list_reviews(
                restaurant=restaurant, cursor=cursor, limit=REVIEW_COUNT
            )
        except InvalidCursorError:
            cursor = None
            page = list_reviews(restaurant=restaurant, limit=REVIEW_COUNT)
    return {
        "reviews": page,
        "reviews_cursor": cursor,
        "rating": summarize_reviews(restaurant=restaurant)
        if restaurant.rating_count
        else None,
    }
