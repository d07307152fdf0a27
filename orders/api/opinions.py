"""What a customer says of an order over the API: a review, a claim."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, prefetch_related_objects
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.api.asking import read_body, user_of
from notifications.fields import present_money
from orders import services
from orders.api.asking import telling_state
from orders.api.examples import A_CLAIM, A_REVIEW
from orders.models import ClaimLine, Order
from orders.selectors import get_order_for_customer
from orders.serializers.checkout import (
    ClaimInputSerializer,
    ClaimQuoteInputSerializer,
    ClaimQuoteSerializer,
    ReviewInputSerializer,
)
from orders.serializers.lines import line_pk_of
from orders.serializers.opinions import (
    ClaimSerializer,
    OrderReviewSerializer,
    present_claim,
    present_review,
)

NO_LINE = "This is no line of the order."
WRONG = [
    {
        "line_id": "53b2b04f-5d5c-4d0b-a7e1-6cf7a2f2c1b7",
        "quantity": 1,
        "kind": "missing",
    }
]


class OrderReviewView(APIView):
    @extend_schema(
        operation_id="review_order",
        request=ReviewInputSerializer,
        responses=OrderReviewSerializer,
        examples=[
            OpenApiExample(
                "Good",
                value={"food_rating": 5, "delivery_rating": 4, "text": "Still hot!"},
                request_only=True,
            ),
            A_REVIEW,
        ],
    )
    def put(self, request: Request, order_id: UUID) -> Response:
        """Rate an order, or change what was said of it.

        Once it is completed; a review can be changed for seven days. Otherwise it is a
        409 `not_reviewable` or `review_too_old`. Safe to repeat.
        """
        asked = read_body(ReviewInputSerializer, request)
        user = user_of(request)
        order = get_order_for_customer(customer=user, public_id=order_id)
        is_new = getattr(order, "review", None) is None
        send = services.write_review if is_new else services.edit_review
        with telling_state(order):
            review = send(
                order_pk=order.pk,
                customer=user,
                food_rating=asked["food_rating"],
                delivery_rating=asked.get("delivery_rating"),
                text=asked.get("text", ""),
            )
        return Response(present_review(review))


class OrderClaimsView(APIView):
    @extend_schema(
        operation_id="report_claim",
        request=ClaimInputSerializer,
        responses={201: ClaimSerializer},
        examples=[
            OpenApiExample(
                "One was missing",
                value={"lines": WRONG, "text": "Only one pizza came."},
                request_only=True,
            ),
            A_CLAIM,
        ],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Report what was missing or wrong of an order.

        Once for each order, within seven days of its end; the restaurant is asked to
        give back `proposed_refund`, and to answer within two days.
        """
        asked = read_body(ClaimInputSerializer, request)
        user = user_of(request)
        order = get_order_for_customer(customer=user, public_id=order_id)
        wrong = _wrong_in(asked["lines"], order)
        with telling_state(order):
            claim = services.report_claim(
                order_pk=order.pk,
                customer=user,
                wrong=wrong,
                text=asked.get("text", ""),
            )
        claimed = ClaimLine.objects.select_related("line")
        prefetch_related_objects([claim], Prefetch("lines", claimed))
        answer = present_claim(claim, order.currency)
        return Response(answer, status=status.HTTP_201_CREATED)


class ClaimQuoteView(APIView):
    @extend_schema(
        operation_id="quote_claim",
        request=ClaimQuoteInputSerializer,
        responses=ClaimQuoteSerializer,
        examples=[
            OpenApiExample(
                "One was missing", value={"lines": WRONG}, request_only=True
            ),
            OpenApiExample(
                "What it cost",
                value={"proposed_refund": {"amount": 1358, "currency": "USD"}},
                response_only=True,
            ),
        ],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Say what a claim would ask to be given back.

        Nothing is reported.
        """
        asked = read_body(ClaimQuoteInputSerializer, request)
        order = get_order_for_customer(customer=user_of(request), public_id=order_id)
        proposed = services.propose_claim(order, _wrong_in(asked["lines"], order))
        return Response({"proposed_refund": present_money(proposed, order.currency)})


def _wrong_in(asked: Sequence[dict[str, Any]], order: Order) -> list[services.Wrong]:
    """Return what a request says was wrong; ValidationError for lines of no order."""
    known = {line.pk for line in order.lines.all()}
    pks = [line_pk_of(one["line_id"]) for one in asked]
    if not known.issuperset(pks):
        error = ErrorDetail(NO_LINE, code="not_found")
        faults = [{} if pk in known else {"line_id": [error]} for pk in pks]
        raise ValidationError({"lines": faults})
    return [
        services.Wrong(pk or 0, one["quantity"], one["kind"])
        for pk, one in zip(pks, asked, strict=True)
    ]
