"""Where other systems publish: `/api/v1/notifications/events`."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import DataError, transaction
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications.asking import read_body
from notifications.exceptions import EventError, UnknownTopicError
from notifications.models import Event, ServiceToken
from notifications.opaque import opaque_id
from notifications.serializers import EventInputSerializer, EventSerializer
from notifications.services.publishing import publish
from notifications.services.tokens import use_service_token
from notifications.topics import get_topic, has_topic


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


class ServiceTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema tells of it."""

    target_class = ServiceTokenAuthentication
    name = "service"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        del auto_schema
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A service token, which operators make.",
        }


class HasServiceToken(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, ServiceToken)


class EventsView(APIView):
    authentication_classes = [ServiceTokenAuthentication]
    permission_classes = [HasServiceToken]
    # Systems that operators let in publish as fast as they can.
    throttle_classes = []
    # The ids of as many as may be told at once.
    largest_body = 600_000

    @extend_schema(
        operation_id="publish_event",
        request=EventInputSerializer,
        responses={
            status.HTTP_200_OK: EventSerializer,
            status.HTTP_201_CREATED: EventSerializer,
        },
        examples=[
            OpenApiExample(
                "An offer",
                value={
                    "topic": "offer",
                    "recipients": ["0c9e3b52-7f11-4e0a-9d5c-6a1f2b3c4d5e"],
                    "key": "spring-1",
                    "context": {
                        "title": "Spring menu",
                        "body": "New dishes today",
                        "url": "/",
                    },
                },
                request_only=True,
            ),
            OpenApiExample(
                "Published",
                value={
                    "id": "1c2d3e4f-5a6b-4c7d-8e9f-0a1b2c3d4e5f",
                    "recipients": 1,
                },
                response_only=True,
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        """Publish an event, for systems with a service token.

        Not for apps: no person's token opens it; operators make those that do. A key
        that was there before is answered with 200, and publishes nothing.
        """
        asked = read_body(EventInputSerializer, request)
        token = request.auth
        assert isinstance(token, ServiceToken)
        event = _publish(token, **asked)
        # What was found is loaded; what is new was made here.
        is_new = event._state.adding  # noqa: SLF001 - documented by Django
        return Response(
            {
                "id": str(opaque_id("event", event.pk)),
                "recipients": event.recipient_count,
            },
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
        )


def _publish(
    token: ServiceToken,
    *,
    topic: str,
    recipients: list[int],
    key: str,
    context: dict[str, Any] | None = None,
) -> Event:
    if not has_topic(topic):
        raise UnknownTopicError
    try:
        # Around publish, which breaks the transaction it is in when it fails.
        with transaction.atomic():
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
