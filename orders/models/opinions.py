import uuid
from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.models.orders import Order, OrderLine
from restaurants.models import Restaurant


class Review(models.Model):
    """What a customer thought of a completed order: once, food and delivery apart."""

    order = models.OneToOneField(Order, models.CASCADE, related_name="review")
    restaurant = models.ForeignKey(Restaurant, models.CASCADE, related_name="reviews")
    food_rating = models.PositiveSmallIntegerField(
        _("food"), validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    delivery_rating = models.PositiveSmallIntegerField(
        _("delivery"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(5)],
    )
    text = models.TextField(_("review"), max_length=1000, blank=True)
    created_at = models.DateTimeField(_("written at"))
    edited_at = models.DateTimeField(_("changed at"), null=True, editable=False)
    answer = models.TextField(_("the restaurant's answer"), max_length=1000, blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(
                fields=["restaurant", "-created_at", "-id"], name="review_newest"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(food_rating__range=(1, 5))
                & (
                    models.Q(delivery_rating__isnull=True)
                    | models.Q(delivery_rating__range=(1, 5))
                ),
                name="review_ratings_in_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.restaurant}: {self.food_rating}"


class Claim(models.Model):
    """A customer's word that something of an order was missing or wrong."""

    class Status(models.TextChoices):
        OPEN = "open", _("Waiting for the restaurant")
        GRANTED = "granted", _("Refunded")
        REFUSED = "refused", _("Refused")

    order = models.OneToOneField(Order, models.CASCADE, related_name="claim")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    text = models.TextField(_("what was wrong"), max_length=1000, blank=True)
    status = models.CharField(
        _("status"), max_length=10, choices=Status, default=Status.OPEN
    )
    # What its lines cost, which the customer asks for; the restaurant may give less.
    proposed_refund = models.DecimalField(
        _("proposed refund"), max_digits=10, decimal_places=2
    )
    refund = models.DecimalField(
        _("refund"), max_digits=10, decimal_places=2, default=Decimal(0)
    )
    answer = models.TextField(_("the restaurant's answer"), max_length=1000, blank=True)
    created_at = models.DateTimeField(_("reported at"))
    answered_at = models.DateTimeField(_("answered at"), null=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True
    )

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(proposed_refund__gte=0) & models.Q(refund__gte=0),
                name="claim_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(status="granted") | models.Q(refund=0),
                name="claim_refund_is_granted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order} · {self.get_status_display()}"


class ClaimLine(models.Model):
    """How many of one line, and what was the matter with them."""

    class Kind(models.TextChoices):
        MISSING = "missing", _("Missing")
        WRONG = "wrong", _("Not what I ordered")
        BAD = "bad", _("Not good to eat")

    claim = models.ForeignKey(Claim, models.CASCADE, related_name="lines")
    line = models.ForeignKey(OrderLine, models.CASCADE, related_name="claim_lines")
    kind = models.CharField(_("problem"), max_length=10, choices=Kind)
    quantity = models.PositiveSmallIntegerField(_("quantity"))

    class Meta:
        verbose_name = _("claimed line")
        verbose_name_plural = _("claimed lines")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["claim", "line"], name="claim_line_once"),
            models.CheckConstraint(
                condition=models.Q(quantity__gte=1), name="claim_line_quantity"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.line} · {self.get_kind_display()}"
