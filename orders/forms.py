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
from orders.models import (
    Claim,
    ClaimLine,
    LineChange,
    Order,
    OrderEvent,
    OrderLine,
    Review,
)
from orders.pricing import minor_unit
from orders.selectors import HistoryFilters, HistoryState
from orders.services.ending import CANCEL_REASONS, CANCELLING, REJECTING
from orders.services.kitchen import LONGEST_PREPARATION
from orders.services.slots import YEARS
from restaurants.estimating import Window
from restaurants.models import Fulfilment

Reason = OrderEvent.Reason
# Why a restaurant ends an order, and why Tiffin does.
END_REASONS = (
    *(Reason.SOLD_OUT, Reason.TOO_BUSY, Reason.CLOSING, Reason.ADDRESS),
    *(Reason.NO_SHOW, Reason.OTHER),
)
OPERATOR_REASONS = (*CANCEL_REASONS, *END_REASONS[:-1])
STARS = [(number, str(number)) for number in range(5, 0, -1)]


TIP_PERCENTS = ("0", "5", "10", "15")
OWN_TIP = "own"


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
        if moment is None or moment.tzinfo is None or moment.year not in YEARS:
            raise ValidationError(_("Choose one of the times offered."))
        return moment


class CheckoutForm(forms.Form):
    """What is asked at checkout, and what the customer was shown there."""

    fulfilment = forms.ChoiceField(choices=Fulfilment.choices)
    when = InstantField(label=_("When"), required=False)
    # One of their addresses, or the place chosen for this visit.
    address = forms.CharField(label=_("Address"), max_length=20, required=False)
    street_address = forms.CharField(
        label=_("Street and number"), max_length=200, required=False
    )
    delivery_instructions = forms.CharField(
        label=_("For the courier"), max_length=300, required=False
    )
    save_address = forms.BooleanField(required=False)
    email = forms.EmailField(label=_("Email"), max_length=254)
    name = forms.CharField(label=_("Name"), max_length=120, required=False)
    phone = PhoneNumberField(label=_("Phone"))
    kitchen_note = forms.CharField(
        label=_("Note to the kitchen"), max_length=300, required=False
    )
    # A share of the subtotal in per cent, or an amount of their own.
    tip_choice = forms.ChoiceField(
        label=_("Tip"),
        choices=[(one, one) for one in (*TIP_PERCENTS, OWN_TIP)],
        required=False,
    )
    tip = forms.DecimalField(
        label=_("Tip"), min_value=0, max_digits=8, decimal_places=2, required=False
    )
    key = forms.UUIDField()
    seen_total = forms.DecimalField(max_digits=12, decimal_places=2)
    seen_from = InstantField()
    seen_until = InstantField()

    def __init__(self, *args: Any, is_guest: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_guest:
            self.fields["name"].required = True
        else:
            del self.fields["email"]

    def clean_tip(self) -> Decimal:
        return self.cleaned_data["tip"] or Decimal(0)

    @property
    def chosen_tip(self) -> str:
        """What was chosen, or meant by typing an amount without choosing it."""
        choice: str = self.data.get("tip_choice", "")
        typed: str = self.data.get("tip", "")
        if choice not in TIP_PERCENTS or (typed and typed != self.data.get("seen_tip")):
            return OWN_TIP if typed else "0"
        return choice

    @property
    def tip_percent(self) -> int | None:
        """The tip in per cent of the subtotal; None for an amount."""
        return None if self.chosen_tip == OWN_TIP else int(self.chosen_tip)

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
    """Why a customer cancels, in their own words for it."""

    reason = forms.ChoiceField(
        label=_("Why?"),
        choices=[
            (Reason.CHANGED_MIND.value, _("I changed my mind")),
            (Reason.MISTAKE.value, _("I ordered it by mistake")),
            (Reason.TOO_SLOW.value, _("It takes too long")),
            (Reason.OTHER.value, Reason.OTHER.label),
        ],
    )


class ReviewForm(forms.Form):
    """Stars for the food, stars for the delivery if there was one, and words."""

    food_rating = forms.TypedChoiceField(
        label=_("The food"),
        choices=STARS,
        coerce=int,
        error_messages={"required": _("Choose one to five stars for the food.")},
    )
    delivery_rating = forms.TypedChoiceField(
        label=_("The delivery"),
        choices=[("", _("Not rated")), *STARS],
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

    @property
    def parts(self) -> list[tuple[forms.BoundField, list[tuple[int, bool]]]]:
        """Return what is rated, with each number of stars and whether it is chosen."""
        names = ["food_rating", "delivery_rating"]
        return [
            (
                self[name],
                [(n, str(self[name].value() or "") == str(n)) for n in range(1, 6)],
            )
            for name in names
            if name in self.fields
        ]


def review_form(
    order: Order, *, data: Any = None, review: Review | None = None, stars: str = ""
) -> ReviewForm:
    """Return the form for an order; what was collected has no delivery to rate.

    `stars` are chosen for the food until somebody says otherwise.
    """
    initial: dict[str, Any] = {"food_rating": stars}
    if review is not None:
        initial = {
            "food_rating": review.food_rating,
            "delivery_rating": review.delivery_rating,
            "text": review.text,
        }
    form = ReviewForm(data, initial=initial)
    if order.fulfilment != Fulfilment.DELIVERY:
        del form.fields["delivery_rating"]
    return form


class HistoryForm(forms.Form):
    """What of one's own orders is wanted."""

    q = forms.CharField(
        label=_("Restaurant, dish or number"), max_length=100, required=False
    )
    state = forms.ChoiceField(
        label=_("State"),
        choices=[
            ("", _("All")),
            *((one.value, one.label) for one in HistoryState if one != "ended"),
        ],
        required=False,
    )
    fulfilment = forms.ChoiceField(
        label=_("Delivery or pickup"),
        choices=[("", _("Both")), *Fulfilment.choices],
        required=False,
    )

    @property
    def filters(self) -> HistoryFilters:
        """Return what is wanted; what cannot be read counts as not asked for."""
        self.is_valid()
        wanted = self.cleaned_data
        return HistoryFilters(
            text=wanted.get("q", ""),
            state=wanted.get("state", ""),
            fulfilment=wanted.get("fulfilment", ""),
        )


class ClaimForm(forms.Form):
    """What of an order was missing or wrong: "quantity-<line>", "kind-<line>"."""

    text = forms.CharField(
        label=_("What happened?"),
        max_length=1000,
        required=False,
        widget=forms.Textarea({"rows": 4}),
    )

    def __init__(self, *args: Any, lines: list[OrderLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        for line in lines:
            self.fields[f"quantity-{line.pk}"] = forms.TypedChoiceField(
                label=_("How many?"),
                choices=[(n, str(n)) for n in range(line.quantity + 1)],
                coerce=int,
                empty_value=None,
                required=False,
            )
            self.fields[f"kind-{line.pk}"] = forms.ChoiceField(
                label=_("What was the matter?"),
                choices=ClaimLine.Kind.choices,
                required=False,
            )

    @property
    def rows(self) -> list[tuple[OrderLine, forms.BoundField, forms.BoundField]]:
        return [
            (line, self[f"quantity-{line.pk}"], self[f"kind-{line.pk}"])
            for line in self.lines
        ]

    @property
    def chosen(self) -> list[tuple[int, int, str]]:
        """Return the lines' keys, how many of each, and the kind of problem."""
        wanted = self.cleaned_data
        return [
            (line.pk, count, wanted[f"kind-{line.pk}"] or ClaimLine.Kind.MISSING.value)
            for line in self.lines
            if (count := wanted[f"quantity-{line.pk}"])
        ]

    def clean(self) -> dict[str, Any]:
        super().clean()
        if not self.errors and not self.chosen:
            raise ValidationError(
                _("Choose how many were missing or wrong."), code="nothing_chosen"
            )
        return self.cleaned_data


class ClaimAnswerForm(forms.Form):
    """How much a restaurant gives back, or why it does not."""

    act = forms.ChoiceField(
        choices=[("grant", _("Give money back")), ("refuse", _("Refuse"))]
    )
    refund = forms.CharField(
        label=_("Refund"),
        max_length=20,
        required=False,
        widget=forms.TextInput({"inputmode": "decimal", "class": "oo-short"}),
    )
    answer = forms.CharField(
        label=_("A few words to the customer"),
        max_length=1000,
        required=False,
        widget=forms.Textarea({"rows": 3}),
    )

    def __init__(self, *args: Any, claim: Claim, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Several stand on one page.
        self.auto_id = f"claim-{claim.pk}-%s"
        self.claim = claim
        unit = minor_unit(claim.order.currency)
        self.fields["refund"].initial = str(claim.proposed_refund.quantize(unit))

    @property
    def is_refusal(self) -> bool:
        return self.data.get("act") == "refuse"

    def clean_refund(self) -> Decimal | None:
        if self.is_refusal:
            return None
        try:
            refund = parse_price(self.cleaned_data["refund"], self.claim.order.currency)
        except PriceFormatError as error:
            raise ValidationError(str(error.message)) from error
        most = self.claim.proposed_refund
        if not 0 < refund <= most:
            raise ValidationError(
                _("Give back more than nothing, and no more than was asked for.")
            )
        return refund

    def clean_answer(self) -> str:
        answer: str = self.cleaned_data["answer"].strip()
        if self.is_refusal and not answer:
            raise ValidationError(_("Write why you refuse; the customer reads it."))
        return answer


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


def reasons_for(target: str) -> list[tuple[str, str]]:
    """Return why a restaurant rejects or cancels: codes with their words."""
    reasons = REJECTING if target == Order.Status.REJECTED else CANCELLING
    return [(reason.value, str(reason.label)) for reason in reasons]


class AcceptForm(forms.Form):
    preparation_minutes = forms.IntegerField(
        min_value=1, max_value=LONGEST_PREPARATION, required=False
    )


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
