"""What customers and restaurants are told about an order."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from notifications.fields import present_moment, present_money
from notifications.models import Channel, Priority
from notifications.services.publishing import publish
from notifications.topics import Category, Kind, Topic, WhenCapped, register
from orders.models import Claim, LineChange, Order, OrderEvent, Review
from restaurants.models import Restaurant
from restaurants.notifications import (
    KITCHEN,
    list_partners,
    list_people,
    tell_partners,
)

OWNER_PORTAL = "/owner/"


ORDERS = Category(name="orders", label=_("Orders"), kind=Kind.TRANSACTIONAL)
OFFERS = Category(name="offers", label=_("Offers and news"), kind=Kind.PROMOTIONAL)


def _register(name: str) -> Topic:
    return register(
        Topic(
            name=name,
            category=ORDERS,
            priority=Priority.STANDARD,
            channels=(Channel.IN_APP, Channel.EMAIL),
            # Who has no phone with the app, or cannot be reached there, gets a text.
            chain=(Channel.PUSH, Channel.SMS),
            collapse="order",
            time_to_live=timedelta(hours=6),
        )
    )


def _register_for_kitchen(name: str, *channels: Channel) -> Topic:
    return register(
        Topic(
            name=name,
            category=KITCHEN,
            priority=Priority.STANDARD,
            channels=channels,
            collapse="order",
            time_to_live=timedelta(minutes=30),
        )
    )


ORDER_PLACED = _register_for_kitchen("order_placed", Channel.IN_APP, Channel.PUSH)
# Nobody has looked at it for a minute: whatever reaches them.
ORDER_WAITING = _register_for_kitchen(
    "order_waiting", Channel.PUSH, Channel.SMS, Channel.EMAIL
)
LINE_CHANGE_ANSWERED = _register_for_kitchen("line_change_answered", Channel.IN_APP)
REVIEW_WRITTEN = _register_for_kitchen("review_written", Channel.IN_APP)
# A guest has no account to find the order in: the link to it, by mail or as a text.
ORDER_RECEIVED = register(
    Topic(
        name="order_received",
        category=ORDERS,
        priority=Priority.STANDARD,
        channels=(Channel.EMAIL,),
        chain=(Channel.SMS,),
        time_to_live=timedelta(hours=6),
    )
)
ORDER_ACCEPTED = _register("order_accepted")
ORDER_REJECTED = _register("order_rejected")
ORDER_OUT_FOR_DELIVERY = _register("order_out_for_delivery")
ORDER_DELIVERED = _register("order_delivered")
ORDER_CANCELLED = _register("order_cancelled")
ORDER_CANCELLED_FOR_RESTAURANT = _register_for_kitchen(
    "order_cancelled_for_restaurant", Channel.IN_APP, Channel.PUSH
)
ORDER_DELAYED = _register("order_delayed")
LINE_CHANGE_PROPOSED = _register("line_change_proposed")
REVIEW_ANSWERED = register(
    Topic(
        name="review_answered",
        category=ORDERS,
        priority=Priority.STANDARD,
        channels=(Channel.IN_APP, Channel.PUSH),
        time_to_live=timedelta(days=2),
    )
)
# Money is asked for: it reaches them, and there is time to answer.
CLAIM_MADE = register(
    Topic(
        name="claim_made",
        category=KITCHEN,
        priority=Priority.STANDARD,
        channels=(Channel.IN_APP, Channel.PUSH, Channel.EMAIL),
        time_to_live=timedelta(days=2),
    )
)
CLAIM_ANSWERED = register(
    Topic(
        name="claim_answered",
        category=ORDERS,
        priority=Priority.STANDARD,
        channels=(Channel.IN_APP, Channel.PUSH, Channel.EMAIL),
        time_to_live=timedelta(days=2),
    )
)
# Asked for on the receipt's page, each time anew.
ORDER_RECEIPT = register(
    Topic(
        name="order_receipt",
        category=ORDERS,
        priority=Priority.STANDARD,
        channels=(Channel.EMAIL,),
        time_to_live=timedelta(hours=6),
    )
)
# The kitchen changed something that a cart under way depends on.
CART_AFFECTED = register(
    Topic(
        name="cart_affected",
        category=ORDERS,
        priority=Priority.STANDARD,
        channels=(Channel.IN_APP, Channel.PUSH),
        time_to_live=timedelta(hours=1),
    )
)
# What operators write to many at once.
OFFER = register(
    Topic(
        name="offer",
        category=OFFERS,
        priority=Priority.BULK,
        channels=(Channel.IN_APP, Channel.PUSH, Channel.EMAIL),
        time_to_live=timedelta(days=2),
        daily_cap=2,
        when_capped=WhenCapped.DROP,
        is_for_campaigns=True,
    )
)

Status = Order.Status
Actor = OrderEvent.Actor
FOR_CUSTOMER = {
    Status.ACCEPTED: ORDER_ACCEPTED,
    Status.REJECTED: ORDER_REJECTED,
    Status.OUT_FOR_DELIVERY: ORDER_OUT_FOR_DELIVERY,
    Status.DELIVERED: ORDER_DELIVERED,
    Status.COLLECTED: ORDER_DELIVERED,
    Status.CANCELLED: ORDER_CANCELLED,
}
# What an order's page shows among what was told about it, in words.
ABOUT_ORDERS = {
    ORDER_PLACED.name: _("New order"),
    ORDER_WAITING.name: _("An order is waiting"),
    ORDER_RECEIVED.name: _("Received, to a guest"),
    ORDER_ACCEPTED.name: _("Accepted"),
    ORDER_REJECTED.name: _("Rejected"),
    ORDER_DELAYED.name: _("It takes longer"),
    LINE_CHANGE_PROPOSED.name: _("A change is proposed"),
    LINE_CHANGE_ANSWERED.name: _("The change is answered"),
    ORDER_OUT_FOR_DELIVERY.name: _("Out for delivery"),
    ORDER_DELIVERED.name: _("Delivered or collected"),
    ORDER_CANCELLED.name: _("Cancelled"),
    ORDER_CANCELLED_FOR_RESTAURANT.name: _("Cancelled, to the restaurant"),
    REVIEW_WRITTEN.name: _("A review"),
    REVIEW_ANSWERED.name: _("The review is answered"),
    CLAIM_MADE.name: _("A problem is reported"),
    CLAIM_ANSWERED.name: _("The reported problem is answered"),
}
# Their own cancellations are no news to a restaurant.
NEWS_TO_RESTAURANT = {Actor.CUSTOMER, Actor.SYSTEM, Actor.PLATFORM}


def tell(order: Order, event: OrderEvent) -> None:
    """Publish what a step of an order means to people; in the step's transaction."""
    if event.to_status == event.from_status:
        return
    topic = FOR_CUSTOMER.get(Status(event.to_status))
    if topic is not None and order.customer_id is not None:
        _publish(topic, order, [order.customer_id], event=event)
    if event.to_status == Status.PLACED:
        _tell_restaurant(ORDER_PLACED, order, event)
        if order.guest_token and order.customer_id is not None:
            _publish(ORDER_RECEIVED, order, [order.customer_id], event=event)
    if event.to_status == Status.CANCELLED and event.actor in NEWS_TO_RESTAURANT:
        _tell_restaurant(ORDER_CANCELLED_FOR_RESTAURANT, order, event)


