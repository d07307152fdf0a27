"""What is typed on the portal's menu pages."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from menus.exceptions import PriceFormatError
from menus.pricing import Rounding, parse_percent, parse_price
from menus.services import PriceRule

KEY_DIGITS = 15


def read_keys(values: Iterable[str]) -> list[int]:
    """Return the keys among what a form sent; the rest is nobody's."""
    return [
        int(value)
        for value in values
        if value.isascii() and value.isdecimal() and len(value) <= KEY_DIGITS
    ]


def read_key(value: str | None) -> int:
    """Return the key a form sent; 0 for anything else."""
    return next(iter(read_keys([value or ""])), 0)


class NameForm(forms.Form):
    name = forms.CharField(max_length=100, label=gettext_lazy("Name"))


class NewItemForm(forms.Form):
    name = forms.CharField(max_length=150, label=gettext_lazy("Name"))
    price = forms.CharField(max_length=20, label=gettext_lazy("Price"))

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency

    def clean_price(self) -> Any:
        try:
            return parse_price(self.cleaned_data["price"], self.currency)
        except PriceFormatError as error:
            raise forms.ValidationError(error.message) from error


class PercentForm(forms.Form):
    percent = forms.CharField(max_length=10, label=gettext_lazy("Change by per cent"))
    rounding = forms.ChoiceField(
        choices=Rounding.choices, label=gettext_lazy("Round the new prices")
    )
    modifiers = forms.BooleanField(
        required=False, label=gettext_lazy("Also what modifiers add")
    )

    def clean_percent(self) -> Any:
        try:
            return parse_percent(self.cleaned_data["percent"])
        except PriceFormatError as error:
            raise forms.ValidationError(error.message) from error

    @property
    def rule(self) -> PriceRule:
        values = self.cleaned_data
        return PriceRule(
            values["percent"], Rounding(values["rounding"]), values["modifiers"]
        )
