"""What the card of a restaurant says, in words: one way for every list of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django import template
from django.db.models.fields.files import ImageFieldFile
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from restaurants.models import Fulfilment, Restaurant
from restaurants.selectors import Badge, NearbyRestaurant, badges_of, say_status
from restaurants.templatetags.distances import distance

register = template.Library()
LOOKS = {Badge.TOP_RATED: "tag-warn", Badge.FREE_DELIVERY: "tag-good"}
# Cuisines with a drawing in static/img/cuisines.
DRAWN = {
    *("burgers", "chinese", "ethiopian", "indian", "italian", "japanese", "korean"),
    *("mediterranean", "mexican", "peruvian", "pizza", "plant-based", "thai"),
    *("vietnamese", "bakery"),
}


@dataclass(frozen=True, slots=True)
class Card:
    name: str
    url: str
    upload: ImageFieldFile
    drawing: str
    latitude: str  # as scripts read numbers, whatever the language
    longitude: str
    cuisines: str
    rating: str  # empty without ratings
    rating_count: int
    minutes: str  # empty while it takes no orders
    fee: Decimal | None  # None when nothing is brought
    minimum: Decimal
    currency: str
    distance: str
    badges: list[tuple[str, str]]  # how it looks, and what it says
    is_open: bool
    can_order: bool
    status: str  # why not to be ordered from now, and from when
    starts_closed: bool  # the first that is not open after those that are
    dishes: list[str]
    is_favourite: bool


@register.filter
def as_cards(results: Iterable[NearbyRestaurant], fulfilment: str) -> list[Card]:
    """Return the cards of restaurants near a place, in the same order."""
    now = timezone.now()
    cards: list[Card] = []
    for near in results:
        follows_open = not cards or cards[-1].is_open
        cards.append(_card(near, fulfilment, now, follows_open=follows_open))
    return cards


@register.filter
def cuisine_drawing(slug: str) -> str:
    """Return the drawing of a cuisine, or nothing if it has none."""
    kind = slug.removesuffix("-and-breakfast")
    return f"img/cuisines/{kind}.svg" if kind in DRAWN else ""


def _card(
    near: NearbyRestaurant, fulfilment: str, now: datetime, *, follows_open: bool
) -> Card:
    restaurant = near.restaurant
    can_order = near.orderability.can_order
    rating = restaurant.rating
    brings = fulfilment == Fulfilment.DELIVERY
    return Card(
        name=restaurant.name,
        url=restaurant.get_absolute_url(),
        upload=restaurant.picture,
        drawing=restaurant.drawing,
        latitude=f"{restaurant.latitude:.6f}",
        longitude=f"{restaurant.longitude:.6f}",
        cuisines=" · ".join(cuisine.name for cuisine in near.cuisines),
        rating="" if rating is None else number_format(rating, decimal_pos=1),
        rating_count=restaurant.rating_count,
        minutes=_minutes(near) if can_order else "",
        fee=near.delivery_fee if brings else None,
        minimum=restaurant.minimum_order,
        currency=restaurant.currency,
        distance=distance(near.distance, restaurant.country),
        badges=_badges(restaurant, now, is_free=brings and not near.delivery_fee),
        is_open=near.is_open,
        can_order=can_order,
        status=say_status(near, moment=now),
        starts_closed=follows_open and not near.is_open,
        dishes=near.dishes,
        is_favourite=near.is_favourite,
    )


def _minutes(near: NearbyRestaurant) -> str:
    low, high = near.minutes
    return _("%(low)d–%(high)d min") % {"low": low, "high": high}


def _badges(
    restaurant: Restaurant, now: datetime, *, is_free: bool
) -> list[tuple[str, str]]:
    badges = badges_of(restaurant, moment=now, is_free=is_free)
    return [(LOOKS.get(badge, ""), str(badge.label)) for badge in badges]
