from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    CharField,
    Count,
    F,
    Func,
    IntegerField,
    Q,
    QuerySet,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.device_models import DEVICE_MODELS
from notifications.ids import lowest_id
from notifications.models import (
    Campaign,
    Channel,
    Chunk,
    Event,
    Message,
    Notification,
    Preference,
    RecipientSettings,
    Suppression,
    UnreadCount,
)
from notifications.topics import Category, Kind, list_categories, list_channels


def list_notifications_for_recipient(
    *, recipient_pk: int, before: int | None = None, limit: int = 20
) -> list[Notification]:
    """Return a person's inbox, newest first; `before` is the last one's pk."""
    notifications: QuerySet[Notification] = Notification.objects.filter(
        recipient=recipient_pk, in_inbox=True, archived_at__isnull=True
    ).select_related("wording", "event")
    if before is not None:
        notifications = notifications.filter(pk__lt=before)
    return list(notifications.order_by("-pk")[:limit])


def get_notification_for_recipient(*, recipient_pk: int, pk: int) -> Notification:
    return Notification.objects.select_related("wording", "event").get(
        recipient=recipient_pk, pk=pk, in_inbox=True
    )


def count_unread(*, recipient_pk: int) -> int:
    """Return how many notifications in somebody's inbox are unread."""
    counter = UnreadCount.objects.filter(user=recipient_pk).first()
    return counter.unread if counter else 0


@dataclass(frozen=True)
class Choice:
    """Whether a category is sent to somebody over a channel."""

    channel: Channel
    is_on: bool
    # Nobody can turn it off.
    is_fixed: bool


@dataclass(frozen=True)
class CategoryChoices:
    category: Category
    choices: list[Choice]


def get_preferences(user_pk: int) -> list[CategoryChoices]:
    """Return what somebody may be sent: each category with the channels it uses."""
    wishes = {
        (wish.category, wish.channel): wish.is_enabled
        for wish in Preference.objects.filter(user=user_pk)
    }
    return [
        CategoryChoices(
            category,
            [
                _choice(category, channel, wishes.get((category.name, channel)))
                for channel in list_channels(category)
            ],
        )
        for category in list_categories()
        if category.concerns is None or category.concerns(user_pk)
    ]


def _choice(category: Category, channel: Channel, wish: bool | None) -> Choice:  # noqa: FBT001 - what they said
    is_fixed = category.kind == Kind.SYSTEM
    is_on = category.is_on(channel) if wish is None or is_fixed else wish
    return Choice(channel, is_on, is_fixed)


def get_rest(user_pk: int) -> RecipientSettings:
    """Return when somebody wants to be left alone; what is over is left out."""
    rest = RecipientSettings.objects.filter(user=user_pk).first()
    if rest is None:
        return RecipientSettings(user_id=user_pk)
    until = rest.do_not_disturb_until
    if until is not None and until <= timezone.now():
        rest.do_not_disturb_until = None
    return rest


@dataclass(frozen=True)
class RegisteredDevice:
    """A phone or browser that somebody is told on."""

    kind: str
    pk: int
    name: str
    browser: str
    registered_at: datetime | None

    @property
    def label(self) -> str:
        if self.name:
            return self.name
        if self.kind == "apns":
            return _("iPhone or iPad")
        if self.kind == "fcm":
            return _("Android phone")
        return _("%(browser)s browser") % {"browser": self.browser.capitalize()}


def list_devices_for_user(user_pk: int) -> list[RegisteredDevice]:
    """Return somebody's phones and browsers in use, the latest registered first."""
    own = [
        model.objects.filter(user=user_pk, active=True)
        .order_by()
        .annotate(
            kind=Value(kind, output_field=CharField()),
            device_name=Coalesce("name", Value("")),
            browser_name=F("browser") if kind == "webpush" else _nothing(),
        )
        .values_list("kind", "pk", "device_name", "browser_name", "date_created")
        for kind, model in DEVICE_MODELS.items()
    ]
    rows = own[0].union(*own[1:], all=True).order_by("-date_created")
    return [RegisteredDevice(*row) for row in rows]


def list_devices_of_kind(*, user_pk: int, kind: str) -> list[Any]:
    """Return somebody's own devices in use of a kind, the latest registered first."""
    own = DEVICE_MODELS[kind].objects.filter(user=user_pk, active=True)
    return list(own.order_by("-date_created", "-pk"))


