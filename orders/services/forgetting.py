"""Forgetting a person: one rule for who leaves and for guests of long ago."""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Exists, F, Func, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from oauth2_provider.models import RefreshToken

from customers.models import Address, KnownBrowser, PhoneCode, User
from customers.services import end_app_sessions
from notifications.device_models import DEVICE_MODELS
from notifications.models import (
    Digest,
    Event,
    Notification,
    Preference,
    RecipientSettings,
    UnreadCount,
    Wording,
)
from notifications.services.forgetting import forget_notifications
from orders.models import Cart, Claim, Order, OrderEvent, OrderLine
from orders.notifications import CLAIM_MADE, list_keys
from restaurants.models import Favourite, Invitation, Membership

# How long a guest is kept once all they ordered has ended.
GUEST_KEPT = timedelta(days=30)


@transaction.atomic
def forget_person(user: User) -> None:
    """Forget somebody; what they ordered stays, without them.

    What stays: the figures, reviews without a name, what restaurants wrote, and
    addresses that must not be written to. Somebody who worked in a portal leaves an
    empty account behind, so that its history has all its rows.
    """
    orders = list(
        Order.objects.filter(customer=user).prefetch_related("events", "line_changes")
    )
    forget_notifications(user_pk=user.pk)
    _forget_in_events(orders)
    _forget_in_orders([order.pk for order in orders])
    _forget_in_logs(user)
    _forget_belongings(user)
    if LogEntry.objects.filter(user=user).exists():
        _empty(user)
    else:
        user.delete()


def forget_old_guests(*, limit: int, now: datetime | None = None) -> int:
    """Forget guests, `limit` at most, whose orders ended long ago; return how many.

    A problem that a restaurant has not answered yet keeps its guest.
    """
    since = (now or timezone.now()) - GUEST_KEPT
    theirs = Order.objects.filter(customer=OuterRef("pk"))
    kept = theirs.filter(
        ~Q(status__in=Order.ENDED)
        | Q(ended_at__isnull=True, placed_at__gte=since)
        | Q(ended_at__gte=since)
        | Q(claim__status=Claim.Status.OPEN)
    )
    guests = User.objects.filter(~Exists(kept), is_guest=True, date_joined__lt=since)
    pks = list(
        # An emptied one was forgotten before.
        guests.filter(is_active=True).order_by("pk").values_list("pk", flat=True)
    )[:limit]
    for pk in pks:
        with transaction.atomic():
            guest = User.objects.select_for_update().filter(~Exists(kept), pk=pk)
            for one in guest:
                forget_person(one)
    return len(pks)


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
    if user.is_guest:
        # Anybody may order with the email of another, who is not forgotten.
        return
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
    end_app_sessions(user=user)
    for model in (
        *(Address, PhoneCode, KnownBrowser, Cart, Favourite, Membership),
        *(Preference, RecipientSettings, UnreadCount, RefreshToken),
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
