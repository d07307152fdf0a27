"""What mail providers tell afterwards, through django-anymail's webhooks."""

import logging
from typing import Any

from anymail.signals import EventType, RejectReason, tracking

from notifications.exceptions import AlwaysOnError, NotificationError
from notifications.models import Channel, Message, Suppression
from notifications.services.preferences import set_preference
from notifications.services.suppression import suppress

logger = logging.getLogger(__name__)

# Turned away for what was in the mail, for who sent it, or for lack of time: that says
# nothing of the address.
NOT_THE_ADDRESS = {RejectReason.BLOCKED, RejectReason.SPAM, RejectReason.TIMED_OUT}


def heed_mail_event(sender: object, event: Any, esp_name: str, **kwargs: Any) -> None:
    """Write no more where mail bounced or was not wanted."""
    if not event.recipient:
        return
    match event.event_type:
        case EventType.BOUNCED if event.reject_reason not in NOT_THE_ADDRESS:
            _suppress(event, Suppression.Reason.BOUNCE)
        case EventType.REJECTED if event.reject_reason == RejectReason.BOUNCED:
            _suppress(event, Suppression.Reason.BOUNCE)
        case EventType.COMPLAINED:
            _suppress(event, Suppression.Reason.COMPLAINT)
        case EventType.UNSUBSCRIBED:
            _unsubscribe(event)


def _suppress(event: Any, reason: str) -> None:
    detail = event.mta_response or event.description or event.event_type
    suppress(
        channel=Channel.EMAIL,
        address=event.recipient,
        reason=reason,
        detail=str(detail).replace("\0", ""),
    )


def _unsubscribe(event: Any) -> None:
    """Turn off what the mail was about; where nobody knows that, all mail."""
    category = str(event.metadata.get("category", ""))
    user_pk = _recipient_of(str(event.metadata.get("message_id", "")))
    try:
        if category and user_pk is not None:
            set_preference(
                user_pk=user_pk,
                category=category,
                channel=Channel.EMAIL,
                is_enabled=False,
            )
            return
    except AlwaysOnError:
        logger.info("Mail about security cannot be unsubscribed from.")
        return
    except NotificationError:
        logger.info("There is no mail of the category %s any more.", category)
    _suppress(event, Suppression.Reason.COMPLAINT)


def _recipient_of(message_id: str) -> int | None:
    if not message_id.isascii() or not message_id.isdigit():
        return None
    message = (
        Message.objects.filter(pk=int(message_id))
        .select_related("notification")
        .first()
    )
    return message.notification.recipient_id if message else None


def connect() -> None:
    tracking.connect(
        heed_mail_event, dispatch_uid="notifications.heed_mail_event", weak=False
    )
