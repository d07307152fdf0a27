"""What is kept of one person, as a file; and forgetting it.

It needs every app, so it stands above them all.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import F, Func, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Address, KnownBrowser, PhoneCode, User
from notifications.device_models import DEVICE_MODELS
from notifications.ids import moment_of
from notifications.models import (
    Digest,
    Event,
    Notification,
    Preference,
    RecipientSettings,
    UnreadCount,
    Wording,
)
from orders.models import (
    Cart,
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
from orders.notifications import CLAIM_MADE, list_keys
from restaurants.models import Favourite, Invitation, Membership, Restaurant

Row = dict[str, Any]

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


class ObstructedError(Exception):
    """An account that cannot be deleted now; says why."""

    def __init__(self, obstacles: Obstacles) -> None:
        super().__init__(obstacles)
        self.obstacles = obstacles


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

    Raises ObstructedError. What stays: the figures, reviews without a name, what
    restaurants wrote, and addresses that must not be written to. Somebody who worked
    in a portal leaves an empty account behind, so that its history has all its rows.
    """
    user = User.objects.select_for_update().get(pk=user_pk)
    obstacles = find_obstacles(user=user)
    if obstacles:
        raise ObstructedError(obstacles)
    orders = list(
        Order.objects.filter(customer=user).prefetch_related("events", "line_changes")
    )
    _forget_notifications(user.pk)
    _forget_in_events(orders)
    _forget_in_orders([order.pk for order in orders])
    _forget_in_logs(user)
    _forget_belongings(user)
    if LogEntry.objects.filter(user=user).exists():
        _empty(user)
    else:
        user.delete()


def _forget_notifications(user_pk: int) -> None:
    """Delete all that somebody was told, and was still to be told."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM notifications_notification WHERE recipient_id = %s"
            " RETURNING id, event_id, wording_id",
            [user_pk],
        )
        told = cursor.fetchall()
        cursor.execute(
            "DELETE FROM notifications_message"
            " WHERE notification_id = ANY(%s::bigint[]) RETURNING id",
            [[row[0] for row in told]],
        )
        messages = [row[0] for row in cursor.fetchall()]
        for table in ("attempt", "timer", "smsreference"):
            cursor.execute(
                f"DELETE FROM notifications_{table}"  # noqa: S608 - one of three
                " WHERE message_id = ANY(%s::bigint[])",
                # A timer may be a notification's.
                [[*messages, *(row[0] for row in told)]],
            )
        # What nobody else was told has words that are about this person.
        cursor.execute(
            "SELECT id FROM notifications_event WHERE recipient_count = 1"
            " AND (id = ANY(%s::bigint[]) OR id IN (SELECT event_id FROM"
            " notifications_chunk WHERE recipient_ids = ARRAY[%s::bigint]))"
            " AND NOT EXISTS (SELECT FROM notifications_campaign"
            " WHERE event_id = notifications_event.id)",
            [[row[1] for row in told], user_pk],
        )
        alone = {row[0] for row in cursor.fetchall()}
        cursor.execute(
            "DELETE FROM notifications_wording WHERE id = ANY(%s::bigint[])",
            [[row[2] for row in told if row[1] in alone]],
        )
        cursor.execute(
            "DELETE FROM notifications_chunk WHERE event_id = ANY(%s::bigint[])",
            [list(alone)],
        )
        cursor.execute(
            "DELETE FROM notifications_event WHERE id = ANY(%s::bigint[])",
            [list(alone)],
        )


def _forget_in_events(orders: Collection[Order]) -> None:
    """Take the person out of what restaurants were told about their orders."""
    keys = [
        key
        for order in orders
        for key in list_keys(
            order, events=order.events.all(), changes=order.line_changes.all()
        )
    ]
    changed = []
    said: dict[str, str] = {}
    for event in Event.objects.filter(key__in=keys):
        forgotten = {"customer"}
        if event.context.get("actor") == OrderEvent.Actor.CUSTOMER:
            forgotten.add("note")
        if event.topic == CLAIM_MADE.name:
            forgotten.add("text")
        for name in forgotten:
            text = str(event.context.get(name, "")).strip()
            said[text] = _("A customer") if name == "customer" else "…"
            event.context[name] = ""
        changed.append(event)
    Event.objects.bulk_update(changed, ["context"], batch_size=500)
    said.pop("", None)
    if said:
        _forget_in_words(said, changed)


def _forget_in_words(said: Mapping[str, str], events: Collection[Event]) -> None:
    """Replace what was said in the words that restaurants read."""
    told = Notification.objects.filter(event__in=[event.pk for event in events])
    longest_first = sorted(said, key=len, reverse=True)
    pattern = rf"(?<!\w)({'|'.join(map(re.escape, longest_first))})(?!\w)"
    changed = []
    for words in Wording.objects.filter(
        pk__in=set(told.order_by().values_list("wording_id", flat=True))
    ):
        before = (words.title, words.body)
        words.title = re.sub(pattern, lambda found: said[found[0]], words.title)[:200]
        words.body = re.sub(pattern, lambda found: said[found[0]], words.body)
        if (words.title, words.body) != before:
            changed.append(words)
    Wording.objects.bulk_update(changed, ["title", "body"], batch_size=500)


def _forget_in_orders(order_pks: Collection[int]) -> None:
    """Keep the orders' amounts and the part of town, and nothing of the person."""
    Order.objects.filter(pk__in=order_pks).update(
        customer=None,
        guest_token=None,
        customer_name="",
        customer_phone="",
        address="",
        delivery_instructions="",
        kitchen_note="",
        **{name: _about_a_kilometre(name) for name in ("latitude", "longitude")},
    )
    OrderLine.objects.filter(order__in=order_pks).update(note="")
    by_customer = OrderEvent.objects.filter(
        order__in=order_pks, actor=OrderEvent.Actor.CUSTOMER
    )
    by_customer.update(note="", user=None)
    Claim.objects.filter(order__in=order_pks).update(text="")


