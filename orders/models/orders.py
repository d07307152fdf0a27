import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from menus.models import Item, Modifier
from restaurants.models import Fulfilment, Region, Restaurant

if TYPE_CHECKING:
    from orders.models.events import OrderEvent


class Order(models.Model):
    class Status(models.TextChoices):
        PENDING_PAYMENT = "pending_payment", _("Waiting for payment")
        PLACED = "placed", _("Placed")
        ACCEPTED = "accepted", _("Accepted")
        PREPARING = "preparing", _("Preparing")
        READY = "ready", _("Ready")
        OUT_FOR_DELIVERY = "out_for_delivery", _("Out for delivery")
        DELIVERED = "delivered", _("Delivered")
        COLLECTED = "collected", _("Collected")
        REJECTED = "rejected", _("Rejected")
        CANCELLED = "cancelled", _("Cancelled")

    class PaymentMethod(models.TextChoices):
        CASH = "cash", _("Cash")

    class PaymentStatus(models.TextChoices):
        PENDING = "pending", _("Pending")
        AUTHORIZED = "authorized", _("Authorized")
        CAPTURED = "captured", _("Paid")
        PARTIALLY_REFUNDED = "partially_refunded", _("Partially refunded")
        REFUNDED = "refunded", _("Refunded")
        FAILED = "failed", _("Failed")
        VOIDED = "voided", _("Voided")

    COMPLETED = (Status.DELIVERED, Status.COLLECTED)
    ENDED = (*COMPLETED, Status.REJECTED, Status.CANCELLED)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # What people say aloud; counts up within a restaurant.
    number = models.PositiveIntegerField(_("number"), editable=False)
    region = models.ForeignKey(Region, models.PROTECT, related_name="orders")
    # Found by the indexes below, which begin with them.
    restaurant = models.ForeignKey(
        Restaurant,
        models.PROTECT,
        related_name="orders",
        verbose_name=_("restaurant"),
        db_index=False,
    )
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        related_name="orders",
        db_index=False,
        null=True,
        verbose_name=_("customer"),
    )
    idempotency_key = models.UUIDField(editable=False)
    # Not stored: place_order found it by its key rather than placed it.
    is_repeat = False
    # Not stored: the rows that it was placed with, which need not be read again.
    written: "Written | None" = None
    # Of what an app asked for with the key: another wish under it is refused.
    request_digest = models.CharField(
        max_length=64, blank=True, default="", db_default="", editable=False
    )
    # Whoever has the link with it may see a guest's order and act for the guest. Null
    # for all others: only tokens are in its index.
    guest_token = models.CharField(  # noqa: DJ001
        max_length=60, null=True, blank=True, editable=False
    )
    status = models.CharField(
        _("status"), max_length=20, choices=Status, default=Status.PLACED
    )
    fulfilment = models.CharField(_("fulfilment"), max_length=10, choices=Fulfilment)
    payment_method = models.CharField(
        _("payment method"), max_length=10, choices=PaymentMethod
    )
    payment_status = models.CharField(
        _("payment"),
        max_length=20,
        choices=PaymentStatus,
        default=PaymentStatus.PENDING,
    )

    # Copied when the order was placed; nothing edited later changes them.
    restaurant_name = models.CharField(max_length=200)
    customer_name = models.CharField(_("customer's name"), max_length=120)
    customer_phone = models.CharField(_("customer's phone"), max_length=32)
    address = models.CharField(_("address"), max_length=400, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    distance = models.FloatField(_("distance in metres"), null=True, blank=True)
    delivery_instructions = models.CharField(
        _("delivery instructions"), max_length=300, blank=True
    )
    kitchen_note = models.CharField(
        _("note to the kitchen"), max_length=300, blank=True
    )

    currency = models.CharField(_("currency"), max_length=3)
    subtotal = models.DecimalField(_("subtotal"), max_digits=10, decimal_places=2)
    delivery_fee = models.DecimalField(
        _("delivery fee"), max_digits=10, decimal_places=2, default=Decimal(0)
    )
    tax = models.DecimalField(
        _("tax"), max_digits=10, decimal_places=2, default=Decimal(0)
    )
    prices_include_tax = models.BooleanField(default=False)
    tip = models.DecimalField(
        _("tip"), max_digits=10, decimal_places=2, default=Decimal(0)
    )
    total = models.DecimalField(_("total"), max_digits=10, decimal_places=2)
    # Of the total, what was given back after it was paid.
    refunded = models.DecimalField(
        _("refunded"),
        max_digits=10,
        decimal_places=2,
        default=Decimal(0),
        db_default=Decimal(0),
    )

    placed_at = models.DateTimeField(_("placed at"))
    # The slot the customer asked for; None means as soon as possible.
    scheduled_for = models.DateTimeField(_("scheduled for"), null=True, blank=True)
    answer_by = models.DateTimeField(_("to be answered by"))
    preparation_minutes = models.PositiveSmallIntegerField(
        _("preparation time in minutes")
    )
    promised_from = models.DateTimeField(_("promised from"))
    promised_until = models.DateTimeField(_("promised until"))
    current_from = models.DateTimeField(_("now expected from"))
    current_until = models.DateTimeField(_("now expected until"))
    # When the kitchen is to have it ready.
    due_at = models.DateTimeField(_("to be ready at"))
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True)
    ready_at = models.DateTimeField(_("ready at"), null=True, blank=True)
    out_at = models.DateTimeField(_("out for delivery at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    # Why and by whom it was rejected or cancelled; codes of OrderEvent.
    end_reason = models.CharField(_("reason"), max_length=20, blank=True)
    end_actor = models.CharField(_("ended by"), max_length=12, blank=True)
    # First looked at on a board of the restaurant: the alarm is over.
    opened_at = models.DateTimeField(null=True, editable=False)
    # The restaurant's people were called, since nobody looked at it.
    escalated_at = models.DateTimeField(null=True, editable=False)
    # The kitchen ticket's first printing; what is printed later is a duplicate.
    printed_at = models.DateTimeField(null=True, editable=False)
    # Placed by the restaurant on itself to try the portal; counts nowhere.
    is_test = models.BooleanField(_("test order"), default=False, editable=False)
    # The local date the figures count it on, in the restaurant's zone.
    service_day = models.DateField(_("service day"))

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ["-placed_at", "-pk"]
        indexes = [
            # A customer's history and an owner's list, newest first.
            models.Index(
                fields=["customer", "-placed_at", "-id"], name="order_customer_newest"
            ),
            models.Index(
                fields=["restaurant", "-placed_at", "-id"],
                name="order_restaurant_newest",
            ),
            # Figures of a restaurant by day.
            models.Index(
                fields=["restaurant", "service_day"],
                include=["status", "subtotal"],
                name="order_restaurant_day",
            ),
            # The board.
            models.Index(
                fields=["restaurant", "due_at"],
                condition=models.Q(
                    status__in=[
                        *("placed", "accepted", "preparing", "ready"),
                        "out_for_delivery",
                    ]
                ),
                name="order_on_board",
            ),
            # The deadline sweep.
            models.Index(
                fields=["answer_by"],
                condition=models.Q(status="placed"),
                name="order_unanswered",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "idempotency_key"], name="order_placed_once"
            ),
            models.UniqueConstraint(
                fields=["restaurant", "number"], name="order_number_unique"
            ),
            models.UniqueConstraint(
                fields=["guest_token"],
                condition=models.Q(guest_token__isnull=False),
                name="order_guest_token_unique",
            ),
            models.UniqueConstraint(
                fields=["idempotency_key"],
                condition=models.Q(guest_token__isnull=False),
                name="order_of_guest_placed_once",
            ),
            models.CheckConstraint(
                condition=models.Q(refunded__gte=0)
                & models.Q(refunded__lte=models.F("total")),
                name="order_refunded_within_total",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    prices_include_tax=False,
                    total=models.F("subtotal")
                    + models.F("delivery_fee")
                    + models.F("tax")
                    + models.F("tip"),
                )
                | models.Q(
                    prices_include_tax=True,
                    total=models.F("subtotal")
                    + models.F("delivery_fee")
                    + models.F("tip"),
                ),
                name="order_total_adds_up",
            ),
            models.CheckConstraint(
                condition=models.Q(subtotal__gte=0)
                & models.Q(delivery_fee__gte=0)
                & models.Q(tax__gte=0)
                & models.Q(tip__gte=0),
                name="order_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(fulfilment="pickup")
                | models.Q(latitude__isnull=False, longitude__isnull=False),
                name="order_delivery_has_place",
            ),
            models.CheckConstraint(
                condition=models.Q(promised_from__lte=models.F("promised_until"))
                & models.Q(current_from__lte=models.F("current_until")),
                name="order_windows_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{_('Order')} {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("orders:order-detail", args=[self.public_id])

    def get_link(self) -> str:
        """Return where its customer sees it: a guest by the link that lets them."""
        if self.guest_token:
            return reverse("orders:order-link", args=[self.guest_token])
        return self.get_absolute_url()

    @property
    def is_ended(self) -> bool:
        return self.status in self.ENDED

    @property
    def kept(self) -> Decimal:
        """What of the total is not given back."""
        return self.total - self.refunded

    @property
    def short_number(self) -> str:
        return shorten(self.number)


def shorten(number: int) -> str:
    """Return what the kitchen calls an order: the last three digits of its number."""
    return f"{number % 1000:03d}"


class OrderNumber(models.Model):
    """The last number given out by a restaurant; the row is the lock for the next."""

    restaurant = models.OneToOneField(Restaurant, models.CASCADE, primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.restaurant_id}: {self.last}"


class OrderLine(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    item = models.ForeignKey(
        Item, models.SET_NULL, related_name="order_lines", null=True, blank=True
    )
    name = models.CharField(_("name"), max_length=150)
    quantity = models.PositiveSmallIntegerField(_("quantity"))
    # One of it, with its modifiers.
    unit_price = models.DecimalField(_("price"), max_digits=10, decimal_places=2)
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2)
    tax_rate = models.DecimalField(_("tax rate"), max_digits=6, decimal_places=4)
    allergens = models.JSONField(_("allergens"), default=list)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    amount=models.F("unit_price") * models.F("quantity")
                ),
                name="order_line_amount",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"


class OrderLineModifier(models.Model):
    line = models.ForeignKey(OrderLine, models.CASCADE, related_name="modifiers")
    modifier = models.ForeignKey(
        Modifier, models.SET_NULL, related_name="+", null=True, blank=True
    )
    parent = models.ForeignKey(
        "self", models.CASCADE, related_name="children", null=True, blank=True
    )
    name = models.CharField(_("name"), max_length=100)
    price_difference = models.DecimalField(
        _("price difference"), max_digits=10, decimal_places=2
    )

    class Meta:
        verbose_name = _("modifier of an order line")
        verbose_name_plural = _("modifiers of an order line")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Written:
    """The rows that were written with a new order; each line's modifiers beside it."""

    event: "OrderEvent"
    lines: list[OrderLine]
    modifiers: list[list[OrderLineModifier]]
