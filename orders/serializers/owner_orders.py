"""What the API answers of orders to the restaurant that cooks them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rest_framework import serializers

from notifications.fields import (
    Code,
    Money,
    Page,
    Strict,
    present_moment,
    present_money,
)
from orders.models import LineChange, Order, OrderEvent, PendingEnd
from orders.selectors import multiply_out
from orders.serializers.addresses import (
    OrderAddressSerializer,
    present_order_address,
)
from orders.serializers.lines import (
    LineChangeSerializer,
    OrderLineSerializer,
    present_line_change,
    present_lines,
)
from orders.serializers.orders import (
    OrderAmountsSerializer,
    OrderRestaurantSerializer,
    present_amounts,
)
from orders.services.ending import REJECTING
from restaurants.models import Fulfilment

STEPS = (
    *("accept", "reject", "start", "ready", "send_out", "complete"),
    *("cancel", "delay", "change_line", "keep"),
)
COLUMNS = ("new", "kitchen", "ready", "later")


class KitchenChoiceSerializer(Strict):
    """A modifier as the kitchen makes it."""

    quantity = serializers.IntegerField(help_text="Of all the line's items together.")
    name = serializers.CharField()
    depth = serializers.IntegerField(
        help_text="1 for one of the item's own, 2 for one of that one's."
    )


class OwnerOrderLineSerializer(OrderLineSerializer):
    """A line of an order, as the kitchen reads it."""

    to_make = KitchenChoiceSerializer(
        many=True, help_text="The modifiers multiplied out, nested ones below theirs."
    )


class PendingEndSerializer(Strict):
    """A rejection or cancellation that can still be taken back; nobody is told yet."""

    to_status = Code((Order.Status.REJECTED, Order.Status.CANCELLED))
    reason = Code((*REJECTING, OrderEvent.Reason.NO_SHOW))
    reason_text = serializers.CharField()
    note = serializers.CharField(allow_blank=True)
    by = serializers.CharField(allow_null=True, help_text="Who of the restaurant.")
    due_at = serializers.DateTimeField(help_text="Until then it can be taken back.")


class OwnerOrderSummarySerializer(OrderAmountsSerializer):
    """An order as a restaurant's list shows it."""

    id = serializers.UUIDField()
    number = serializers.IntegerField(help_text="Counts up within a restaurant.")
    short_number = serializers.CharField(help_text="What the kitchen calls it.")
    restaurant = OrderRestaurantSerializer()
    time_zone = serializers.CharField(help_text="The restaurant's (IANA).")
    status = Code(Order.Status)
    status_text = serializers.CharField()
    fulfilment = Code(Fulfilment)
    is_test = serializers.BooleanField(help_text="To try the portal; not for cooking.")
    customer_name = serializers.CharField()
    customer_phone = serializers.CharField(allow_null=True, help_text="E.164.")
    placed_at = serializers.DateTimeField()
    scheduled_for = serializers.DateTimeField(
        allow_null=True, help_text="When the kitchen starts; null for at once."
    )
    due_at = serializers.DateTimeField(help_text="When it is to be ready.")
    promised_from = serializers.DateTimeField(help_text="As said when it was placed.")
    promised_until = serializers.DateTimeField()
    current_from = serializers.DateTimeField(help_text="As expected now.")
    current_until = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    end_reason = Code(OrderEvent.Reason, allow_null=True)
    end_actor = Code(OrderEvent.Actor, allow_null=True)
    late_minutes = serializers.IntegerField(
        help_text="By how much it misses its promise, or did; 0 when it does not."
    )


class OwnerOrderPageSerializer(Page):
    results = OwnerOrderSummarySerializer(many=True)


class OwnerOrderSerializer(OwnerOrderSummarySerializer):
    """An order with all that its kitchen needs."""

    column = Code(
        COLUMNS, allow_null=True, help_text="Where the board has it; null once over."
    )
    next_steps = serializers.ListField(
        child=Code(STEPS), help_text="What can be done with it now, the usual first."
    )
    deadline_at = serializers.DateTimeField(
        help_text=(
            "What its minutes are counted to: the answer while it is new, the food "
            "while it is cooked, the customer after that."
        )
    )
    answer_by = serializers.DateTimeField(
        help_text="Nobody answered by then: it is cancelled."
    )
    preparation_minutes = serializers.IntegerField()
    accepted_at = serializers.DateTimeField(allow_null=True)
    ready_at = serializers.DateTimeField(allow_null=True)
    out_at = serializers.DateTimeField(allow_null=True)
    opened_at = serializers.DateTimeField(
        allow_null=True, help_text="Null: nobody looked at it, and the alarm rings."
    )
    printed_at = serializers.DateTimeField(allow_null=True)
    pending_end = PendingEndSerializer(allow_null=True)
    lines = OwnerOrderLineSerializer(many=True)
    line_changes = LineChangeSerializer(
        many=True, help_text="What the customer is being asked."
    )
    kitchen_note = serializers.CharField(allow_blank=True)
    address = OrderAddressSerializer(allow_null=True, help_text="Null for pickup.")
    distance_meters = serializers.IntegerField(allow_null=True)


