import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from orders.models import OrderEvent
from restaurants.estimating import Window
from restaurants.models import Fulfilment

Reason = OrderEvent.Reason
CANCEL_REASONS = (
    Reason.CHANGED_MIND,
    Reason.MISTAKE,
    Reason.TOO_SLOW,
    Reason.OTHER,
)
STARS = [(number, str(number)) for number in range(5, 0, -1)]


class InstantField(forms.CharField):
    """An aware moment as ISO 8601, as the page wrote it; None when empty."""

    def clean(self, value: Any) -> datetime | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            moment = parse_datetime(text)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise ValidationError(_("Choose one of the times offered."))
        return moment


class CheckoutForm(forms.Form):
    """What is asked at checkout, and what the customer was shown there."""

    fulfilment = forms.ChoiceField(choices=Fulfilment.choices)
    when = InstantField(required=False)
    street_address = forms.CharField(max_length=200, required=False)
    delivery_instructions = forms.CharField(max_length=300, required=False)
    name = forms.CharField(label=_("Name"), max_length=120, required=False)
    phone = PhoneNumberField(label=_("Phone"))
    kitchen_note = forms.CharField(max_length=300, required=False)
    tip = forms.DecimalField(
        min_value=0, max_digits=8, decimal_places=2, required=False
    )
    key = forms.UUIDField()
    seen_total = forms.DecimalField(max_digits=12, decimal_places=2)
    seen_from = InstantField()
    seen_until = InstantField()

    def clean_tip(self) -> Decimal:
        return self.cleaned_data["tip"] or Decimal(0)

    @property
    def seen_window(self) -> Window:
        return Window(self.cleaned_data["seen_from"], self.cleaned_data["seen_until"])

    @property
    def key_or_new(self) -> str:
        try:
            return str(uuid.UUID(self.data.get("key", "")))
        except ValueError:
            return str(uuid.uuid4())


class CancelForm(forms.Form):
    reason = forms.ChoiceField(
        label=_("Why?"), choices=[(one.value, one.label) for one in CANCEL_REASONS]
    )


class ReviewForm(forms.Form):
    food_rating = forms.TypedChoiceField(
        label=_("Food, of five"), choices=STARS, coerce=int
    )
    delivery_rating = forms.TypedChoiceField(
        label=_("Delivery, of five"),
        choices=[("", "-"), *STARS],
        coerce=int,
        empty_value=None,
        required=False,
    )
    text = forms.CharField(
        label=_("Your words"),
        max_length=1000,
        required=False,
        widget=forms.Textarea({"rows": 4}),
    )
