"""What happened to an order and who was told, as its restaurant may know it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from notifications.timelines import Told, list_told_about
from orders.models import LineChange, Order, OrderEvent
from orders.notifications import ABOUT_ORDERS, list_keys
from restaurants.models import Membership

By = OrderEvent.Actor


@dataclass(frozen=True)
class TrailRow:
    """One event of an order: what happened, by whom."""

    event: OrderEvent
    who: str
    is_move: bool


@dataclass(frozen=True)
class ToldRow:
    """Whom a notification went to, what it was about, and what became of it."""

    who: str
    topic: str
    told: Told


def list_trail(order: Order) -> list[TrailRow]:
    """Return what happened to an order, its events loaded with their users."""
    return [
        TrailRow(
            event,
            name_actor(order, event),
            event.window_before_until is not None
            and (event.window_before_from, event.window_before_until)
            != (event.window_after_from, event.window_after_until),
        )
        for event in order.events.all()
    ]


def name_actor(order: Order, event: OrderEvent) -> str:
    """Return who took a step, as far as the restaurant may know."""
    if event.actor == By.CUSTOMER:
        return order.customer_name
    # Colleagues are named; who it was at Tiffin is Tiffin's own affair.
    if event.actor == By.RESTAURANT and event.user is not None:
        return event.user.name or event.user.email
    return event.get_actor_display()


def list_told(order: Order, changes: list[LineChange]) -> list[ToldRow]:
    """Return who was told what about an order, and what became of it."""
    events = list(order.events.all())
    told = list_told_about(keys=list_keys(order, events=events, changes=changes))
    people = {one.notification.recipient_id for one in told}
    members = Membership.objects.filter(
        restaurant=order.restaurant_id, user__in=people
    ).select_related("user")
    names = {
        one.user_id: f"{one.user.name or one.user.email} ({one.get_role_display()})"
        for one in members
    }
    if order.customer_id is not None:
        name = order.customer_name
        names[order.customer_id] = _("%(name)s (customer)") % {"name": name}
    return [
        ToldRow(
            names.get(one.notification.recipient_id, _("A former colleague")),
            str(ABOUT_ORDERS.get(one.notification.event.topic, "")),
            one,
        )
        for one in told
    ]
