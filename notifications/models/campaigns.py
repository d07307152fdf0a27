from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.models.events import Event

FASTEST = 100_000


def validate_path(url: str) -> None:
    """See that an address is a path of this site, and leads nowhere else."""
    # Browsers read a backslash as a slash, and two slashes as another site.
    is_path = url.startswith("/") and not url.startswith(("//", "/\\"))
    if not is_path or any(character.isspace() for character in url):
        raise ValidationError(
            _("Give a path of this site, such as “/restaurants/”."), code="path"
        )


class Campaign(models.Model):
    """What an operator tells many people at once; its event does the telling."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SCHEDULED = "scheduled", _("Scheduled")
        RUNNING = "running", _("Running")
        PAUSED = "paused", _("Paused")
        CANCELLED = "cancelled", _("Cancelled")
        DONE = "done", _("Done")

    name = models.CharField(
        _("name"), max_length=100, help_text=_("Recipients do not see it.")
    )
    segment = models.CharField(_("segment"), max_length=40)
    segment_value = models.CharField(max_length=100, blank=True)
    topic = models.CharField(_("kind"), max_length=80)
    title = models.CharField(_("title"), max_length=100)
    body = models.TextField(_("text"), max_length=1000)
    url = models.CharField(
        _("link"),
        max_length=300,
        blank=True,
        validators=[validate_path],
        help_text=_("A path of this site that it leads to, such as “/restaurants/”."),
    )
    # With is_local_time, the wall clock's time as if it were UTC's.
    starts_at = models.DateTimeField(
        _("starts at"),
        null=True,
        blank=True,
        help_text=_("Empty: at once. In UTC, unless local time is on."),
    )
    is_local_time = models.BooleanField(
        _("local time"),
        default=False,
        help_text=_("It starts when each recipient's own clock shows that time."),
    )
    per_second = models.PositiveIntegerField(
        _("people per second at most"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(FASTEST)],
        help_text=_("Empty: as fast as it goes."),
    )
    status = models.CharField(
        _("status"), max_length=10, choices=Status, default=Status.DRAFT
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        related_name="+",
        null=True,
        verbose_name=_("by"),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    # Nothing before it is launched, and after its days are no longer kept.
    event = models.OneToOneField(
        Event, models.SET_NULL, related_name="campaign", null=True
    )

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        ordering = ["-pk"]
        indexes = [
            # What is to be launched or finished, every few seconds.
            models.Index(
                fields=["status"],
                condition=models.Q(status__in=["scheduled", "running"]),
                name="campaign_active",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    status__in=[
                        "draft",
                        "scheduled",
                        "running",
                        "paused",
                        "cancelled",
                        "done",
                    ]
                ),
                name="campaign_status",
            ),
            models.CheckConstraint(
                condition=models.Q(per_second__isnull=True)
                | models.Q(per_second__range=(1, FASTEST)),
                name="campaign_pace",
            ),
            models.CheckConstraint(
                condition=models.Q(is_local_time=False)
                | models.Q(starts_at__isnull=False),
                name="campaign_local_time_has_a_start",
                violation_error_message=_("Say at what time."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_draft(self) -> bool:
        return self.status == self.Status.DRAFT
