"""All that happened to an order, and who was told."""

from uuid import UUID

from django.db.models import Prefetch
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from orders.api.owner_asking import OwnerView
from orders.api.owner_board import ORDER
from orders.models import ClaimLine, Order
from orders.serializers.lines import present_line_change
from orders.serializers.owner_opinions import (
    present_owner_claim,
    present_owner_review,
)
from orders.serializers.owner_trail import (
    OrderTrailSerializer,
    present_told,
    present_trail_event,
)
from orders.trail import list_told, list_trail
from restaurants.models import Duty
from restaurants.owner_site import own_restaurants

JUST_PLACED = OpenApiExample(
    "Just placed",
    value={
        "order_id": ORDER["id"],
        "time_zone": "America/Los_Angeles",
        "events": [
            {
                "at": "2026-11-21T03:00:00Z",
                "actor": "customer",
                "by": "Ada Diner",
                "from_status": None,
                "to_status": "placed",
                "reason": None,
                "note": "",
                "is_window_moved": False,
                "current_from": "2026-11-21T03:30:00Z",
                "current_until": "2026-11-21T03:45:00Z",
            }
        ],
        "line_changes": [],
        "notifications": [
            {
                "at": "2026-11-21T03:00:00Z",
                "to": "Ugo (Owner)",
                "about_text": "A new order",
                "messages": [
                    {
                        "channel": "push",
                        "ended_at": "2026-11-21T03:00:01Z",
                        "outcome_text": "The provider took it.",
                    }
                ],
            }
        ],
        "claim": None,
        "review": None,
    },
    response_only=True,
)


class OwnerOrderTrailView(OwnerView):
    @extend_schema(
        operation_id="get_owner_order_trail",
        responses=OrderTrailSerializer,
        examples=[JUST_PLACED],
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        """Read all that happened to an order.

        Who did it, who was told, and what the customer said of it. Duty `orders`.
        """
        order = _get_order(request, order_id)
        changes = list(order.line_changes.all())
        claim = getattr(order, "claim", None)
        review = getattr(order, "review", None)
        now = timezone.now()
        return Response(
            {
                "order_id": str(order.public_id),
                "time_zone": order.restaurant.time_zone,
                "events": [
                    present_trail_event(
                        row.event, by=str(row.who), is_window_moved=row.is_move
                    )
                    for row in list_trail(order)
                ],
                "line_changes": [
                    present_line_change(change, order.currency) for change in changes
                ],
                "notifications": [
                    present_told(row.told, to=str(row.who), about=row.topic)
                    for row in list_told(order, changes)
                ],
                "claim": present_owner_claim(claim, order, now) if claim else None,
                "review": present_owner_review(review, order) if review else None,
            }
        )


def _get_order(request: Request, order_id: UUID) -> Order:
    own = own_restaurants(request.user, Duty.ORDERS).order_by()
    orders = Order.objects.filter(restaurant__in=own).exclude(
        status=Order.Status.PENDING_PAYMENT
    )
    claimed = ClaimLine.objects.select_related("line")
    return (
        orders.select_related("restaurant", "claim", "review")
        .prefetch_related(
            "events__user", "line_changes", Prefetch("claim__lines", claimed)
        )
        .get(public_id=order_id)
    )
