"""What the API says of itself, and its streams: `GET /api/v1/` and `…/stream`.

The streams' own server (config/streams/) answers them: it asks these views who may
listen. Whoever asks the site is sent there.
"""

import json
from abc import ABC, abstractmethod
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, NotFound, PermissionDenied
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.api_errors import MEDIA_TYPE, PLAIN
from config.api_schema import ProblemSerializer
from config.streams.news import (
    Feed,
    feed_board,
    feed_inbox,
    feed_order,
    list_boards,
)
from customers.api.asking import read_query, user_of
from customers.models import Scope
from notifications.fields import Strict
from notifications.vapid import public_key_of
from orders.selectors import orders_of_visitor

LONGEST_WAIT_SECONDS = 30
LONGEST_VERSION = 64


class EventRenderer(JSONRenderer):
    """Lets be asked for events; a problem is JSON all the same."""

    media_type = "text/event-stream"
    format = "events"


class StreamsElsewhereError(APIException):
    """The site has no streams of its own, and does not know where they are."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "streams_elsewhere"
    default_detail = PLAIN["streams_elsewhere"][1]


class StreamQuerySerializer(Strict):
    """How to listen."""

    wait = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=LONGEST_WAIT_SECONDS,
        help_text=(
            "Long polling: answer once, as soon as there are news, and 204 after so "
            "many seconds without. With `Accept: application/json` alone it is 25."
        ),
    )
    version = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=LONGEST_VERSION,
        help_text="The `version` of the last news; these are not told again.",
    )


class BoardStreamQuerySerializer(StreamQuerySerializer):
    restaurant_id = serializers.UUIDField(
        required=False, help_text="One of one's own restaurants; all without it."
    )


class NewsSerializer(Strict):
    """The data of an event; with `wait` the whole answer."""

    version = serializers.CharField(help_text="Opaque; another whenever things are.")


class InboxNewsSerializer(NewsSerializer):
    unread = serializers.IntegerField(help_text="Unread notifications in the inbox.")


class BoardNewsSerializer(NewsSerializer):
    at = serializers.DateTimeField(help_text="When the board was looked at.")


LAST_EVENT = OpenApiParameter(
    "Last-Event-ID",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="As `version`; browsers' `EventSource` sends it when it reconnects.",
)
HOW = """

Ask at `streams_url` of `GET /` + this path: streams have a server of their own, and
the site itself only redirects there (not every client sends its token along).

The answer is a stream of server-sent events (`text/event-stream`) that tells at once
how things are and again whenever that changes; lines with a colon in front keep it
open. It ends with the access token, after an `event: end` whose `reason` is
`token_expired`, `token_revoked` or `reconnect`: refresh the token if you must, and ask
again with `Last-Event-ID`.

Where streams cannot be held open, send `wait` and the `version` you know (long
polling): 200 with the news, or 204 when there were none; then ask again at once. Give
your HTTP client more time than `wait`.
"""


def _answers(news: type[Strict]) -> dict[Any, Any]:
    return {
        (200, "text/event-stream"): OpenApiResponse(
            OpenApiTypes.STR, description="Events, for as long as somebody listens."
        ),
        (200, "application/json"): OpenApiResponse(
            news, description="With `wait`: there are news."
        ),
        204: OpenApiResponse(description="With `wait`: there were no news."),
        307: OpenApiResponse(
            description="The site itself was asked; `Location` says where streams are."
        ),
        (503, MEDIA_TYPE): OpenApiResponse(
            ProblemSerializer, description="This site has no streams."
        ),
    }


def _examples(event: str, facts: str) -> list[OpenApiExample]:
    version = '"version": "9f86d081884c7d65"'
    data = "{" + version + facts + "}"
    return [
        OpenApiExample(
            "Stream",
            value=(
                "retry: 3000\n\n"
                f"id: 9f86d081884c7d65\nevent: {event}\ndata: {data}\n\n"
                ": still here\n\n"
                'event: end\ndata: {"reason": "token_expired"}\n\n'
            ),
            response_only=True,
            media_type="text/event-stream",
            status_codes=["200"],
        ),
        OpenApiExample(
            "Long polling",
            value=json.loads(data),
            response_only=True,
            media_type="application/json",
            status_codes=["200"],
        ),
    ]


def is_asked_for_json(request: Request) -> bool:
    """Say whether an app would rather have JSON than events."""
    return not isinstance(request.accepted_renderer, EventRenderer)


class StreamView(ABC, APIView):
    """A stream: says who may listen to what, on the site and on the streams' server."""

    renderer_classes = [EventRenderer, JSONRenderer]

    @abstractmethod
    def open(self, request: Request, **names: Any) -> tuple[Feed, dict[str, Any]]:
        """Return what is asked for and how; APIException for who may not hear it."""

    def send_elsewhere(self, request: Request, **names: Any) -> Response:
        self.open(request, **names)
        streams, site = urlsplit(settings.STREAMS_URL), urlsplit(settings.SITE_URL)
        if not streams.netloc or streams.netloc in (site.netloc, request.get_host()):
            raise StreamsElsewhereError
        return Response(
            status=status.HTTP_307_TEMPORARY_REDIRECT,
            headers={"Location": f"{settings.STREAMS_URL}{request.get_full_path()}"},
        )


