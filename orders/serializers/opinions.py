"""What the API tells of what customers said about an order."""

from typing import Any

from rest_framework import serializers

from notifications.fields import Code, Money, Strict, present_moment
from notifications.fields import present_money as money
from orders.models import Claim, ClaimLine, Review
from orders.serializers.lines import line_id_of

Present = dict[str, Any]


class OrderReviewSerializer(Strict):
    """What the customer thought of an order."""

    food_rating = serializers.IntegerField(min_value=1, max_value=5)
    delivery_rating = serializers.IntegerField(
        min_value=1, max_value=5, allow_null=True
    )
    text = serializers.CharField(allow_blank=True)
    written_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    answer = serializers.CharField(
        allow_null=True, help_text="The restaurant's answer."
    )
    answered_at = serializers.DateTimeField(allow_null=True)


class ClaimLineSerializer(Strict):
    """A line of which something was missing or wrong."""

    line_id = serializers.UUIDField()
    name = serializers.CharField()
    quantity = serializers.IntegerField()
    kind = Code(ClaimLine.Kind)


class ClaimSerializer(Strict):
    """What the customer says was missing or wrong."""

    id = serializers.UUIDField()
    status = Code(Claim.Status)
    lines = ClaimLineSerializer(many=True)
    text = serializers.CharField(allow_blank=True)
    proposed_refund = Money(help_text="What the customer asks for.")
    refund = Money(help_text="What the restaurant gave back.")
    answer = serializers.CharField(allow_null=True)
    reported_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)


def present_review(review: Review) -> Present:
    return {
        "food_rating": review.food_rating,
        "delivery_rating": review.delivery_rating,
        "text": review.text,
        "written_at": present_moment(review.created_at),
        "edited_at": present_moment(review.edited_at),
        "answer": review.answer or None,
        "answered_at": present_moment(review.answered_at),
    }


def present_claim(claim: Claim, currency: str) -> Present:
    return {
        "id": str(claim.public_id),
        "status": claim.status,
        "lines": [
            {
                "line_id": line_id_of(one.line_id),
                "name": one.line.name,
                "quantity": one.quantity,
                "kind": one.kind,
            }
            for one in claim.lines.all()
        ],
        "text": claim.text,
        "proposed_refund": money(claim.proposed_refund, currency),
        "refund": money(claim.refund, currency),
        "answer": claim.answer or None,
        "reported_at": present_moment(claim.created_at),
        "answered_at": present_moment(claim.answered_at),
    }
