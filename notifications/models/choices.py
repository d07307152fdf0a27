from django.db import models
from django.utils.translation import gettext_lazy as _


class Priority(models.TextChoices):
    CRITICAL = "critical", _("Critical")
    STANDARD = "standard", _("Standard")
    BULK = "bulk", _("Bulk")


class Channel(models.TextChoices):
    IN_APP = "in_app", _("In-app")
    PUSH = "push", _("Push")
    SMS = "sms", _("SMS")
    EMAIL = "email", _("Email")
    # To a partner's server; nothing that a person chooses.
    WEBHOOK = "webhook", _("Webhook")


# Those that people choose among.
PERSONAL_CHANNELS = [channel for channel in Channel if channel != Channel.WEBHOOK]
