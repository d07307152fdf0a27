from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.models.choices import Channel


class Preference(models.Model):
    """What somebody said about a category on a channel; else the category's default."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="preferences"
    )
    category = models.CharField(max_length=40)
    channel = models.CharField(max_length=10, choices=Channel)
    is_enabled = models.BooleanField()
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "category", "channel"], name="preference_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.category} {self.channel}: {self.is_enabled}"


class RecipientSettings(models.Model):
    """When somebody wants to be left alone. The hours are in their own time zone."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        primary_key=True,
        related_name="recipient_settings",
    )
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    do_not_disturb_until = models.DateTimeField(
        _("do not disturb until"), null=True, blank=True
    )

    class Meta:
        verbose_name = _("recipient settings")
        verbose_name_plural = _("recipient settings")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | (
                    models.Q(quiet_from__isnull=False, quiet_until__isnull=False)
                    & ~models.Q(quiet_from=models.F("quiet_until"))
                ),
                name="quiet_hours_have_two_ends",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Suppression(models.Model):
    """An address or number that must not be written to, whoever has it."""

    class Reason(models.TextChoices):
        BOUNCE = "bounce", _("It bounced")
        COMPLAINT = "complaint", _("Marked as spam")
        STOP = "stop", _("Texted STOP")
        OPERATOR = "operator", _("By an operator")

    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    # Mail in lower case, numbers as E.164.
    address = models.CharField(_("address"), max_length=254)
    reason = models.CharField(_("reason"), max_length=12, choices=Reason)
    detail = models.CharField(_("detail"), max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "address"], name="suppression_once"
            ),
        ]

    def __str__(self) -> str:
        return self.address


class UnreadCount(models.Model):
    """How many notifications in somebody's inbox are unread: kept, never counted."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        primary_key=True,
        related_name="unread_count",
    )
    unread = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("unread count")
        verbose_name_plural = _("unread counts")

    def __str__(self) -> str:
        return str(self.unread)
