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
from time import monotonic

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from notifications.models.messages import public_id_of
from notifications.providers.base import Envelope, Outcome, Result
from notifications.quiet_hours import zone_of
from notifications.topics import Kind
from notifications.unsubscribing import unsubscribe_url

logger = logging.getLogger(__name__)

TEMPORARY = range(400, 500)
# Well within a worker's time, however slow the mail server is.
BUDGET_SECONDS = 10.0
# After these a server may have hung up; the next mail gets a fresh connection.
BREAKS_CONNECTION = frozenset({Result.UNKNOWN, Result.RETRY})


class EmailProvider:
    batch_size = 50

    def send(self, envelopes: Sequence[Envelope]) -> list[Outcome]:
        """Send a batch over one connection, opened anew when it breaks."""
        connection = get_connection()
        outcomes: list[Outcome] = []
        started = monotonic()
        is_open = False
        try:
            for envelope in envelopes:
                if monotonic() - started > BUDGET_SECONDS:
                    break
                if not is_open:
                    connection.open()
                    is_open = True
                outcomes.append(self._send_one(envelope, connection))
                if outcomes[-1].result in BREAKS_CONNECTION:
                    is_open = False
                    _close(connection)
        except (OSError, SMTPException) as error:
            rest = len(envelopes) - len(outcomes)
            outcomes += [
                Outcome(Result.RETRY, f"{error}"[:300], "no_connection")
            ] * rest
        finally:
            _close(connection)
        return outcomes

    def _send_one(self, envelope: Envelope, connection: BaseEmailBackend) -> Outcome:
        try:
            mail = build_mail(envelope, connection)
        except Exception as error:  # One message's words must not stop the batch.
            logger.exception("Message %s cannot be written.", envelope.message_id)
            return Outcome(Result.PERMANENT, f"{error}"[:300], "payload_invalid")
        try:
            sent = mail.send()
        except Exception as error:  # Each mail backend has errors of its own.
            return _judge(error)
        if not sent:
            return Outcome(Result.PERMANENT, "no recipient", "refused")
        return Outcome(Result.ACCEPTED, "handed to the mail server")


def _judge(error: Exception) -> Outcome:
    match error:
        case SMTPRecipientsRefused():
            return _answer(*next(iter(error.recipients.values())))
        case SMTPResponseException():
            return _answer(error.smtp_code, error.smtp_error)
        case SMTPServerDisconnected() | TimeoutError() | ConnectionError():
            return Outcome(Result.UNKNOWN, f"{error}"[:300], "connection_lost")
        case ValueError():
            return Outcome(Result.PERMANENT, f"{error}"[:300], "payload_invalid")
        case _:
            return Outcome(Result.RETRY, f"{type(error).__name__}: {error}"[:300])


def _close(connection: BaseEmailBackend) -> None:
    with suppress(OSError, SMTPException):
        connection.close()


def _answer(code: int, text: bytes | str) -> Outcome:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    is_temporary = code in TEMPORARY
    return Outcome(
        Result.RETRY if is_temporary else Result.PERMANENT,
        f"{code} {words}"[:300],
        "deferred" if is_temporary else "refused",
    )


def build_mail(
    envelope: Envelope, connection: BaseEmailBackend
) -> EmailMultiAlternatives:
    """Return the mail of a message, in its recipient's language and time zone.

    The Message-ID comes from the message's own id (RFC 5322, 3.6.4), so that a mail
    sent twice is recognised as one. Whatever a person can turn off says how: by one
    click in their mail program (RFC 8058) as well.
    """
    stop_url = _stop_url(envelope)
    context = {
        **envelope.subject.context,
        "recipient": envelope.recipient,
        "site_url": settings.SITE_URL,
        "title": envelope.title,
        "body": envelope.body,
        "url": envelope.url,
        "stop_url": stop_url,
        "preferences_url": settings.SITE_URL + reverse("notifications:preferences"),
    }
    locale, time_zone = envelope.place
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2]
    with (
        translation.override(locale),
        timezone.override(zone_of(time_zone)),
    ):
        text = _render(envelope.subject.topic.name, "email.txt", context)
        html = _render(envelope.subject.topic.name, "email.html", context)
    mail = EmailMultiAlternatives(
        subject=envelope.title,
        body=text,
        to=[envelope.address],
        headers={
            "Message-ID": f"<{public_id_of(envelope.message_id)}@{domain}>",
            "Auto-Submitted": "auto-generated",
            **_stop_headers(stop_url),
        },
        connection=connection,
    )
    mail.attach_alternative(html, "text/html")
    # What django-anymail hands to the provider, and its events bring back.
    mail.metadata = {  # type: ignore[attr-defined]
        "message_id": str(envelope.message_id),
        "category": envelope.subject.topic.category.name,
    }
    return mail


def _stop_url(envelope: Envelope) -> str:
    category = envelope.subject.topic.category
    if category.kind == Kind.SYSTEM or envelope.person is None:
        return ""
    return unsubscribe_url(user_pk=envelope.person.pk, category=category.name)


def _stop_headers(url: str) -> dict[str, str]:
    if not url:
        return {}
    return {
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _render(topic: str, name: str, context: dict[str, object]) -> str:
    """Render the topic's own mail if it has one, else everybody's."""
    return render_to_string(
        [f"notifications/{topic}/{name}", f"notifications/{name}"], context
    )
