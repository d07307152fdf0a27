"""Claims and reviews, read and answered by the restaurant."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from customers.api.asking import PageQuerySerializer, read_body, read_query, user_of
from notifications.fields import Choosing, MoneyInput, Strict, Text
from notifications.opaque import pk_of
from orders.api.asking import amount_in
from orders.api.owner_asking import (
    OwnerView,
    OwnRestaurantsQuerySerializer,
    list_chosen_restaurants,
)
from orders.models import Review
from orders.selectors import (
    get_claim_for_restaurants,
    list_claims_for_restaurants,
    list_reviews_for_restaurants,
)
from orders.serializers.owner_opinions import (
    REVIEW,
    OwnerClaimPageSerializer,
    OwnerClaimSerializer,
    OwnerReviewPageSerializer,
    OwnerReviewSerializer,
    present_owner_claim,
    present_owner_review,
)
from orders.services.claims import LONGEST, answer_claim
from orders.services.reviews import answer_review
from restaurants.models import Duty
from restaurants.owner_site import own_restaurants

PLACE = {
    "restaurant": {
        "id": "0a4d9cbb-52a1-4f43-8a0c-3a44fcd2f0a3",
        "name": "Trattoria Da Ugo",
    },
    "order_id": "9c1c86e8-6f6e-4d8a-8bb5-0f8c5f0b7d5d",
    "order_number": 1047,
    "short_number": "047",
    "customer_name": "Ada Diner",
}
A_CLAIM = {
    "id": "7d1b2a8e-9a5d-4a43-8e07-3d1c9f0e2b11",
    "status": "granted",
    "lines": [
        {
            "line_id": "0b5c2d0e-7d3d-4b6a-94a2-6c6f2b5f6a5e",
            "name": "Margherita",
            "quantity": 1,
            "kind": "missing",
        }
    ],
    "text": "Only one of the two came.",
    "proposed_refund": {"amount": 1684, "currency": "USD"},
    "refund": {"amount": 1684, "currency": "USD"},
    "answer": "We are sorry!",
    "reported_at": "2026-11-21T04:00:00Z",
    "answered_at": "2026-11-21T04:20:00Z",
    **PLACE,
    "is_late": False,
}
A_REVIEW = {
    "id": "6f6e7a2b-1c2d-4e3f-8a9b-0c1d2e3f4a5b",
    **PLACE,
    "food_rating": 5,
    "delivery_rating": 4,
    "text": "The best crust in the Mission.",
    "written_at": "2026-11-21T05:00:00Z",
    "edited_at": None,
    "answer": "Grazie, Ada!",
    "answered_at": "2026-11-21T06:00:00Z",
}


class ClaimsQuerySerializer(OwnRestaurantsQuerySerializer, PageQuerySerializer):
    open = Choosing(
        required=False,
        help_text="`true`: those that wait for an answer; `false`: the others.",
    )


class ClaimListView(OwnerView):
    @extend_schema(
        operation_id="list_owner_claims",
        parameters=[ClaimsQuerySerializer],
        responses=OwnerClaimPageSerializer,
        examples=[
            OpenApiExample(
                "One claim",
                value={"results": [A_CLAIM], "next": None},
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """List what customers say was missing or wrong, newest first.

        Of one restaurant, or of all where the user has the duty `orders`.
        """
        asked = read_query(ClaimsQuerySerializer, request)
        chosen = asked.get("restaurant_id")
        restaurants = list_chosen_restaurants(request, chosen, Duty.ORDERS)
        claims, cursor = list_claims_for_restaurants(
            restaurants=restaurants,
            is_open=asked.get("open"),
            cursor=asked.get("cursor"),
            limit=asked["limit"],
        )
        now = timezone.now()
        rows = [present_owner_claim(claim, claim.order, now) for claim in claims]
        return Response({"results": rows, "next": cursor})


class ClaimAnswerSerializer(Strict):
    refund = MoneyInput(
        allow_null=True,
        help_text="What is given back, of what is proposed at most; null to refuse.",
    )
    text = Text(
        required=False,
        allow_blank=True,
        max_length=LONGEST,
        help_text="To the customer; a refusal must say why.",
    )


class ClaimAnswerView(OwnerView):
    @extend_schema(
        operation_id="answer_owner_claim",
        request=ClaimAnswerSerializer,
        responses={200: OwnerClaimSerializer},
        examples=[
            OpenApiExample(
                "Give it back",
                value={
                    "refund": {"amount": 1684, "currency": "USD"},
                    "text": "We are sorry!",
                },
                request_only=True,
            ),
            OpenApiExample(
                "Refuse",
                value={"refund": None, "text": "Both were in the bag; please look."},
                request_only=True,
            ),
            OpenApiExample("Answered", value=A_CLAIM, response_only=True),
        ],
    )
    def post(self, request: Request, claim_id: UUID) -> Response:
        """Give money back for a claim, or refuse it; the customer is told.

        Once: 409 when somebody has answered before. Duty `orders`.
        """
        own = own_restaurants(request.user, Duty.ORDERS).order_by()
        claim = get_claim_for_restaurants(restaurants=own, public_id=claim_id)
        asked = read_body(ClaimAnswerSerializer, request)
        answer_claim(
            claim_pk=claim.pk,
            user=user_of(request),
            refund=amount_in(asked, "refund", claim.order.currency),
            text=asked.get("text", ""),
        )
        answered = get_claim_for_restaurants(restaurants=own, public_id=claim_id)
        return Response(present_owner_claim(answered, answered.order, timezone.now()))


class ReviewsQuerySerializer(OwnRestaurantsQuerySerializer, PageQuerySerializer):
    stars = serializers.IntegerField(
        required=False, min_value=1, max_value=5, help_text="For the food."
    )
    unanswered = Choosing(
        required=False,
        help_text="`true`: only those without an answer.",
    )


class ReviewListView(OwnerView):
    @extend_schema(
        operation_id="list_owner_reviews",
        parameters=[ReviewsQuerySerializer],
        responses=OwnerReviewPageSerializer,
        examples=[
            OpenApiExample(
                "One review",
                value={"results": [A_REVIEW], "next": None},
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """List what customers wrote, newest first.

        Of one restaurant, or of all where the user has the duty `reviews`.
        """
        asked = read_query(ReviewsQuerySerializer, request)
        chosen = asked.get("restaurant_id")
        restaurants = list_chosen_restaurants(request, chosen, Duty.REVIEWS)
        page = list_reviews_for_restaurants(
            restaurants=restaurants,
            stars=asked.get("stars"),
            is_unanswered=asked.get("unanswered", False),
            cursor=asked.get("cursor"),
            limit=asked["limit"],
        )
        rows = [_present(review) for review in page.results]
        return Response({"results": rows, "next": page.next_cursor})


def _present(review: Review) -> dict[str, Any]:
    # The review's restaurant is loaded, and it is the order's.
    review.order.restaurant = review.restaurant
    return present_owner_review(review, review.order)


class ReviewAnswerSerializer(Strict):
    text = Text(max_length=LONGEST, help_text="Everybody can read it.")


class ReviewAnswerView(OwnerView):
    @extend_schema(
        operation_id="answer_owner_review",
        request=ReviewAnswerSerializer,
        responses={200: OwnerReviewSerializer},
        examples=[
            OpenApiExample("Thanks", value={"text": "Grazie, Ada!"}, request_only=True),
            OpenApiExample("Answered", value=A_REVIEW, response_only=True),
        ],
    )
    def put(self, request: Request, review_id: UUID) -> Response:
        """Answer a review, or change the answer.

        The customer is told the first time. Duty `reviews`.
        """
        own = own_restaurants(request.user, Duty.REVIEWS).order_by()
        reviews = Review.objects.filter(restaurant__in=own)
        pk = pk_of(REVIEW, review_id)
        if pk is None:
            raise NotFound
        review = reviews.select_related("order", "restaurant").get(pk=pk)
        asked = read_body(ReviewAnswerSerializer, request)
        answered = answer_review(review_pk=review.pk, text=asked["text"])
        review.answer, review.answered_at = answered.answer, answered.answered_at
        return Response(_present(review))
