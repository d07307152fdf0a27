"""What the API takes and answers about people."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from customers.models import Address, Scope, User
from customers.selectors import SignedInApp
from customers.services import Tokens
from notifications.fields import (
    Code,
    Coordinate,
    Flag,
    Listed,
    Strict,
    Text,
    present_moment,
)
from notifications.opaque import opaque_id

LONGEST_PASSWORD = 4096
LONGEST_EMAIL = 254
SHORTEST_DEVICE_ID = 16


def _email(**kwargs: Any) -> Text:
    return Text(max_length=LONGEST_EMAIL, **kwargs)


def _password(**kwargs: Any) -> Text:
    return Text(max_length=LONGEST_PASSWORD, trim_whitespace=False, **kwargs)


class DeviceInputSerializer(Strict):
    """Where somebody signs in."""

    device_name = Text(
        max_length=100, help_text="What its owner calls it: Ada's phone."
    )
    device_id = Text(
        min_length=SHORTEST_DEVICE_ID,
        max_length=100,
        required=False,
        help_text=(
            "A random id that this installation of the app made once and keeps: a UUID "
            "for example. People are told when a device that they never used signs in; "
            "without an id each sign-in is one."
        ),
    )
    scopes = Listed(
        child=serializers.ChoiceField(choices=Scope.choices),
        required=False,
        allow_empty=False,
        max_length=10,
        help_text="All there are, unless an app asks for fewer.",
    )


class SignInSerializer(DeviceInputSerializer):
    email = _email()
    password = _password()


class SignUpSerializer(DeviceInputSerializer):
    email = _email()
    password = _password(help_text="At least 8 characters, and not a common password.")
    name = Text(max_length=120)
    phone = Text(
        max_length=40,
        required=False,
        allow_blank=True,
        help_text="For the courier. Best as E.164: +14155550123.",
    )
    time_zone = Text(
        max_length=64, required=False, help_text="America/Los_Angeles for example."
    )


class EmailSerializer(Strict):
    email = _email()


class UseLinkSerializer(DeviceInputSerializer):
    uid = Text(max_length=64, help_text="The part of the link's path before the last.")
    token = Text(max_length=200, help_text="The last part of the link's path.")


class RefreshSerializer(Strict):
    refresh_token = Text(max_length=200)


class TokensSerializer(Strict):
    """An access token and what renews it."""

    access_token = serializers.CharField()
    refresh_token = serializers.CharField(help_text="Good once; keep the new one.")
    expires_in = serializers.IntegerField(help_text="Seconds the access token is good.")
    token_type = serializers.CharField(help_text="`Bearer`.")
    scopes = serializers.ListField(child=Code(Scope))


class UserSerializer(Strict):
    """Who is signed in, in short."""

    id = serializers.UUIDField()
    email = serializers.CharField()
    name = serializers.CharField(allow_blank=True)


class SignedInSerializer(TokensSerializer):
    """Tokens, and whose they are."""

    user = UserSerializer()


def present_tokens(tokens: Tokens) -> dict[str, Any]:
    return {
        "access_token": tokens.access,
        "refresh_token": tokens.refresh,
        "expires_in": tokens.expires_in,
        "token_type": "Bearer",
        "scopes": list(tokens.scopes),
    }


def present_user(user: User) -> dict[str, Any]:
    return {
        "id": str(opaque_id("user", user.pk)),
        "email": user.email,
        "name": user.name,
    }


def present_signed_in(tokens: Tokens, user: User) -> dict[str, Any]:
    return {**present_tokens(tokens), "user": present_user(user)}


class AppSessionSerializer(Strict):
    """An app that somebody is signed in with."""

    id = serializers.UUIDField()
    device_name = serializers.CharField()
    created_at = serializers.DateTimeField(help_text="When it signed in.")
    last_used_at = serializers.DateTimeField(
        help_text="When it last got new tokens: to a quarter of an hour."
    )
    is_current = serializers.BooleanField(help_text="The one that asks.")
    scopes = serializers.ListField(child=Code(Scope))


class AppSessionListSerializer(Strict):
    """All apps that a user is signed in with."""

    results = AppSessionSerializer(many=True)


def present_app_session(session: SignedInApp) -> dict[str, Any]:
    return {
        "id": str(session.public_id),
        "device_name": session.name,
        "created_at": present_moment(session.created_at),
        "last_used_at": present_moment(session.last_used_at),
        "is_current": session.is_current,
        "scopes": list(session.scopes),
    }


class PasswordSerializer(Strict):
    password = _password(
        required=False, help_text="Needed unless the account has none."
    )


class ChangePasswordSerializer(Strict):
    current_password = _password()
    new_password = _password(
        help_text="At least 8 characters, and not a common password."
    )


class NewEmailSerializer(PasswordSerializer):
    email = _email()


class DeleteAccountSerializer(PasswordSerializer):
    email = _email(
        required=False, help_text="One's own, to be sure, where there is no password."
    )


class PhoneCodeSerializer(Strict):
    code = Text(max_length=20, help_text="The six digits that were texted.")


class ProfileSerializer(UserSerializer):
    """Who somebody is to us."""

    phone = serializers.CharField(
        allow_null=True, help_text="E.164: +14155550123; null for none."
    )
    phone_verified = serializers.BooleanField()
    locale = serializers.CharField(help_text="The language of what we write: en.")
    time_zone = serializers.CharField(help_text="America/Los_Angeles for example.")
    has_password = serializers.BooleanField(
        help_text="Not for who signs in by links alone."
    )
    is_member_of_restaurants = serializers.BooleanField(
        help_text="Whether there are restaurants they run: `GET /owner/restaurants`."
    )
    created_at = serializers.DateTimeField()


class ProfileInputSerializer(Strict):
    name = Text(max_length=120, required=False)
    phone = Text(
        max_length=40,
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="Another phone is not verified; null for none.",
    )
    locale = serializers.ChoiceField(choices=settings.LANGUAGES, required=False)
    time_zone = Text(max_length=64, required=False)


def present_profile(user: User, *, is_member: bool) -> dict[str, Any]:
    return {
        **present_user(user),
        "phone": str(user.phone) or None,
        "phone_verified": user.phone_verified_at is not None,
        "locale": user.locale,
        "time_zone": user.time_zone,
        "has_password": user.has_usable_password(),
        "is_member_of_restaurants": is_member,
        "created_at": present_moment(user.date_joined),
    }


def _part(max_length: int, **kwargs: Any) -> Text:
    """Return a part of an address that may not be known: null, as it is answered."""
    return Text(
        max_length=max_length,
        required=False,
        allow_null=True,
        allow_blank=True,
        **kwargs,
    )


class AddressSerializer(Strict):
    """Where somebody wants food brought to."""

    id = serializers.UUIDField()
    label = serializers.CharField(  # type: ignore[assignment]
        allow_null=True, help_text="Home, or Work."
    )
    street_address = serializers.CharField()
    locality = serializers.CharField(allow_null=True, help_text="The city.")
    postal_code = serializers.CharField(allow_null=True)
    country = serializers.CharField(allow_null=True, help_text="ISO 3166-1: US.")
    latitude = serializers.FloatField()
    longitude = serializers.FloatField()
    delivery_instructions = serializers.CharField(allow_blank=True)
    is_chosen = serializers.BooleanField(help_text="Food is brought to this one.")
    created_at = serializers.DateTimeField()


class AddressListSerializer(Strict):
    """All of a user's addresses."""

    results = AddressSerializer(many=True)