def tell_partners_of(order: Order, event: OrderEvent) -> None:
    """Send a step, or what changed without one, to the restaurant's own programs."""
    recipients = list_partners(order.restaurant)
    if recipients:
        tell_partners(
            order.restaurant,
            recipients=recipients,
            key=f"order:{order.public_id}:{event.pk}",
            payload=_partner_payload(order, event),
        )


def _partner_payload(order: Order, event: OrderEvent) -> dict[str, object]:
    """Say how the order is now; nothing in it is about the customer."""
    has_moved = event.to_status != event.from_status
    return {
        "type": f"order.{event.to_status}" if has_moved else "order.changed",
        "timestamp": present_moment(event.at),
        "data": {
            "order_id": str(order.public_id),
            "restaurant_id": str(order.restaurant.public_id),
            "number": order.number,
            "short_number": order.short_number,
            "is_test": order.is_test,
            "status": event.to_status,
            "previous_status": event.from_status or None,
            "actor": event.actor,
            "reason": event.reason or None,
            "fulfilment": order.fulfilment,
            "total": present_money(order.total, order.currency),
            "placed_at": present_moment(order.placed_at),
            "scheduled_for": present_moment(order.scheduled_for),
            "promised_from": present_moment(order.promised_from),
            "promised_until": present_moment(order.promised_until),
            "current_from": present_moment(order.current_from),
            "current_until": present_moment(order.current_until),
            "time_zone": order.restaurant.time_zone,
        },
    }


