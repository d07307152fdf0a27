from notifications.models.campaigns import Campaign
from notifications.models.choices import PERSONAL_CHANNELS, Channel, Priority
from notifications.models.digests import Digest, DigestItem
from notifications.models.events import Chunk, Event
from notifications.models.messages import Attempt, Message, Notification, Wording
from notifications.models.people import (
    Preference,
    RecipientSettings,
    Suppression,
    UnreadCount,
)
from notifications.models.queues import Circuit, Lease, Timer
from notifications.models.sms import SmsReference
from notifications.models.tallies import LATENCY_BOUNDS, Tally
from notifications.models.tokens import ServiceToken
from notifications.models.webhooks import WebhookEndpoint

__all__ = [
    "LATENCY_BOUNDS",
    "PERSONAL_CHANNELS",
    "Attempt",
    "Campaign",
    "Channel",
    "Chunk",
    "Circuit",
    "Digest",
    "DigestItem",
    "Event",
    "Lease",
    "Message",
    "Notification",
    "Preference",
    "Priority",
    "RecipientSettings",
    "ServiceToken",
    "SmsReference",
    "Suppression",
    "Tally",
    "Timer",
    "UnreadCount",
    "WebhookEndpoint",
    "Wording",
]