class BoardColumnSerializer(Strict):
    """A column of the board."""

    name = Code(COLUMNS)
    title_text = serializers.CharField()
    orders = OwnerOrderSerializer(many=True, help_text="The most pressing first.")


class AnsweredChangeSerializer(Strict):
    """An answer of a customer to a question about a line."""

    order_id = serializers.UUIDField()
    short_number = serializers.CharField()
    line_change = LineChangeSerializer()


class BoardSerializer(Strict):
    """The orders of now, as a kitchen's tablet shows them."""

    at = serializers.DateTimeField(help_text="The server's clock, to count minutes by.")
    columns = BoardColumnSerializer(many=True)
    lost = OwnerOrderSummarySerializer(
        many=True,
        help_text="Cancelled by others than the restaurant in the last 15 minutes.",
    )
    answered = AnsweredChangeSerializer(
        many=True, help_text="What customers answered in the last 15 minutes."
    )


class TicketSerializer(Strict):
    """A printing of the kitchen's ticket."""

    is_duplicate = serializers.BooleanField(
        help_text="It was printed before, on this tablet or another: mark it so."
    )
    order = OwnerOrderSerializer()


def present_owner_summary(order: Order, *, late_minutes: int) -> dict[str, Any]:
    """Return an order as a restaurant's list shows it; its restaurant is loaded."""
    moments = (
        *("placed_at", "scheduled_for", "due_at", "promised_from", "promised_until"),
        *("current_from", "current_until", "ended_at"),
    )
    return {
        "id": str(order.public_id),
        "number": order.number,
        "short_number": order.short_number,
        "restaurant": present_place(order),
        "time_zone": order.restaurant.time_zone,
        "status": order.status,
        "status_text": order.get_status_display(),
        "fulfilment": order.fulfilment,
        "is_test": order.is_test,
        "customer_name": order.customer_name,
        "customer_phone": order.customer_phone or None,
        **{name: present_moment(getattr(order, name)) for name in moments},
        "end_reason": order.end_reason or None,
        "end_actor": order.end_actor or None,
        "late_minutes": late_minutes,
        **present_amounts(order),
    }


def present_place(order: Order) -> dict[str, str]:
    restaurant_id = order.restaurant.public_id
    return {"id": str(restaurant_id), "name": order.restaurant_name}


def present_owner_order(
    order: Order,
    *,
    late_minutes: int,
    column: str | None,
    steps: Iterable[str],
    deadline: datetime,
) -> dict[str, Any]:
    """Return an order for its kitchen, loaded as the board loads it."""
    moments = (
        *("answer_by", "accepted_at", "ready_at", "out_at", "opened_at"),
        "printed_at",
    )
    rows = zip(present_lines(order), order.lines.all(), strict=True)
    return {
        **present_owner_summary(order, late_minutes=late_minutes),
        "column": column,
        "next_steps": list(steps),
        "deadline_at": present_moment(deadline),
        "preparation_minutes": order.preparation_minutes,
        **{name: present_moment(getattr(order, name)) for name in moments},
        "pending_end": _present_pending(getattr(order, "pending_end", None)),
        "lines": [
            {**shown, "to_make": [vars(one) for one in multiply_out(line)]}
            for shown, line in rows
        ],
        "line_changes": [
            present_line_change(one, order.currency) for one in order.line_changes.all()
        ],
        "kitchen_note": order.kitchen_note,
        "address": present_order_address(order),
        "distance_meters": None if order.distance is None else round(order.distance),
    }


def _present_pending(pending: PendingEnd | None) -> dict[str, Any] | None:
    if pending is None:
        return None
    user = pending.user
    return {
        "to_status": pending.to_status,
        "reason": pending.reason,
        "reason_text": pending.get_reason_display(),
        "note": pending.note,
        "by": (user.name or user.email) if user else None,
        "due_at": present_moment(pending.due_at),
    }


def present_news(change: LineChange) -> dict[str, Any]:
    order = change.order
    return {
        "order_id": str(order.public_id),
        "short_number": order.short_number,
        "line_change": present_line_change(change, order.currency),
    }


class ReplacementSerializer(Strict):
    """What can be had now instead of a line; it asks for no further choice."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    section_name = serializers.CharField()
    price = Money(help_text="Of one; it may be lowered, not raised.")


class ReplacementListSerializer(Strict):
    """What could be sent instead."""

    results = ReplacementSerializer(many=True)


class LineChangePreviewSerializer(Strict):
    """What an order would come to; nobody is asked yet."""

    new_name = serializers.CharField(allow_null=True, help_text="Null to leave it out.")
    new_unit_price = Money(allow_null=True)
    total_before = Money()
    total_after = Money()


def present_preview(
    *, name: str | None, price: Any, before: Any, after: Any, currency: str
) -> dict[str, Any]:
    return {
        "new_name": name,
        "new_unit_price": None if price is None else present_money(price, currency),
        "total_before": present_money(before, currency),
        "total_after": present_money(after, currency),
    }
