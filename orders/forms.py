import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from menus.exceptions import PriceFormatError
from menus.models import Item
from menus.pricing import parse_price
from orders.models import LineChange, Order, OrderEvent
from restaurants.estimating import Window
from restaurants.models import Fulfilment

Reason = OrderEvent.Reason
CANCEL_REASONS = (
    Reason.CHANGED_MIND,
    Reason.MISTAKE,
    Reason.TOO_SLOW,
    Reason.OTHER,
)
# Why a restaurant ends an order, and why Tiffin does.
END_REASONS = (
    *(Reason.SOLD_OUT, Reason.TOO_BUSY, Reason.CLOSING, Reason.ADDRESS),
    *(Reason.NO_SHOW, Reason.OTHER),
)
OPERATOR_REASONS = (*CANCEL_REASONS, *END_REASONS[:-1])
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


class RestaurantEndForm(forms.Form):
    """Why a restaurant does not make an order; the customer reads it."""

    reason = forms.ChoiceField(
        label=_("Why?"), choices=[(one.value, one.label) for one in END_REASONS]
    )
    note = forms.CharField(
        label=_("A few words to the customer"), max_length=300, required=False
    )


class OperatorCancelForm(forms.Form):
    """Why Tiffin cancels orders; customer and restaurant read it."""

    reason = forms.ChoiceField(
        label=_("Why?"), choices=[(one.value, one.label) for one in OPERATOR_REASONS]
    )
    note = forms.CharField(
        label=_("A few words to the customers"), max_length=300, required=False
    )


class LineChangeForm(forms.Form):
    """What a line becomes: nothing, or an item at its price or a lower one."""

    LEAVE_OUT = "none"

    item = forms.ChoiceField(
        label=_("Instead"),
        error_messages={
            "required": _("Choose what it is to become."),
            "invalid_choice": _("Choose something that can be had now."),
        },
    )
    price = forms.CharField(label=_("Price of one"), max_length=20, required=False)
    note = forms.CharField(
        label=_("A few words to the customer"), max_length=200, required=False
    )

    def __init__(self, *args: Any, items: list[Item], currency: str, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.currency = currency
        choices = [(str(item.pk), item.name) for item in items]
        field = self.fields["item"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(self.LEAVE_OUT, _("Leave it out")), *choices]

    def clean_price(self) -> Decimal | None:
        text = self.cleaned_data["price"].strip()
        # Nothing is cheaper than leaving it out.
        if not text or self.data.get("item") == self.LEAVE_OUT:
            return None
        try:
            return parse_price(text, self.currency)
        except PriceFormatError as error:
            raise ValidationError(str(error.message)) from error

    @property
    def item_pk(self) -> int | None:
        chosen: str = self.cleaned_data["item"]
        return None if chosen == self.LEAVE_OUT else int(chosen)


class LineChangeAnswerForm(forms.Form):
    """A customer's answer to a proposed change, and the total they were shown."""

    answer = forms.ChoiceField(
        choices=[
            (one.value, one.label)
            for one in (LineChange.Status.ACCEPTED, LineChange.Status.DECLINED)
        ]
    )
    seen = forms.DecimalField(max_digits=10, decimal_places=2, required=False)


class ReviewAnswerForm(forms.Form):
    answer = forms.CharField(
        label=_("Your answer"),
        max_length=1000,
        widget=forms.Textarea({"rows": 3}),
        error_messages={"required": _("Write something to answer.")},
    )


class ReviewFilterForm(forms.Form):
    stars = forms.TypedChoiceField(
        label=_("Food"),
        choices=[("", _("All")), *STARS],
        coerce=int,
        empty_value=None,
        required=False,
    )
    unanswered = forms.BooleanField(label=_("Not answered"), required=False)


REJECTING = (
    Reason.SOLD_OUT,
    Reason.TOO_BUSY,
    Reason.CLOSING,
    Reason.ADDRESS,
    Reason.OTHER,
)
CANCELLING = (*REJECTING[:-1], Reason.NO_SHOW, Reason.OTHER)


def reasons_for(target: str) -> list[tuple[str, str]]:
    """Return why a restaurant rejects or cancels: codes with their words."""
    reasons = REJECTING if target == Order.Status.REJECTED else CANCELLING
    return [(reason.value, str(reason.label)) for reason in reasons]


class AcceptForm(forms.Form):
    preparation_minutes = forms.IntegerField(min_value=1, max_value=240, required=False)


class DelayForm(forms.Form):
    """When the order was due as the board showed it."""

    due_at = forms.DateTimeField(required=False)


class EndForm(forms.Form):
    """Why the restaurant rejects or cancels an order."""

    reason = forms.ChoiceField(label=_("Reason"))
    note = forms.CharField(
        label=_("Note to the customer"), max_length=300, required=False
    )

    def __init__(self, target: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reason = self.fields["reason"]
        assert isinstance(reason, forms.ChoiceField)
        reason.choices = reasons_for(target)