def _about_a_kilometre(name: str) -> Any:
    return Func(F(name) * 100.0, function="ROUND") / 100.0


def _forget_in_logs(user: User) -> None:
    """Take somebody's email and addresses out of the back offices' history."""
    about: Mapping[Any, Iterable[Any]] = {
        User: [user.pk],
        Address: Address.objects.filter(user=user).values_list("pk", flat=True),
        Membership: Membership.objects.filter(user=user).values_list("pk", flat=True),
    }
    for model, pks in about.items():
        LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(model),
            object_id__in=[str(pk) for pk in pks],
        ).update(object_repr="")
    said = Q(object_repr__icontains=user.email) | Q(
        change_message__icontains=user.email
    )
    email = re.compile(re.escape(user.email), re.IGNORECASE)
    for entry in LogEntry.objects.filter(said):
        entry.object_repr = email.sub("…", entry.object_repr)
        entry.change_message = email.sub("…", entry.change_message)
        entry.save(update_fields=["object_repr", "change_message"])
    Invitation.objects.filter(email__iexact=user.email).delete()


def _forget_belongings(user: User) -> None:
    for model in (
        *(Address, PhoneCode, KnownBrowser, Cart, Favourite, Membership),
        *(Preference, RecipientSettings, UnreadCount),
        *DEVICE_MODELS.values(),
    ):
        model.objects.filter(user=user).delete()
    Digest.objects.filter(recipient=user).delete()


def _empty(user: User) -> None:
    user.email = f"closed-{user.pk}@tiffin.invalid"
    user.name = ""
    user.phone = ""
    user.phone_verified_at = None
    user.last_login = None
    user.is_active = False
    user.set_unusable_password()
    user.save()
    user.groups.clear()
    user.user_permissions.clear()
