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
