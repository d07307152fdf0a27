"""The tables that grow by the billion: partitioned by day, never deleted from.

Their foreign keys are not constraints, so that a day can be dropped without a scan of
the other tables. The migrations make them, and `services.retention` their partitions.
"""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.ids import moment_of, new_id
from notifications.models.choices import Channel
from notifications.models.events import Event

PUBLIC = uuid.UUID("8d6d2f6e-4f0f-5d0e-9a55-1f2f0b7f6a10")


class Wording(models.Model):
    """The words of an event in one language and time zone.

    Shared by all who were planned together and read them the same.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id)
    title = models.CharField(max_length=200)
    body = models.TextField()
    url = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("wording")
        verbose_name_plural = _("wordings")

    def __str__(self) -> str:
        return self.title


class Notification(models.Model):
    """What one recipient is told of one event; what the inbox shows."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    event = models.ForeignKey(
        Event,
        models.CASCADE,
        related_name="notifications",
        db_constraint=False,
        db_index=False,
    )
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="notifications",
        db_constraint=False,
        db_index=False,
    )
    wording = models.ForeignKey(
        Wording, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    # Whether the topic is one for the inbox.
    in_inbox = models.BooleanField(default=True)
    read_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def created_at(self) -> datetime:
        return moment_of(self.pk)


class Message(models.Model):
    """One sending of a notification over one channel to one endpoint."""

    class Status(models.TextChoices):
        READY = "ready", _("Ready")
        LEASED = "leased", _("Being sent")
        ACCEPTED = "accepted", _("Accepted")
        DELIVERED = "delivered", _("Delivered")
        UNDELIVERED = "undelivered", _("Not delivered")
        SUPPRESSED = "suppressed", _("Not sent")
        DIGESTED = "digested", _("In a summary")
        CANCELLED = "cancelled", _("Cancelled")
        EXPIRED = "expired", _("Expired")
        FAILED = "failed", _("Failed for good")
        UNKNOWN = "unknown", _("Unknown")
        DEAD = "dead", _("Dead letter")

    id = models.BigIntegerField(primary_key=True, default=new_id)
    notification = models.ForeignKey(
        Notification,
        models.CASCADE,
        related_name="messages",
        db_constraint=False,
        db_index=False,
    )
    channel = models.CharField(max_length=10, choices=Channel)
    provider = models.CharField(max_length=10)
    # An address or number; of a phone or browser, its registered device's pk.
    endpoint = models.CharField(max_length=254)
    status = models.CharField(max_length=12, choices=Status, default=Status.READY)
    reason = models.CharField(max_length=80, blank=True)
    expires_at = models.DateTimeField()
    attempt_count = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    # Waits for an operator. A column of its own, since an index whose condition names
    # the status would be touched by each change of it.
    is_stuck = models.GeneratedField(
        # Conditions are expressions, whatever their type says.
        expression=models.Q(status__in=[Status.DEAD, Status.UNKNOWN]),  # type: ignore[arg-type]
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-pk"]
        indexes = [
            # Operators count and redrive what is stuck; few ever are.
            models.Index(
                fields=["id"], condition=models.Q(is_stuck=True), name="message_stuck"
            ),
            # A partner looks at what was sent to one endpoint, newest first.
            models.Index(
                fields=["endpoint", "-id"],
                condition=models.Q(provider="webhook"),
                name="message_webhook",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.endpoint}"

    @property
    def public_id(self) -> uuid.UUID:
        """Return the id that providers are given: the same at every attempt."""
        return public_id_of(self.pk)

    @property
    def created_at(self) -> datetime:
        return moment_of(self.pk)


class Attempt(models.Model):
    """One call to a provider and its answer; rows are only ever added."""

    pk = models.CompositePrimaryKey("message_id", "number")
    message = models.ForeignKey(
        Message,
        models.CASCADE,
        related_name="attempts",
        db_constraint=False,
        db_index=False,
    )
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    outcome = models.CharField(max_length=12)
    answer = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["message_id", "number"]

    def __str__(self) -> str:
        return f"{self.message_id} {self.outcome}"


def public_id_of(message_pk: int) -> uuid.UUID:
    """Return the UUID of a message; the same for the same message (RFC 9562, v5)."""
    return uuid.uuid5(PUBLIC, str(message_pk))
