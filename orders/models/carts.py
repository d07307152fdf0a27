import secrets
import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from menus.models import Item, Modifier
from restaurants.models import Fulfilment, Restaurant


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
