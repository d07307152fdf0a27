"""A restaurant in a list: what its card shows."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language
from rest_framework import serializers

from notifications.fields import (
    Code,
    Money,
    Page,
    PublicId,
    Strict,
    present_moment,
    present_money,
)
from restaurants.models import Fulfilment, Restaurant
from restaurants.selectors import Badge, Named, Offered, badges_of, say_status
from restaurants.serializers.pictures import PICTURE_HELP, picture_url

CAN_ORDER = "available"
ORDERABILITY_CODES = (
    *(CAN_ORDER, "restaurant_closed", "restaurant_paused", "restaurant_unattended"),
    *("restaurant_not_live", "fulfilment_not_offered", "place_unknown"),
    "out_of_range",
)


class CuisineSerializer(Strict):
    """A kind of food."""

    slug = serializers.CharField(help_text="Filters `GET /restaurants`.")
    name = serializers.CharField()


class CuisineListSerializer(Strict):
    """Cuisines by name."""

    results = CuisineSerializer(many=True)


class BadgeSerializer(Strict):
    """Something worth knowing at a glance."""

    code = Code(Badge)
    text = serializers.CharField(help_text="In the reader's language.")


class RatingSerializer(Strict):
    """Stars on average, and of how many."""

    average = serializers.FloatField(
        allow_null=True,
        help_text="Of the food, 1 to 5, with one decimal; null without ratings.",
    )
    count = serializers.IntegerField()


class AvailabilitySerializer(Strict):
    """Whether an order can be placed for now, for the place and way asked about."""

    can_order = serializers.BooleanField()
    code = Code(ORDERABILITY_CODES)
    message = serializers.CharField(
        allow_null=True,
        help_text="Why not, in the reader's language; null when it can.",
    )
    opens_at = serializers.DateTimeField(
        allow_null=True,
        help_text="When orders are taken again, if it is known and not now.",
    )


class ArrivalSerializer(Strict):
    """In how many minutes it would be there."""

    minutes_from = serializers.IntegerField()
    minutes_until = serializers.IntegerField()


class RestaurantSummarySerializer(Strict):
    """A restaurant in a list."""

    id = PublicId()
    name = serializers.CharField()
    url = serializers.URLField(help_text="Its page on the site, to be shared.")
    picture_url = serializers.URLField(allow_null=True, help_text=PICTURE_HELP)
    cuisines = CuisineSerializer(many=True)
    latitude = serializers.FloatField()
    longitude = serializers.FloatField()
    time_zone = serializers.CharField(help_text="A name of the IANA's database.")
    distance_meters = serializers.IntegerField(
        allow_null=True, help_text="As the crow flies; null where no place was given."
    )
    rating = RatingSerializer()
    offers_delivery = serializers.BooleanField()
    offers_pickup = serializers.BooleanField()
    is_open = serializers.BooleanField(
        help_text="By its hours, and it takes no break. `availability` says the rest."
    )
    availability = AvailabilitySerializer()
    arrives_in = ArrivalSerializer(
        allow_null=True,
        help_text=(
            "Minutes from now until it arrives, or can be collected; null where "
            "nothing can be ordered for now, or nobody knows where to."
        ),
    )
    delivery_fee = Money(
        allow_null=True,
        help_text=(
            "For the place asked about, else the least there is; null for pickup."
        ),
    )
    minimum_order = Money()
    badges = BadgeSerializer(many=True)
    is_favourite = serializers.BooleanField(
        help_text="Of who asks; false for who is not signed in."
    )


class NearbyRestaurantSerializer(RestaurantSummarySerializer):
    """A restaurant around a place."""

    dishes = serializers.ListField(
        child=serializers.CharField(),
        help_text="Names of dishes that were searched for, three at most.",
    )


class NearbyPageSerializer(Page):
    results = NearbyRestaurantSerializer(many=True)
    corrected_query = serializers.CharField(
        allow_null=True,
        help_text="What was searched for instead, where `q` is misspelt.",
    )


class FavouritePageSerializer(Page):
    results = RestaurantSummarySerializer(many=True)


def present_summary(
    offered: Offered, *, fulfilment: str, moment: datetime, is_favourite: bool
) -> dict[str, Any]:
    restaurant, answer = offered.restaurant, offered.orderability
    currency, distance = restaurant.currency, offered.distance
    brings = fulfilment == Fulfilment.DELIVERY
    knows_when = answer.can_order and (distance is not None or not brings)
    fee = present_money(offered.delivery_fee, currency) if brings else None
    is_free = brings and not offered.delivery_fee
    return {
        "id": str(restaurant.public_id),
        "name": restaurant.name,
        "url": f"{settings.SITE_URL}{_pages()}{restaurant.slug}/",
        "picture_url": picture_url(restaurant.picture.name or "", restaurant.drawing),
        "cuisines": [present_cuisine(one) for one in offered.cuisines],
        "latitude": restaurant.latitude,
        "longitude": restaurant.longitude,
        "time_zone": restaurant.time_zone,
        "distance_meters": None if distance is None else round(distance),
        "rating": present_rating(restaurant),
        "offers_delivery": restaurant.offers_delivery,
        "offers_pickup": restaurant.offers_pickup,
        "is_open": offered.is_open,
        "availability": {
            "can_order": answer.can_order,
            "code": answer.code or CAN_ORDER,
            "message": say_status(offered, moment=moment) or None,
            "opens_at": present_moment(answer.next_opening),
        },
        "arrives_in": _arrival(offered) if knows_when else None,
        "delivery_fee": fee,
        "minimum_order": present_money(restaurant.minimum_order, currency),
        "badges": _present_badges(
            badges_of(restaurant, moment=moment, is_free=is_free)
        ),
        "is_favourite": is_favourite,
    }


def _present_badges(badges: Sequence[Badge]) -> list[dict[str, str]]:
    if not badges:
        return []
    # Asked for seldom: finding it takes as long as the rest of a card.
    language = get_language() or ""
    return [_present_badge(badge, language) for badge in badges]


@cache
def _present_badge(badge: Badge, language: str) -> dict[str, str]:
    del language  # that of the words
    return {"code": badge.value, "text": str(badge.label)}


@cache
def _pages() -> str:
    """Return what the paths of all restaurants begin with: finding each takes long."""
    some = reverse("restaurants:restaurant-detail", args=["a"])
    return some.removesuffix("a/")


def _arrival(offered: Offered) -> dict[str, int]:
    low, high = offered.minutes
    return {"minutes_from": low, "minutes_until": high}


def present_cuisine(cuisine: Named) -> dict[str, str]:
    return {"slug": cuisine.slug, "name": cuisine.name}


def present_rating(restaurant: Restaurant) -> dict[str, Any]:
    rating = restaurant.rating
    return {
        "average": None if rating is None else float(rating),
        "count": restaurant.rating_count,
    }
