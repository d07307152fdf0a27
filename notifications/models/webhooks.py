import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class WebhookEndpoint(models.Model):
    """Where a partner's server hears what happens, and the secret it is signed with."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Who is told there: their account ends, and so does it.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="webhook_endpoints"
    )
    # What it hears of, in the words of the app that publishes: "restaurant:<id>".
    about = models.CharField(_("about"), max_length=80)
    url = models.CharField(_("URL"), max_length=500)
    description = models.CharField(_("description"), max_length=200, blank=True)
    secret = models.CharField(max_length=80)
    # Signs as well until then, for receivers that do not know the new one yet.
    previous_secret = models.CharField(max_length=80, blank=True)
    previous_until = models.DateTimeField(null=True)
    is_active = models.BooleanField(_("active"), default=True)
    disabled_because = models.CharField(
        _("disabled because"), max_length=40, blank=True
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")
        ordering = ["-pk"]
        constraints = [
            # Serves the publishers, too, who ask whether anybody hears of something.
            models.UniqueConstraint(fields=["about", "url"], name="webhook_once"),
        ]

    def __str__(self) -> str:
        return self.url
