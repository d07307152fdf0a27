"""What customers and restaurants are told about an order."""

from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from notifications.models import Channel, Priority
from notifications.services.publishing import publish
from notifications.topics import Category, Kind, Topic, WhenCapped, register
from orders.models import Order, OrderEvent
from restaurants.models import Membership

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


ORDER_PLACED = _register("order_placed")
ORDER_ACCEPTED = _register("order_accepted")
ORDER_REJECTED = _register("order_rejected")
ORDER_OUT_FOR_DELIVERY = _register("order_out_for_delivery")
ORDER_DELIVERED = _register("order_delivered")
ORDER_CANCELLED = _register("order_cancelled")
ORDER_CANCELLED_FOR_RESTAURANT = _register("order_cancelled_for_restaurant")
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
# Their own cancellations are no news to a restaurant.
NEWS_TO_RESTAURANT = {Actor.CUSTOMER, Actor.SYSTEM, Actor.PLATFORM}


def tell(order: Order, event: OrderEvent) -> None:
    """Publish what a step of an order means to people; in the step's transaction."""
    if event.to_status == event.from_status:
        return
    topic = FOR_CUSTOMER.get(Status(event.to_status))
    if topic is not None and order.customer_id is not None:
        _publish(topic, order, event, [order.customer_id], order.get_absolute_url())
    if event.to_status == Status.PLACED:
        _tell_restaurant(ORDER_PLACED, order, event)
    if event.to_status == Status.CANCELLED and event.actor in NEWS_TO_RESTAURANT:
        _tell_restaurant(ORDER_CANCELLED_FOR_RESTAURANT, order, event)


def _tell_restaurant(topic: Topic, order: Order, event: OrderEvent) -> None:
    members = Membership.objects.filter(
        restaurant=order.restaurant_id,
        role__in=[Membership.Role.OWNER, Membership.Role.MANAGER],
    ).values_list("user_id", flat=True)
    _publish(topic, order, event, list(members), OWNER_PORTAL)


def _publish(
    topic: Topic, order: Order, event: OrderEvent, recipients: list[int], url: str
) -> None:
    publish(
        topic=topic,
        recipients=recipients,
        region=order.region.code,
        key=f"{topic.name}:{order.public_id}",
        context={
            "url": url,
            "order": str(order.public_id),
            "number": order.number,
            "restaurant": order.restaurant_name,
            "customer": order.customer_name,
            "fulfilment": order.fulfilment,
            "actor": event.actor,
            "reason": event.reason,
            "note": event.note,
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
        },
    )
