from collections.abc import Callable
from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth.forms import (
    AuthenticationForm,
    PasswordChangeForm,
    PasswordResetForm,
    SetPasswordForm,
)
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from customers.exceptions import WrongPasswordError
from customers.geocoding import GeocoderUnavailableError, Place, get_geocoder
from customers.models import Address, User
from customers.places import ChosenPlace
from customers.services import AddressFields, change_password, mail_password_link

SIX_PLACES = Decimal("0.000001")


# Zones by the name of a place; the others are old or of no place.
AREAS = (
    *("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic"),
    *("Australia", "Europe", "Indian", "Pacific"),
)


def _time_zone_choices() -> list[tuple[str, Any]]:
    """Return the time zones by continent and ocean, as a select's groups."""
    groups: dict[str, list[tuple[str, str]]] = {area: [] for area in AREAS}
    for name in sorted(available_timezones()):
        area, _slash, place = name.partition("/")
        if area in groups:
            groups[area].append((name, place.replace("_", " ").replace("/", ", ")))
    return [("UTC", "UTC"), *groups.items()]


class SignUpForm(forms.Form):
    email = forms.EmailField(
        label=_("Email"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    phone = PhoneNumberField(
        label=_("Phone"),
        required=False,
        help_text=_("For the courier, should they not find your door."),
        widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        help_text=_("At least 8 characters, and not a common password."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    time_zone = forms.CharField(
        required=False, max_length=64, widget=forms.HiddenInput()
    )

    def clean_time_zone(self) -> str:
        # The page's script fills it in; whatever is not a zone is no reason to refuse.
        name = str(self.cleaned_data["time_zone"])
        return name if name in available_timezones() else settings.TIME_ZONE

    def clean_email(self) -> str:
        email = User.objects.normalize_email(self.cleaned_data["email"])
        if User.objects.find_account(email) is not None:
            raise ValidationError(
                _("There is already an account with this email."), code="email_taken"
            )
        return email

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        person = User(
            email=self.cleaned_data.get("email", ""),
            name=self.cleaned_data.get("name", ""),
        )
        validate_password(password, person)
        return password


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": _("That email and password do not belong together."),
        "inactive": _("This account is closed."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("Email")
        self.fields["username"].widget = forms.EmailInput(
            attrs={"autocomplete": "email", "autofocus": True, "maxlength": 254}
        )


class EmailForm(forms.Form):
    """Whom to mail a link to."""

    email = forms.EmailField(
        label=_("Email"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class ForgottenPasswordForm(PasswordResetForm):
    def save(self, *args: Any, **kwargs: Any) -> None:
        """Mail a link as all others are; a guest has no password to forget."""
        mail_password_link(email=self.cleaned_data["email"])


class NewPasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    """Takes a new password, of who came by a link."""

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 - Django's
        """Change the password as everybody does."""
        user: User = self.user
        change_password(user=user, password=self.cleaned_data["new_password1"])
        return user


class OtherPasswordForm(NewPasswordForm, PasswordChangeForm):
    """Takes a new password, of who knows the old one."""

    def clean_old_password(self) -> str:
        password = str(self.cleaned_data["old_password"])
        if not self.user.check_password(password):
            words = self.error_messages["password_incorrect"]
            raise ValidationError(words, code="wrong_password")
        return password


class PasswordForm(forms.Form):
    """Asks for the password again, of who has one."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if not user.has_usable_password():
            del self.fields["password"]


class NewEmailForm(PasswordForm):
    email = forms.EmailField(
        label=_("New email"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    field_order = ["email", "password"]

    def clean_email(self) -> str:
        email = User.objects.normalize_email(self.cleaned_data["email"])
        if email == self.user.email:
            raise ValidationError(_("That is your email already."), code="same")
        return email

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if not self.user.check_password(password):
            raise ValidationError(str(WrongPasswordError()), code="wrong_password")
        return password


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("The six digits we texted you"),
        max_length=20,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "autofocus": True,
            }
        ),
    )


class ProfileForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    phone = PhoneNumberField(
        label=_("Phone"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}),
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=_time_zone_choices)
    locale = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A zone by an old name is not lost by saving something else.
        current = self.initial.get("time_zone", "UTC")
        field = self.fields["time_zone"]
        assert isinstance(field, forms.ChoiceField)
        if not field.valid_value(current):
            field.choices = [(current, current), *_time_zone_choices()]


class AddressForm(forms.ModelForm[Address]):
    """An address; without coordinates, the geocoder looks for them."""

    was_found_by_name: Place | None = None
    # Called before the geocoder is asked; what it raises, keeps it from being.
    before_search: Callable[[], object] | None = None

    class Meta:
        model = Address
        fields = [
            "label",
            "street_address",
            "locality",
            "postal_code",
            "country",
            "delivery_instructions",
            "latitude",
            "longitude",
        ]
        widgets = {
            "street_address": forms.TextInput(attrs={"autocomplete": "street-address"}),
            "locality": forms.TextInput(attrs={"autocomplete": "address-level2"}),
            "postal_code": forms.TextInput(attrs={"autocomplete": "postal-code"}),
            "country": forms.TextInput(
                attrs={"autocomplete": "country", "placeholder": "US"}
            ),
            "delivery_instructions": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("latitude", "longitude"):
            self.fields[name].required = False
            self.fields[name].widget.attrs["step"] = "any"

    def clean_country(self) -> str:
        return str(self.cleaned_data["country"]).upper()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        missing = [
            name for name in ("latitude", "longitude") if cleaned.get(name) is None
        ]
        # An address that is wrong in itself is not worth looking for.
        if (missing or self._is_elsewhere()) and not self.errors:
            place = self._find_place(cleaned)
            cleaned["latitude"] = Decimal(str(place.latitude)).quantize(SIX_PLACES)
            cleaned["longitude"] = Decimal(str(place.longitude)).quantize(SIX_PLACES)
            cleaned["country"] = cleaned["country"] or place.country
            cleaned["locality"] = cleaned["locality"] or place.locality
        return cleaned

    def _is_elsewhere(self) -> bool:
        """Tell whether a kept address moves to another town with its old pin.

        A street alone says too little: the offline geocoder would put a pin that was
        set by hand into the middle of the town.
        """
        changed = set(self.changed_data)
        has_moved = changed & {"locality", "postal_code", "country"}
        is_pinned = changed & {"latitude", "longitude"}
        return bool(self.instance.pk and has_moved and not is_pinned)

    def _find_place(self, cleaned: dict[str, Any]) -> Place:
        names = ("street_address", "locality", "postal_code", "country")
        text = ", ".join(cleaned[name] for name in names if cleaned.get(name))
        if self.before_search is not None:
            self.before_search()
        try:
            found = get_geocoder().search(text, limit=1)
        except GeocoderUnavailableError as error:
            raise ValidationError(
                _("The address search is not answering. Pick the point on the map."),
                code="geocoder_unavailable",
            ) from error
        if not found:
            raise ValidationError(
                _(
                    "We could not find this address. Add its city or postal code, "
                    "or pick the point on the map."
                ),
                code="address_not_found",
            )
        self.was_found_by_name = found[0]
        return found[0]

    def to_fields(self) -> AddressFields:
        return AddressFields(**self.cleaned_data)


class PlaceForm(forms.Form):
    """A point that was picked, by search, on the map or by the browser."""

    latitude = forms.FloatField(min_value=-90, max_value=90)
    longitude = forms.FloatField(min_value=-180, max_value=180)
    label = forms.CharField(required=False, max_length=200)
    street_address = forms.CharField(required=False, max_length=200)
    locality = forms.CharField(required=False, max_length=100)
    postal_code = forms.CharField(required=False, max_length=20)
    country = forms.CharField(required=False, max_length=2)

    def to_place(self) -> ChosenPlace:
        fields = dict(self.cleaned_data)
        if not fields["label"]:
            fields |= _name_point(fields["latitude"], fields["longitude"])
        return ChosenPlace(**fields)


def _name_point(latitude: float, longitude: float) -> dict[str, str]:
    try:
        around = get_geocoder().list_around(
            latitude=latitude, longitude=longitude, limit=1
        )
    except GeocoderUnavailableError:
        around = []
    if not around:
        return {"label": f"{latitude:.4f}, {longitude:.4f}"}
    label = _("Near %(place)s") % {"place": around[0].label}
    return {
        "label": label[:200],
        "locality": around[0].locality,
        "country": around[0].country,
    }
