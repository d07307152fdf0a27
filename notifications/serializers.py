"""What the API takes and answers: strict about types, since programs ask."""

import base64
import binascii
from typing import Any
from uuid import UUID

from django.core.validators import RegexValidator
from drf_spectacular.utils import extend_schema_field
from push_notifications.models import BROWSER_TYPES
from rest_framework import serializers

from notifications.endpoints import see_is_outside
from notifications.fields import (
    Code,
    Flag,
    Listed,
    Page,
    PublicId,
    Strict,
    Text,
    present_moment,
)
from notifications.models import (
    PERSONAL_CHANNELS,
    Notification,
    RecipientSettings,
)
from notifications.opaque import opaque_id, pk_of
from notifications.selectors import CategoryChoices
from notifications.topics import Kind, read_about

MOST_RECIPIENTS = 10_000
# Categories times channels, and room for more.
MOST_WISHES = 200
# What ids of people are made of.
USER = "user"
# What apps publish events about; the ids are those of the API.
SUBJECTS = ("order", "restaurant", "account")
LONGEST_KEY = 140
LONGEST_URL = 300
LONGEST_SUBJECT = 60
# An index holds them, which has its limit.
LONGEST_TOKEN = 2000
LONGEST_APNS_TOKEN = 200
# Uncompressed P-256 point and secret (RFC 8291, 3.1 and 3.2).
PUBLIC_KEY_LENGTH = 65
SECRET_LENGTH = 16


@extend_schema_field(
    {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "example": "22:00"}
)
class ClockTime(serializers.TimeField):
    """A time of day, on whichever day, by hour and minute."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%H:%M", input_formats=["%H:%M"], **kwargs)


class WishSerializer(Strict):
    """Whether somebody wants a category over a channel."""

    category = Text(max_length=40)
    channel = serializers.ChoiceField(
        choices=[(channel.value, channel.label) for channel in PERSONAL_CHANNELS]
    )
    is_on = Flag()


class QuietHoursSerializer(Strict):
    """Between which times offers and news wait; null and null for no such hours."""

    starts_at = ClockTime(allow_null=True)
    ends_at = ClockTime(allow_null=True)


class PreferencesInputSerializer(Strict):
    """A change of preferences; what is not named stays as it is."""

    preferences = Listed(child=WishSerializer(), required=False, max_length=MOST_WISHES)
    quiet_hours = QuietHoursSerializer(required=False)
    do_not_disturb_until = serializers.DateTimeField(
        allow_null=True,
        required=False,
        help_text="All but security news waits until then; a year at most.",
    )


class ChannelChoiceSerializer(Strict):
    """Whether a category comes over a channel."""

    channel = Code(PERSONAL_CHANNELS)
    is_on = serializers.BooleanField()
    is_fixed = serializers.BooleanField(help_text="Nobody can turn it off.")


class CategoryPreferencesSerializer(Strict):
    """What is said of one kind of thing, and how."""

    category = serializers.CharField(help_text="Stable; there may be new ones.")
    label = serializers.CharField(  # type: ignore[assignment]
        help_text="For people, in their language."
    )
    kind = Code(Kind)
    channels = ChannelChoiceSerializer(many=True)


class PreferencesSerializer(Strict):
    """What somebody is told, how and when."""

    preferences = CategoryPreferencesSerializer(many=True)
    quiet_hours = QuietHoursSerializer()
    do_not_disturb_until = serializers.DateTimeField(allow_null=True)
    time_zone = serializers.CharField(help_text="Whose clock the quiet hours go by.")


def present_preferences(
    table: list[CategoryChoices], rest: RecipientSettings, time_zone: str
) -> dict[str, Any]:
    return {
        "preferences": [_present_category(row) for row in table],
        "quiet_hours": {
            "starts_at": rest.quiet_from and f"{rest.quiet_from:%H:%M}",
            "ends_at": rest.quiet_until and f"{rest.quiet_until:%H:%M}",
        },
        "do_not_disturb_until": present_moment(rest.do_not_disturb_until),
        "time_zone": time_zone,
    }


def _present_category(row: CategoryChoices) -> dict[str, Any]:
    return {
        "category": row.category.name,
        "label": str(row.category.label),
        "kind": row.category.kind.value,
        "channels": [
            {
                "channel": choice.channel.value,
                "is_on": choice.is_on,
                "is_fixed": choice.is_fixed,
            }
            for choice in row.choices
        ],
    }


class SubjectSerializer(Strict):
    """What something is about: the thing to open."""

    kind = Code(SUBJECTS)
    id = serializers.CharField(help_text="As the API gives the thing of that kind.")


class InboxNotificationSerializer(Strict):
    """One thing that somebody was told."""

    id = serializers.UUIDField()
    topic = serializers.CharField(
        help_text="What kind of news it is, as `order_accepted`; there may be new ones."
    )
    subject = SubjectSerializer(
        allow_null=True, help_text="What it is about; null when it is no one thing."
    )
    title = serializers.CharField()
    body = serializers.CharField(allow_blank=True)
    url = serializers.CharField(
        allow_null=True, help_text="A path of the site that tells more."
    )
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)
    archived_at = serializers.DateTimeField(allow_null=True)


class InboxSerializer(Page):
    unread = serializers.IntegerField(help_text="How many of all are unread.")
    results = InboxNotificationSerializer(many=True)


class UnreadSerializer(Strict):
    """How much of the inbox is unread."""

    unread = serializers.IntegerField(help_text="How many of all are unread.")


class ReadNotificationSerializer(InboxNotificationSerializer):
    """One thing that somebody was told, and how much is unread now."""

    unread = serializers.IntegerField(help_text="How many of all are unread.")


def present_notification(notification: Notification) -> dict[str, Any]:
    return {
        "id": str(opaque_id("notification", notification.pk)),
        "topic": notification.event.topic,
        "subject": read_about(notification.event.context),
        "title": notification.wording.title,
        "body": notification.wording.body,
        "url": notification.wording.url or None,
        "created_at": present_moment(notification.created_at),
        "read_at": present_moment(notification.read_at),
        "archived_at": present_moment(notification.archived_at),
    }


class ApnsDeviceInputSerializer(Strict):
    """An iPhone or iPad."""

    name = Text(max_length=255, required=False, allow_blank=True)
    registration_id = Text(
        max_length=LONGEST_APNS_TOKEN,
        validators=[RegexValidator(r"^[0-9A-Fa-f]+$")],
        help_text="The device token in hexadecimal digits.",
    )


class FcmDeviceInputSerializer(Strict):
    """An Android phone or tablet."""

    name = Text(max_length=255, required=False, allow_blank=True)
    registration_id = Text(
        max_length=LONGEST_TOKEN,
        validators=[RegexValidator(r"^[!-~]+$")],
        help_text="The registration token of Firebase Cloud Messaging.",
    )


class WebPushDeviceInputSerializer(Strict):
    """A browser's subscription (`PushSubscription.toJSON()`)."""

    name = Text(max_length=255, required=False, allow_blank=True)
    registration_id = Text(
        max_length=LONGEST_TOKEN,
        help_text="`endpoint`: the push service's address, public and with https.",
    )
    p256dh = Text(max_length=88, help_text="`keys.p256dh`")
    auth = Text(max_length=24, help_text="`keys.auth`")
    browser = serializers.ChoiceField(
        choices=[(name.lower(), label) for name, label in BROWSER_TYPES]
    )

    def validate_browser(self, name: str) -> str:
        return name.upper()

    def validate_registration_id(self, url: str) -> str:
        see_is_outside(url)
        return url

    def validate_p256dh(self, key: str) -> str:
        return _of_length(key, PUBLIC_KEY_LENGTH)

    def validate_auth(self, secret: str) -> str:
        return _of_length(secret, SECRET_LENGTH)