def tell_delay(order: Order, *, minutes: int) -> None:
    """Tell the customer that the kitchen needs longer; each time it does."""
    if order.customer_id is not None:
        # Each delay moves the window, which tells one from another.
        key = f":{order.current_until.isoformat()}"
        context = {"minutes": minutes}
        _publish(ORDER_DELAYED, order, [order.customer_id], key=key, context=context)


def tell_receipt(order: Order, *, key: str) -> None:
    """Send the customer the receipt; the same key is one mail. They must be there."""
    lines = [
        {
            "quantity": line.quantity,
            "name": line.name,
            "modifiers": [one.name for one in line.modifiers.all()],
            "amount": str(line.amount),
        }
        for line in order.lines.prefetch_related("modifiers")
    ]
    amounts = ("subtotal", "delivery_fee", "tax", "tip", "total", "refunded")
    place = order.restaurant
    publish(
        topic=ORDER_RECEIPT,
        recipients=[order.customer_id] if order.customer_id else [],
        region=order.region.code,
        key=key,
        context={
            "url": order.get_link(),
            "subject": {"kind": "order", "id": str(order.public_id)},
            "number": order.number,
            "restaurant": order.restaurant_name,
            "restaurant_address": ", ".join(
                filter(None, [place.street_address, place.locality, place.postal_code])
            ),
            "fulfilment": order.fulfilment,
            "address": order.address,
            "placed_at": order.placed_at.isoformat(),
            "ended_at": order.ended_at.isoformat() if order.ended_at else "",
            "time_zone": place.time_zone,
            "currency": order.currency,
            "payment_method": order.payment_method,
            "prices_include_tax": order.prices_include_tax,
            "lines": lines,
            # Words choose by whether an amount is there: nothing of nothing.
            **{name: str(getattr(order, name) or "") for name in amounts},
            "site_url": settings.SITE_URL,
        },
    )


def tell_waiting(order: Order) -> None:
    """Call the restaurant's people to an order that nobody has looked at."""
    people = list_people(order.restaurant_id)
    _publish(ORDER_WAITING, order, people, url=OWNER_PORTAL)


def tell_line_change(change: LineChange) -> None:
    """Ask the customer about a proposed change, or tell the restaurant the answer."""
    order = change.order
    context = {
        "line": change.line_name,
        "instead": change.new_name,
        "status": change.status,
        "total_before": str(change.total_before),
        "total_after": str(change.total_after),
    }
    key = f":{change.public_id}"
    if change.status == LineChange.Status.PROPOSED:
        if order.customer_id is not None:
            people = [order.customer_id]
            _publish(LINE_CHANGE_PROPOSED, order, people, key=key, context=context)
        return
    people = list_people(order.restaurant_id)
    _publish(
        LINE_CHANGE_ANSWERED,
        order,
        people,
        key=key,
        context=context,
        url=OWNER_PORTAL,
    )


def tell_review(review: Review) -> None:
    """Tell the restaurant of a review, or the customer of its answer."""
    order = review.order
    context = {"rating": review.food_rating, "text": review.text[:200]}
    if not review.answer:
        people = list_people(order.restaurant_id)
        _publish(REVIEW_WRITTEN, order, people, context=context, url=OWNER_PORTAL)
    elif order.customer_id is not None:
        context["text"] = review.answer[:200]
        _publish(REVIEW_ANSWERED, order, [order.customer_id], context=context)


