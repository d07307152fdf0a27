"""Groups of customers that operators write to."""

from datetime import timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from customers.models import User
from notifications.segments import Choices, Segment, register_segment
from orders.models import Order
from restaurants.models import Region, Restaurant

LAPSED_DAYS = (30, 60, 90)


def _who_ordered(orders: QuerySet[Order]) -> QuerySet[User]:
    """Return the accounts that placed one of these orders: a semi-join.

    Guests asked to hear of their order and of nothing else, and each order has one of
    its own, so they would be told once an order and could not end it.
    """
    placed = orders.exclude(status=Order.Status.PENDING_PAYMENT).order_by()
    return User.objects.filter(
        Exists(placed.filter(customer=OuterRef("pk"))), is_active=True, is_guest=False
    )


def _everybody(value: str) -> QuerySet[User]:
    return _who_ordered(Order.objects.all())


def _region(code: str) -> QuerySet[User]:
    # As a subquery it is evaluated once, before the orders; joined, a region of many
    # orders took PostgreSQL ten times as long.
    regions = Region.objects.filter(code=code).order_by().values("pk")
    return _who_ordered(Order.objects.filter(region=regions[:1]))


def _region_choices() -> Choices:
    return list(Region.objects.order_by("name").values_list("code", "name"))


def _restaurant(slug: str) -> QuerySet[User]:
    restaurants = Restaurant.objects.filter(slug=slug).order_by().values("pk")
    return _who_ordered(Order.objects.filter(restaurant=restaurants[:1]))


def _lapsed(days: str) -> QuerySet[User]:
    """Return who ordered before, but not within so many days."""
    if not days.isdecimal() or int(days) not in LAPSED_DAYS:
        return User.objects.none()
    since = timezone.now() - timedelta(days=int(days))
    recent = Order.objects.filter(customer=OuterRef("pk"), placed_at__gte=since)
    return _everybody("").exclude(Exists(recent.order_by()))


def _lapsed_choices() -> Choices:
    return [
        (
            str(days),
            ngettext("no order for %(days)d day", "no order for %(days)d days", days)
            % {"days": days},
        )
        for days in LAPSED_DAYS
    ]


EVERYBODY = register_segment(
    Segment(
        name="ordered", label=_("Everybody who has ever ordered"), select=_everybody
    )
)
OF_REGION = register_segment(
    Segment(
        name="region",
        label=_("Customers of a region"),
        parameter=_("Region"),
        choices=_region_choices,
        select=_region,
    )
)
OF_RESTAURANT = register_segment(
    Segment(
        name="restaurant",
        label=_("Customers of a restaurant"),
        # There may be a million to choose from.
        parameter=_("The restaurant's address in the site, such as “trattoria-roma”"),
        select=_restaurant,
    )
)
LAPSED = register_segment(
    Segment(
        name="lapsed",
        label=_("Lapsed customers"),
        parameter=_("How long ago"),
        choices=_lapsed_choices,
        select=_lapsed,
    )
)
