import uuid
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField


def validate_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(
            _("“%(name)s” is not a time zone."), params={"name": name}
        )


class UserManager(BaseUserManager["User"]):
    def create_user(
        self, email: str, password: str | None = None, **fields: Any
    ) -> "User":
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, email: str, password: str | None = None, **fields: Any
    ) -> "User":
        return self.create_user(
            email, password, is_staff=True, is_superuser=True, **fields
        )

    def find_account(self, email: str) -> "User | None":
        """Return who signs in with this email, if anybody does."""
        # Written as the unique index is, so that it is used.
        accounts = self.filter(is_guest=False).alias(lower=Lower("email"))
        return accounts.filter(lower=email.lower()).first()

    def get_by_natural_key(self, username: str | None) -> "User":
        found = self.find_account(username or "")
        if found is None:
            raise self.model.DoesNotExist
        return found


class User(AbstractBaseUser, PermissionsMixin):
    """Everyone who signs in: customers, restaurant staff and operators.

    A guest is who ordered without an account: somebody to be told about the order, who
    cannot sign in, and whose email an account, or another guest, may have as well.
    """

    email = models.EmailField(_("email"), max_length=254)
    name = models.CharField(_("name"), max_length=120, blank=True)
    phone = PhoneNumberField(_("phone"), blank=True)
    # When a code sent to the phone was typed in; a new phone is not verified.
    phone_verified_at = models.DateTimeField(null=True, editable=False)
    is_guest = models.BooleanField(
        _("guest"), default=False, db_default=False, editable=False
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_time_zone]
    )
    locale = models.CharField(_("language"), max_length=16, default="en")
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(
        _("operator"),
        default=False,
        help_text=_("May sign in to the operators' admin."),
    )
    date_joined = models.DateTimeField(_("joined at"), default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=models.Q(is_guest=False),
                name="user_email_unique",
                violation_error_message=_(
                    "There is already an account with this email."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.email

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email.split("@")[0]


class PhoneCode(models.Model):
    """The code last sent to somebody's phone, and how often it was guessed at."""

    user = models.OneToOneField(
        User, models.CASCADE, primary_key=True, related_name="phone_code"
    )
    phone = PhoneNumberField()
    # Never the code itself.
    digest = models.CharField(max_length=64)
    sent_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.user_id}: {self.sent_at}"


class KnownBrowser(models.Model):
    """A browser or phone that somebody signed in with; another one is told to them."""

    user = models.ForeignKey(User, models.CASCADE, related_name="known_browsers")
    # Of the key that the browser keeps in a cookie.
    digest = models.CharField(max_length=64)
    # What it says it is: Firefox on Linux.
    label = models.CharField(_("browser"), max_length=100, blank=True)
    first_seen_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("known browser")
        verbose_name_plural = _("known browsers")
        ordering = ["-last_seen_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "digest"], name="known_browser_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.label}"


class Scope(models.TextChoices):
    """What an app's token lets it do, and no more than its user may anyway."""

    CUSTOMER = "customer", _("Order, and keep one's own account")
    RESTAURANT = "restaurant", _("Run the restaurants that one is a member of")


class AppSession(models.Model):
    """An app that somebody signed in with; its tokens come and go as one family."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="app_sessions")
    # What the tokens of one sign-in have in common (RefreshToken.token_family).
    family = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("device"), max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField()

    class Meta:
        verbose_name = _("signed-in app")
        verbose_name_plural = _("signed-in apps")
        ordering = ["-last_used_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.user} · {self.name}"


class Address(models.Model):
    user = models.ForeignKey(User, models.CASCADE, related_name="addresses")
    label = models.CharField(
        _("label"), max_length=40, blank=True, help_text=_("For example Home or Work.")
    )
    street_address = models.CharField(_("street address"), max_length=200)
    locality = models.CharField(_("city"), max_length=100, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    latitude = models.DecimalField(
        _("latitude"),
        max_digits=9,
        decimal_places=6,
        validators=[MinValueValidator(Decimal(-90)), MaxValueValidator(Decimal(90))],
    )
    longitude = models.DecimalField(
        _("longitude"),
        max_digits=9,
        decimal_places=6,
        validators=[MinValueValidator(Decimal(-180)), MaxValueValidator(Decimal(180))],
    )
    delivery_instructions = models.CharField(
        _("delivery instructions"), max_length=300, blank=True
    )
    is_chosen = models.BooleanField(_("deliver here"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        ordering = ["-is_chosen", "-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(is_chosen=True),
                name="address_one_chosen_per_user",
            ),
            models.CheckConstraint(
                condition=models.Q(latitude__range=(-90, 90))
                & models.Q(longitude__range=(-180, 180)),
                name="address_on_earth",
            ),
        ]

    def __str__(self) -> str:
        return ", ".join(
            part
            for part in (self.street_address, self.locality, self.postal_code)
            if part
        )
