from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.models.choices import Channel


class Digest(models.Model):
    """News that somebody gets as one summary, once its window closes."""

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="digests"
    )
    topic = models.CharField(max_length=80)
    channel = models.CharField(max_length=10, choices=Channel)
    lane = models.CharField(max_length=40)
    closes_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("digest")
        verbose_name_plural = _("digests")
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "topic", "channel"],
                condition=models.Q(closed_at__isnull=True),
                name="digest_one_open",
            ),
        ]
        indexes = [
            # What is to be closed next.
            models.Index(
                fields=["closes_at"],
                condition=models.Q(closed_at__isnull=True),
                name="digest_closing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.channel} until {self.closes_at}"


class DigestItem(models.Model):
    """One notification in a digest."""

    pk = models.CompositePrimaryKey("digest_id", "notification_id")
    digest = models.ForeignKey(Digest, models.CASCADE, related_name="items")
    notification_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("digest item")
        verbose_name_plural = _("digest items")

    def __str__(self) -> str:
        return f"{self.digest_id}/{self.notification_id}"
