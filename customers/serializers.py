"""What the API takes and answers about people."""

from typing import Any

from rest_framework import serializers

from customers.models import Scope
from customers.services import Tokens
from notifications.fields import Code, Strict, Text

LONGEST_PASSWORD = 4096


class SignInSerializer(Strict):
    email = Text(max_length=254)
    password = Text(max_length=LONGEST_PASSWORD, trim_whitespace=False)
    device_name = Text(
        max_length=100, help_text="What its owner calls it: Ada's phone."
    )
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices),
        required=False,
        help_text="All there are, unless an app asks for fewer.",
    )


class TokensSerializer(Strict):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField(help_text="Good once; keep the new one.")
    expires_in = serializers.IntegerField(help_text="Seconds the access token is good.")
    token_type = serializers.CharField(default="Bearer")
    scopes = serializers.ListField(child=Code(Scope))


def present_tokens(tokens: Tokens) -> dict[str, Any]:
    return {
        "access_token": tokens.access,
        "refresh_token": tokens.refresh,
        "expires_in": tokens.expires_in,
        "token_type": "Bearer",
        "scopes": list(tokens.scopes),
    }


class RefreshSerializer(Strict):
    refresh_token = Text(max_length=200)
