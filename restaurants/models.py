import secrets
import uuid
from bisect import bisect_right
from collections.abc import Collection
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import (
    ArrayField,
    BigIntegerRangeField,
    RangeOperators,
)
from django.contrib.postgres.indexes import GinIndex, GistIndex
from django.contrib.postgres.search import SearchVectorField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower, Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from customers.models import User, validate_time_zone
from restaurants.fields import InstantMultirangeField, PointField

TEN_MILES = 16_093.44
HOURS_OF_WEEK = 7 * 24
# A pause, or being sold out, that ends only when somebody says so.
UNTIL_FURTHER_NOTICE = datetime(2999, 1, 1, tzinfo=UTC)


class Duty(Enum):
    """What a member of a restaurant may be let do."""

    BOARD = "board"  # the orders of now, sold out, busy, pause
    ORDERS = "orders"  # past orders
    MENU = "menu"
    HOURS = "hours"  # opening hours, delivery terms, the profile
    REVIEWS = "reviews"
    MONEY = "money"  # figures, tax
    PEOPLE = "people"


class Fulfilment(models.TextChoices):
    DELIVERY = "delivery", _("Delivery")
    PICKUP = "pickup", _("Pickup")


class Region(models.Model):
    """A part of the world that hot tables carry, so that they can be split by it."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=100)

    class Meta:
        verbose_name = _("region")
        verbose_name_plural = _("regions")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Cuisine(models.Model):
    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=60)

    class Meta:
        verbose_name = _("cuisine")
        verbose_name_plural = _("cuisines")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class RestaurantQuerySet(models.QuerySet["Restaurant"]):
    def live(self) -> "RestaurantQuerySet":
        return self.filter(status=Restaurant.Status.LIVE)

    def run_by(self, user: User, duty: Duty | None = None) -> "RestaurantQuerySet":
        """Keep the restaurants whose portal `user` may use, for a duty if one is given.

        Members by their role; an operator who acts for a restaurant as its owner.
        """
        # As sub-selects: joins would double rows, and DISTINCT cannot compare points.
        members = Membership.objects.filter(user=user, role__in=roles_with(duty))
        acting = ActingSession.objects.under_way().filter(
            operator=user, operator__is_staff=True
        )
        return self.exclude(
            status__in=[Restaurant.Status.PENDING, Restaurant.Status.REFUSED]
        ).filter(
            models.Q(pk__in=members.values("restaurant"))
            | models.Q(pk__in=acting.values("restaurant"))
        )


class Restaurant(models.Model):
    class PauseReason(models.TextChoices):
        OWNER = "owner", _("Paused by the restaurant")
        MISSED = "missed", _("Three orders in a row were not answered")

    class Status(models.TextChoices):
        PENDING = "pending", _("Waiting for approval")
        REFUSED = "refused", _("Refused")
        SETTING_UP = "setting_up", _("Setting up")
        LIVE = "live", _("Live")
        SUSPENDED = "suspended", _("Suspended")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    region = models.ForeignKey(Region, models.PROTECT, related_name="restaurants")
    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(_("address in the site"), max_length=80, unique=True)
    status = models.CharField(
        _("status"), max_length=12, choices=Status, default=Status.PENDING
    )
    takes_orders = models.BooleanField(
        _("takes orders online"),
        default=True,
        help_text=_("Listed without ordering when off."),
    )
    description = models.TextField(_("description"), max_length=1000, blank=True)
    cuisines = models.ManyToManyField(
        Cuisine, related_name="restaurants", blank=True, verbose_name=_("cuisines")
    )
    picture = models.ImageField(_("picture"), upload_to="restaurants", blank=True)
    drawing = models.CharField(max_length=120, blank=True, editable=False)
    phone = PhoneNumberField(_("phone"), blank=True)
    email = models.EmailField(_("email"), blank=True)
    website = models.URLField(_("website"), max_length=300, blank=True)

    street_address = models.CharField(_("street address"), max_length=200, blank=True)
    locality = models.CharField(_("city"), max_length=100, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    latitude = models.FloatField(
        _("latitude"), validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    longitude = models.FloatField(
        _("longitude"), validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    location = PointField(editable=False)
    time_zone = models.CharField(
        _("time zone"), max_length=64, validators=[validate_time_zone]
    )
    currency = models.CharField(_("currency"), max_length=3, default="USD")

    offers_delivery = models.BooleanField(_("offers delivery"), default=True)
    offers_pickup = models.BooleanField(_("offers pickup"), default=True)
    delivery_radius = models.FloatField(
        _("delivery radius in metres"),
        default=TEN_MILES,
        validators=[MinValueValidator(0), MaxValueValidator(50_000)],
    )
    delivery_fee = models.DecimalField(
        _("delivery fee"), max_digits=10, decimal_places=2, default=Decimal(0)
    )
    # Beyond each of these metres (rising) the fee of the same place in the other list
    # replaces the one above.
    fee_step_metres = ArrayField(models.FloatField(), default=list, blank=True)
    fee_step_fees = ArrayField(
        models.DecimalField(max_digits=10, decimal_places=2), default=list, blank=True
    )
    minimum_order = models.DecimalField(
        _("minimum order"), max_digits=10, decimal_places=2, default=Decimal(0)
    )
    tax_rate = models.DecimalField(
        _("tax rate in per cent"), max_digits=6, decimal_places=4, default=Decimal(0)
    )
    prices_include_tax = models.BooleanField(_("prices include tax"), default=False)
    preparation_minutes = models.PositiveSmallIntegerField(
        _("usual preparation time in minutes"), default=20
    )
    # By hour of the local week, from Monday 00:00, where it differs by the hour.
    preparation_week = ArrayField(
        models.PositiveSmallIntegerField(), size=HOURS_OF_WEEK, null=True, blank=True
    )
    # Added to it while the kitchen is busy.
    busy_minutes = models.PositiveSmallIntegerField(default=0, editable=False)
    busy_until = models.DateTimeField(null=True, editable=False)
    answer_minutes = models.PositiveSmallIntegerField(
        _("minutes to answer an order"), default=10
    )
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    pause_reason = models.CharField(
        max_length=10, choices=PauseReason, blank=True, editable=False
    )
    # Unanswered orders since the last answer; three in a row pause it.
    missed_in_a_row = models.PositiveSmallIntegerField(default=0, editable=False)
    expects_board = models.BooleanField(
        _("stop orders when no board is open"),
        default=True,
        help_text=_(
            "After five minutes without an open order board in opening hours you are"
            " warned; then no orders for right now are taken until a board is back."
        ),
    )
    # No board is open: nothing is taken for right now.
    unattended_since = models.DateTimeField(null=True, editable=False)

    # What services derive from other rows, so that a list reads one row a restaurant.
    open_spans = InstantMultirangeField(null=True, editable=False)
    open_spans_until = models.DateTimeField(null=True, editable=False)
    search_document = SearchVectorField(null=True, editable=False)
    rating_total = models.PositiveIntegerField(default=0, editable=False)
    rating_count = models.PositiveIntegerField(default=0, editable=False)

    source = models.CharField(max_length=20, blank=True, editable=False)
    source_id = models.CharField(max_length=60, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[RestaurantQuerySet] = RestaurantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("restaurant")
        verbose_name_plural = _("restaurants")
        ordering = ["name", "pk"]
        indexes = [
            # The walk outward from the customer, nearest first.
            GistIndex(
                fields=["location"],
                name="restaurant_live_location",
                condition=models.Q(status="live"),
            ),
            GinIndex(fields=["search_document"], name="restaurant_search"),
            # The widest radius in use bounds the walk; read from the index's end.
            models.Index(fields=["delivery_radius"], name="restaurant_radius"),
            models.Index(fields=["open_spans_until"], name="restaurant_stale_spans"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(latitude__range=(-90, 90))
                & models.Q(longitude__range=(-180, 180)),
                name="restaurant_on_earth",
            ),
            models.CheckConstraint(
                condition=models.Q(delivery_radius__range=(0, 50_000)),
                name="restaurant_radius_sane",
            ),
            models.CheckConstraint(
                condition=models.Q(delivery_fee__gte=0)
                & models.Q(minimum_order__gte=0)
                & models.Q(tax_rate__gte=0),
                name="restaurant_terms_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(fee_step_metres__len=models.F("fee_step_fees__len")),
                name="restaurant_fee_steps_paired",
            ),
            models.CheckConstraint(
                condition=models.Q(preparation_week=None)
                | models.Q(preparation_week__len=HOURS_OF_WEEK),
                name="restaurant_preparation_week_whole",
            ),
            models.UniqueConstraint(
                fields=["source", "source_id"],
                condition=~models.Q(source=""),
                name="restaurant_source_unique",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("restaurants:restaurant-detail", args=[self.slug])

    @property
    def rating(self) -> Decimal | None:
        """Average of the food ratings, one decimal place; None without ratings."""
        if not self.rating_count:
            return None
        return round(Decimal(self.rating_total) / self.rating_count, 1)

    def preparation_minutes_at(self, moment: datetime) -> int:
        """Return how long the kitchen takes for what it starts at the moment."""
        minutes = self.preparation_minutes
        if self.preparation_week:
            local = moment.astimezone(ZoneInfo(self.time_zone))
            minutes = self.preparation_week[local.weekday() * 24 + local.hour]
        return minutes + self.busy_minutes_at(moment)

    def busy_minutes_at(self, moment: datetime) -> int:
        is_busy = self.busy_until is not None and moment < self.busy_until
        return self.busy_minutes if is_busy else 0

    def delivery_fee_at(self, distance: float | None) -> Decimal:
        """Return the fee for a distance in metres; the lowest step's when unknown."""
        step = bisect_right(self.fee_step_metres, distance or 0)
        return self.fee_step_fees[step - 1] if step else self.delivery_fee