def get_device_for_user(*, user_pk: int, kind: str, pk: int) -> RegisteredDevice:
    """Return one of somebody's own devices; raises `LookupError` for any other."""
    for device in list_devices_for_user(user_pk):
        if (device.kind, device.pk) == (kind, pk):
            return device
    raise LookupError


def _nothing() -> Value:
    return Value("", output_field=CharField())


def list_suppressions_for_user(*, email: str, phone: str) -> list[Suppression]:
    """Return which of somebody's own addresses are not written to."""
    is_theirs = Q(channel=Channel.EMAIL, address=email.lower())
    is_theirs |= Q(channel=Channel.SMS, address=phone)
    return list(Suppression.objects.filter(is_theirs).order_by("channel"))


def list_rejected_chunks() -> QuerySet[Chunk]:
    """Return the recipients that planning gave up on, with their events."""
    return (
        Chunk.objects.filter(due_at__isnull=True)
        .exclude(rejected_because="")
        .select_related("event")
    )


@dataclass(frozen=True)
class Accounting:
    """Where every message of a set of events stands."""

    events: int
    unplanned: int
    # Planning gave them up; an operator can plan them again.
    rejected: int
    recipients: int
    notifications: int
    messages: Mapping[str, int]

    @property
    def is_settled(self) -> bool:
        return not self.unplanned and not (
            self.messages.get(Message.Status.READY)
            or self.messages.get(Message.Status.LEASED)
        )


def get_accounting(**event_filter: Any) -> Accounting:
    """Count events, notifications and messages by state, for matching events."""
    events = Event.objects.filter(**event_filter).order_by()
    chunks = Chunk.objects.filter(event__in=events).order_by()
    messages = Message.objects.filter(notification__event__in=events)
    waiting = chunks.filter(rejected_because="")
    return Accounting(
        events=events.count(),
        unplanned=waiting.aggregate(count=Count("event", distinct=True))["count"],
        rejected=list_rejected_chunks().filter(event__in=events).count(),
        recipients=events.aggregate(count=Sum("recipient_count", default=0))["count"],
        notifications=Notification.objects.filter(event__in=events).count(),
        messages=dict(
            messages.order_by()
            .values_list("status")
            .annotate(count=Count("pk"))
            .values_list("status", "count")
        ),
    )


@dataclass(frozen=True)
class Progress:
    """How far a campaign has come."""

    # Whom it is for, settled when it began.
    total: int
    # Who has been told, or has a reason not to be.
    planned: int
    # Who is still to come, and whom planning gave up on.
    left: int
    rejected: int
    messages: Mapping[str, int]

    @property
    def percent(self) -> int:
        """Return how much is done; accounts closed meanwhile are done."""
        if not self.total:
            return 100
        return (self.total - self.left) * 100 // self.total

    @property
    def waiting(self) -> int:
        """Return how many messages have not ended."""
        status = Message.Status
        return sum(self.messages.get(one, 0) for one in (status.READY, status.LEASED))


def get_progress(campaign: Campaign) -> Progress | None:
    """Count what a campaign has done; None before it began, or when forgotten."""
    event = campaign.event
    if event is None:
        return None
    size = Func(F("recipient_ids"), function="cardinality", output_field=IntegerField())
    chunks = event.chunks.order_by().aggregate(
        left=Sum(size, default=0),
        rejected=Sum(size, filter=~Q(rejected_because=""), default=0),
    )
    # Whatever belongs to it is younger: earlier days are not looked into. The hour is
    # for clocks that differ.
    oldest = lowest_id(event.published_at - timedelta(hours=1))
    planned = Notification.objects.filter(event=event, pk__gte=oldest).count()
    messages = Message.objects.filter(notification__event=event, pk__gte=oldest)
    is_cancelled = campaign.status == Campaign.Status.CANCELLED
    return Progress(
        total=event.recipient_count,
        planned=planned,
        left=event.recipient_count - planned if is_cancelled else chunks["left"],
        rejected=chunks["rejected"],
        messages=dict(
            messages.order_by()
            .values_list("status")
            .annotate(count=Count("pk"))
            .values_list("status", "count")
        ),
    )
