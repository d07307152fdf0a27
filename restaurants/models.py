import uuid
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, RangeOperators
from django.contrib.postgres.indexes import GinIndex, GistIndex
from django.contrib.postgres.search import SearchVectorField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from customers.models import User, validate_time_zone
from restaurants.fields import InstantMultirangeField, PointField

TEN_MILES = 16_093.44


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

    def run_by(self, user: User) -> "RestaurantQuerySet":
        """Keep the restaurants that `user` is a member of."""
        # A person is a member once, so the join doubles no row; and DISTINCT could not
        # compare points.
        return self.filter(memberships__user=user)


class Restaurant(models.Model):
    class Status(models.TextChoices):
        PENDING = "pending", _("Waiting for approval")
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
    answer_minutes = models.PositiveSmallIntegerField(
        _("minutes to answer an order"), default=10
    )
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)

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

    @property
    def preparation_time(self) -> timedelta:
        return timedelta(minutes=self.preparation_minutes)


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
