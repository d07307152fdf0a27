from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

# Upper bounds in seconds; what took longer is in a last bucket.
LATENCY_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600)


class Tally(models.Model):
    """How many attempts of a lane ended how at a provider within one minute."""

    pk = models.CompositePrimaryKey("minute", "lane", "provider", "outcome", "reason")
    minute = models.DateTimeField()
    lane = models.CharField(max_length=40)
    provider = models.CharField(max_length=10)
    outcome = models.CharField(max_length=12)
    reason = models.CharField(max_length=80)
    count = models.BigIntegerField()
    # Of the accepted: how many took how long from when they were due.
    latencies = ArrayField(models.BigIntegerField())

    class Meta:
        verbose_name = _("tally")
        verbose_name_plural = _("tallies")

    def __str__(self) -> str:
        return f"{self.minute} {self.provider} {self.outcome}: {self.count}"
