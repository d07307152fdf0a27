"""What the API tells of orders: in a list, and one as its customer may see it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import serializers

from notifications.fields import Code, Money, Page, Strict, present_moment
from notifications.fields import present_money as money
from orders.models import Claim, Order, OrderEvent, Review, shorten
from orders.selectors import Summary, find_claim_obstacle, find_review_obstacle
from orders.selectors.progress import Progress, Step, read_progress
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
from orders.serializers.opinions import (
    ClaimSerializer,
    OrderReviewSerializer,
    present_claim,
    present_review,
)
from restaurants.models import Fulfilment, Restaurant
from restaurants.serializers.addresses import (
    PostalAddressSerializer,
    present_postal_address,
)

Present = dict[str, Any]
STEP_STATES = ("done", "now", "next")
LISTED_STEPS = ("cancel", "review", "claim")
NEXT_STEPS = (*LISTED_STEPS, "edit_review", "get_receipt")
# The app of deliveries, which stands above this one, has them.
ARRIVED = "arrived"
DELIVERY_STATUSES = (
    *("requested", "assigned", "picked_up", ARRIVED, "handed_over", "abandoned"),
)


class OrderPlaceSerializer(Strict):
    """The restaurant of an order, as one needs it to call or to collect."""

    id = serializers.UUIDField()
    name = serializers.CharField(help_text="As it was called when it was ordered.")
    phone = serializers.CharField(allow_null=True, help_text="E.164.")
    address = PostalAddressSerializer()


class OrderStepSerializer(Strict):
    """A status that an order was in, is in, or has still to come to."""

    status = Code(Order.Status)
    text = serializers.CharField()
    state = Code(STEP_STATES)
    at = serializers.DateTimeField(
        allow_null=True, help_text="Null for a step skipped or still to come."
    )


class OrderEndingSerializer(Strict):
    """Who ended an order that nobody ate, and why."""

    actor = Code(OrderEvent.Actor)
    reason = Code(OrderEvent.Reason)
    text = serializers.CharField()
    note = serializers.CharField(
        allow_blank=True, help_text="In the words of who ended it."
    )


class OrderPaymentSerializer(Strict):
    """How an order is paid."""

    method = Code(Order.PaymentMethod)
    status = Code(Order.PaymentStatus)


class OrderAmountsSerializer(Strict):
    """What an order costs, and how it is paid: what `present_amounts` answers."""

    subtotal = Money()
    delivery_fee = Money()
    tax = Money()
    tip = Money()
    total = Money()
    refunded = Money(help_text="Of the total, what was given back.")
    prices_include_tax = serializers.BooleanField(
        help_text="If so, the total has the tax in it; else it is added."
    )
    payment = OrderPaymentSerializer()


class CourierPositionSerializer(Strict):
    """Where the courier was last."""

    latitude = serializers.FloatField()
    longitude = serializers.FloatField()
    recorded_at = serializers.DateTimeField()


class OrderDeliverySerializer(Strict):
    """The carrying of an order, as its customer sees it."""

    status = Code(DELIVERY_STATUSES)
    courier_name = serializers.CharField(allow_null=True)
    courier_phone = serializers.CharField(
        allow_null=True, help_text="While the courier has the food; E.164."
    )
    position = CourierPositionSerializer(
        allow_null=True, help_text="While the courier has the food and shares it."
    )
    distance_meters = serializers.IntegerField(
        allow_null=True,
        help_text="As the crow flies, from the courier to the customer.",
    )


class OrderLinksSerializer(Strict):
    """Where more about an order is."""

    web = serializers.URLField(
        help_text="Its page, for a browser: who is not signed in there is asked to."
    )
    stream = serializers.URLField(help_text="Server-sent events of how it stands.")


class OrderSerializer(OrderAmountsSerializer):
    """An order with all that its customer may see."""

    id = serializers.UUIDField()
    number = serializers.IntegerField(help_text="Counts up within a restaurant.")
    short_number = serializers.CharField(help_text="What the kitchen calls it.")
    status = Code(Order.Status)
    status_since = serializers.DateTimeField()
    status_text = serializers.CharField(help_text="How it stands, in a sentence.")
    fulfilment = Code(Fulfilment)
    is_test = serializers.BooleanField(
        help_text="Placed by the restaurant on itself: nothing is cooked or paid."
    )
    restaurant = OrderPlaceSerializer()
    time_zone = serializers.CharField(help_text="The restaurant's (IANA).")
    placed_at = serializers.DateTimeField()
    scheduled_for = serializers.DateTimeField(
        allow_null=True, help_text="When the kitchen starts; null for at once."
    )
    answer_by = serializers.DateTimeField(
        help_text="Until when the restaurant answers; it is cancelled otherwise."
    )
    promised_from = serializers.DateTimeField(help_text="As said when it was placed.")
    promised_until = serializers.DateTimeField()
    current_from = serializers.DateTimeField(help_text="As expected now.")
    current_until = serializers.DateTimeField()
    ready_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    is_overdue = serializers.BooleanField(
        help_text="The window expected now has passed."
    )
    lateness_text = serializers.CharField(
        allow_null=True, help_text="How much later than promised it is, and why."
    )
    timeline = OrderStepSerializer(
        many=True, help_text="What it has been through and what is to come, in order."
    )
    next_steps = serializers.ListField(
        child=Code(NEXT_STEPS),
        help_text="What its customer can do with it now; more is refused.",
    )
    ending = OrderEndingSerializer(
        allow_null=True, help_text="Of an order rejected or cancelled."
    )
    lines = OrderLineSerializer(many=True)
    customer_name = serializers.CharField()
    customer_phone = serializers.CharField(allow_null=True, help_text="E.164.")
    address = OrderAddressSerializer(allow_null=True, help_text="Null for pickup.")
    distance_meters = serializers.IntegerField(
        allow_null=True, help_text="As the crow flies; null for pickup."
    )
    kitchen_note = serializers.CharField(allow_blank=True)
    delivery = OrderDeliverySerializer(
        allow_null=True,
        help_text="While somebody is to bring it; null for pickup and once it is over.",
    )
    line_changes = LineChangeSerializer(many=True)
    review = OrderReviewSerializer(allow_null=True)
    claim = ClaimSerializer(allow_null=True)
    links = OrderLinksSerializer()


class OrderRestaurantSerializer(Strict):
    """Where an order was placed."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class OrderSummaryLineSerializer(Strict):
    """A line of an order, in short."""

    name = serializers.CharField()
    quantity = serializers.IntegerField()


