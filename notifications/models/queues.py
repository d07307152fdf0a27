"""What is to be done, and what is being done: small tables whose rows come and go."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class Timer(models.Model):
    """The moment at which a message is to be sent, again or for the first time.

    Or, with the provider FALLBACK and the id of a notification: at which the next
    channel of its chain is tried.
    """

    FALLBACK = "fallback"

    message_id = models.BigIntegerField(primary_key=True)
    lane = models.CharField(max_length=40)
    provider = models.CharField(max_length=10)
    due_at = models.DateTimeField()

    class Meta:
        verbose_name = _("timer")
        verbose_name_plural = _("timers")
        indexes = [
            # A sender claims what is due in its lane for a provider that has room.
            models.Index(fields=["lane", "provider", "due_at"], name="timer_due"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} at {self.due_at}"


class Lease(models.Model):
    """Messages that one worker holds while it sends them.

    The row is the fence: an outcome is written only while it exists, and whoever
    deletes it decides what becomes of the messages without one.
    """

    lane = models.CharField(max_length=40)
    message_ids = ArrayField(models.BigIntegerField())
    leased_until = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("lease")
        verbose_name_plural = _("leases")

    def __str__(self) -> str:
        return f"{self.lane} until {self.leased_until}"


class Circuit(models.Model):
    """A provider that keeps failing and is left alone; there is no row while it works.

    After `open_until` a few messages try whether it works again.
    """

    provider = models.CharField(max_length=10, primary_key=True)
    opened_at = models.DateTimeField()
    open_until = models.DateTimeField()
    trip_count = models.PositiveSmallIntegerField(default=1)
    reason = models.CharField(max_length=300)

    class Meta:
        verbose_name = _("circuit")
        verbose_name_plural = _("circuits")

    def __str__(self) -> str:
        return self.provider
