import secrets

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from orders.models import Order


def new_courier_token() -> str:
    return secrets.token_urlsafe(32)


class Delivery(models.Model):
    """The carrying of one order to its customer."""

    class Status(models.TextChoices):
        REQUESTED = "requested", _("Waiting for a courier")
        ASSIGNED = "assigned", _("Courier assigned")
        PICKED_UP = "picked_up", _("Picked up")
        ARRIVED = "arrived", _("At the door")
        HANDED_OVER = "handed_over", _("Handed over")
        ABANDONED = "abandoned", _("Abandoned")

    order = models.OneToOneField(Order, models.CASCADE, related_name="delivery")
    # Whoever holds the link is the courier: it needs no sign-in.
    token = models.CharField(
        max_length=60, unique=True, default=new_courier_token, editable=False
    )
    status = models.CharField(
        _("status"), max_length=12, choices=Status, default=Status.REQUESTED
    )
    courier_name = models.CharField(_("courier's name"), max_length=120, blank=True)
    courier_phone = PhoneNumberField(_("courier's phone"), blank=True)
    latitude = models.FloatField(null=True, blank=True, editable=False)
    longitude = models.FloatField(null=True, blank=True, editable=False)
    position_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    latitude__isnull=True,
                    longitude__isnull=True,
                    position_at__isnull=True,
                )
                | models.Q(
                    latitude__range=(-90, 90),
                    longitude__range=(-180, 180),
                    position_at__isnull=False,
                ),
                name="delivery_position_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{_('Delivery of')} {self.order}"

    def get_courier_url(self) -> str:
        return reverse("delivery:courier-delivery", args=[self.token])


class DeliveryEvent(models.Model):
    """One step on the way; rows are only ever added."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="events")
    at = models.DateTimeField(_("at"))
    from_status = models.CharField(max_length=12, choices=Delivery.Status, blank=True)
    to_status = models.CharField(max_length=12, choices=Delivery.Status)

    class Meta:
        verbose_name = _("delivery event")
        verbose_name_plural = _("delivery events")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.from_status} → {self.to_status}"