def tell_claim(claim: Claim) -> None:
    """Tell the restaurant of a claim, or the customer of what became of it."""
    order = claim.order
    context = {
        "text": claim.text[:200],
        "status": claim.status,
        "proposed": str(claim.proposed_refund),
        "refund": str(claim.refund),
        "payment_method": order.payment_method,
    }
    if claim.status == Claim.Status.OPEN:
        people = list_people(order.restaurant_id)
        url = f"{OWNER_PORTAL}r/{order.restaurant_id}/claims/"
        _publish(CLAIM_MADE, order, people, context=context, url=url)
    elif order.customer_id is not None:
        context["text"] = claim.answer[:1000]
        _publish(CLAIM_ANSWERED, order, [order.customer_id], context=context)


def tell_carts_affected(
    restaurant: Restaurant,
    people: list[int],
    *,
    what: str,
    key: str,
    item: str = "",
    minutes: int = 0,
) -> None:
    """Tell people that something their carts depend on has changed.

    `what` is sold_out (of `item`), busy (for `minutes`) or paused; the region must be
    loaded. The same key is told once.
    """
    publish(
        topic=CART_AFFECTED,
        recipients=people,
        region=restaurant.region.code,
        key=f"{CART_AFFECTED.name}:{restaurant.pk}:{what}:{key}",
        context={
            "url": reverse("orders:cart-detail"),
            "subject": {"kind": "restaurant", "id": str(restaurant.public_id)},
            "restaurant": restaurant.name,
            "what": what,
            "item": item,
            "minutes": minutes,
            "site_url": settings.SITE_URL,
        },
    )


def list_keys(
    order: Order, *, events: Iterable[OrderEvent], changes: Iterable[LineChange]
) -> list[str]:
    """Return the keys of all that may have been told about an order."""
    suffixes: dict[str, list[str]] = {
        ORDER_DELAYED.name: [
            f":{event.window_after_until.isoformat()}"
            for event in events
            if event.reason == OrderEvent.Reason.DELAYED
        ],
        LINE_CHANGE_PROPOSED.name: [f":{change.public_id}" for change in changes],
    }
    suffixes[LINE_CHANGE_ANSWERED.name] = suffixes[LINE_CHANGE_PROPOSED.name]
    return [
        f"{topic}:{order.public_id}{suffix}"
        for topic in ABOUT_ORDERS
        for suffix in suffixes.get(topic, [""])
    ]


def _tell_restaurant(topic: Topic, order: Order, event: OrderEvent) -> None:
    people = list_people(order.restaurant_id)
    _publish(topic, order, people, event=event, url=OWNER_PORTAL)


def _publish(
    topic: Topic,
    order: Order,
    recipients: list[int],
    *,
    event: OrderEvent | None = None,
    url: str = "",
    key: str = "",
    context: dict[str, Any] | None = None,
) -> None:
    publish(
        topic=topic,
        recipients=recipients,
        region=order.region.code,
        key=f"{topic.name}:{order.public_id}{key}",
        context={
            "url": url or order.get_link(),
            "subject": {"kind": "order", "id": str(order.public_id)},
            "order": str(order.public_id),
            "number": order.number,
            "restaurant": order.restaurant_name,
            "customer": order.customer_name,
            "fulfilment": order.fulfilment,
            "actor": event.actor if event else "",
            "reason": event.reason if event else "",
            "note": event.note if event else "",
            "total": str(order.total),
            "currency": order.currency,
            "time_zone": order.restaurant.time_zone,
            "from": order.current_from.isoformat(),
            "until": order.current_until.isoformat(),
            "scheduled_for": (
                order.scheduled_for.isoformat() if order.scheduled_for else ""
            ),
            "answer_by": order.answer_by.isoformat(),
            "site_url": settings.SITE_URL,
            **(context or {}),
        },
    )
