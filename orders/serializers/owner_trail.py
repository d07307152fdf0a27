"""What the API answers of all that happened to an order, to its restaurant."""

from typing import Any

from rest_framework import serializers

from notifications.fields import Code, Strict, present_moment
from notifications.models import Channel
from notifications.timelines import Sending, Told
from orders.models import Order, OrderEvent
from orders.serializers.lines import LineChangeSerializer
from orders.serializers.owner_opinions import (
    OwnerClaimSerializer,
    OwnerReviewSerializer,
)


class TrailEventSerializer(Strict):
    """Something that happened to an order."""

    at = serializers.DateTimeField()
    actor = Code(OrderEvent.Actor)
    by = serializers.CharField(help_text="Who it was, as far as one may know.")
    from_status = Code(Order.Status, allow_null=True)
    to_status = Code(Order.Status)
    reason = Code(OrderEvent.Reason, allow_null=True)
    note = serializers.CharField(allow_blank=True)
    is_window_moved = serializers.BooleanField(
        help_text="It is now expected at another time than before."
    )
    current_from = serializers.DateTimeField(help_text="As expected from then on.")
    current_until = serializers.DateTimeField()


class TrailMessageSerializer(Strict):
    """One way over which somebody was told, or was not."""

    channel = Code(Channel)
    ended_at = serializers.DateTimeField(
        allow_null=True, help_text="Null while it is on its way."
    )
    outcome_text = serializers.CharField(help_text="What became of it, and why.")


class TrailNotificationSerializer(Strict):
    """What somebody was told about an order."""

    at = serializers.DateTimeField()
    to = serializers.CharField(help_text="Who: a colleague or the customer.")
    about_text = serializers.CharField()
    messages = TrailMessageSerializer(many=True, help_text="Empty: over no channel.")


class OrderTrailSerializer(Strict):
    """All that happened to an order."""

    order_id = serializers.UUIDField()
    time_zone = serializers.CharField(help_text="The restaurant's (IANA).")
    events = TrailEventSerializer(many=True, help_text="The oldest first.")
    line_changes = LineChangeSerializer(many=True)
    notifications = TrailNotificationSerializer(many=True)
    claim = OwnerClaimSerializer(allow_null=True)
    review = OwnerReviewSerializer(allow_null=True)


def present_trail_event(
    event: OrderEvent, *, by: str, is_window_moved: bool
) -> dict[str, Any]:
    return {
        "at": present_moment(event.at),
        "actor": event.actor,
        "by": by,
        "from_status": event.from_status or None,
        "to_status": event.to_status,
        "reason": event.reason or None,
        "note": event.note,
        "is_window_moved": is_window_moved,
        "current_from": present_moment(event.window_after_from),
        "current_until": present_moment(event.window_after_until),
    }


def present_told(told: Told, *, to: str, about: str) -> dict[str, Any]:
    """Return what somebody was told, and over which channels."""
    return {
        "at": present_moment(told.notification.created_at),
        "to": to,
        "about_text": about,
        "messages": [_present_sending(one) for one in told.sendings],
    }


def _present_sending(sending: Sending) -> dict[str, Any]:
    return {
        "channel": sending.message.channel,
        "ended_at": present_moment(sending.message.ended_at),
        "outcome_text": str(sending.explanation),
    }
