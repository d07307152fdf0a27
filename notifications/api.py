from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import DataError
from push_notifications.api.rest_framework import (
    APNSDeviceAuthorizedViewSet,
    GCMDeviceAuthorizedViewSet,
    WebPushDeviceAuthorizedViewSet,
)
from rest_framework import status
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    NotFound,
    ParseError,
    ValidationError,
)
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications.device_models import DEVICE_MODELS
from notifications.exceptions import (
    EventError,
    NotificationError,
    UnknownTopicError,
)
from notifications.models import Event, Notification, ServiceToken
from notifications.selectors import (
    count_unread,
    get_notification_for_recipient,
    get_preferences,
    get_rest,
    list_notifications_for_recipient,
)
from notifications.serializers import (
    ApnsSerializer,
    EventSerializer,
    FcmSerializer,
    PreferencesSerializer,
    WebPushSerializer,
    present_notification,
    present_preferences,
)
from notifications.services.inbox import (
    archive,
    mark_all_read,
    mark_read,
    mark_unread,
)
from notifications.services.preferences import change_preferences
from notifications.services.publishing import publish
from notifications.services.registration import register_device, remove_device
from notifications.services.tokens import use_service_token
from notifications.topics import get_topic, has_topic

LARGEST_BODY = 1_000_000
PAGE_SIZE = 20
LARGEST_PK = 2**63 - 1
PK_DIGITS = 19


