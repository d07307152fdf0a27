"""Mail through Django's backend, so that django-anymail's providers fit as well."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from email.utils import parseaddr
from smtplib import (
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
)
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.utils import timezone, translation

from notifications.models import Message
from notifications.providers.base import Outcome, Result

logger = logging.getLogger(__name__)

TEMPORARY = range(400, 500)
# After these a server may have hung up; the next mail gets a fresh connection.
BREAKS_CONNECTION = frozenset({Result.UNKNOWN, Result.RETRY})


class EmailProvider:
    batch_size = 50

    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        """Send a batch over one connection, opened anew when it breaks."""
        connection = get_connection()
        outcomes: list[Outcome] = []
        is_open = False
        try:
            for message in messages:
                if not is_open:
                    connection.open()
                    is_open = True
                outcomes.append(self._send_one(message, connection))
                if outcomes[-1].result in BREAKS_CONNECTION:
                    is_open = False
                    _close(connection)
        except (OSError, SMTPException) as error:
            rest = len(messages) - len(outcomes)
            outcomes += [Outcome(Result.RETRY, f"cannot connect: {error}")] * rest
        finally:
            _close(connection)
        return outcomes

    def _send_one(self, message: Message, connection: BaseEmailBackend) -> Outcome:
        try:
            mail = build_mail(message, connection)
        except Exception as error:  # One message's words must not stop the batch.
            logger.exception("Message %s cannot be written.", message.public_id)
            return Outcome(Result.PERMANENT, f"cannot be written: {error}")
        try:
            sent = mail.send()
        except Exception as error:  # Each mail backend has errors of its own.
            return _judge(error)
        if not sent:
            return Outcome(Result.PERMANENT, "no recipient")
        return Outcome(Result.ACCEPTED, "handed to the mail server")


def _judge(error: Exception) -> Outcome:
    match error:
        case SMTPRecipientsRefused():
            return _answer(*next(iter(error.recipients.values())))
        case SMTPResponseException():
            return _answer(error.smtp_code, error.smtp_error)
        case SMTPServerDisconnected() | TimeoutError() | ConnectionError():
            return Outcome(Result.UNKNOWN, f"connection lost: {error}")
        case ValueError():
            return Outcome(Result.PERMANENT, f"malformed: {error}")
        case _:
            return Outcome(Result.RETRY, f"{type(error).__name__}: {error}")


def _close(connection: BaseEmailBackend) -> None:
    with suppress(OSError, SMTPException):
        connection.close()


def _answer(code: int, text: bytes | str) -> Outcome:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    result = Result.RETRY if code in TEMPORARY else Result.PERMANENT
    return Outcome(result, f"{code} {words}"[:500])


def build_mail(
    message: Message, connection: BaseEmailBackend
) -> EmailMultiAlternatives:
    """Return the mail of a message, in its recipient's language and time zone.

    The Message-ID comes from the message's own id (RFC 5322, 3.6.4), so that a mail
    sent twice is recognised as one.
    """
    notification = message.notification
    recipient = notification.recipient
    context = {
        **notification.event.context,
        "event": notification.event,
        "recipient": recipient,
        "site_url": settings.SITE_URL,
        "title": notification.title,
        "body": notification.body,
        "url": notification.url,
    }
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2]
    with (
        translation.override(recipient.locale),
        timezone.override(ZoneInfo(recipient.time_zone)),
    ):
        text = _render(notification.topic, "email.txt", context)
        html = _render(notification.topic, "email.html", context)
    mail = EmailMultiAlternatives(
        subject=notification.title,
        body=text,
        to=[message.endpoint],
        headers={
            "Message-ID": f"<{message.public_id}@{domain}>",
            "Auto-Submitted": "auto-generated",
        },
        connection=connection,
    )
    mail.attach_alternative(html, "text/html")
    return mail


def _render(topic: str, name: str, context: dict[str, object]) -> str:
    """Render the topic's own mail if it has one, else everybody's."""
    return render_to_string(
        [f"notifications/{topic}/{name}", f"notifications/{name}"], context
    )
