"""A person's whole account, which needs every app: `/api/v1/me`."""

from datetime import timedelta
from typing import Any

from django.http import HttpResponseBase, JsonResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.account import DOWNLOADS, DataEncoder, collect_data, delete_account
from config.account_pages import DeleteAccountForm
from customers.api.asking import asks, read_body, read_form, user_of
from customers.forms import ProfileForm
from customers.models import User
from customers.serializers import (
    DeleteAccountSerializer,
    PhoneCodeSerializer,
    ProfileInputSerializer,
    ProfileSerializer,
    present_profile,
)
from customers.services import change_profile, mail_account_deleted, verify_phone
from customers.throttling import PASSWORDS_ASKED, Limit, spend
from restaurants.models import Membership

CODES_TRIED = Limit("codes-tried", 30, timedelta(minutes=10))
PROFILE = OpenApiExample(
    "A profile",
    value={
        "id": "0b9f7c52-1f1e-4f0e-9a57-3a6d2c1f8e41",
        "email": "ada@example.com",
        "name": "Ada Diner",
        "phone": "+14155550123",
        "phone_verified": True,
        "locale": "en",
        "time_zone": "America/Los_Angeles",
        "has_password": True,
        "is_member_of_restaurants": False,
        "created_at": "2026-02-11T09:30:00Z",
    },
    response_only=True,
)


def _present(user: User) -> dict[str, Any]:
    is_member = Membership.objects.filter(user=user).exists()
    return present_profile(user, is_member=is_member)


class MeView(APIView):
    @extend_schema(
        operation_id="get_profile", responses=ProfileSerializer, examples=[PROFILE]
    )
    def get(self, request: Request) -> Response:
        """Get your profile.

        Whose token it is, and whether they run restaurants.
        """
        return Response(_present(user_of(request)))

    @extend_schema(
        operation_id="change_profile",
        request=ProfileInputSerializer,
        responses=ProfileSerializer,
        examples=[PROFILE, asks(name="Ada Diner", locale="ar")],
    )
    def patch(self, request: Request) -> Response:
        """Change your profile; what is not named stays as it is.

        The email changes by `POST /me/email`, the password by `POST /me/password`.
        """
        asked = read_body(ProfileInputSerializer, request)
        user = user_of(request)
        kept = {
            "name": user.name,
            "phone": str(user.phone),
            "time_zone": user.time_zone,
            "locale": user.locale,
        }
        fields = read_form(ProfileForm({**kept, **asked}, initial=kept))
        changed = change_profile(
            user_pk=user.pk, **fields | {"phone": str(fields["phone"])}
        )
        return Response(_present(changed))


class PhoneVerifyView(APIView):
    limit = CODES_TRIED

    @extend_schema(
        operation_id="verify_phone",
        request=PhoneCodeSerializer,
        responses=ProfileSerializer,
        examples=[PROFILE, asks(code="493021")],
    )
    def post(self, request: Request) -> Response:
        """Give the code that was texted, which verifies your phone.

        A code is good for ten minutes and five guesses.
        """
        asked = read_body(PhoneCodeSerializer, request)
        user = user_of(request)
        verify_phone(user_pk=user.pk, code=asked["code"])
        return Response(_present(User.objects.get(pk=user.pk)))


class DataView(APIView):
    @extend_schema(
        operation_id="download_data",
        responses={status.HTTP_200_OK: OpenApiTypes.OBJECT},
        examples=[
            OpenApiExample(
                "In part",
                value={
                    "made_at": "2026-11-21T03:00:00Z",
                    "profile": {"email": "ada@example.com", "name": "Ada Diner"},
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Get all that is kept of you, as one document for people to keep.

        Its shape follows what is kept, and changes with it.
        """
        user = user_of(request)
        spend((DOWNLOADS, f"user {user.pk}"))
        return JsonResponse(collect_data(user=user), encoder=DataEncoder)


class DeleteAccountView(APIView):
    @extend_schema(
        operation_id="delete_account",
        request=DeleteAccountSerializer,
        responses={status.HTTP_204_NO_CONTENT: None},
        examples=[asks(password="a fine dinner for two")],  # noqa: S106
    )
    def post(self, request: Request) -> Response:
        """Delete your account, for good.

        With the password; who has none gives their email. What was ordered stays in
        the restaurants' books without its person. Orders under way, and a restaurant
        that would be left without an owner, come first: 409, and `state` names them.
        """
        asked = read_body(DeleteAccountSerializer, request)
        user = user_of(request)
        spend((PASSWORDS_ASKED, f"user {user.pk}"))
        read_form(DeleteAccountForm(asked, user=user))
        delete_account(user_pk=user.pk)
        mail_account_deleted(user=user)
        return Response(status=status.HTTP_204_NO_CONTENT)
