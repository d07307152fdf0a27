from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from menus.models import (
    Allergen,
    Diet,
    Item,
    ItemModifierGroup,
    Menu,
    MenuHours,
    Modifier,
    ModifierGroup,
    Section,
)
from menus.services import bring_item_back, mark_item_sold_out, refresh_dishes
from restaurants.models import Duty
from restaurants.owner_site import Link, OwnerInline, OwnerModelAdmin, owner_site

PHOTO_BYTES = 5 * 1024 * 1024
SOLD_OUT = timedelta(hours=12)


def _labels(choices: Any, label: Any) -> forms.TypedMultipleChoiceField:
    return forms.TypedMultipleChoiceField(
        choices=choices,
        label=label,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        empty_value=[],
    )


class ItemForm(forms.ModelForm[Item]):
    diets = _labels(Diet.choices, gettext_lazy("dietary labels"))
    allergens = _labels(Allergen.choices, gettext_lazy("allergens"))

    def clean_photo(self) -> Any:
        photo = self.cleaned_data["photo"]
        if photo and "photo" in self.changed_data and photo.size > PHOTO_BYTES:
            raise ValidationError(_("Choose a photo of at most 5 MB."))
        return photo

    def clean_section(self) -> Section:
        section: Section = self.cleaned_data["section"]
        item = self.instance
        if item.pk and section.menu.restaurant_id != item.restaurant_id:
            raise ValidationError(_("This section belongs to another restaurant."))
        return section


class ModifierForm(forms.ModelForm[Modifier]):
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


class ModifierFormSet(forms.BaseInlineFormSet[Any, Any, Any]):
    def clean(self) -> None:
        super().clean()
        restaurant = self.instance.restaurant_id
        for form in self.forms:
            for group in getattr(form, "cleaned_data", {}).get("nested_groups") or ():
                if restaurant and group.restaurant_id != restaurant:
                    raise ValidationError(
                        _("This group belongs to another restaurant.")
                    )


class ItemModifierGroupFormSet(forms.BaseInlineFormSet[Any, Any, Any]):
    def clean(self) -> None:
        super().clean()
        section = getattr(self.instance, "section", None)
        if section is None:
            return
        for form in self.forms:
            group = getattr(form, "cleaned_data", {}).get("group")
            if group and group.restaurant_id != section.menu.restaurant_id:
                raise ValidationError(_("This group belongs to another restaurant."))


class MenuHoursInline(OwnerInline):
    duty = Duty.MENU
    model = MenuHours
    fields = ["weekday", "opens_at", "closes_at"]


class SectionInline(OwnerInline):
    duty = Duty.MENU
    model = Section
    fields = ["name", "description", "position"]
    show_change_link = True

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A section takes its items along.
        return False


class ModifierInline(OwnerInline):
    duty = Duty.MENU
    model = Modifier
    form = ModifierForm
    formset = ModifierFormSet
    fk_name = "group"
    fields = ["name", "price_difference", "position", "sold_out_until", "nested_groups"]
    show_change_link = True


class ItemModifierGroupInline(OwnerInline):
    duty = Duty.MENU
    model = ItemModifierGroup
    formset = ItemModifierGroupFormSet
    fields = ["group", "position"]


class MenuAdmin(OwnerModelAdmin):
    """Menus, sections and items change what a restaurant is found by."""

    duty = Duty.MENU

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: Any
    ) -> None:
        super().save_related(request, form, formsets, change)
        refresh_dishes(restaurant_pk=self.restaurant_pk_of(form.instance))

    def restaurant_pk_of(self, obj: Any) -> int:
        return int(obj.restaurant_id)


class OwnerMenuAdmin(MenuAdmin):
    fields = ["restaurant", "name", "position", "is_active"]
    list_display = ["name", "restaurant", "is_active", "position"]
    list_select_related = ["restaurant"]
    search_fields = ["name"]
    inlines = [MenuHoursInline, SectionInline]


class OwnerSectionAdmin(OwnerModelAdmin):
    duty = Duty.MENU
    restaurant_path = "menu__restaurant"
    fields = ["menu", "name", "description", "position"]
    list_display = ["name", "menu", "position"]
    list_select_related = ["menu"]
    list_filter = [("menu", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["name"]


@admin.action(description=gettext_lazy("Sold out for today"))
def sold_out(modeladmin: Any, request: HttpRequest, rows: QuerySet[Item]) -> None:
    for item in rows:
        mark_item_sold_out(item_pk=item.pk, until=timezone.now() + SOLD_OUT)


@admin.action(description=gettext_lazy("Available again"))
def bring_back(modeladmin: Any, request: HttpRequest, rows: QuerySet[Item]) -> None:
    for item in rows:
        bring_item_back(item_pk=item.pk)


class OwnerItemAdmin(MenuAdmin):
    form = ItemForm
    fields = [
        *("section", "name", "description", "price", "photo", "code"),
        *("diets", "allergens", "sold_out_until", "portions_left"),
        *("tax_rate", "position", "is_active"),
    ]
    list_display = [
        *("name", "section", "price", "sold_out_until", "portions_left", "is_active"),
    ]
    list_select_related = ["section"]
    list_filter = ["is_active", ("section", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["name", "code"]
    inlines = [ItemModifierGroupInline]
    actions = [sold_out, bring_back]

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        # An item is its section's restaurant's: never chosen, never forged.
        obj.restaurant = obj.section.menu.restaurant
        super().save_model(request, obj, form, change)


class OwnerModifierGroupAdmin(OwnerModelAdmin):
    duty = Duty.MENU
    fields = ["restaurant", "name", "min_choices", "max_choices"]
    list_display = ["name", "restaurant", "min_choices", "max_choices"]
    list_select_related = ["restaurant"]
    search_fields = ["name"]
    inlines = [ModifierInline]


class LabelledModifierForm(ModifierForm):
    diets = _labels(Diet.choices, gettext_lazy("dietary labels"))
    allergens = _labels(Allergen.choices, gettext_lazy("allergens"))

    def clean_nested_groups(self) -> Any:
        groups = super().clean_nested_groups()
        own = self.instance.group.restaurant_id
        if any(group.restaurant_id != own for group in groups):
            raise ValidationError(_("This group belongs to another restaurant."))
        return groups


class OwnerModifierAdmin(OwnerModelAdmin):
    """A modifier by itself, with what it brings into a dish."""

    duty = Duty.MENU
    form = LabelledModifierForm
    restaurant_path = "group__restaurant"
    can_add = False
    fields = [
        *("name", "price_difference", "diets", "allergens"),
        *("sold_out_until", "nested_groups", "position"),
    ]
    list_display = ["name", "group", "price_difference", "sold_out_until"]
    list_select_related = ["group"]
    list_filter = [("group", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["name"]


owner_site.register(Menu, OwnerMenuAdmin)
owner_site.register(Section, OwnerSectionAdmin)
owner_site.register(Item, OwnerItemAdmin)
owner_site.register(ModifierGroup, OwnerModifierGroupAdmin)
owner_site.register(Modifier, OwnerModifierAdmin)
owner_site.add(
    Link(
        name="menus_item_changelist",
        duty=Duty.MENU,
        label=gettext_lazy("Items"),
        icon="restaurant_menu",
        position=31,
    ),
    Link(
        name="menus_modifiergroup_changelist",
        duty=Duty.MENU,
        label=gettext_lazy("Modifier groups"),
        icon="tune",
        position=32,
    ),
)
