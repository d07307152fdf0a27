from django.db import models
from django.utils.translation import gettext_lazy as _


class SmsReference(models.Model):
    """What a carrier calls a message, until it says what became of it."""

    provider = models.CharField(max_length=10)
    reference = models.CharField(max_length=65)
    # Not a constraint: a day's messages are dropped whole.
    message_id = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("SMS reference")
        verbose_name_plural = _("SMS references")
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "reference"], name="sms_reference_once"
            ),
        ]
        indexes = [
            # Those that no carrier ever spoke of again are thrown away.
            models.Index(fields=["created_at"], name="sms_reference_age"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.reference}"
