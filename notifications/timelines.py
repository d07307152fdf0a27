"""Why did I not get it? What one person was told, and what became of each message."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.db.models import Prefetch, prefetch_related_objects
from django.db.models.functions import Lower
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from notifications.ids import SEQUENCE_BITS, lowest_id
from notifications.models import Attempt, Channel, Event, Message, Notification

STATUS = Message.Status
PAGE_SIZE = 50
# No event of its own time is planned later, nor any of its messages made.
LATEST = timedelta(days=7)

OUTCOMES = {
    STATUS.READY: _("It waits for its turn."),
    STATUS.LEASED: _("It is being sent."),
    STATUS.ACCEPTED: _("The provider accepted it."),
    STATUS.DELIVERED: _("It arrived."),
    STATUS.UNDELIVERED: _("The provider accepted it but could not deliver it."),
    STATUS.SUPPRESSED: _("It was not sent."),
    STATUS.DIGESTED: _("It goes into a summary."),
    STATUS.CANCELLED: _("It was cancelled."),
    STATUS.EXPIRED: _("It was too late to be of use."),
    STATUS.FAILED: _("The provider refused it for good."),
    STATUS.UNKNOWN: _("Nobody knows whether it arrived."),
    STATUS.DEAD: _("It was given up after its last attempt."),
}
REASONS = {
    "preference": _("Turned off by the recipient for this category and channel."),
    "quiet_hours": _("It was within the recipient's quiet hours."),
    "do_not_disturb": _("The recipient did not want to be disturbed."),
    "legal_hours": _("Offers may not be texted at that hour where the recipient is."),
    "suppressed_bounce": _("Mail to this address bounced."),
    "suppressed_complaint": _("The recipient marked our mail as spam."),
    "suppressed_stop": _("The recipient texted STOP."),
    "suppressed_operator": _("An operator put the address on the suppression list."),
    "no_endpoint": _(
        "The recipient has no address, number or device for this channel."
    ),
    "daily_cap": _("The recipient had enough of this category for the day."),
    "least_gap": _("It came too soon after the last of its category."),
    "device_rate": _("The device was told too much within a short time."),
    "provider_rate": _("It waited for its share of what the provider takes."),
    "throttle_unavailable": _("Redis could not be asked how much may be sent."),
    "token_dead": _("The app was removed, or the browser's subscription ended."),
    "token_refused": _("The provider does not know the device under our account."),
    "wrong_project": _("The device belongs to another project at the provider."),
    "address_invalid": _("The number or address does not exist."),
    "region_refused": _("Our account may not text to the recipient's country."),
    "payload_invalid": _("The provider could not read the message."),
    "credentials": _("The provider did not accept our account's credentials."),
    "rate_limited": _("The provider asked us to slow down."),
    "provider_error": _("The provider had trouble of its own."),
    "no_connection": _("The provider could not be reached."),
    "connection_lost": _("The connection broke after the message had left."),
    "sender_died": _("The worker that was sending it died."),
    "refused": _("The recipient's server refused it."),
    "deferred": _("The recipient's server asked us to come again."),
    "stopped": _("The recipient told the provider to stop."),
    "expired": _("Its time had passed before it could go."),
    "event_cancelled": _("Its event was cancelled."),
    "event_paused": _("Its event is paused."),
    "fell_back": _("Another channel was tried instead."),
    "no_topic": _("No app declares its topic any more."),
}
# Here the reason says it all.
PLAIN = {STATUS.SUPPRESSED, STATUS.CANCELLED, STATUS.FAILED}


def explain(message: Message) -> str:
    """Say in a sentence or two what became of a message, and why."""
    status, reason = STATUS(message.status), message.reason
    outcome = OUTCOMES[status]
    if not reason:
        is_shown = status == STATUS.ACCEPTED and message.channel == Channel.IN_APP
        return str(_("It is in the inbox.") if is_shown else outcome)
    is_known = reason in REASONS
    # A provider's own word is shown as it is.
    why = REASONS.get(reason, reason)
    if is_known and (status in PLAIN or reason == status):
        return str(why)
    if status == STATUS.READY:
        outcome = _("It will go later.")
    return str(format_lazy("{} {}", outcome, why))


def shorten_endpoint(message: Message) -> str:
    """Show of an address or number what tells it from another, no more."""
    endpoint = message.endpoint
    if message.channel == Channel.EMAIL and endpoint:
        name, at, domain = endpoint.rpartition("@")
        return f"{name[:1]}…{at}{domain}"
    if message.channel == Channel.SMS and endpoint:
        return f"…{endpoint[-4:]}"
    # A device's pk, or their own.
    return endpoint


@dataclass(frozen=True)
class Sending:
    """One message, and what is to be said of it."""

    message: Message
    endpoint: str
    explanation: str
    attempts: Sequence[Attempt]


@dataclass(frozen=True)
class Told:
    """One notification, and over which channels it went or did not."""

    notification: Notification
    sendings: list[Sending]


@dataclass(frozen=True)
class Timeline:
    """What one person was told, newest first."""

    told: list[Told]
    # The last one's pk, where there are older ones.
    next_before: int | None


def get_timeline_for_operator(
    *, recipient_pk: int, before: int | None = None
) -> Timeline:
    """Return what somebody was told, with its words, messages and attempts.

    `before` is the last one's pk of the page before.
    """
    rows = Notification.objects.filter(recipient=recipient_pk)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: PAGE_SIZE + 1])
    notifications = found[:PAGE_SIZE]
    if not notifications:
        return Timeline([], None)
    # By ids, so that each query opens the days it needs only.
    oldest = notifications[-1].pk >> SEQUENCE_BITS << SEQUENCE_BITS
    messages = Message.objects.filter(pk__gte=oldest).order_by("pk")
    prefetch_related_objects(
        notifications,
        "event",
        "wording",
        Prefetch("messages", messages, to_attr="sent"),
        "sent__attempts",
    )
    return Timeline(
        [_tell(notification) for notification in notifications],
        notifications[-1].pk if len(found) > PAGE_SIZE else None,
    )


def list_told_about(*, keys: Collection[str]) -> list[Told]:
    """Return what everybody was told of events, by their keys, in order of time.

    A fixed number of queries, each by an index: events by their keys, and of the rest
    only the days that began with the first of them.
    """
    events = Event.objects.in_bulk(keys, field_name="key").values()
    if not events:
        return []
    moments = [event.published_at for event in events]
    # The hour is for clocks that differ.
    oldest = lowest_id(min(moments) - timedelta(hours=1))
    youngest = lowest_id(max(moments) + LATEST)
    notifications = list(
        Notification.objects.filter(
            event__in=[event.pk for event in events], pk__gte=oldest, pk__lt=youngest
        ).order_by("pk")
    )
    messages = Message.objects.filter(pk__gte=oldest, pk__lt=youngest).order_by("pk")
    prefetch_related_objects(
        notifications,
        "event",
        "wording",
        Prefetch("messages", messages, to_attr="sent"),
        "sent__attempts",
    )
    return [_tell(notification) for notification in notifications]


def _tell(notification: Notification) -> Told:
    messages: list[Message] = notification.sent  # type: ignore[attr-defined]
    return Told(
        notification,
        [
            Sending(
                message,
                shorten_endpoint(message),
                explain(message),
                sorted(message.attempts.all(), key=lambda attempt: attempt.number),
            )
            for message in messages
        ],
    )


def find_recipient_pk(*, email: str) -> int | None:
    """Return whose address that is; None if it is nobody's."""
    people = get_user_model().objects.alias(folded=Lower("email"))
    return people.filter(folded=email.lower()).values_list("pk", flat=True).first()