class TooLargeError(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request is too large."
    default_code = "too_large"


class Answering:
    """Answers every error as {"code", "detail"}, and a form's with its "fields"."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
            raise TooLargeError

    def handle_exception(self, error: Exception) -> Response:
        if isinstance(error, NotificationError):
            body = {"code": error.code, "detail": str(error) or type(error).__doc__}
            return Response(body, status=status.HTTP_400_BAD_REQUEST)
        if isinstance(error, RecursionError):
            error = ParseError("It is nested too deeply.")
        answer: Response = super().handle_exception(error)  # type: ignore[misc]
        if isinstance(error, ValidationError):
            answer.data = {
                "code": _code_of(error.get_codes()),
                "detail": "Something is not as it must be.",
                "fields": answer.data,
            }
        elif isinstance(error, APIException):
            answer.data = {"code": error.get_codes(), "detail": error.detail}
        return answer


def _code_of(codes: Any) -> str:
    """Return the one code that there is, or "invalid" for several."""
    found = set(_flat(codes))
    return found.pop() if len(found) == 1 else "invalid"


def _flat(codes: Any) -> list[str]:
    if isinstance(codes, dict):
        return [code for value in codes.values() for code in _flat(value)]
    if isinstance(codes, list):
        return [code for value in codes for code in _flat(value)]
    return [str(codes)]


class OwnView(Answering, APIView):
    """Something of whoever asks."""

    @cached_property
    def user_pk(self) -> int:
        return self.request.user.pk or 0


class PreferencesView(OwnView):
    def get(self, request: Request) -> Response:
        return Response(self._present())

    def patch(self, request: Request) -> Response:
        serializer = PreferencesSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        wanted = serializer.validated_data
        change: dict[str, Any] = {
            "wishes": {
                (wish["category"], wish["channel"]): wish["is_on"]
                for wish in wanted.get("preferences", [])
            }
        }
        if "quiet_hours" in wanted:
            hours = wanted["quiet_hours"]
            change["quiet_hours"] = (hours["starts_at"], hours["ends_at"])
        if "do_not_disturb_until" in wanted:
            change["do_not_disturb_until"] = wanted["do_not_disturb_until"]
        change_preferences(user_pk=self.user_pk, **change)
        return Response(self._present())

    def _present(self) -> dict[str, Any]:
        rest = get_rest(self.user_pk)
        hours = {"starts_at": rest.quiet_from, "ends_at": rest.quiet_until}
        return {
            "preferences": present_preferences(get_preferences(self.user_pk)),
            "quiet_hours": hours,
            "do_not_disturb_until": rest.do_not_disturb_until,
        }


class InboxView(OwnView):
    def get(self, request: Request) -> Response:
        """Answer the inbox, newest first; "next" is the cursor of older ones."""
        found = list_notifications_for_recipient(
            recipient_pk=self.user_pk,
            before=_position(request.query_params.get("cursor", "")),
            limit=PAGE_SIZE + 1,
        )
        shown = found[:PAGE_SIZE]
        return Response(
            {
                "unread": count_unread(recipient_pk=self.user_pk),
                "results": [present_notification(it) for it in shown],
                "next": str(shown[-1].pk) if len(found) > PAGE_SIZE else None,
            }
        )


def _position(cursor: str) -> int | None:
    if not cursor:
        return None
    is_number = cursor.isascii() and cursor.isdigit() and len(cursor) <= PK_DIGITS
    if not is_number or int(cursor) > LARGEST_PK:
        raise ValidationError({"cursor": ["This is no cursor."]}, code="invalid")
    return int(cursor)


class NotificationView(OwnView):
    """An act on one notification; which one, the address says."""

    acts = {"read": mark_read, "unread": mark_unread, "archive": archive}

    def post(self, request: Request, pk: int, act: str) -> Response:
        try:
            notification = get_notification_for_recipient(
                recipient_pk=self.user_pk, pk=pk
            )
        except Notification.DoesNotExist as error:
            raise NotFound from error
        self.acts[act](notification=notification)
        return Response({"unread": count_unread(recipient_pk=self.user_pk)})


class InboxReadAllView(OwnView):
    def post(self, request: Request) -> Response:
        mark_all_read(recipient_pk=self.user_pk)
        return Response({"unread": count_unread(recipient_pk=self.user_pk)})


class OwnDevices(Answering):
    """Registers, lists and removes one's own; a token that is known moves here."""

    kind: str
    lookup_field = "pk"
    lookup_value_regex = "[0-9]+"
    http_method_names = ["get", "post", "delete", "head", "options"]
    # A person has a handful of devices: the list is whole.
    pagination_class = None

    def get_queryset(self) -> Any:
        own = super().get_queryset()  # type: ignore[misc]
        return own.filter(active=True).order_by("-date_created", "-pk")

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = self.get_serializer(  # type: ignore[attr-defined]
            self._known(request.data), data=request.data
        )
        serializer.is_valid(raise_exception=True)
        serializer.instance, is_new = register_device(
            user_pk=request.user.pk or 0, kind=self.kind, **serializer.validated_data
        )
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(serializer.data, status=code)

    def _known(self, data: Any) -> Any:
        """Return the device that has the token, whosever it is: it will be theirs."""
        token = data.get("registration_id") if hasattr(data, "get") else None
        if not isinstance(token, str) or "\0" in token:
            return None
        return DEVICE_MODELS[self.kind].objects.filter(registration_id=token).first()

    def perform_destroy(self, device: Any) -> None:
        remove_device(user_pk=device.user_id, kind=self.kind, device_pk=device.pk)


class ApnsDevices(OwnDevices, APNSDeviceAuthorizedViewSet):  # type: ignore[misc]
    kind = "apns"
    serializer_class = ApnsSerializer


class FcmDevices(OwnDevices, GCMDeviceAuthorizedViewSet):  # type: ignore[misc]
    kind = "fcm"
    serializer_class = FcmSerializer


class WebPushDevices(OwnDevices, WebPushDeviceAuthorizedViewSet):  # type: ignore[misc]
    kind = "webpush"
    serializer_class = WebPushSerializer


class ServiceTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <secret>`; a system, not a person (RFC 6750)."""

    def authenticate(self, request: Request) -> tuple[Any, ServiceToken] | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = use_service_token(secret=secret.strip())
        if token is None:
            raise AuthenticationFailed
        return AnonymousUser(), token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class HasServiceToken(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, ServiceToken)


class EventsView(Answering, APIView):
    """Where other systems publish."""

    authentication_classes = [ServiceTokenAuthentication]
    permission_classes = [HasServiceToken]

    def post(self, request: Request) -> Response:
        serializer = EventSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        event = self._publish(**serializer.validated_data)
        # What was found is loaded; what is new was made here.
        is_new = event._state.adding  # noqa: SLF001 - documented by Django
        return Response(
            {"id": event.pk, "recipients": event.recipient_count},
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
        )

    def _publish(
        self,
        topic: str,
        recipients: list[int],
        key: str,
        context: dict[str, Any] | None = None,
    ) -> Event:
        if not has_topic(topic):
            raise UnknownTopicError
        token = self.request.auth
        assert isinstance(token, ServiceToken)
        try:
            return publish(
                get_topic(topic),
                recipients=recipients,
                # A name space of its own: no other system's key can be taken.
                key=f"service:{token.name}:{key}",
                context=context or {},
            )
        except (DataError, UnicodeEncodeError) as error:
            # A NUL, half a character, an endless number.
            raise EventError from error
