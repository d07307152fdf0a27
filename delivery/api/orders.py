"""A customer's own order with who brings it: `/api/v1/orders/{order_id}`."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.api.asking import read_body, user_of
from customers.models import User
from delivery.serializers import present_delivery
from orders import services
from orders.api.asking import amount_in, telling_state
from orders.api.examples import AN_ORDER
from orders.models import LineChange
from orders.selectors import get_order_for_customer
from orders.serializers.checkout import LineChangeAnswerSerializer
from orders.serializers.orders import OrderSerializer, present_order


def answer_order(user: User, public_id: UUID) -> dict[str, Any]:
    """Return a customer's own order as it is now; Order.DoesNotExist for others'."""
    order = get_order_for_customer(customer=user, public_id=public_id)
    return present_order(order, now=timezone.now(), delivery=present_delivery(order))


class OrderView(APIView):
    @extend_schema(
        operation_id="get_order", responses=OrderSerializer, examples=[AN_ORDER]
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        """Get an order with all that is known of it.

        How it stands, when it is expected, what it costs, who brings it, and what can
        be done now. `GET /orders/{order_id}/stream` tells of each change at once.
        """
        return Response(answer_order(user_of(request), order_id))


class LineChangeAnswerView(APIView):
    @extend_schema(
        operation_id="answer_line_change",
        request=LineChangeAnswerSerializer,
        responses=OrderSerializer,
        examples=[
            OpenApiExample(
                "Yes, take that",
                value={
                    "accepted": True,
                    "expected_total": {"amount": 2415, "currency": "USD"},
                },
                request_only=True,
            ),
            AN_ORDER,
        ],
    )
    def post(self, request: Request, order_id: UUID, change_id: UUID) -> Response:
        """Accept or decline what the restaurant proposes instead of a line.

        The same answer again changes nothing. A proposal that was answered otherwise,
        taken back or overtaken by the kitchen is a 409 `already_moved`.
        """
        asked = read_body(LineChangeAnswerSerializer, request)
        user = user_of(request)
        order = get_order_for_customer(customer=user, public_id=order_id)
        if change_id not in {one.public_id for one in order.line_changes.all()}:
            raise LineChange.DoesNotExist
        answers = LineChange.Status
        answer = answers.ACCEPTED if asked["accepted"] else answers.DECLINED
        with telling_state(order):
            services.answer_line_change(
                public_id=change_id,
                customer=user,
                answer=answer.value,
                seen_total=amount_in(asked, "expected_total", order.currency),
            )
        return Response(answer_order(user, order_id))