class OrderSummarySerializer(Strict):
    """An order as a list shows it."""

    id = serializers.UUIDField()
    number = serializers.IntegerField(help_text="Counts up within a restaurant.")
    short_number = serializers.CharField(help_text="What the kitchen calls it.")
    status = Code(Order.Status)
    status_text = serializers.CharField()
    end_reason = Code(OrderEvent.Reason, allow_null=True)
    fulfilment = Code(Fulfilment)
    is_test = serializers.BooleanField()
    restaurant = OrderRestaurantSerializer()
    time_zone = serializers.CharField(help_text="The restaurant's (IANA).")
    placed_at = serializers.DateTimeField()
    scheduled_for = serializers.DateTimeField(allow_null=True)
    current_from = serializers.DateTimeField()
    current_until = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    total = Money()
    refunded = Money()
    lines = OrderSummaryLineSerializer(many=True)
    food_rating = serializers.IntegerField(
        allow_null=True, help_text="Of the customer's review, if there is one."
    )
    claim_status = Code(Claim.Status, allow_null=True)
    next_steps = serializers.ListField(
        child=Code(LISTED_STEPS),
        help_text="What can be done with it now; the order itself may tell of more.",
    )


class OrderPageSerializer(Page):
    results = OrderSummarySerializer(many=True)


def present_order_summaries(
    orders: Sequence[Summary], *, now: datetime
) -> list[Present]:
    """Return orders as a list shows them."""
    # Not a translation for each.
    statuses = {one.status for one in orders}
    names = {status: str(Order.Status(status).label) for status in statuses}
    return [_present_summary(one, names[one.status], now) for one in orders]


def _present_summary(order: Summary, status_text: str, now: datetime) -> Present:
    is_rated, is_claimed = order.food_rating is not None, order.claim_status is not None
    steps = {
        "cancel": order.status == Order.Status.PLACED,
        "review": not (is_rated or find_review_obstacle(order, None, now=now)),
        "claim": not (is_claimed or find_claim_obstacle(order, None, now=now)),
    }
    return {
        "id": order.public_id,
        "number": order.number,
        "short_number": shorten(order.number),
        "status": order.status,
        "status_text": status_text,
        "end_reason": order.end_reason or None,
        "fulfilment": order.fulfilment,
        "is_test": order.is_test,
        "restaurant": {"id": order.restaurant_id, "name": order.restaurant_name},
        "time_zone": order.time_zone,
        "placed_at": present_moment(order.placed_at),
        "scheduled_for": present_moment(order.scheduled_for),
        "current_from": present_moment(order.current_from),
        "current_until": present_moment(order.current_until),
        "ended_at": present_moment(order.ended_at),
        "total": money(order.total, order.currency),
        "refunded": money(order.refunded, order.currency),
        "lines": order.lines,
        "food_rating": order.food_rating,
        "claim_status": order.claim_status,
        "next_steps": [step for step, can in steps.items() if can],
    }


