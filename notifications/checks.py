"""System checks: what another project must have for notifications to work in it."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error
from django.core.exceptions import FieldDoesNotExist

USER_FIELDS = ("email", "phone", "locale", "time_zone", "is_active")
# What an account with a provider cannot do without.
ACCOUNTS = {
    "FCM": {"service_account", "url"},
    "APNS": {"key", "key_id", "team_id", "topic", "url"},
    "WEB_PUSH": {"key", "contact"},
    "TWILIO": {"account_sid", "auth_token", "sender", "url"},
    "SMPP": {"host", "port", "system_id", "password", "source"},
}


def check_user_model(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """See that the user model has the fields that planning reads."""
    errors: list[CheckMessage] = []
    for name in USER_FIELDS:
        try:
            get_user_model()._meta.get_field(name)  # noqa: SLF001 - documented
        except FieldDoesNotExist:
            errors.append(
                Error(
                    f"The user model has no field {name}.",
                    hint="Notifications read email, phone, locale and time_zone.",
                    id="notifications.E001",
                )
            )
    return errors


def check_accounts(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """See that an account with a provider has all of its credentials."""
    errors: list[CheckMessage] = []
    for name, needed in ACCOUNTS.items():
        account = settings.NOTIFICATIONS.get(name)
        missing = sorted(one for one in needed if account and not account.get(one))
        if missing:
            said = f"NOTIFICATIONS['{name}'] lacks {', '.join(missing)}."
            errors.append(Error(said, id="notifications.E002"))
    return errors
