"""What somebody was told: `/api/v1/me/inbox`."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications.asking import PageQuerySerializer, cursor_refused, read_query
from notifications.models import Notification
from notifications.opaque import opaque_id, pk_of
from notifications.selectors import (
    count_unread,
    get_notification_for_recipient,
    list_notifications_for_recipient,
)
from notifications.serializers import (
    InboxSerializer,
    ReadNotificationSerializer,
    UnreadSerializer,
    present_notification,
)
from notifications.services.inbox import (
    archive,
    mark_all_read,
    mark_read,
    mark_unread,
)

ON_ITS_WAY = {
    "id": "7d0c1b2a-3f4e-4a5b-8c6d-9e0f1a2b3c4d",
    "topic": "order_out_for_delivery",
    "subject": {"kind": "order", "id": "4f6d2c1e-8b3a-4e57-9c0d-1a2b3c4d5e6f"},
    "title": "Your order is on its way",
    "body": "Trattoria Ada brings it by 19:40.",
    "url": "/orders/4f6d2c1e-8b3a-4e57-9c0d-1a2b3c4d5e6f/",
    "created_at": "2026-03-07T03:22:00Z",
    "read_at": None,
    "archived_at": None,
}
INBOX = OpenApiExample(
    "One unread",
    value={"unread": 1, "results": [ON_ITS_WAY], "next": None},
    response_only=True,
)
READ = OpenApiExample(
    "Read",
    value={**ON_ITS_WAY, "read_at": "2026-03-07T03:25:10Z", "unread": 0},
    response_only=True,
)
NONE_UNREAD = OpenApiExample("None unread", value={"unread": 0}, response_only=True)


class InboxView(APIView):
    @extend_schema(
        operation_id="list_inbox",
        parameters=[PageQuerySerializer],
        responses=InboxSerializer,
        examples=[INBOX],
    )
    def get(self, request: Request) -> Response:
        """List what you were told, newest first.

        With how many of all are unread. `subject` says what to open.
        """
        asked = read_query(PageQuerySerializer, request)
        limit: int = asked["limit"]
        recipient_pk = request.user.pk or 0
        found = list_notifications_for_recipient(
            recipient_pk=recipient_pk,
            before=_position(asked.get("cursor")),
            limit=limit + 1,
        )
        shown = found[:limit]
        has_more = len(found) > limit
        return Response(
            {
                "unread": count_unread(recipient_pk=recipient_pk),
                "results": [present_notification(one) for one in shown],
                "next": str(opaque_id("inbox", shown[-1].pk)) if has_more else None,
            }
        )


def _position(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    try:
        pk = pk_of("inbox", UUID(cursor))
    except ValueError:
        pk = None
    if pk is None:
        raise cursor_refused()
    return pk


class InboxReadAllView(APIView):
    @extend_schema(
        operation_id="mark_inbox_read",
        request=None,
        responses=UnreadSerializer,
        examples=[NONE_UNREAD],
    )
    def post(self, request: Request) -> Response:
        """Mark all read.

        What comes in meanwhile stays unread.
        """
        recipient_pk = request.user.pk or 0
        mark_all_read(recipient_pk=recipient_pk)
        return Response({"unread": count_unread(recipient_pk=recipient_pk)})


class ReadView(APIView):
    @extend_schema(
        operation_id="mark_notification_read",
        request=None,
        responses=ReadNotificationSerializer,
        examples=[READ],
    )
    def post(self, request: Request, notification_id: UUID) -> Response:
        """Mark one read.

        Safe to repeat. Answers it as it is now, and how many are still unread.
        """
        return _act(mark_read, request, notification_id)


class UnreadView(APIView):
    @extend_schema(
        operation_id="mark_notification_unread",
        request=None,
        responses=ReadNotificationSerializer,
        examples=[
            OpenApiExample(
                "Unread", value={**ON_ITS_WAY, "unread": 1}, response_only=True
            )
        ],
    )
    def post(self, request: Request, notification_id: UUID) -> Response:
        """Mark one unread again.

        Safe to repeat. Answers it as it is now, and how many are unread.
        """
        return _act(mark_unread, request, notification_id)


class ArchiveView(APIView):
    @extend_schema(
        operation_id="archive_notification",
        request=None,
        responses=ReadNotificationSerializer,
        examples=[READ],
    )
    def post(self, request: Request, notification_id: UUID) -> Response:
        """Take one out of the inbox; it counts as read.

        Safe to repeat. It is kept, and not listed any more.
        """
        return _act(archive, request, notification_id)


def _act(act: Callable[..., Any], request: Request, notification_id: UUID) -> Response:
    recipient_pk = request.user.pk or 0
    pk = pk_of("notification", notification_id)
    if pk is None:
        raise Notification.DoesNotExist
    act(notification=get_notification_for_recipient(recipient_pk=recipient_pk, pk=pk))
    now = get_notification_for_recipient(recipient_pk=recipient_pk, pk=pk)
    unread = count_unread(recipient_pk=recipient_pk)
    return Response({**present_notification(now), "unread": unread})