def _of_length(text: str, length: int) -> str:
    """Return base64url of so many bytes as it is; refuse all else."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), "-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != length:
        raise serializers.ValidationError(f"This must be {length} bytes in base64url.")
    return text


class DeviceSerializer(Strict):
    """A phone or browser that somebody is told on."""

    id = serializers.UUIDField()
    kind = Code(["apns", "fcm", "webpush"])
    name = serializers.CharField(allow_blank=True)
    registration_id = serializers.CharField()
    registered_at = serializers.DateTimeField(
        allow_null=True, help_text="The last time it was."
    )


class DeviceListSerializer(Strict):
    """All devices of a kind."""

    results = DeviceSerializer(many=True)


def present_device(kind: str, device: Any) -> dict[str, Any]:
    return {
        "id": str(opaque_id(f"device {kind}", device.pk)),
        "kind": kind,
        "name": device.name or "",
        "registration_id": device.registration_id,
        "registered_at": present_moment(device.date_created),
    }


class EventInputSerializer(Strict):
    """Something that people are to be told."""

    topic = Text(max_length=80)
    recipients = Listed(
        child=PublicId(),
        allow_empty=False,
        max_length=MOST_RECIPIENTS,
        help_text="Users, by the `id` that `GET /me` gives each.",
    )
    key = Text(
        max_length=LONGEST_KEY,
        help_text="The same key is the same event, however often it is sent.",
    )
    context = serializers.DictField(  # type: ignore[assignment]
        required=False,
        help_text=(
            "What the topic's words need. `url` is a path of the site, `subject` what "
            "apps open: `kind` and `id`."
        ),
    )

    def validate_recipients(self, recipients: list[UUID]) -> list[int]:
        pks = [pk_of(USER, recipient) for recipient in recipients]
        if None in pks:
            raise serializers.ValidationError(
                {str(pks.index(None)): ["There is no such user."]},
                code="unknown_recipient",
            )
        return [pk for pk in pks if pk is not None]

    def validate_context(self, context: dict[str, Any]) -> dict[str, Any]:
        url = context.get("url", "/")
        is_path = isinstance(url, str) and url.startswith("/")
        if not is_path or url.startswith(("//", "/\\")) or len(url) > LONGEST_URL:
            raise serializers.ValidationError("The url must be a path of this site.")
        subject = context.get("subject")
        if subject is not None and not _is_subject(subject):
            raise serializers.ValidationError("The subject must be a kind and an id.")
        return context


def _is_subject(subject: Any) -> bool:
    if not isinstance(subject, dict) or set(subject) != {"kind", "id"}:
        return False
    return all(
        isinstance(word, str) and 0 < len(word) <= LONGEST_SUBJECT
        for word in subject.values()
    )


class EventSerializer(Strict):
    """Something that was published."""

    id = serializers.UUIDField()
    recipients = serializers.IntegerField(help_text="How many they are.")
