import secrets
import uuid
from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from menus.models import Item, Modifier
from restaurants.models import Fulfilment, Region, Restaurant


def new_cart_token() -> str:
    return secrets.token_urlsafe(24)


class Cart(models.Model):
    """What one person is about to order, from one restaurant.

    A signed-out visitor's cart is found by the token in their session.
    """

    token = models.CharField(max_length=40, unique=True, default=new_cart_token)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="cart",
        null=True,
        blank=True,
    )
    restaurant = models.ForeignKey(
        Restaurant, models.CASCADE, related_name="carts", null=True
    )
    fulfilment = models.CharField(
        _("fulfilment"), max_length=10, choices=Fulfilment, default=Fulfilment.DELIVERY
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("cart")
        verbose_name_plural = _("carts")

    def __str__(self) -> str:
        return f"{_('Cart')} {self.pk}"


class CartLine(models.Model):
    cart = models.ForeignKey(Cart, models.CASCADE, related_name="lines")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    item = models.ForeignKey(Item, models.CASCADE, related_name="cart_lines")
    quantity = models.PositiveSmallIntegerField(
        _("quantity"), validators=[MinValueValidator(1), MaxValueValidator(99)]
    )
    note = models.CharField(_("note"), max_length=200, blank=True)
    # What one of it cost when the customer last saw it: at checkout a difference is
    # shown and asked about.
    unit_price_seen = models.DecimalField(max_digits=10, decimal_places=2)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("cart line")
        verbose_name_plural = _("cart lines")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quantity__range=(1, 99)), name="cart_line_quantity"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.item}"


class CartLineModifier(models.Model):
    line = models.ForeignKey(CartLine, models.CASCADE, related_name="modifiers")
    modifier = models.ForeignKey(Modifier, models.CASCADE, related_name="+")
    # The chosen modifier whose nested group this choice answers, if any.
    parent = models.ForeignKey(
        "self", models.CASCADE, related_name="children", null=True, blank=True
    )

    class Meta:
        verbose_name = _("chosen modifier")
        verbose_name_plural = _("chosen modifiers")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["line", "modifier", "parent"],
                name="cart_line_modifier_unique",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return str(self.modifier)


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
    restaurant = models.ForeignKey(
        Restaurant, models.PROTECT, related_name="orders", verbose_name=_("restaurant")
    )
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        related_name="orders",
        null=True,
        verbose_name=_("customer"),
    )
    idempotency_key = models.UUIDField(editable=False)
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

    @property
    def is_ended(self) -> bool:
        return self.status in self.ENDED

    @property
    def short_number(self) -> str:
        """What the kitchen calls it: the last three digits."""
        return f"{self.number % 1000:03d}"


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


class OrderEvent(models.Model):
    """One step in an order's life; rows are only ever added."""

    class Actor(models.TextChoices):
        CUSTOMER = "customer", _("Customer")
        RESTAURANT = "restaurant", _("Restaurant")
        COURIER = "courier", _("Courier")
        PLATFORM = "platform", _("Tiffin")
        SYSTEM = "system", _("Automatic")

    class Reason(models.TextChoices):
        SOLD_OUT = "sold_out", _("Something is sold out")
        TOO_BUSY = "too_busy", _("The kitchen is too busy")
        CLOSING = "closing", _("The kitchen is closing")
        ADDRESS = "address", _("The address cannot be delivered to")
        CHANGED_MIND = "changed_mind", _("The customer changed their mind")
        TOO_SLOW = "too_slow", _("It took too long")
        MISTAKE = "mistake", _("Ordered by mistake")
        NO_SHOW = "no_show", _("Nobody was there to take it")
        NO_RESPONSE = "no_response", _("The restaurant did not answer in time")
        # Not an end: the kitchen needs longer, or a line was changed.
        DELAYED = "delayed", _("The kitchen needs longer")
        LINE_CHANGED = "line_changed", _("A line was changed")
        OTHER = "other", _("Another reason")

    order = models.ForeignKey(Order, models.CASCADE, related_name="events")
    at = models.DateTimeField(_("at"))
    actor = models.CharField(_("by"), max_length=12, choices=Actor)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True
    )
    # Empty when the order was placed: it came from nowhere.
    from_status = models.CharField(max_length=20, choices=Order.Status, blank=True)
    to_status = models.CharField(max_length=20, choices=Order.Status)
    reason = models.CharField(max_length=20, choices=Reason, blank=True)
    note = models.CharField(max_length=300, blank=True)
    window_before_from = models.DateTimeField(null=True)
    window_before_until = models.DateTimeField(null=True)
    window_after_from = models.DateTimeField()
    window_after_until = models.DateTimeField()

    class Meta:
        verbose_name = _("order event")
        verbose_name_plural = _("order events")
        ordering = ["at", "pk"]
        constraints = [
            # Forward only: a state is entered once. Moving the window keeps the state.
            models.UniqueConstraint(
                fields=["order", "to_status"],
                condition=~models.Q(from_status=models.F("to_status")),
                name="order_event_state_entered_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.from_status} → {self.to_status}"


class PendingEnd(models.Model):
    """A rejection or cancellation that may still be taken back; nobody is told yet."""

    order = models.OneToOneField(Order, models.CASCADE, related_name="pending_end")
    to_status = models.CharField(max_length=20, choices=Order.Status)
    actor = models.CharField(max_length=12, choices=OrderEvent.Actor)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True
    )
    reason = models.CharField(max_length=20, choices=OrderEvent.Reason)
    note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(to_status__in=["rejected", "cancelled"]),
                name="pending_end_is_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} → {self.to_status}"


class LineChange(models.Model):
    """The restaurant's proposal to replace or leave out one line of an order."""

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("Waiting for the customer")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    order = models.ForeignKey(Order, models.CASCADE, related_name="line_changes")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # The line may be gone once the change was accepted; its words stay.
    line = models.ForeignKey(
        OrderLine, models.SET_NULL, related_name="changes", null=True
    )
    line_name = models.CharField(max_length=150)
    line_amount = models.DecimalField(max_digits=10, decimal_places=2)
    # What it is replaced by; nothing means that the line is left out.
    item = models.ForeignKey(
        Item, models.SET_NULL, related_name="+", null=True, blank=True
    )
    new_name = models.CharField(_("instead"), max_length=150, blank=True)
    new_unit_price = models.DecimalField(
        _("price"), max_digits=10, decimal_places=2, null=True, blank=True
    )
    note = models.CharField(_("note to the customer"), max_length=200, blank=True)
    status = models.CharField(
        max_length=10, choices=Status, default=Status.PROPOSED, editable=False
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True
    )
    proposed_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    total_before = models.DecimalField(max_digits=10, decimal_places=2)
    total_after = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        verbose_name = _("proposed change")
        verbose_name_plural = _("proposed changes")
        ordering = ["proposed_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["line"],
                condition=models.Q(status="proposed"),
                name="line_change_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(new_name="", new_unit_price=None)
                | (~models.Q(new_name="") & models.Q(new_unit_price__gte=0)),
                name="line_change_replaces_or_leaves_out",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line_name} → {self.new_name or '∅'}"


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
