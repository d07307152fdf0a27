"""Mail through Django's backend, so that django-anymail's providers fit as well."""

from collections.abc import Sequence
from email.utils import parseaddr
from smtplib import (
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
)
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.utils import timezone, translation

from notifications.models import Message
from notifications.providers.base import Outcome, Result

TEMPORARY = range(400, 500)


class EmailProvider:
    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        """Send a batch over one connection."""
        connection = get_connection()
        try:
            connection.open()
        except (OSError, SMTPException) as error:
            return [Outcome(Result.RETRY, f"cannot connect: {error}")] * len(messages)
        try:
            return [self._send_one(message, connection) for message in messages]
        finally:
            connection.close()

    def _send_one(self, message: Message, connection: BaseEmailBackend) -> Outcome:
        try:
            sent = build_mail(message, connection).send()
        except SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            return _answer(code, text)
        except SMTPResponseException as error:
            return _answer(error.smtp_code, error.smtp_error)
        except (SMTPServerDisconnected, TimeoutError, ConnectionError) as error:
            return Outcome(Result.UNKNOWN, f"connection lost: {error}")
        except (OSError, SMTPException) as error:
            return Outcome(Result.RETRY, str(error))
        if not sent:
            return Outcome(Result.PERMANENT, "no recipient")
        return Outcome(Result.ACCEPTED, "handed to the mail server")


def _answer(code: int, text: bytes | str) -> Outcome:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    result = Result.RETRY if code in TEMPORARY else Result.PERMANENT
    return Outcome(result, f"{code} {words}"[:500])


def build_mail(message: Message, connection: BaseEmailBackend) -> EmailMessage:
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
        text = render_to_string("notifications/email.txt", context)
    return EmailMessage(
        subject=notification.title,
        body=text,
        to=[message.endpoint],
        headers={"Message-ID": f"<{message.public_id}@{domain}>"},
        connection=connection,
    )
