"""The phones and browsers that somebody is told on: `/api/v1/me/devices/…`."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from notifications.asking import read_body
from notifications.opaque import pk_of
from notifications.selectors import list_devices_of_kind
from notifications.serializers import (
    ApnsDeviceInputSerializer,
    DeviceListSerializer,
    DeviceSerializer,
    FcmDeviceInputSerializer,
    WebPushDeviceInputSerializer,
    present_device,
)
from notifications.services.registration import register_device, remove_device

HEX_TOKEN = "740f4707bebcf74f9b7c25d48e3358945f6aa01da5ddb387462c7eaf61bb78ad"  # noqa: S105
P256DH = (
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAi"
    "w4"
)
REGISTER = """Register a device, so that you are told on it

A token that is known already is this user's from now on, and is answered with 200: the
app has another user now, or was installed anew. Register at each start of the app.
"""


class Devices(APIView):
    """Lists and registers one's own devices of a kind."""

    kind: str
    body: type[Serializer[Any]]

    def get(self, request: Request) -> Response:
        devices = list_devices_of_kind(user_pk=request.user.pk or 0, kind=self.kind)
        return Response({"results": [present_device(self.kind, it) for it in devices]})

    def post(self, request: Request) -> Response:
        asked = read_body(self.body, request)
        device, is_new = register_device(
            user_pk=request.user.pk or 0, kind=self.kind, **asked
        )
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(present_device(self.kind, device), status=code)


class Device(APIView):
    """Removes one of one's own devices of a kind."""

    kind: str

    def delete(self, request: Request, device_id: UUID) -> Response:
        pk = pk_of(f"device {self.kind}", device_id)
        user_pk = request.user.pk or 0
        if pk is None or not remove_device(
            user_pk=user_pk, kind=self.kind, device_pk=pk
        ):
            raise NotFound
        return Response(status=status.HTTP_204_NO_CONTENT)


def _tell(kind: str, name: str, body: Any, **sent: str) -> Any:
    """Return what tells the schema of a kind's list."""
    device = {
        "id": "9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d",
        "kind": kind,
        "name": name,
        "registration_id": sent["registration_id"],
        "registered_at": "2026-03-07T03:22:00Z",
    }
    return extend_schema_view(
        get=extend_schema(
            operation_id=f"list_{kind}_devices",
            summary="List your devices of this kind; the list is whole",
            description="Those that news are pushed to, whichever app registered them.",
            responses=DeviceListSerializer,
            examples=[
                OpenApiExample("One", value={"results": [device]}, response_only=True)
            ],
        ),
        post=extend_schema(
            operation_id=f"register_{kind}_device",
            summary=REGISTER.partition("\n")[0],
            description=REGISTER.partition("\n\n")[2],
            request=body,
            responses={
                status.HTTP_200_OK: DeviceSerializer,
                status.HTTP_201_CREATED: DeviceSerializer,
            },
            examples=[
                OpenApiExample(
                    "Request", value={"name": name, **sent}, request_only=True
                ),
                OpenApiExample("Registered", value=device, response_only=True),
            ],
        ),
    )


def _tell_of_removal(kind: str) -> Any:
    return extend_schema_view(
        delete=extend_schema(
            operation_id=f"remove_{kind}_device",
            summary="Forget a device: when you sign out for example",
            description="Nothing is pushed to it from then on.",
            responses={status.HTTP_204_NO_CONTENT: None},
        )
    )


@_tell("apns", "Ada's iPhone", ApnsDeviceInputSerializer, registration_id=HEX_TOKEN)
class ApnsDevicesView(Devices):
    kind = "apns"
    body = ApnsDeviceInputSerializer


@_tell_of_removal("apns")
class ApnsDeviceView(Device):
    kind = "apns"


@_tell(
    "fcm", "Ada's Pixel", FcmDeviceInputSerializer, registration_id="dGl7-8kQ:APA91b"
)
class FcmDevicesView(Devices):
    kind = "fcm"
    body = FcmDeviceInputSerializer


@_tell_of_removal("fcm")
class FcmDeviceView(Device):
    kind = "fcm"


@_tell(
    "webpush",
    "Firefox",
    WebPushDeviceInputSerializer,
    registration_id="https://updates.push.example/wpush/v2/gAAAAABl",
    p256dh=P256DH,
    auth="BTBZMqHH6r4Tts7J_aSIgg",
    browser="firefox",
)
class WebPushDevicesView(Devices):
    kind = "webpush"
    body = WebPushDeviceInputSerializer


@_tell_of_removal("webpush")
class WebPushDeviceView(Device):
    kind = "webpush"
