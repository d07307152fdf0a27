from datetime import timedelta
from typing import Any

import factory
from django.contrib.auth import get_user_model
from django.utils import timezone
from factory.django import DjangoModelFactory

from notifications.models import Channel, Event, Message, Notification, Priority


class RecipientFactory(DjangoModelFactory[Any]):
    email = factory.Sequence(lambda n: f"grace{n}@example.com")
    name = "Grace Guest"
    time_zone = "America/New_York"

    class Meta:
        model = get_user_model()


class EventFactory(DjangoModelFactory[Event]):
    key = factory.Sequence(lambda n: f"test:{n}")
    topic = "test_news"
    priority = Priority.STANDARD
    recipient_ids = factory.LazyFunction(list)
    context = factory.LazyFunction(dict)
    published_at = factory.LazyFunction(timezone.now)
    planned_at = factory.LazyFunction(timezone.now)

    class Meta:
        model = Event


class NotificationFactory(DjangoModelFactory[Notification]):
    event = factory.SubFactory(EventFactory)
    recipient = factory.SubFactory(RecipientFactory)
    topic = "test_news"
    title = "The kitchen has news"
    body = "It is nearly ready."
    created_at = factory.LazyFunction(timezone.now)

    class Meta:
        model = Notification


class MessageFactory(DjangoModelFactory[Message]):
    notification = factory.SubFactory(NotificationFactory)
    channel = Channel.EMAIL
    priority = Priority.STANDARD
    endpoint = factory.SelfAttribute("notification.recipient.email")
    due_at = factory.LazyFunction(timezone.now)
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=1))

    class Meta:
        model = Message
