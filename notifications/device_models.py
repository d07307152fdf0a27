"""The devices that people register: django-push-notifications' models, by provider."""

from typing import Any

from push_notifications.models import APNSDevice, GCMDevice, WebPushDevice

DEVICE_MODELS: dict[str, Any] = {
    "apns": APNSDevice,
    "fcm": GCMDevice,
    "webpush": WebPushDevice,
}
