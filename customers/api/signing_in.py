"""Signing up, in and on: `/api/v1/auth/`, for who has no token yet."""

from datetime import timedelta
from typing import Any

from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError as FormError
from django.utils.translation import get_language
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.api.asking import asks, network_of, read_body, read_form
from customers.browsers import app_key_of
from customers.exceptions import (
    EmailTakenError,
    TooManyAttemptsError,
    WrongSignInError,
)
from customers.forms import EmailForm, SignUpForm
from customers.models import Scope, User
from customers.serializers import (
    EmailSerializer,
    RefreshSerializer,
    SignedInSerializer,
    SignInSerializer,
    SignUpSerializer,
    TokensSerializer,
    UseLinkSerializer,
    present_signed_in,
    present_tokens,
)
from customers.services import (
    list_link_attempts,
    mail_password_link,
    mail_sign_in_link,
    refresh_app,
    register_user,
    sign_in_device,
    use_sign_in_link,
)
from customers.throttling import SIGN_UPS_PER_PLACE, Limit, spend

LINKS_USED = Limit("use-link", 30, timedelta(minutes=15))
PAIR = {
    "access_token": "Yb5wqX3lPq0a7u1s",
    "refresh_token": "n0ZkqgN8J2m4c6Tt",
    "expires_in": 900,
    "token_type": "Bearer",
    "scopes": ["customer", "restaurant"],
}
TOKENS = OpenApiExample("New tokens", value=PAIR, response_only=True)
SIGNED_IN = OpenApiExample(
    "Signed in",
    value={
        **PAIR,
        "user": {
            "id": "0b9f7c52-1f1e-4f0e-9a57-3a6d2c1f8e41",
            "email": "ada@example.com",
            "name": "Ada Diner",
        },
    },
    response_only=True,
)
DEVICE = {
    "device_name": "Ada's phone",
    "device_id": "6a1b4c5e-8f0d-4e7a-b1c2-9d3e5f7a8b90",
}
ADA = {"email": "ada@example.com"}
PASSWORD = {"password": "a fine dinner for two"}


class Public(APIView):
    """Asked before there is a token."""

    permission_classes = [AllowAny]
    authentication_classes = []


class SignUpView(Public):
    @extend_schema(
        operation_id="sign_up",
        request=SignUpSerializer,
        responses={status.HTTP_201_CREATED: SignedInSerializer},
        examples=[
            SIGNED_IN,
            asks(
                **ADA,
                **PASSWORD,
                **DEVICE,
                name="Ada Diner",
                phone="+14155550123",
                time_zone="America/Los_Angeles",
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        """Open an account, and sign in with it.

        Its language is that of `Accept-Language`. An email that has an account is
        answered with 409 and the code `email_taken`.
        """
        asked = read_body(SignUpSerializer, request)
        # Whatever comes of it: what is refused may tell that an email has an account.
        spend((SIGN_UPS_PER_PLACE, network_of(request)))
        form = SignUpForm(asked)
        if form.has_error("email", EmailTakenError.code):
            raise EmailTakenError
        fields = read_form(form)
        user = register_user(
            **fields | {"phone": str(fields["phone"])}, locale=get_language() or "en"
        )
        return Response(_sign_in(user, asked), status=status.HTTP_201_CREATED)


class SignInView(Public):
    @extend_schema(
        operation_id="sign_in",
        request=SignInSerializer,
        responses=SignedInSerializer,
        examples=[SIGNED_IN, asks(**ADA, **PASSWORD, **DEVICE)],
    )
    def post(self, request: Request) -> Response:
        """Sign in with email and password.

        Begins a session for this device; `GET /auth/sessions` lists them.
        """
        asked = read_body(SignInSerializer, request)
        return Response(_sign_in(_authenticate(request, asked), asked))


def _authenticate(request: Request, asked: dict[str, Any]) -> User:
    try:
        user = authenticate(
            request._request,  # noqa: SLF001 - documented by DRF
            username=asked["email"],
            password=asked["password"],
            browser_key=app_key_of(asked.get("device_id", "")),
        )
    except FormError as error:
        seconds = (error.params or {}).get("seconds", 0)
        raise TooManyAttemptsError(int(seconds)) from error
    if not isinstance(user, User):
        raise WrongSignInError
    return user


def _sign_in(user: User, asked: dict[str, Any]) -> dict[str, Any]:
    tokens = sign_in_device(
        user=user,
        name=asked["device_name"],
        device_id=asked.get("device_id", ""),
        scopes=dict.fromkeys(asked.get("scopes", Scope)),
    )
    return present_signed_in(tokens, user)


class RefreshView(Public):
    @extend_schema(
        operation_id="refresh_tokens",
        request=RefreshSerializer,
        responses={status.HTTP_200_OK: TokensSerializer},
        examples=[TOKENS, asks(refresh_token="n0ZkqgN8J2m4c6Tt")],  # noqa: S106
    )
    def post(self, request: Request) -> Response:
        """Get a new pair of tokens for a refresh token, which is used up by it.

        A refresh token that comes a second time ends its session: sign in again.
        """
        asked = read_body(RefreshSerializer, request)
        return Response(present_tokens(refresh_app(**asked)))


class LinkView(Public):
    @extend_schema(
        operation_id="mail_sign_in_link",
        request=EmailSerializer,
        responses={status.HTTP_202_ACCEPTED: None},
        examples=[asks(**ADA)],
    )
    def post(self, request: Request) -> Response:
        """Have a link mailed that signs in.

        The answer is the same whether the email has an account or not. The link is
        good for 15 minutes, and leads to `/account/sign-in/link/{uid}/{token}/`: an app
        that opens it gives the two parts to `POST /auth/link/use`.
        """
        mail_sign_in_link(email=_spend_link(request))
        return Response(status=status.HTTP_202_ACCEPTED)


class UseLinkView(Public):
    limit = LINKS_USED

    @extend_schema(
        operation_id="use_sign_in_link",
        request=UseLinkSerializer,
        responses=SignedInSerializer,
        examples=[
            SIGNED_IN,
            asks(uid="MTA0", token="d1x2-5f0c9a7be41d", **DEVICE),  # noqa: S106
        ],
    )
    def post(self, request: Request) -> Response:
        """Sign in with a link that was mailed; it works once.

        Answers tokens as signing in with a password does. The link is good for a
        quarter of an hour.
        """
        asked = read_body(UseLinkSerializer, request)
        user = use_sign_in_link(uid=asked["uid"], token=asked["token"])
        return Response(_sign_in(user, asked))


class PasswordResetView(Public):
    @extend_schema(
        operation_id="mail_password_link",
        request=EmailSerializer,
        responses={status.HTTP_202_ACCEPTED: None},
        examples=[asks(**ADA)],
    )
    def post(self, request: Request) -> Response:
        """Have a link mailed to a page where a new password is chosen.

        The answer is the same whether the email has an account or not. A new password
        signs all apps out.
        """
        mail_password_link(email=_spend_link(request))
        return Response(status=status.HTTP_202_ACCEPTED)


def _spend_link(request: Request) -> str:
    """Return whom to mail a link to, unless that was asked for too often."""
    asked = read_body(EmailSerializer, request)
    email = str(read_form(EmailForm(asked))["email"])
    place = network_of(request)
    spend(*list_link_attempts(email=email, place=place, browser_key=""))
    return email
