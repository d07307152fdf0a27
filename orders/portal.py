"""What the portal's pages about orders share: which ones, and as whom."""

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from customers.models import User
from orders.models import Order, OrderEvent
from orders.selectors import is_of_now
from orders.services.lifecycle import Actor
from restaurants.models import Duty
from restaurants.owner_site import duties_of, portals_of


def visible_orders(request: HttpRequest) -> QuerySet[Order]:
    """Return the orders of now; past ones too where the user may look those up."""
    duties = duties_of(request)
    here = [pk for pk, found in duties.items() if Duty.BOARD in found]
    past = [pk for pk in here if Duty.ORDERS in duties[pk]]
    return Order.objects.exclude(status=Order.Status.PENDING_PAYMENT).filter(
        Q(restaurant__in=past) | is_of_now(timezone.now()), restaurant__in=here
    )


def is_acting(request: HttpRequest, order: Order) -> bool:
    """Tell whether an operator acts for the owner of an order's restaurant."""
    return order.restaurant_id in portals_of(request).acting


def actor_of(request: HttpRequest, order: Order) -> Actor:
    """Return who steps: the restaurant, or Tiffin where an operator acts for it."""
    assert isinstance(request.user, User)
    kind = OrderEvent.Actor.RESTAURANT
    if is_acting(request, order):
        kind = OrderEvent.Actor.PLATFORM
    return Actor(kind, request.user)