class OrderStreamView(StreamView):
    def open(self, request: Request, **names: Any) -> tuple[Feed, dict[str, Any]]:
        asked = read_query(StreamQuerySerializer, request)
        orders = orders_of_visitor(user_pk=user_of(request).pk, guest_orders=())
        feed = feed_order(orders, names["order_id"])
        if feed is None:
            raise NotFound
        return feed, asked

    @extend_schema(
        operation_id="stream_order",
        summary="Hear when one of your orders changes",
        description=(
            "The event `order` says only that "
            "there is something new: then ask `GET /orders/{order_id}`." + HOW
        ),
        parameters=[StreamQuerySerializer, LAST_EVENT],
        responses=_answers(NewsSerializer),
        examples=_examples("order", ""),
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        return self.send_elsewhere(request, order_id=order_id)


class InboxStreamView(StreamView):
    def open(self, request: Request, **names: Any) -> tuple[Feed, dict[str, Any]]:
        asked = read_query(StreamQuerySerializer, request)
        return feed_inbox(user_of(request).pk), asked

    @extend_schema(
        operation_id="stream_inbox",
        summary="Hear how many notifications are unread",
        description=(
            "The event is `inbox`. When it comes, the inbox has changed." + HOW
        ),
        parameters=[StreamQuerySerializer, LAST_EVENT],
        responses=_answers(InboxNewsSerializer),
        examples=_examples("inbox", ', "unread": 2'),
    )
    def get(self, request: Request) -> Response:
        return self.send_elsewhere(request)


class BoardStreamView(StreamView):
    scope = Scope.RESTAURANT

    def open(self, request: Request, **names: Any) -> tuple[Feed, dict[str, Any]]:
        asked = read_query(BoardStreamQuerySerializer, request)
        one = asked.get("restaurant_id")
        feed = feed_board(list_boards(user_of(request), one))
        if feed is None:
            raise PermissionDenied if one is None else NotFound
        return feed, asked

    @extend_schema(
        operation_id="stream_owner_board",
        summary="Hear when there is something new on the board",
        description=(
            "The event `board` says only that: then ask for the board. Ask once a "
            "minute as well, so that nothing is missed that could not be told." + HOW
        ),
        parameters=[BoardStreamQuerySerializer, LAST_EVENT],
        responses={
            **_answers(BoardNewsSerializer),
            (404, MEDIA_TYPE): OpenApiResponse(
                ProblemSerializer, description="The restaurant is not yours."
            ),
        },
        examples=_examples("board", ', "at": "2026-03-14T19:20:00Z"'),
    )
    def get(self, request: Request) -> Response:
        return self.send_elsewhere(request)


class RootSerializer(Strict):
    """Where everything is."""

    version = serializers.CharField(help_text="Of the schema (semantic versioning).")
    schema_url = serializers.URLField(help_text="The OpenAPI schema.")
    docs_url = serializers.URLField(help_text="For people: try each operation.")
    problems_url = serializers.URLField(help_text="Every `code` of a problem.")
    streams_url = serializers.URLField(
        allow_null=True,
        help_text="The base of the paths that end in `/stream`; null without streams.",
    )
    web_push_key = serializers.CharField(
        allow_null=True,
        help_text=(
            "The `applicationServerKey` to subscribe a browser with (RFC 8292); null "
            "where browsers are not told."
        ),
    )


class RootView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="get_api_root",
        responses=RootSerializer,
        examples=[
            OpenApiExample(
                "Tiffin",
                value={
                    "version": "1.0.0",
                    "schema_url": "https://tiffin.example/api/v1/schema",
                    "docs_url": "https://tiffin.example/api/v1/docs",
                    "problems_url": "https://tiffin.example/api/v1/problems",
                    "streams_url": "https://tiffin.example/api/v1",
                    "web_push_key": None,
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """Get what an app must know of this site.

        Needs no token.
        """
        base = f"{settings.SITE_URL}/api/v1"
        streams = settings.STREAMS_URL
        push = settings.NOTIFICATIONS.get("WEB_PUSH")
        return Response(
            {
                "version": settings.SPECTACULAR_SETTINGS["VERSION"],
                "schema_url": f"{base}/schema",
                "docs_url": f"{base}/docs",
                "problems_url": f"{base}/problems",
                "streams_url": f"{streams}/api/v1" if streams else None,
                "web_push_key": public_key_of(push["key"]) if push else None,
            }
        )


urlpatterns = [
    path(
        "orders/<uuid:order_id>/stream",
        OrderStreamView.as_view(),
        name="order-stream",
    ),
    path("me/inbox/stream", InboxStreamView.as_view(), name="inbox-stream"),
    path("owner/board/stream", BoardStreamView.as_view(), name="board-stream"),
]
