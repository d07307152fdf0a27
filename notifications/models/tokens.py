from django.db import models
from django.utils.translation import gettext_lazy as _


class ServiceToken(models.Model):
    """What another system shows to publish events; its secret is not kept."""

    name = models.SlugField(
        _("name"),
        max_length=40,
        db_index=False,
        help_text=_(
            "The system that publishes. Two tokens of one name are the same system: "
            "that is how a token is replaced."
        ),
    )
    # The secret's first characters, to tell tokens apart.
    prefix = models.CharField(_("begins with"), max_length=12)
    # SHA-256, in hex. The secret is random, so no slow hash is needed.
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("service token")
        verbose_name_plural = _("service tokens")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