def present_order(
    order: Order, *, now: datetime, delivery: Mapping[str, Any] | None = None
) -> Present:
    """Return an order as its customer sees it; from get_order_for_customer.

    `delivery` is what the app of deliveries tells of who brings it.
    """
    progress = read_progress(order, now=now)
    return {
        **_present_state(order, progress),
        **_present_times(order),
        "lines": present_lines(order),
        **present_amounts(order),
        **_present_where(order),
        "status_text": _say(order, progress, delivery),
        "delivery": delivery,
        "line_changes": [
            present_line_change(one, order.currency) for one in order.line_changes.all()
        ],
        **_present_opinions(order, now),
        "links": _present_links(order),
    }


def _say(order: Order, progress: Progress, delivery: Mapping[str, Any] | None) -> str:
    is_out = order.status == Order.Status.OUT_FOR_DELIVERY
    if is_out and delivery is not None and delivery["status"] == ARRIVED:
        return _("The courier is at your door.")
    return progress.sentence


def _present_state(order: Order, progress: Progress) -> Present:
    return {
        "id": str(order.public_id),
        "number": order.number,
        "short_number": order.short_number,
        "status": order.status,
        "status_since": present_moment(status_since(order)),
        "fulfilment": order.fulfilment,
        "is_test": order.is_test,
        "is_overdue": progress.is_overdue,
        "lateness_text": progress.lateness or None,
        "timeline": [_present_step(step) for step in progress.steps],
        "ending": _present_ending(order, progress),
    }


def status_since(order: Order) -> datetime:
    """Return when an order came to be as it is; its events must be loaded."""
    entered = [
        event.at
        for event in order.events.all()
        if event.to_status == order.status != event.from_status
    ]
    return entered[-1] if entered else order.placed_at


def _present_step(step: Step) -> Present:
    return {
        "status": str(step.status),
        "text": str(step.label),
        "state": step.state,
        "at": present_moment(step.at),
    }


def _present_ending(order: Order, progress: Progress) -> Present | None:
    if progress.ending is None:
        return None
    return {
        "actor": order.end_actor or OrderEvent.Actor.SYSTEM.value,
        "reason": order.end_reason or OrderEvent.Reason.OTHER.value,
        "text": progress.ending.sentence,
        "note": progress.ending.note,
    }


def _present_times(order: Order) -> Present:
    names = (
        *("placed_at", "scheduled_for", "answer_by", "promised_from"),
        *("promised_until", "current_from", "current_until", "ready_at", "ended_at"),
    )
    moments = {name: present_moment(getattr(order, name)) for name in names}
    return {"time_zone": order.restaurant.time_zone, **moments}


def present_amounts(order: Order) -> Present:
    """Return what an order costs, and how it is paid."""
    names = (
        *("subtotal", "delivery_fee", "tax", "tip", "total"),
        "refunded",
    )
    return {
        **{name: money(getattr(order, name), order.currency) for name in names},
        "prices_include_tax": order.prices_include_tax,
        "payment": {"method": order.payment_method, "status": order.payment_status},
    }


def _present_where(order: Order) -> Present:
    return {
        "restaurant": present_order_place(order.restaurant, order.restaurant_name),
        "customer_name": order.customer_name,
        "customer_phone": order.customer_phone or None,
        "address": present_order_address(order),
        "distance_meters": None if order.distance is None else round(order.distance),
        "kitchen_note": order.kitchen_note,
    }


def present_order_place(restaurant: Restaurant, name: str) -> Present:
    """Return the restaurant of an order, by the name that it had then."""
    return {
        "id": str(restaurant.public_id),
        "name": name,
        "phone": str(restaurant.phone) or None,
        "address": present_postal_address(restaurant),
    }


def _present_opinions(order: Order, now: datetime) -> Present:
    review: Review | None = getattr(order, "review", None)
    claim: Claim | None = getattr(order, "claim", None)
    may_review = not find_review_obstacle(order, review, now=now)
    steps = {
        "cancel": order.status == Order.Status.PLACED,
        "review": may_review and review is None,
        "edit_review": may_review and review is not None,
        "claim": not find_claim_obstacle(order, claim, now=now),
        "get_receipt": order.status in Order.COMPLETED,
    }
    return {
        "review": present_review(review) if review else None,
        "claim": present_claim(claim, order.currency) if claim else None,
        "next_steps": [step for step, can in steps.items() if can],
    }


def _present_links(order: Order) -> dict[str, str]:
    path = order.get_absolute_url()
    streams = settings.STREAMS_URL or settings.SITE_URL
    return {
        "web": f"{settings.SITE_URL}{path}",
        "stream": f"{streams}/api/v1/orders/{order.public_id}/stream",
    }
