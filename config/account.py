"""What is kept of one person, as a file; and forgetting it.

It needs every app, so it stands above them all.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.exceptions import CustomerError
from customers.models import Address, AppSession, KnownBrowser, User
from customers.throttling import Limit
from notifications.device_models import DEVICE_MODELS
from notifications.ids import moment_of
from notifications.models import Notification, Preference, RecipientSettings
from orders.models import (
    CartLine,
    Claim,
    ClaimLine,
    LineChange,
    Order,
    OrderEvent,
    OrderLine,
    OrderLineModifier,
    Review,
)
from orders.services.forgetting import forget_person
from restaurants.models import Favourite, Membership, Restaurant

Row = dict[str, Any]

DOWNLOADS = Limit("data", 10, timedelta(hours=1))

PERSON = (
    *("email", "name", "phone", "phone_verified_at", "time_zone", "locale"),
    *("date_joined", "last_login"),
)
ADDRESS = (
    *("label", "street_address", "locality", "postal_code", "country"),
    *("latitude", "longitude", "delivery_instructions", "is_chosen", "created_at"),
)
ORDER = (
    *("public_id", "number", "restaurant_name", "status", "fulfilment"),
    *("payment_method", "payment_status", "customer_name", "customer_phone"),
    *("address", "latitude", "longitude", "delivery_instructions", "kitchen_note"),
    *("currency", "subtotal", "delivery_fee", "tax", "tip", "total", "refunded"),
    *("placed_at", "scheduled_for", "promised_from", "promised_until"),
    *("accepted_at", "ready_at", "out_at", "ended_at", "end_reason", "end_actor"),
)
LINE = ("name", "quantity", "unit_price", "amount", "tax_rate", "allergens", "note")
EVENT = ("at", "actor", "from_status", "to_status", "reason", "note")
CHANGE = (
    *("line_name", "new_name", "new_unit_price", "note", "status", "proposed_at"),
    *("answered_at", "total_before", "total_after"),
)
REVIEW = (
    *("food_rating", "delivery_rating", "text", "created_at", "edited_at"),
    *("answer", "answered_at"),
)
CLAIM = (
    *("text", "status", "proposed_refund", "refund", "answer"),
    *("created_at", "answered_at"),
)


def collect_data(*, user: User) -> dict[str, Any]:
    """Return all that is kept of a person, for them to read; one query a table.

    Secrets are left out: passwords, tokens of devices, digests of codes.
    """
    own = {"user": user}
    return {
        "made_at": timezone.now(),
        "profile": User.objects.filter(pk=user.pk).values(*PERSON).get(),
        "addresses": list(Address.objects.filter(**own).values(*ADDRESS)),
        "orders": _collect_orders(Order.objects.filter(customer=user)),
        "cart": list(
            CartLine.objects.filter(cart__user=user).values(
                "item__name", "quantity", "note", "created_at"
            )
        ),
        "favourites": list(Favourite.objects.filter(**own).values("restaurant__name")),
        "restaurants": list(
            Membership.objects.filter(**own).values("restaurant__name", "role")
        ),
        "known_browsers": list(
            KnownBrowser.objects.filter(**own).values(
                "label", "first_seen_at", "last_seen_at"
            )
        ),
        "apps": list(
            AppSession.objects.filter(**own).values(
                "name", "created_at", "last_used_at"
            )
        ),
        "devices": _collect_devices(user),
        "preferences": list(
            Preference.objects.filter(**own).values(
                "category", "channel", "is_enabled", "changed_at"
            )
        ),
        "quiet_hours": RecipientSettings.objects.filter(**own)
        .values("quiet_from", "quiet_until", "do_not_disturb_until")
        .first(),
        "inbox": _collect_inbox(user),
    }


class DataEncoder(DjangoJSONEncoder):
    """Writes what collect_data returns as JSON."""

    def default(self, o: Any) -> Any:
        # A phone number is none of the types that the encoder knows.
        return str(o) if hasattr(o, "as_e164") else super().default(o)


def _collect_orders(orders: QuerySet[Order]) -> list[Row]:
    """Return orders, newest first, each with what belongs to it."""
    of_order = {"order__in": orders.order_by()}
    modifiers = _group(
        OrderLineModifier.objects.filter(line__order__in=orders.order_by()),
        "line_id",
        ("name", "price_difference"),
    )
    lines = _group(OrderLine.objects.filter(**of_order), "order_id", ("pk", *LINE))
    for line in (line for group in lines.values() for line in group):
        line["modifiers"] = modifiers[line.pop("pk")]
    claimed = _group(
        ClaimLine.objects.filter(claim__order__in=orders.order_by()),
        "claim_id",
        ("line__name", "kind", "quantity"),
    )
    claims = _group(Claim.objects.filter(**of_order), "order_id", ("pk", *CLAIM))
    for claim in (claim for group in claims.values() for claim in group):
        claim["lines"] = claimed[claim.pop("pk")]
    parts = {
        "lines": lines,
        "events": _group(OrderEvent.objects.filter(**of_order), "order_id", EVENT),
        "changes": _group(LineChange.objects.filter(**of_order), "order_id", CHANGE),
        "reviews": _group(Review.objects.filter(**of_order), "order_id", REVIEW),
        "claims": claims,
    }
    rows: list[Row] = list(orders.values("pk", *ORDER))
    for row in rows:
        pk = row.pop("pk")
        row.update({name: part[pk] for name, part in parts.items()})
    return rows


def _group(
    rows: QuerySet[Any], by: str, fields: Iterable[str]
) -> defaultdict[int, list[Row]]:
    groups: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows.values(by, *fields):
        groups[row.pop(by)].append(row)
    return groups


def _collect_devices(user: User) -> list[Row]:
    return [
        {"kind": kind, **row}
        for kind, model in DEVICE_MODELS.items()
        for row in model.objects.filter(user=user).values(
            "name", "active", "date_created"
        )
    ]


def _collect_inbox(user: User) -> list[Row]:
    told = Notification.objects.filter(recipient=user, in_inbox=True)
    return [
        {"at": moment_of(pk), "title": title, "body": body, "read_at": read_at}
        for pk, title, body, read_at in told.values_list(
            "pk", "wording__title", "wording__body", "read_at"
        )
    ]


@dataclass(frozen=True)
class Obstacles:
    """Why an account cannot be deleted now."""

    orders: list[Order]
    restaurants: list[Restaurant]
    is_operator: bool

    def __bool__(self) -> bool:
        return bool(self.orders or self.restaurants or self.is_operator)


class ObstructedError(CustomerError):
    """An account cannot be deleted while there is something to settle."""

    code = "account_obstructed"
    message = _("Your account cannot be deleted yet.")

    def __init__(self, obstacles: Obstacles) -> None:
        super().__init__(obstacles)
        self.obstacles = obstacles

    @property
    def state(self) -> dict[str, Any]:
        """What stands in the way, for programs."""
        return {
            "order_ids": [str(one.public_id) for one in self.obstacles.orders],
            "restaurant_ids": [
                str(one.public_id) for one in self.obstacles.restaurants
            ],
            "is_operator": self.obstacles.is_operator,
        }


def find_obstacles(*, user: User) -> Obstacles:
    """Find what must be settled first: food under way, a restaurant left alone."""
    owners = Membership.objects.filter(role=Membership.Role.OWNER)
    kept = Restaurant.objects.exclude(status=Restaurant.Status.REFUSED)
    return Obstacles(
        orders=list(
            Order.objects.filter(customer=user).exclude(status__in=Order.ENDED)
        ),
        restaurants=list(
            kept.filter(pk__in=owners.filter(user=user).values("restaurant"))
            .exclude(pk__in=owners.exclude(user=user).values("restaurant"))
            .order_by("name")
        ),
        is_operator=user.is_staff,
    )


@transaction.atomic
def delete_account(*, user_pk: int) -> None:
    """Forget a person; their orders stay, without them.

    Raises ObstructedError. What stays is said at forget_person.
    """
    user = User.objects.select_for_update().get(pk=user_pk)
    obstacles = find_obstacles(user=user)
    if obstacles:
        raise ObstructedError(obstacles)
    forget_person(user)
