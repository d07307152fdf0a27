"""What the people of a restaurant are told about it."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from notifications.models import Channel, Priority
from notifications.services.publishing import publish
from notifications.topics import Category, Kind, Topic, register
from restaurants.models import Membership, Restaurant

OWNER_PORTAL = "/owner/"


def _runs_a_restaurant(user_pk: int) -> bool:
    return Membership.objects.filter(user=user_pk).exists()


KITCHEN = Category(
    name="kitchen",
    label=_("Running your restaurant"),
    kind=Kind.TRANSACTIONAL,
    concerns=_runs_a_restaurant,
)


def _register(name: str, *channels: Channel, hours: int = 2) -> Topic:
    return register(
        Topic(
            name=name,
            category=KITCHEN,
            priority=Priority.STANDARD,
            channels=channels,
            collapse="restaurant_slug",
            time_to_live=timedelta(hours=hours),
        )
    )


EVERYTHING = (Channel.IN_APP, Channel.PUSH, Channel.SMS, Channel.EMAIL)
BOARD_SILENT = _register("board_silent", *EVERYTHING)
ORDERS_STOPPED = _register("orders_stopped", *EVERYTHING)
PAUSED_AFTER_MISSES = _register("paused_after_misses", *EVERYTHING)
DAYS = 24 * 7
APPLICATION_APPROVED = _register(
    "application_approved", Channel.IN_APP, Channel.EMAIL, hours=DAYS
)
APPLICATION_REFUSED = _register(
    "application_refused", Channel.IN_APP, Channel.EMAIL, hours=DAYS
)


def list_people(restaurant_pk: int) -> list[int]:
    """Return the keys of who answers for a restaurant: owners and managers."""
    return list(
        Membership.objects.filter(
            restaurant=restaurant_pk,
            role__in=[Membership.Role.OWNER, Membership.Role.MANAGER],
        ).values_list("user_id", flat=True)
    )


def tell_people(
    topic: Topic,
    restaurant: Restaurant,
    *,
    key: str,
    context: dict[str, Any] | None = None,
) -> None:
    """Tell a restaurant's owners and managers; the same key is told once."""
    publish(
        topic=topic,
        recipients=list_people(restaurant.pk),
        region=restaurant.region.code,
        key=f"{topic.name}:{restaurant.pk}:{key}",
        context={
            "url": OWNER_PORTAL,
            "restaurant": restaurant.name,
            "restaurant_slug": restaurant.slug,
            "time_zone": restaurant.time_zone,
            "site_url": settings.SITE_URL,
            **(context or {}),
        },
    )
