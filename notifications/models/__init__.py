from notifications.models.choices import Channel, Priority
from notifications.models.events import Chunk, Event
from notifications.models.messages import Attempt, Message, Notification, Wording
from notifications.models.people import (
    Preference,
    RecipientSettings,
    Suppression,
    UnreadCount,
)
from notifications.models.queues import Lease, Timer

__all__ = [
    "Attempt",
    "Channel",
    "Chunk",
    "Event",
    "Lease",
    "Message",
    "Notification",
    "Preference",
    "Priority",
    "RecipientSettings",
    "Suppression",
    "Timer",
    "UnreadCount",
    "Wording",
]
