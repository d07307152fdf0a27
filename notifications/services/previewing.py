"""A campaign as its recipients will read it."""

from dataclasses import dataclass
from typing import Any

from django.core.mail import get_connection
from django.core.mail.message import EmailAlternative
from django.utils import timezone

from notifications.models import Campaign, Channel
from notifications.people import Person
from notifications.providers.base import Envelope, Subject
from notifications.providers.email import build_mail
from notifications.rendering import render_words
from notifications.services.campaigns import context_of
from notifications.topics import get_topic


@dataclass(frozen=True)
class Preview:
    title: str
    body: str
    url: str
    # Empty where the topic is not mailed.
    mail_text: str
    mail_html: str
    channels: tuple[Channel, ...]


def preview_campaign(campaign: Campaign, *, reader: Any, locale: str) -> Preview:
    """Return a campaign's words as a user would read them in a language.

    Nothing is written or sent.
    """
    topic = get_topic(campaign.topic)
    context = context_of(campaign)
    title, body = render_words(
        topic.name, context, locale=locale, time_zone=reader.time_zone
    )
    person = Person(reader.pk, reader.email, "", locale, reader.time_zone)
    now = timezone.now()
    envelope = Envelope(
        message_id=0,
        notification_id=0,
        subject=Subject(0, "", topic, topic.priority, context, now),
        person=person,
        channel=Channel.EMAIL,
        provider="email",
        endpoint=reader.email,
        address=reader.email,
        keys=None,
        title=title,
        body=body,
        url=campaign.url,
        attempt_number=1,
        expires_at=now + topic.time_to_live,
        due_at=now,
        recipient=reader,
    )
    channels = (*topic.channels, *topic.chain)
    text, html = _write(envelope) if Channel.EMAIL in channels else ("", "")
    return Preview(title, body, campaign.url, text, html, channels)


def _write(envelope: Envelope) -> tuple[str, str]:
    mail = build_mail(envelope, get_connection())
    [alternative] = mail.alternatives
    assert isinstance(alternative, EmailAlternative)
    return str(mail.body), str(alternative.content)
