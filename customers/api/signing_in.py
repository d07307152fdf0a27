"""Signing up, in and out: `/api/v1/auth/`."""

from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError as FormError
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.api.asking import read_body
from customers.exceptions import TooManyAttemptsError, WrongSignInError
from customers.models import Scope, User
from customers.serializers import (
    RefreshSerializer,
    SignInSerializer,
    TokensSerializer,
    present_tokens,
)
from customers.services import refresh_app, sign_in_app

TOKENS = OpenApiExample(
    "Signed in",
    value={
        "access_token": "Yb5wqX3lPq0a7u1s",
        "refresh_token": "n0ZkqgN8J2m4c6Tt",
        "expires_in": 900,
        "token_type": "Bearer",
        "scopes": ["customer", "restaurant"],
    },
    response_only=True,
)


class SignInView(APIView):
    permission_classes = [AllowAny]
    authentication_classes = []

    @extend_schema(
        operation_id="sign_in",
        request=SignInSerializer,
        responses=TokensSerializer,
        examples=[TOKENS],
    )
    def post(self, request: Request) -> Response:
        """Sign in with email and password.

        Begins a session for this device; `GET /auth/sessions` lists them.
        """
        asked = read_body(SignInSerializer, request)
        user = _authenticate(request, asked["email"], asked["password"])
        scopes = asked.get("scopes") or list(Scope)
        tokens = sign_in_app(user=user, name=asked["device_name"], scopes=scopes)
        return Response(present_tokens(tokens))


def _authenticate(request: Request, email: str, password: str) -> User:
    try:
        user = authenticate(
            request._request,  # noqa: SLF001 - documented by DRF
            username=email,
            password=password,
        )
    except FormError as error:
        seconds = (error.params or {}).get("seconds", 0)
        raise TooManyAttemptsError(int(seconds)) from error
    if not isinstance(user, User):
        raise WrongSignInError
    return user


class RefreshView(APIView):
    permission_classes = [AllowAny]
    authentication_classes = []

    @extend_schema(
        operation_id="refresh",
        request=RefreshSerializer,
        responses={status.HTTP_200_OK: TokensSerializer},
        examples=[TOKENS],
    )
    def post(self, request: Request) -> Response:
        """Get a new pair of tokens for a refresh token, which is used up by it.

        A refresh token that comes a second time ends its session: sign in again.
        """
        asked = read_body(RefreshSerializer, request)
        return Response(present_tokens(refresh_app(**asked)))
