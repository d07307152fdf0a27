import uuid
from bisect import bisect_right
from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.fields import (
    ArrayField,
)
from django.contrib.postgres.indexes import GinIndex, GistIndex
from django.contrib.postgres.search import SearchVectorField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from customers.models import User, validate_time_zone
from restaurants.fields import InstantMultirangeField, PointField
from restaurants.models.members import ActingSession, Duty, Membership, roles_with

TEN_MILES = 16_093.44
HOURS_OF_WEEK = 7 * 24
# A pause, or being sold out, that ends only when somebody says so.
UNTIL_FURTHER_NOTICE = datetime(2999, 1, 1, tzinfo=UTC)


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
    # How many orders the kitchen can start within a quarter of an hour.
    slot_capacity = models.PositiveSmallIntegerField(
        _("most orders in 15 minutes"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Later orders are offered the next free time. Empty: no limit."),
    )
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
                # What decides among all in range, so that their rows are not read.
                include=[
                    *("id", "delivery_radius", "offers_delivery", "offers_pickup"),
                    *("rating_total", "rating_count"),
                ],
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
            models.CheckConstraint(
                condition=models.Q(slot_capacity=None) | models.Q(slot_capacity__gte=1),
                name="restaurant_slot_capacity_positive",
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


class Favourite(models.Model):
    """A restaurant somebody wants to find again."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="favourites"
    )
    restaurant = models.ForeignKey(
        Restaurant, models.CASCADE, related_name="favourites"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("favourite")
        verbose_name_plural = _("favourites")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "restaurant"], name="favourite_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.restaurant}"


class SearchWord(models.Model):
    """A word that finds a restaurant, to be found itself when it is misspelt."""

    word = models.CharField(max_length=60, primary_key=True)
    # What is left of it without one letter, or two of a long word; two words that
    # share such a rest are a slip apart (symmetric delete spelling correction).
    rests = ArrayField(models.CharField(max_length=60))

    class Meta:
        indexes = [GinIndex(fields=["rests"], name="search_word_rests")]

    def __str__(self) -> str:
        return self.word


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
