"""The registry: which provider carries a channel."""

from notifications.models import Channel
from notifications.providers.base import Provider
from notifications.providers.email import EmailProvider
from notifications.providers.in_app import InAppProvider

PROVIDERS: dict[str, Provider] = {
    Channel.EMAIL: EmailProvider(),
    Channel.IN_APP: InAppProvider(),
}
