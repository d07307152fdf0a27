"""What is typed on the portal's pages about the menu."""

from collections.abc import Iterable
from typing import Any, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from menus.exceptions import PhotoError, PriceFormatError
from menus.models import Allergen, Diet, Item, Modifier, Section
from menus.photos import read_photo
from menus.pricing import (
    Rounding,
    parse_percent,
    parse_price,
    refuse_small_change,
)
from menus.services import PriceRule
from restaurants.models import Restaurant

KEY_DIGITS = 15
M = TypeVar("M", bound=Model)


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


def written_fields(form: forms.ModelForm[Any]) -> list[str]:
    """Return the columns that a person changed in a form; the rest is not theirs."""
    own = {field.name for field in form.instance._meta.concrete_fields}  # noqa: SLF001
    return [name for name in form.changed_data if name in own]


class SavesChanges(forms.ModelForm[M]):
    """Writes of a row that is there only what was changed in the form.

    The evening sells it out and counts its portions meanwhile.
    """

    def save(self, commit: bool = True) -> M:  # noqa: FBT001, FBT002  # Django's
        if not commit or self.instance.pk is None:
            saved: M = super().save(commit)
            return saved
        self.instance.save(update_fields=written_fields(self))
        self._save_m2m()  # type: ignore[attr-defined]
        row: M = self.instance
        return row


def _labels(choices: Any, label: Any) -> forms.TypedMultipleChoiceField:
    return forms.TypedMultipleChoiceField(
        choices=choices,
        label=label,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        empty_value=[],
    )


def _see_price(form: forms.ModelForm[Any], name: str, restaurant: Restaurant) -> None:
    """Add an error to a price that was typed with less than the smallest coin."""
    price = getattr(form, "cleaned_data", {}).get(name)
    if price is None or name not in form.changed_data:
        return
    try:
        refuse_small_change(price, restaurant.currency)
    except PriceFormatError as error:
        form.add_error(name, error.message)


class ItemForm(SavesChanges[Item]):
    diets = _labels(Diet.choices, gettext_lazy("dietary labels"))
    allergens = _labels(Allergen.choices, gettext_lazy("allergens"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "portions_left" in self.fields:
            # What the page showed, for orders count it down meanwhile.
            self.fields["portions_left"].show_hidden_initial = True
        if "section" not in self.fields:
            return
        sections: Any = self.fields["section"]
        if self.instance.is_draft:
            menu = self.instance.section.menu_id
            sections.queryset = sections.queryset.filter(menu=menu)
        else:
            sections.queryset = sections.queryset.filter(menu__draft_of=None)

    def clean_photo(self) -> Any:
        photo = self.cleaned_data["photo"]
        if not photo or "photo" not in self.changed_data:
            return photo
        try:
            return read_photo(photo)
        except PhotoError as error:
            raise ValidationError(str(error.message)) from error

    def clean_section(self) -> Section:
        section: Section = self.cleaned_data["section"]
        item = self.instance
        if item.pk and section.menu.restaurant_id != item.restaurant_id:
            raise ValidationError(_("This section belongs to another restaurant."))
        return section

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        section = found.get("section") or getattr(self.instance, "section", None)
        if section is not None:
            _see_price(self, "price", section.menu.restaurant)
        return found


class ModifierForm(SavesChanges[Modifier]):
    def clean_nested_groups(self) -> Any:
        groups = self.cleaned_data["nested_groups"]
        for group in groups:
            if group.pk == self.instance.group_id:
                raise ValidationError(_("A group cannot ask for itself."))
            if group.modifiers.filter(nested_groups__isnull=False).exists():
                raise ValidationError(
                    _("“%(name)s” asks for further groups itself; one level is all."),
                    params={"name": group.name},
                )
        return groups


class SharedChoices(forms.BaseInlineFormSet[Any, Any, Any]):
    """Rows that choose from the same; it is asked for once, not for each of them."""

    shared: Iterable[str] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._choices: dict[str, list[Any]] = {}
        super().__init__(*args, **kwargs)

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        for name in self.shared:
            if name not in form.fields:
                continue
            if name not in self._choices:
                self._choices[name] = list(form.fields[name].choices)
            form.fields[name].choices = self._choices[name]


class ModifierFormSet(SharedChoices):
    shared = ["nested_groups"]

    def clean(self) -> None:
        super().clean()
        restaurant = self.instance.restaurant_id
        for form in self.forms:
            if restaurant:
                _see_price(form, "price_difference", self.instance.restaurant)
            for group in getattr(form, "cleaned_data", {}).get("nested_groups") or ():
                if restaurant and group.restaurant_id != restaurant:
                    raise ValidationError(
                        _("This group belongs to another restaurant.")
                    )


class ItemModifierGroupFormSet(SharedChoices):
    shared = ["group"]

    def clean(self) -> None:
        super().clean()
        section = getattr(self.instance, "section", None)
        if section is None:
            return
        for form in self.forms:
            group = getattr(form, "cleaned_data", {}).get("group")
            if group and group.restaurant_id != section.menu.restaurant_id:
                raise ValidationError(_("This group belongs to another restaurant."))


class LabelledModifierForm(ModifierForm):
    diets = _labels(Diet.choices, gettext_lazy("dietary labels"))
    allergens = _labels(Allergen.choices, gettext_lazy("allergens"))

    def clean_nested_groups(self) -> Any:
        groups = super().clean_nested_groups()
        own = self.instance.group.restaurant_id
        if any(group.restaurant_id != own for group in groups):
            raise ValidationError(_("This group belongs to another restaurant."))
        return groups

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        _see_price(self, "price_difference", self.instance.group.restaurant)
        return found

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "linked_item" in self.fields and self.instance.pk:
            items: Any = self.fields["linked_item"]
            items.queryset = items.queryset.filter(
                restaurant=self.instance.group.restaurant_id, is_draft=False
            )
