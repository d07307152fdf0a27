from datetime import datetime, timedelta
from typing import Any

import factory
from django.contrib.auth import get_user_model
from django.utils import timezone
from factory.django import DjangoModelFactory
from push_notifications.models import APNSDevice, GCMDevice

from notifications.models import (
    LATENCY_BOUNDS,
    Campaign,
    Channel,
    Chunk,
    Circuit,
    Event,
    Lease,
    Message,
    Notification,
    Preference,
    Priority,
    RecipientSettings,
    Suppression,
    Tally,
    Timer,
    WebhookEndpoint,
    Wording,
)
from notifications.services.inbox import count_as_unread


class RecipientFactory(DjangoModelFactory[Any]):
    email = factory.Sequence(lambda n: f"grace{n}@example.com")
    name = "Grace Guest"
    time_zone = "America/New_York"

    class Meta:
        model = get_user_model()


class GCMDeviceFactory(DjangoModelFactory[GCMDevice]):
    user = factory.SubFactory(RecipientFactory)
    registration_id = factory.Sequence(lambda n: f"token-{n}")

    class Meta:
        model = GCMDevice


class APNSDeviceFactory(DjangoModelFactory[APNSDevice]):
    user = factory.SubFactory(RecipientFactory)
    registration_id = factory.Sequence(lambda n: f"{n:064x}")

    class Meta:
        model = APNSDevice


class EventFactory(DjangoModelFactory[Event]):
    key = factory.Sequence(lambda n: f"test:{n}")
    topic = "test_news"
    lane = Priority.STANDARD
    context = factory.LazyFunction(dict)
    published_at = factory.LazyFunction(timezone.now)

    class Meta:
        model = Event


class CampaignFactory(DjangoModelFactory[Campaign]):
    """A draft for all guests, at once."""

    name = "Soup week"
    segment = "test_guests"
    topic = "test_campaign"
    title = "Soup for two"
    body = "Today all soups come twice."
    url = "/restaurants/"

    class Meta:
        model = Campaign


class ChunkFactory(DjangoModelFactory[Chunk]):
    event = factory.SubFactory(EventFactory)
    lane = factory.SelfAttribute("event.lane")
    recipient_ids = factory.LazyFunction(list)
    due_at = factory.LazyFunction(timezone.now)

    class Meta:
        model = Chunk


class WordingFactory(DjangoModelFactory[Wording]):
    title = "The kitchen has news"
    body = "It is nearly ready."

    class Meta:
        model = Wording


class NotificationFactory(DjangoModelFactory[Notification]):
    event = factory.SubFactory(EventFactory)
    recipient = factory.SubFactory(RecipientFactory)
    wording = factory.SubFactory(WordingFactory)

    class Meta:
        model = Notification
        skip_postgeneration_save = True

    @factory.post_generation  # type: ignore[untyped-decorator]
    def counter(self: Notification, create: bool, extracted: None) -> None:
        if self.read_at is None and self.in_inbox:
            count_as_unread([self.recipient_id])


class PreferenceFactory(DjangoModelFactory[Preference]):
    user = factory.SubFactory(RecipientFactory)
    category = "test_orders"
    channel = Channel.EMAIL
    is_enabled = False

    class Meta:
        model = Preference


class RecipientSettingsFactory(DjangoModelFactory[RecipientSettings]):
    user = factory.SubFactory(RecipientFactory)

    class Meta:
        model = RecipientSettings


class MessageFactory(DjangoModelFactory[Message]):
    """A message that is due, unless its status says otherwise."""

    notification = factory.SubFactory(NotificationFactory)
    channel = Channel.EMAIL
    provider = "email"
    endpoint = factory.SelfAttribute("notification.recipient.email")
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=1))

    class Meta:
        model = Message
        skip_postgeneration_save = True

    @factory.post_generation  # type: ignore[untyped-decorator]
    def timer(self: Message, create: bool, extracted: datetime | None) -> None:
        if self.status == Message.Status.READY:
            Timer.objects.create(
                message_id=self.pk,
                lane=self.notification.event.lane,
                provider=self.provider,
                due_at=extracted or timezone.now(),
            )


class LeaseFactory(DjangoModelFactory[Lease]):
    lane = Priority.STANDARD
    leased_until = factory.LazyFunction(timezone.now)

    class Meta:
        model = Lease


class CircuitFactory(DjangoModelFactory[Circuit]):
    provider = "fcm"
    opened_at = factory.LazyFunction(timezone.now)
    open_until = factory.LazyFunction(timezone.now)
    reason = "503 Service Unavailable"

    class Meta:
        model = Circuit


class SuppressionFactory(DjangoModelFactory[Suppression]):
    channel = Channel.EMAIL
    address = factory.Sequence(lambda n: f"bounced{n}@example.com")
    reason = Suppression.Reason.BOUNCE

    class Meta:
        model = Suppression


class TallyFactory(DjangoModelFactory[Tally]):
    """Attempts of this minute, accepted within 50 ms unless told otherwise."""

    minute = factory.LazyFunction(
        lambda: timezone.now().replace(second=0, microsecond=0)
    )
    lane = Priority.STANDARD
    provider = "fcm"
    outcome = "accepted"
    reason = ""
    count = 1

    class Meta:
        model = Tally

    @factory.lazy_attribute  # type: ignore[untyped-decorator]
    def latencies(self) -> list[int]:
        if self.outcome != "accepted":
            return []
        return [self.count, *[0] * len(LATENCY_BOUNDS)]


class WebhookEndpointFactory(DjangoModelFactory[WebhookEndpoint]):
    owner = factory.SubFactory(RecipientFactory)
    about = "kitchen:1"
    url = factory.Sequence(lambda n: f"https://partner{n}.example.com/orders")
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    class Meta:
        model = WebhookEndpoint
