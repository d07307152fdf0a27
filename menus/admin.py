from http import HTTPStatus
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from menus import history_pages, import_pages, menu_pages
from menus.exceptions import EditConflictError
from menus.forms import (
    ItemForm,
    ItemModifierGroupFormSet,
    LabelledModifierForm,
    ModifierForm,
    ModifierFormSet,
    written_fields,
)
from menus.history_pages import RecordsChanges
from menus.models import (
    Item,
    ItemModifierGroup,
    Menu,
    MenuHours,
    Modifier,
    ModifierGroup,
    Section,
)
from menus.photos import PhotoFile, store_smaller
from menus.selectors import has_first_menu, has_photo
from menus.services import (
    delete_item,
    delete_section,
    drop_photos,
    refresh_dishes,
)
from restaurants.models import Duty
from restaurants.owner_site import (
    Link,
    OwnerInline,
    OwnerModelAdmin,
    duties_of,
    owner_site,
)
from restaurants.services.joining import Step, add_step


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
    # The board sells out and brings back, with what is linked, and tells carts.
    readonly_fields = ["sold_out_until"]
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        modifiers: QuerySet[Any] = super().get_queryset(request)
        return modifiers.prefetch_related("nested_groups")


class ItemModifierGroupInline(OwnerInline):
    duty = Duty.MENU
    model = ItemModifierGroup
    formset = ItemModifierGroupFormSet
    fields = ["group", "position"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        links: QuerySet[Any] = super().get_queryset(request)
        return links.select_related("item", "group")


class WritesChanges:
    """A model admin that leaves alone what nobody changed in its form."""

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        if change:
            obj.save(update_fields=written_fields(form))
        else:
            super().save_model(request, obj, form, change)  # type: ignore[misc]


class BackToMenu:
    """Goes back to the menu's own page after what was begun there."""

    def response_post_save_change(
        self, request: HttpRequest, obj: Any
    ) -> HttpResponseRedirect:
        if request.GET.get("from") == "menu":
            return redirect(self.menu_page_of(obj))
        page: HttpResponseRedirect = super().response_post_save_change(request, obj)  # type: ignore[misc]
        return page

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        back = self.menu_page_of(obj) if obj else ""
        page: HttpResponse = super().delete_view(request, object_id, extra_context)  # type: ignore[misc]
        is_done = page.status_code == HTTPStatus.FOUND
        return redirect(back) if is_done and request.GET.get("from") else page

    def menu_of(self, obj: Any) -> Menu:
        menu: Menu = obj if isinstance(obj, Menu) else obj.menu
        return menu

    def menu_page_of(self, obj: Any) -> str:
        menu = self.menu_of(obj)
        if menu.draft_of_id is None:
            return reverse("owner:menu", args=[menu.restaurant_id])
        pks = [menu.restaurant_id, menu.draft_of_id]
        return reverse("owner:menu-draft", args=pks)


def is_about_one(request: HttpRequest) -> bool:
    """Tell whether the page is one row's, which may belong to a draft; lists do not."""
    match = request.resolver_match
    return match is not None and "object_id" in match.kwargs


class MenuAdmin(RecordsChanges, BackToMenu, OwnerModelAdmin):
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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        menus = super().get_queryset(request)
        return menus if is_about_one(request) else menus.filter(draft_of=None)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # A draft is shown to customers by publishing it.
        return ["is_active"] if obj is not None and obj.draft_of_id else []


class OwnerSectionAdmin(RecordsChanges, BackToMenu, OwnerModelAdmin):
    duty = Duty.MENU
    can_delete = True
    restaurant_path = "menu__restaurant"
    fields = ["menu", "name", "description", "position"]
    list_display = ["name", "menu", "position"]
    list_select_related = ["menu"]
    list_filter = [("menu", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        sections = super().get_queryset(request)
        return (
            sections if is_about_one(request) else sections.filter(menu__draft_of=None)
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # Its items' restaurant and draft hang on it.
        return ["menu"] if obj is not None else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A section takes its items along.
        is_empty = obj is None or not obj.items.exists()
        return is_empty and super().has_delete_permission(request, obj)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except EditConflictError as error:
            messages.error(request, str(error.message))
            return redirect("owner:menus_section_changelist")

    def changelist_view(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        try:
            return super().changelist_view(request, *args, **kwargs)
        except EditConflictError as error:
            messages.error(request, str(error.message))
            return redirect(request.get_full_path())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        delete_section(section_pk=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for section in queryset:
            delete_section(section_pk=section.pk)


class OwnerItemAdmin(WritesChanges, MenuAdmin):
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
    can_delete = True

    class Media:
        css = {"all": ["css/menu_editor.css"]}
        js = ["js/menu_editor.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        items = super().get_queryset(request)
        return items if is_about_one(request) else items.filter(is_draft=False)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # The board sells out and brings back, with what is linked, and tells carts.
        names = ["sold_out_until"]
        by_pk = duties_of(request)
        if obj is not None:
            places = [by_pk.get(obj.restaurant_id, frozenset())]
        else:
            places = [duties for duties in by_pk.values() if Duty.MENU in duties]
        # Of a new item the restaurant is not known yet: then everywhere.
        if any(Duty.MONEY not in duties for duties in places):
            names.append("tax_rate")
        return names

    def menu_of(self, obj: Any) -> Menu:
        menu: Menu = obj.section.menu
        return menu

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        # An item is its section's restaurant's: never chosen, never forged.
        obj.restaurant = obj.section.menu.restaurant
        super().save_model(request, obj, form, change)
        if "photo" in form.changed_data:
            photo = form.cleaned_data["photo"]
            if isinstance(photo, PhotoFile):
                store_smaller(obj.photo.name, photo)
            old = getattr(form.initial.get("photo"), "name", "") or ""
            drop_photos([old], restaurant_pk=obj.restaurant_id)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        delete_item(item_pk=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for item in queryset.order_by("pk"):
            delete_item(item_pk=item.pk)


class OwnerModifierGroupAdmin(RecordsChanges, OwnerModelAdmin):
    duty = Duty.MENU
    fields = ["restaurant", "name", "min_choices", "max_choices", "used_by"]
    readonly_fields = ["used_by"]
    list_display = [
        *("name", "restaurant", "min_choices", "max_choices", "item_count"),
    ]
    list_select_related = ["restaurant"]
    search_fields = ["name"]
    inlines = [ModifierInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        uses = ItemModifierGroup.objects.filter(
            group=OuterRef("pk"), item__is_draft=False
        )
        counted = uses.order_by().values("group").annotate(count=Count("pk"))
        groups: QuerySet[Any] = (
            super()
            .get_queryset(request)
            .annotate(use_count=Subquery(counted.values("count")))
        )
        return groups

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        return [name for name in fields if obj is not None or name != "used_by"]

    @admin.display(description=gettext_lazy("items"), ordering="use_count")
    def item_count(self, group: Any) -> int:
        return group.use_count or 0

    @admin.display(description=gettext_lazy("used by"))
    def used_by(self, group: Any) -> str:
        items = group.items.filter(is_draft=False).order_by("name")
        names = list(items.values_list("name", flat=True))
        said = ngettext("%d item", "%d items", len(names)) % len(names)
        return format_html(
            '{}: {} <a href="{}" class="menu-link">{}</a>',
            said,
            ", ".join(names) or "–",
            reverse("owner:menu-group", args=[group.restaurant_id, group.pk]),
            _("Choose items"),
        )


class OwnerModifierAdmin(WritesChanges, RecordsChanges, OwnerModelAdmin):
    """A modifier by itself, with what it brings into a dish."""

    duty = Duty.MENU
    form = LabelledModifierForm
    restaurant_path = "group__restaurant"
    can_add = False
    can_delete = True
    fields = [
        *("name", "price_difference", "diets", "allergens"),
        *("sold_out_until", "linked_item", "nested_groups", "position"),
    ]
    readonly_fields = ["sold_out_until"]
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
    *menu_pages.PAGES,
    *import_pages.PAGES,
    *history_pages.PAGES,
    Link(
        name="menus_item_changelist",
        duty=Duty.MENU,
        label=gettext_lazy("Items"),
        icon="lunch_dining",
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

add_step(
    Step(
        code="menu",
        label=gettext_lazy("The menu"),
        description=gettext_lazy(
            "At least three items with prices, shown to customers."
        ),
        is_done=has_first_menu,
        name="menu",
        position=40,
    )
)
add_step(
    Step(
        code="photo",
        label=gettext_lazy("A photo"),
        description=gettext_lazy(
            "Of a dish or of the restaurant: people eat with eyes."
        ),
        is_done=has_photo,
        name="menus_item_changelist",
        about_one=False,
        position=50,
        is_needed=False,
    )
)
