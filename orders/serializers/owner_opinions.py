"""What the API answers of claims and reviews to the restaurant they are about."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from notifications.fields import Page
from notifications.opaque import opaque_id
from orders.models import Claim, Order, Review
from orders.selectors import PATIENCE
from orders.serializers.opinions import (
    ClaimSerializer,
    OrderReviewSerializer,
    present_claim,
    present_review,
)
from orders.serializers.orders import OrderRestaurantSerializer

# What ids of reviews are made of.
REVIEW = "review"


class OwnerReviewSerializer(OrderReviewSerializer):
    """What a customer wrote about an order, and what was answered."""

    id = serializers.UUIDField()
    restaurant = OrderRestaurantSerializer()
    order_id = serializers.UUIDField()
    order_number = serializers.IntegerField()
    short_number = serializers.CharField(help_text="What the kitchen calls the order.")
    customer_name = serializers.CharField()


class OwnerReviewPageSerializer(Page):
    results = OwnerReviewSerializer(many=True)


class OwnerClaimSerializer(ClaimSerializer):
    """What a customer says was missing or wrong, to be answered."""

    restaurant = OrderRestaurantSerializer()
    order_id = serializers.UUIDField()
    order_number = serializers.IntegerField()
    short_number = serializers.CharField(help_text="What the kitchen calls the order.")
    customer_name = serializers.CharField()
    is_late = serializers.BooleanField(
        help_text="It waits longer than customers are told it will."
    )


class OwnerClaimPageSerializer(Page):
    results = OwnerClaimSerializer(many=True)


def present_owner_claim(claim: Claim, order: Order, now: datetime) -> dict[str, Any]:
    """Return a claim for its restaurant; its lines and the restaurant are loaded."""
    is_open = claim.status == Claim.Status.OPEN
    return {
        **present_claim(claim, order.currency),
        **_present_order(order),
        "is_late": is_open and claim.created_at <= now - PATIENCE,
    }


def present_owner_review(review: Review, order: Order) -> dict[str, Any]:
    """Return a review for its restaurant, which is loaded with the order."""
    return {
        "id": str(opaque_id(REVIEW, review.pk)),
        **_present_order(order),
        **present_review(review),
    }


def _present_order(order: Order) -> dict[str, Any]:
    restaurant_id = order.restaurant.public_id
    return {
        "restaurant": {"id": str(restaurant_id), "name": order.restaurant_name},
        "order_id": str(order.public_id),
        "order_number": order.number,
        "short_number": order.short_number,
        "customer_name": order.customer_name,
    }