class AddressChangeSerializer(Strict):
    """What changes of an address."""

    label = _part(40)  # type: ignore[assignment]
    street_address = Text(max_length=200, required=False)
    locality = _part(100)
    postal_code = _part(20)
    country = _part(2, help_text="ISO 3166-1: US.")
    latitude = Coordinate(
        90,
        required=False,
        allow_null=True,
        help_text="Without both coordinates the address is looked up.",
    )
    longitude = Coordinate(180, required=False, allow_null=True)
    delivery_instructions = Text(max_length=300, required=False, allow_blank=True)


class AddressInputSerializer(AddressChangeSerializer):
    """An address to keep."""

    street_address = Text(max_length=200)
    choose = Flag(
        required=False,
        default=True,
        help_text="Bring food to this one from now on. The first one is chosen anyway.",
    )


def present_address(address: Address) -> dict[str, Any]:
    return {
        "id": str(opaque_id("address", address.pk)),
        "label": address.label or None,
        "street_address": address.street_address,
        "locality": address.locality or None,
        "postal_code": address.postal_code or None,
        "country": address.country or None,
        "latitude": float(address.latitude),
        "longitude": float(address.longitude),
        "delivery_instructions": address.delivery_instructions,
        "is_chosen": address.is_chosen,
        "created_at": present_moment(address.created_at),
    }
