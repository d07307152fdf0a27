from collections.abc import Iterable
from functools import cache
from typing import Any

from babel import Locale
from babel.numbers import get_territory_currencies
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from customers.forms import AddressForm
from customers.models import Address
from restaurants.models import Membership, Restaurant
from restaurants.services.joining import ApplicationFields

COUNTRY_CODE = 2


def _countries() -> list[str]:
    codes = [str(code) for code in Locale("en").territories]
    return [code for code in codes if len(code) == COUNTRY_CODE and code.isalpha()]


@cache
def _country_choices() -> list[tuple[str, str]]:
    names = Locale("en").territories
    # Only those with money of their own: ZZ and the like are no countries.
    codes = (code for code in _countries() if get_territory_currencies(code))
    return [("", "---"), *_by_name((code, names[code]) for code in codes)]


@cache
def _currency_choices() -> list[tuple[str, str]]:
    names = Locale("en").currencies
    used = {code for one in _countries() for code in get_territory_currencies(one)}
    pairs = ((code, f"{names.get(code, code)} ({code})") for code in used)
    return [("", str(_("The country's own"))), *_by_name(pairs)]


def _by_name(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(pairs, key=lambda pair: pair[1])


def _input(**attrs: Any) -> forms.TextInput:
    return forms.TextInput(attrs=attrs)


class ApplicationForm(AddressForm):
    """What a restaurant applies with; the place is found as an address's is."""

    name = forms.CharField(
        label=_("Name of the restaurant"),
        max_length=200,
        widget=_input(autocomplete="organization"),
    )
    legal_name = forms.CharField(
        label=_("Name of the business"),
        max_length=200,
        help_text=_("As it is registered; it may be your own name."),
    )
    registration = forms.CharField(
        label=_("Registration number"),
        max_length=100,
        required=False,
        help_text=_("Of the business or of your food hygiene registration."),
    )
    phone = PhoneNumberField(
        label=_("Phone"),
        max_length=32,
        help_text=_("Somebody answers it. With its country: +1 415 555 0123."),
        widget=_input(autocomplete="tel", type="tel"),
    )
    email = forms.EmailField(
        label=_("Email"),
        max_length=254,
        help_text=_("Of the restaurant."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    country = forms.ChoiceField(label=_("Country"), choices=_country_choices)
    currency = forms.ChoiceField(
        label=_("Currency of your prices"), choices=_currency_choices, required=False
    )
    message = forms.CharField(
        label=_("What we should know"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    field_order = [
        *("name", "legal_name", "registration", "phone", "email"),
        *("street_address", "locality", "postal_code", "country"),
        *("latitude", "longitude", "currency", "message"),
    ]

    class Meta(AddressForm.Meta):
        model = Address
        fields = [
            *("street_address", "locality", "postal_code", "country"),
            *("latitude", "longitude"),
        ]

    def clean_name(self) -> str:
        return _one_line(self.cleaned_data["name"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        country = cleaned.get("country")
        if country and not cleaned.get("currency"):
            cleaned["currency"] = get_territory_currencies(country)[0]
        return cleaned

    def to_application(self) -> ApplicationFields:
        values = dict(self.cleaned_data)
        values["phone"] = str(values["phone"])
        for name in ("latitude", "longitude"):
            values[name] = float(values[name])
        return ApplicationFields(**values)

    def to_session(self) -> dict[str, str]:
        """Return what was typed, to fill the form with once its sender signs in."""
        return {name: str(self.data.get(name, "")) for name in self.fields}


def fields_of(restaurant: Restaurant) -> dict[str, Any]:
    """Return what an application said, to be changed and sent again."""
    application = restaurant.application
    return {
        "legal_name": application.legal_name,
        "registration": application.registration,
        "message": application.message,
        "latitude": round(restaurant.latitude, 6),
        "longitude": round(restaurant.longitude, 6),
        **{
            name: getattr(restaurant, name)
            for name in (
                *("name", "phone", "email", "currency"),
                *("street_address", "locality", "postal_code", "country"),
            )
        },
    }


def _one_line(text: str) -> str:
    words = " ".join(text.split())
    if not any(one.isalnum() for one in words):
        raise ValidationError(_("Give the name that customers know."))
    return words


class InvitationForm(forms.Form):
    email = forms.EmailField(
        label=_("Email"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(
        label=_("Role"),
        choices=[
            (Membership.Role.STAFF, _("Staff: the order board only")),
            (
                Membership.Role.MANAGER,
                _("Manager: also past orders, menu, hours and reviews"),
            ),
            (Membership.Role.OWNER, _("Owner: everything, with figures and people")),
        ],
    )


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Membership.Role.choices)
