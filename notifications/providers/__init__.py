"""The registry: the providers that the settings have an account with."""

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from notifications.providers.apns import ApnsProvider
from notifications.providers.base import BlockingProvider, HttpProvider
from notifications.providers.email import EmailProvider
from notifications.providers.fcm import FcmProvider
from notifications.providers.smpp import SmppProvider
from notifications.providers.twilio import TwilioProvider
from notifications.providers.webhook import WebhookProvider
from notifications.providers.webpush import WebPushProvider


@dataclass(frozen=True)
class Providers:
    http: dict[str, HttpProvider] = field(default_factory=dict)
    blocking: dict[str, BlockingProvider] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.http) | frozenset(self.blocking)


_made: tuple[Any, Providers] = (None, Providers())


def get_providers() -> Providers:
    """Return the providers; made once for the settings as they are."""
    global _made  # noqa: PLW0603 - long-lived clients, one set in a process
    if _made[0] is not settings.NOTIFICATIONS:
        _made = (settings.NOTIFICATIONS, _make(settings.NOTIFICATIONS))
    return _made[1]


def _make(accounts: dict[str, Any]) -> Providers:
    providers = Providers(
        http={"webhook": WebhookProvider()}, blocking={"email": EmailProvider()}
    )
    if "FCM" in accounts:
        providers.http["fcm"] = FcmProvider(
            **accounts["FCM"], ca_bundle=accounts.get("CA_BUNDLE", "")
        )
    if "APNS" in accounts:
        providers.http["apns"] = ApnsProvider(**accounts["APNS"])
    if "WEB_PUSH" in accounts:
        providers.http["webpush"] = WebPushProvider(**accounts["WEB_PUSH"])
    if "TWILIO" in accounts:
        providers.http["twilio"] = TwilioProvider(**accounts["TWILIO"])
    if "SMPP" in accounts:
        providers.blocking["smpp"] = SmppProvider(**accounts["SMPP"])
    return providers
