import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from menus.models import Item
from orders.models.orders import Order, OrderLine


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
