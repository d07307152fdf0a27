from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.models.choices import Channel


class Event(models.Model):
    """Something people are to be told: the transactional outbox.

    Written in the publisher's own transaction; the same key is one event.
    """

    key = models.CharField(max_length=200, unique=True)
    topic = models.CharField(max_length=80)
    # The priority, or the priority and a region: "standard", "bulk.europe".
    lane = models.CharField(max_length=40)
    recipient_count = models.PositiveIntegerField(default=0)
    context = models.JSONField(default=dict)
    published_at = models.DateTimeField()
    # A summary goes over the channel that it was collected for.
    only_channel = models.CharField(max_length=10, choices=Channel, blank=True)
    paused_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.key


class Chunk(models.Model):
    """Recipients of an event that are still to be planned; gone once they are."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="chunks")
    lane = models.CharField(max_length=40)
    recipient_ids = ArrayField(models.BigIntegerField())
    # Nothing is due while planning has given it up, or its event is paused.
    due_at = models.DateTimeField(null=True)
    # When it would be due, were its event not paused.
    resumes_at = models.DateTimeField(null=True)
    rejected_because = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("chunk")
        verbose_name_plural = _("chunks")
        ordering = ["pk"]
        indexes = [
            # The planner takes what is due in its lane, oldest first.
            models.Index(
                fields=["lane", "due_at", "id"],
                condition=models.Q(due_at__isnull=False),
                name="chunk_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id}/{self.pk}"
