"""What the API tells of a restaurant together with its customers' opinions."""

from typing import Any

from rest_framework import serializers

from notifications.fields import Page, PublicId, Strict
from notifications.opaque import opaque_id
from orders.models import Review
from orders.selectors import RatingSummary
from orders.serializers.opinions import OrderReviewSerializer, present_review
from restaurants.serializers import RestaurantDetailsSerializer


class StarsSerializer(Strict):
    """How many gave so many stars."""

    stars = serializers.IntegerField(min_value=1, max_value=5)
    count = serializers.IntegerField(help_text="How many gave so many for the food.")


class RatingSummarySerializer(Strict):
    """Ratings by their stars."""

    count = serializers.IntegerField()
    food_average = serializers.FloatField(
        allow_null=True, help_text="One decimal; null without ratings."
    )
    delivery_average = serializers.FloatField(allow_null=True)
    stars = StarsSerializer(many=True, help_text="From five stars to one.")


class RestaurantSerializer(RestaurantDetailsSerializer):
    """A restaurant with all that its page says."""

    rating_summary = RatingSummarySerializer()


class RestaurantReviewSerializer(OrderReviewSerializer):
    """What somebody wrote about a restaurant."""

    id = PublicId()


class RestaurantReviewPageSerializer(Page):
    results = RestaurantReviewSerializer(many=True)


def present_rating_summary(summary: RatingSummary) -> dict[str, Any]:
    return {
        "count": summary.count,
        "food_average": None if summary.food is None else float(summary.food),
        "delivery_average": (
            None if summary.delivery is None else float(summary.delivery)
        ),
        "stars": [{"stars": stars, "count": count} for stars, count in summary.stars],
    }


def present_restaurant_review(review: Review) -> dict[str, Any]:
    return {"id": str(opaque_id("review", review.pk)), **present_review(review)}
