"""What the API takes and answers: strict about types, since programs ask."""

import base64
import binascii
from typing import Any

from push_notifications.api.rest_framework import (
    APNSDeviceSerializer,
    GCMDeviceSerializer,
    WebPushDeviceSerializer,
)
from rest_framework import serializers

from notifications.endpoints import see_is_outside
from notifications.fields import Flag, Number, Strict, Text
from notifications.models import Channel, Notification
from notifications.selectors import CategoryChoices

MOST_RECIPIENTS = 10_000
LARGEST_PK = 2**63 - 1
LONGEST_KEY = 140
LONGEST_URL = 300
# Uncompressed P-256 point and secret (RFC 8291, 3.1 and 3.2).
PUBLIC_KEY_LENGTH = 65
SECRET_LENGTH = 16


class WishSerializer(Strict):
    category = Text(max_length=40)
    channel = serializers.ChoiceField(choices=Channel.choices)
    is_on = Flag()


class QuietHoursSerializer(Strict):
    starts_at = serializers.TimeField(allow_null=True)
    ends_at = serializers.TimeField(allow_null=True)


class PreferencesSerializer(Strict):
    """A change of preferences; what is not named stays as it is."""

    preferences = WishSerializer(many=True, required=False)
    quiet_hours = QuietHoursSerializer(required=False)
    do_not_disturb_until = serializers.DateTimeField(allow_null=True, required=False)


class EventSerializer(Strict):
    topic = Text(max_length=80)
    recipients = serializers.ListField(
        child=Number(min_value=1, max_value=LARGEST_PK),
        allow_empty=False,
        max_length=MOST_RECIPIENTS,
    )
    key = Text(max_length=LONGEST_KEY)
    context = serializers.DictField(required=False)  # type: ignore[assignment]

    def validate_context(self, context: dict[str, Any]) -> dict[str, Any]:
        url = context.get("url", "/")
        is_path = isinstance(url, str) and url.startswith("/")
        if not is_path or url.startswith(("//", "/\\")) or len(url) > LONGEST_URL:
            raise serializers.ValidationError("The url must be a path of this site.")
        return context


def present_preferences(table: list[CategoryChoices]) -> list[dict[str, Any]]:
    return [
        {
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
        for row in table
    ]


def present_notification(notification: Notification) -> dict[str, Any]:
    return {
        # A string, since a number of this size is not exact in JavaScript.
        "id": str(notification.pk),
        "title": notification.wording.title,
        "body": notification.wording.body,
        "url": notification.wording.url,
        "created_at": notification.created_at,
        "read_at": notification.read_at,
    }


DEVICE_FIELDS = ("id", "name", "application_id", "registration_id", "date_created")
# The library lets a client choose the row's id, and whether it is active.
READ_ONLY = {"id": {"read_only": True}}


class ApnsSerializer(APNSDeviceSerializer):
    class Meta(APNSDeviceSerializer.Meta):
        fields = (*DEVICE_FIELDS, "device_id")  # type: ignore[assignment]
        extra_kwargs = READ_ONLY


class FcmSerializer(GCMDeviceSerializer):
    class Meta(GCMDeviceSerializer.Meta):
        fields = (*DEVICE_FIELDS, "device_id")  # type: ignore[assignment]
        extra_kwargs = READ_ONLY


class WebPushSerializer(WebPushDeviceSerializer):
    class Meta(WebPushDeviceSerializer.Meta):
        fields = (*DEVICE_FIELDS, "p256dh", "auth", "browser")  # type: ignore[assignment]
        extra_kwargs = READ_ONLY

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