def roles_with(duty: Duty | None) -> Collection[str]:
    """Return the roles that may do something; all of them for None."""
    return [role for role, duties in DUTIES.items() if duty is None or duty in duties]


class Membership(models.Model):
    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        MANAGER = "manager", _("Manager")
        STAFF = "staff", _("Staff")

    restaurant = models.ForeignKey(
        Restaurant, models.CASCADE, related_name="memberships"
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
        Restaurant, models.CASCADE, related_name="invitations"
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
        Restaurant, models.CASCADE, related_name="application"
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
        Restaurant, models.CASCADE, related_name="acting_sessions"
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


class BoardPresence(models.Model):
    """When an order board of a restaurant was last open somewhere.

    Apart from the restaurant's row, since it is written every few seconds.
    """

    restaurant = models.OneToOneField(Restaurant, models.CASCADE, primary_key=True)
    seen_at = models.DateTimeField()
    # Set while its people have been told that no board is open.
    warned_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.restaurant_id}: {self.seen_at}"


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class OpeningHours(models.Model):
    """One span of a weekday, local to the restaurant.

    A span that closes at or before it opens runs past midnight; equal times mean the
    whole day.
    """

    restaurant = models.ForeignKey(
        Restaurant, models.CASCADE, related_name="opening_hours"
    )
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday)
    opens_at = models.TimeField(_("opens at"))
    closes_at = models.TimeField(_("closes at"))

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        ordering = ["weekday", "opens_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["restaurant", "weekday", "opens_at"],
                name="opening_hours_unique",
            ),
            models.CheckConstraint(
                condition=models.Q(weekday__range=(0, 6)), name="opening_hours_weekday"
            ),
            # Deferred, since one save of the page may swap two spans.
            ExclusionConstraint(
                name="opening_hours_do_not_overlap",
                expressions=[
                    (
                        models.Func(
                            models.F("restaurant"),
                            models.F("weekday"),
                            models.F("opens_at"),
                            models.F("closes_at"),
                            function="minutes_of_week",
                            output_field=BigIntegerRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    )
                ],
                deferrable=models.Deferrable.DEFERRED,
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.get_weekday_display()} {self.opens_at:%H:%M}–{self.closes_at:%H:%M}"
        )


class SpecialHours(models.Model):
    """What replaces the weekly hours of one date: a span, or closed all day."""

    restaurant = models.ForeignKey(
        Restaurant, models.CASCADE, related_name="special_hours"
    )
    date = models.DateField(_("date"))
    opens_at = models.TimeField(_("opens at"), null=True, blank=True)
    closes_at = models.TimeField(_("closes at"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("special hours")
        verbose_name_plural = _("special hours")
        ordering = ["date", "opens_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["restaurant", "date", "opens_at"],
                name="special_hours_unique",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(opens_at__isnull=True, closes_at__isnull=True)
                | models.Q(opens_at__isnull=False, closes_at__isnull=False),
                name="special_hours_closed_or_span",
                violation_error_message=_(
                    "Give both times, or neither for a day that is closed."
                ),
            ),
        ]

    def __str__(self) -> str:
        if self.opens_at is None or self.closes_at is None:
            return f"{self.date} {_('closed')}"
        return f"{self.date} {self.opens_at:%H:%M}–{self.closes_at:%H:%M}"
