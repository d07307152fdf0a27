"""What the people of a restaurant are told about it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from notifications.models import Channel, Priority
from notifications.prepared import fetch_rows
from notifications.services.publishing import publish
from notifications.topics import Category, Kind, Topic, register
from restaurants.models import Duty, Membership, Restaurant, roles_with

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


def _concerns_no_person(user_pk: int) -> bool:
    del user_pk
    return False


PARTNERS = Category(
    name="partners",
    label=_("Partners' servers"),
    kind=Kind.SYSTEM,
    concerns=_concerns_no_person,
)
# All that a restaurant's own programs are told. Tried for two to three days: 25 times,
# at first within seconds, in the end twice a day.
PARTNER_EVENT = register(
    Topic(
        name="partner_event",
        category=PARTNERS,
        priority=Priority.STANDARD,
        channels=(Channel.WEBHOOK,),
        time_to_live=timedelta(days=7),
        most_attempts=25,
        longest_wait=timedelta(hours=12),
    )
)


PEOPLE_OF = """
SELECT user_id FROM restaurants_membership WHERE restaurant_id = %s AND role = ANY(%s)
"""
PARTNERS_OF = """
SELECT DISTINCT endpoint.owner_id
  FROM notifications_webhookendpoint endpoint
 WHERE endpoint.about = %s AND endpoint.is_active
   AND EXISTS (SELECT FROM restaurants_membership member
                WHERE member.restaurant_id = %s AND member.role = ANY(%s)
                  AND member.user_id = endpoint.owner_id)
 ORDER BY 1
"""


def about_of(restaurant_public_id: UUID) -> str:
    """Return what the webhooks of a restaurant hear of."""
    return f"restaurant:{restaurant_public_id}"


def list_partners(restaurant: Restaurant) -> list[int]:
    """Return whose servers hear of a restaurant; only of who decides about people.

    Asked with each step of each order, and nearly always nobody: so without the ORM,
    which takes several times as long as the database.
    """
    roles = [str(role) for role in roles_with(Duty.PEOPLE)]
    rows = fetch_rows(
        PARTNERS_OF, [about_of(restaurant.public_id), restaurant.pk, roles]
    )
    return [owner_pk for (owner_pk,) in rows]


def tell_partners(
    restaurant: Restaurant,
    *,
    recipients: list[int],
    key: str,
    payload: dict[str, object],
    endpoint: UUID | None = None,
) -> None:
    """Send an event to the webhooks of a restaurant, or to one; once for each key.

    `payload` is all that is sent: its `type`, `timestamp` and `data`.
    """
    context: dict[str, object] = {
        "about": about_of(restaurant.public_id),
        "payload": payload,
    }
    if endpoint is not None:
        context["endpoint"] = str(endpoint)
    publish(
        topic=PARTNER_EVENT,
        recipients=recipients,
        region=restaurant.region.code,
        key=f"{PARTNER_EVENT.name}:{key}",
        context=context,
    )


def list_people(restaurant_pk: int) -> list[int]:
    """Return the keys of who answers for a restaurant: owners and managers."""
    roles = [str(Membership.Role.OWNER), str(Membership.Role.MANAGER)]
    rows = fetch_rows(PEOPLE_OF, [restaurant_pk, roles])
    return [user_pk for (user_pk,) in rows]


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
            "subject": {"kind": "restaurant", "id": str(restaurant.public_id)},
            "restaurant": restaurant.name,
            "restaurant_slug": restaurant.slug,
            "time_zone": restaurant.time_zone,
            "site_url": settings.SITE_URL,
            **(context or {}),
        },
    )
