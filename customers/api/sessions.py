"""Signing out, here and elsewhere: `/api/v1/auth/`, for who has a token."""

from typing import Any
from uuid import UUID

from django.contrib.auth import logout
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.api.asking import read_body, user_of
from customers.exceptions import WrongPasswordError
from customers.selectors import find_app_session, list_app_sessions
from customers.serializers import (
    AppSessionListSerializer,
    PasswordSerializer,
    present_app_session,
)
from customers.services import (
    end_app_session,
    sign_out_everywhere,
)
from customers.throttling import PASSWORDS_ASKED, spend

SESSIONS = OpenApiExample(
    "Two devices",
    value={
        "results": [
            {
                "id": "5f0c9a7b-e41d-4c52-9f7c-1f1e4f0e9a57",
                "device_name": "Ada's phone",
                "created_at": "2026-03-01T18:00:00Z",
                "last_used_at": "2026-03-06T19:45:00Z",
                "is_current": True,
                "scopes": ["customer", "restaurant"],
            },
            {
                "id": "c2b8e0d4-7a36-4b1f-8c5d-0e9f1a2b3c4d",
                "device_name": "The kitchen's tablet",
                "created_at": "2026-02-11T09:30:00Z",
                "last_used_at": "2026-03-06T17:10:00Z",
                "is_current": False,
                "scopes": ["restaurant"],
            },
        ]
    },
    response_only=True,
)


class SignOutView(APIView):
    # Whatever scope a token has, it can be given up.
    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="sign_out",
        request=None,
        responses={status.HTTP_204_NO_CONTENT: None},
    )
    def post(self, request: Request) -> Response:
        """Sign this app out: its tokens are good no longer.

        Any token will do, whatever its scope. The devices you registered stay: remove
        them before, lest whoever signs in next reads your news.
        """
        token: Any = request.auth
        if token is None:
            # The site's own pages have a session of the other kind.
            logout(request._request)  # noqa: SLF001 - documented by DRF
        else:
            session = find_app_session(access_token_pk=token.pk)
            if session is not None:
                end_app_session(user=user_of(request), public_id=session.public_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class SignOutEverywhereView(APIView):
    @extend_schema(
        operation_id="sign_out_everywhere",
        request=PasswordSerializer,
        responses={status.HTTP_204_NO_CONTENT: None},
        examples=[
            OpenApiExample(
                "Request",
                value={"password": "a fine dinner for two"},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Sign out of all apps and browsers, this one as well.

        Links that were mailed end, too.
        """
        asked = read_body(PasswordSerializer, request)
        user = user_of(request)
        spend((PASSWORDS_ASKED, f"user {user.pk}"))
        try:
            sign_out_everywhere(user_pk=user.pk, password=asked.get("password", ""))
        except WrongPasswordError as error:
            said = ErrorDetail(str(error), code=error.code)
            raise ValidationError({"password": [said]}) from error
        return Response(status=status.HTTP_204_NO_CONTENT)


class SessionsView(APIView):
    @extend_schema(
        operation_id="list_sessions",
        responses=AppSessionListSerializer,
        examples=[SESSIONS],
    )
    def get(self, request: Request) -> Response:
        """List the apps you are signed in with, the last used first; the list is whole.

        Browsers are not among them; `POST /auth/sign-out-everywhere` ends those, too.
        """
        token: Any = request.auth
        sessions = list_app_sessions(
            customer=user_of(request), access_token_pk=token.pk if token else None
        )
        return Response({"results": [present_app_session(one) for one in sessions]})


class SessionView(APIView):
    @extend_schema(
        operation_id="end_session", responses={status.HTTP_204_NO_CONTENT: None}
    )
    def delete(self, request: Request, session_id: UUID) -> Response:
        """Sign one of your apps out: a phone that was lost for example.

        Its tokens are good no longer.
        """
        end_app_session(user=user_of(request), public_id=session_id)
        return Response(status=status.HTTP_204_NO_CONTENT)
