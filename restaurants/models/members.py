import secrets
from collections.abc import Collection
from enum import Enum
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import (
    ArrayField,
)
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _


class Duty(Enum):
    """What a member of a restaurant may be let do."""

    BOARD = "board"  # the orders of now, sold out, busy, pause
    ORDERS = "orders"  # past orders
    MENU = "menu"
    HOURS = "hours"  # opening hours, delivery terms, the profile
    REVIEWS = "reviews"
    MONEY = "money"  # figures, tax
    PEOPLE = "people"


def roles_with(duty: Duty | None) -> Collection[str]:
    """Return the roles that may do something; all of them for None."""
    return [role for role, duties in DUTIES.items() if duty is None or duty in duties]


class Membership(models.Model):
    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        MANAGER = "manager", _("Manager")
        STAFF = "staff", _("Staff")

    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=10, choices=Role)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(
                fields=["restaurant", "user"], name="membership_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.restaurant} · {self.get_role_display()}"


STAFF_DUTIES = frozenset({Duty.BOARD})
MANAGER_DUTIES = STAFF_DUTIES | {Duty.ORDERS, Duty.MENU, Duty.HOURS, Duty.REVIEWS}
DUTIES = {
    Membership.Role.STAFF: STAFF_DUTIES,
    Membership.Role.MANAGER: MANAGER_DUTIES,
    Membership.Role.OWNER: frozenset(Duty),
}


def new_invitation_token() -> str:
    return secrets.token_urlsafe(32)


class Invitation(models.Model):
    """An offer by email to become a member; whoever has the link and the email may."""

    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.CASCADE, related_name="invitations"
    )
    email = models.EmailField(_("email"))
    role = models.CharField(_("role"), max_length=10, choices=Membership.Role)
    token = models.CharField(
        max_length=60, unique=True, default=new_invitation_token, editable=False
    )
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True
    )
    created_at = models.DateTimeField(_("sent at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("valid until"))
    accepted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                "restaurant",
                condition=models.Q(accepted_at=None),
                name="invitation_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} · {self.restaurant} · {self.get_role_display()}"


class Application(models.Model):
    """What a restaurant said when it applied, and what operators made of it."""

    class Check(models.TextChoices):
        IDENTITY = "identity", _("The business exists under this name")
        PREMISES = "premises", _("Food is made at this address")
        HYGIENE = "hygiene", _("The food hygiene registration is valid")
        CONTACT = "contact", _("Somebody answers the phone number given")

    restaurant = models.OneToOneField(
        "restaurants.Restaurant", models.CASCADE, related_name="application"
    )
    applicant = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True
    )
    legal_name = models.CharField(_("name of the business"), max_length=200)
    registration = models.CharField(
        _("registration number"), max_length=100, blank=True
    )
    message = models.TextField(_("what we should know"), max_length=2000, blank=True)
    checks = ArrayField(
        models.CharField(max_length=20, choices=Check),
        default=list,
        blank=True,
        verbose_name=_("checked"),
    )
    applied_at = models.DateTimeField(_("applied at"), auto_now_add=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        related_name="+",
        null=True,
        editable=False,
    )
    refusal = models.CharField(
        _("why it was refused"), max_length=500, blank=True, editable=False
    )

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        ordering = ["applied_at", "pk"]

    def __str__(self) -> str:
        return str(self.restaurant)


class ActingSessionQuerySet(models.QuerySet["ActingSession"]):
    def under_way(self) -> "ActingSessionQuerySet":
        return self.filter(ended_at=None, expires_at__gt=Now())


class ActingSession(models.Model):
    """An operator uses a restaurant's portal as its owner would; kept as the audit."""

    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="acting_sessions"
    )
    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.CASCADE, related_name="acting_sessions"
    )
    reason = models.CharField(_("reason"), max_length=300)
    started_at = models.DateTimeField(_("started at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("ends by itself at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, editable=False)

    objects: ClassVar[ActingSessionQuerySet] = ActingSessionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("acting session")
        verbose_name_plural = _("acting sessions")
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["operator"],
                condition=models.Q(ended_at=None),
                name="acting_session_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operator} · {self.restaurant}"
