import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class Priority(models.TextChoices):
    CRITICAL = "critical", _("Critical")
    STANDARD = "standard", _("Standard")
    BULK = "bulk", _("Bulk")


class Channel(models.TextChoices):
    IN_APP = "in_app", _("In-app")
    EMAIL = "email", _("Email")


class Event(models.Model):
    """Something people are to be told: the transactional outbox.

    Written in the publisher's own transaction; the same key is one event.
    """

    key = models.CharField(max_length=200, unique=True)
    topic = models.CharField(max_length=80)
    priority = models.CharField(max_length=10, choices=Priority)
    recipient_ids = ArrayField(models.BigIntegerField())
    # The first recipient not planned yet; moves in the planner's transaction.
    cursor = models.PositiveIntegerField(default=0)
    context = models.JSONField(default=dict)
    published_at = models.DateTimeField()
    planned_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-published_at", "-pk"]
        indexes = [
            # The planner takes the oldest of its lane.
            models.Index(
                fields=["priority", "id"],
                condition=models.Q(planned_at__isnull=True),
                name="event_unplanned",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Notification(models.Model):
    """What one recipient is told of one event; what the inbox shows."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    event = models.ForeignKey(Event, models.CASCADE, related_name="notifications")
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications"
    )
    topic = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    body = models.TextField()
    url = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(
                fields=["recipient", "-created_at", "-id"], name="notification_inbox"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "recipient"], name="notification_once_per_recipient"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Message(models.Model):
    """One sending of a notification over one channel to one endpoint."""

    class Status(models.TextChoices):
        READY = "ready", _("Ready")
        LEASED = "leased", _("Being sent")
        ACCEPTED = "accepted", _("Accepted")
        EXPIRED = "expired", _("Expired")
        FAILED = "failed", _("Failed for good")
        UNKNOWN = "unknown", _("Unknown")
        DEAD = "dead", _("Dead letter")

    ENDED = (
        Status.ACCEPTED,
        Status.EXPIRED,
        Status.FAILED,
        Status.UNKNOWN,
        Status.DEAD,
    )

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    notification = models.ForeignKey(
        Notification, models.CASCADE, related_name="messages"
    )
    channel = models.CharField(max_length=10, choices=Channel)
    priority = models.CharField(max_length=10, choices=Priority)
    endpoint = models.CharField(max_length=254)
    status = models.CharField(max_length=10, choices=Status, default=Status.READY)
    reason = models.CharField(max_length=80, blank=True)
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempt_count = models.PositiveSmallIntegerField(default=0)
    # The fence: only who holds the token may write the outcome.
    lease_token = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-pk"]
        indexes = [
            # A sender claims what is due in its lane.
            models.Index(
                fields=["priority", "due_at"],
                condition=models.Q(status="ready"),
                name="message_due",
            ),
            # The sweep returns what a dead sender held.
            models.Index(
                fields=["leased_until"],
                condition=models.Q(status="leased"),
                name="message_leased",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["notification", "channel", "endpoint"],
                name="message_once_per_endpoint",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.endpoint}"


class Attempt(models.Model):
    """One call to a provider and its answer; rows are only ever added."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="attempts")
    at = models.DateTimeField()
    outcome = models.CharField(max_length=12)
    answer = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.message_id} {self.outcome}"
