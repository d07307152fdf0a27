"""The portal's pages on which a menu is edited."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.request import QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from customers.models import User
from menus.exceptions import EditConflictError, MenuError, PriceFormatError
from menus.forms import NameForm, NewItemForm, PercentForm, read_key, read_keys
from menus.models import Item, Menu, ModifierGroup, Section
from menus.pricing import Rounding, parse_price, price_places
from menus.selectors import (
    get_draft_for_preview,
    hours_in_words,
    list_menus_for_editing,
)
from menus.services import (
    PriceChange,
    PricePlan,
    add_item,
    add_menu,
    add_section,
    assign_group,
    change_prices,
    compare_draft,
    copy_item,
    discard_draft,
    order_items,
    order_sections,
    plan_prices,
    publish_draft,
    set_prices,
    show_item,
    start_draft,
)
from menus.services.history import record_changes
from restaurants.models import Duty, Restaurant
from restaurants.owner_site import Page, owner_site


@dataclass
class Typed:
    """What could not be saved: kept in the fields, with what is wrong beside it."""

    prices: dict[int, str] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    kind: str = ""
    parent: int = 0
    form: forms.Form | None = None


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _live(restaurant: Restaurant) -> QuerySet[Menu]:
    return Menu.objects.filter(restaurant=restaurant, draft_of=None)


def _own_section(restaurant: Restaurant, key: str | None) -> Section:
    sections = Section.objects.select_related("menu")
    return get_object_or_404(sections, pk=read_key(key), menu__restaurant=restaurant)


def _own_item(restaurant: Restaurant, key: str | None) -> Item:
    items = Item.objects.select_related("section__menu")
    return get_object_or_404(items, pk=read_key(key), restaurant=restaurant)


def _address(menu: Menu) -> str:
    """Return the page on which a menu or draft is edited."""
    if menu.draft_of_id is None:
        return reverse("owner:menu", args=[menu.restaurant_id])
    return reverse("owner:menu-draft", args=[menu.restaurant_id, menu.draft_of_id])


def _wants_json(request: HttpRequest) -> bool:
    return "application/json" in request.headers.get("accept", "")


def _refuse(error: MenuError) -> JsonResponse:
    return JsonResponse({"message": str(error.message)}, status=409)


@require_safe
def menu_editor(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    return _show_menus(request, restaurant, _live(restaurant), Typed())


def _show_menus(
    request: HttpRequest,
    restaurant: Restaurant,
    menus: QuerySet[Menu],
    typed: Typed,
    **extra: Any,
) -> HttpResponse:
    found = list_menus_for_editing(menus)
    context = owner_site.page_context(
        request,
        restaurant,
        menus=[(menu, hours_in_words(menu.hours.all())) for menu in found],
        typed=typed,
        places=price_places(restaurant.currency),
        now=timezone.now(),
        **{"title": _("Menu"), **extra},
    )
    return TemplateResponse(request, "owner/menu/editor.html", context)


def _show_again(request: HttpRequest, menu: Menu, typed: Typed) -> HttpResponse:
    """Show the page a form came from, with what was typed."""
    restaurant = menu.restaurant
    if menu.draft_of_id is None:
        return _show_menus(request, restaurant, _live(restaurant), typed)
    return _show_draft(request, restaurant, menu, typed)


@require_POST
def menu_add(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    """Add a menu, a section or an item by its name."""
    kind, parent = request.POST.get("kind"), request.POST.get("parent")
    if kind == "menu":
        return _add_menu(request, restaurant)
    try:
        if kind == "section":
            menu = get_object_or_404(Menu, pk=read_key(parent), restaurant=restaurant)
            return _add_section(request, restaurant, menu)
        return _add_item(request, restaurant, _own_section(restaurant, parent))
    except EditConflictError as error:
        messages.error(request, str(error.message))
        return redirect("owner:menu", restaurant.pk)


def _add_menu(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    form = NameForm(request.POST)
    if not form.is_valid():
        typed = Typed(kind="menu", form=form)
        return _show_menus(request, restaurant, _live(restaurant), typed)
    with record_changes(restaurant_pk=restaurant.pk, user=_user(request)):
        menu = add_menu(restaurant_pk=restaurant.pk, name=form.cleaned_data["name"])
    return redirect(f"{_address(menu)}#add-section-{menu.pk}")


def _add_section(
    request: HttpRequest, restaurant: Restaurant, menu: Menu
) -> HttpResponse:
    form = NameForm(request.POST)
    if not form.is_valid():
        typed = Typed(kind="section", parent=menu.pk, form=form)
        return _show_again(request, menu, typed)
    with record_changes(restaurant_pk=restaurant.pk, user=_user(request)):
        section = add_section(menu_pk=menu.pk, name=form.cleaned_data["name"])
    return redirect(f"{_address(menu)}#add-item-{section.pk}")


def _add_item(
    request: HttpRequest, restaurant: Restaurant, section: Section
) -> HttpResponse:
    form = NewItemForm(request.POST, currency=restaurant.currency)
    if not form.is_valid():
        typed = Typed(kind="item", parent=section.pk, form=form)
        return _show_again(request, section.menu, typed)
    with record_changes(restaurant_pk=restaurant.pk, user=_user(request)):
        add_item(section_pk=section.pk, **form.cleaned_data)
    return redirect(f"{_address(section.menu)}#add-item-{section.pk}")


@require_POST
def menu_order(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    """Put a menu's sections, or a section's items, in the order that was sent."""
    pks = read_keys(request.POST.get("keys", "").split(","))
    parent = request.POST.get("parent")
    try:
        if request.POST.get("kind") == "sections":
            menu = get_object_or_404(Menu, pk=read_key(parent), restaurant=restaurant)
            words = _("Sections of “%(name)s” put in order") % {"name": menu.name}
            with record_changes(
                restaurant_pk=restaurant.pk, user=_user(request), summary=words
            ):
                order_sections(menu_pk=menu.pk, section_pks=pks)
        else:
            section = _own_section(restaurant, parent)
            words = _("Items of “%(name)s” put in order") % {"name": section.name}
            with record_changes(
                restaurant_pk=restaurant.pk, user=_user(request), summary=words
            ):
                order_items(section_pk=section.pk, item_pks=pks)
    except EditConflictError as error:
        return _refuse(error)
    return JsonResponse({})


@require_POST
def menu_prices(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    """Save the prices of a section, all or none."""
    section = _own_section(restaurant, request.POST.get("section"))
    typed = Typed()
    changes = _read_prices(request.POST, restaurant.currency, typed)
    if typed.errors:
        if _wants_json(request):
            said = _("Nothing was saved: see beside the prices.")
            return JsonResponse({"message": said, "errors": typed.errors}, status=422)
        return _show_again(request, section.menu, typed)
    words = _("Prices of “%(name)s” changed") % {"name": section.name}
    try:
        with record_changes(
            restaurant_pk=restaurant.pk, user=_user(request), summary=words
        ):
            count = set_prices(section_pk=section.pk, changes=changes)
    except EditConflictError as error:
        if _wants_json(request):
            return _refuse(error)
        messages.error(request, str(error.message))
        return _show_again(request, section.menu, typed)
    said = ngettext("%d price saved.", "%d prices saved.", count) % count
    if _wants_json(request):
        return JsonResponse({"message": said})
    messages.success(request, said)
    return redirect(f"{_address(section.menu)}#section-{section.pk}")


def _read_prices(
    post: QueryDict, currency: str, typed: Typed
) -> Mapping[int, PriceChange]:
    """Return the prices that differ from what the page showed; errors into `typed`."""
    changes: dict[int, PriceChange] = {}
    for name, text in post.dict().items():
        is_price = name.startswith("price-")
        pk = read_key(name.removeprefix("price-")) if is_price else 0
        if not pk:
            continue
        typed.prices[pk] = str(text)
        try:
            after = parse_price(str(text), currency)
            before = parse_price(str(post.get(f"was-{pk}", text)), currency)
        except PriceFormatError as error:
            typed.errors[pk] = str(error.message)
            continue
        if before != after:
            changes[pk] = PriceChange(before, after)
    return changes


@require_POST
def menu_item(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    """Copy an item, or show it to customers, or hide it from them."""
    act = next((name for name in ("copy", "show", "hide") if name in request.POST), "")
    if not act:
        raise Http404
    item = _own_item(restaurant, request.POST.get(act))
    words = {"name": item.name}
    summary = {
        "copy": _("“%(name)s” copied") % words,
        "show": _("“%(name)s” shown to customers") % words,
        "hide": _("“%(name)s” hidden from customers") % words,
    }[act]
    try:
        with record_changes(
            restaurant_pk=restaurant.pk, user=_user(request), summary=summary
        ):
            if act == "copy":
                item = copy_item(item_pk=item.pk)
            else:
                show_item(item_pk=item.pk, is_shown=act == "show")
    except EditConflictError as error:
        if _wants_json(request):
            return _refuse(error)
        messages.error(request, str(error.message))
    if _wants_json(request):
        return JsonResponse({"message": f"{summary}."})
    return redirect(f"{_address(item.section.menu)}#item-{item.pk}")


def menu_draft(
    request: HttpRequest, restaurant: Restaurant, menu_pk: int
) -> HttpResponse:
    """Edit a menu's draft; begin it, publish it or throw it away."""
    menu = get_object_or_404(_live(restaurant), pk=menu_pk)
    if request.method == "POST":
        return _act_on_draft(request, restaurant, menu)
    draft = Menu.objects.filter(draft_of=menu, restaurant=restaurant).first()
    if draft is None:
        messages.info(request, _("This menu has no draft."))
        return redirect("owner:menu", restaurant.pk)
    return _show_draft(request, restaurant, draft, Typed())


def _show_draft(
    request: HttpRequest, restaurant: Restaurant, draft: Menu, typed: Typed
) -> HttpResponse:
    return _show_menus(
        request,
        restaurant,
        Menu.objects.filter(pk=draft.pk),
        typed,
        draft=draft,
        comparison=compare_draft(draft=draft),
        title=_("Draft of “%(name)s”") % {"name": draft.name},
    )


def _act_on_draft(
    request: HttpRequest, restaurant: Restaurant, menu: Menu
) -> HttpResponse:
    act = request.POST.get("act")
    words = _("Draft of “%(name)s” published") % {"name": menu.name}
    is_sure = bool(request.POST.get("is_sure"))
    try:
        if act == "publish":
            with record_changes(
                restaurant_pk=restaurant.pk, user=_user(request), summary=words
            ):
                publish_draft(menu_pk=menu.pk, is_sure=is_sure)
            messages.success(request, _("Customers see the menu as it is now."))
        elif act == "discard":
            discard_draft(menu_pk=menu.pk)
            messages.success(request, _("The draft is gone; the menu is as it was."))
        else:
            return redirect(_address(start_draft(menu_pk=menu.pk)))
    except EditConflictError as error:
        messages.error(request, str(error.message))
        return redirect("owner:menu-draft", restaurant.pk, menu.pk)
    return redirect("owner:menu", restaurant.pk)


@require_safe
def menu_preview(
    request: HttpRequest, restaurant: Restaurant, menu_pk: int
) -> HttpResponse:
    """Show a draft as customers would see it."""
    draft = get_object_or_404(Menu, draft_of=menu_pk, restaurant=restaurant)
    context = {
        "restaurant": restaurant,
        "menus": get_draft_for_preview(draft=draft),
        "back": _address(draft),
    }
    return TemplateResponse(request, "owner/menu/preview.html", context)


def menu_percent(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    """Change prices by per cent: choose, look at what would become of them, apply."""
    chosen = read_key(request.GET.get("menu"))
    menus = _live(restaurant)
    if chosen:
        menus = Menu.objects.filter(restaurant=restaurant, pk=chosen)
        get_object_or_404(menus)
    is_posted = request.method == "POST"
    form = PercentForm(
        request.POST if is_posted else None, initial={"rounding": Rounding.NONE}
    )
    plan: PricePlan | None = None
    if is_posted and form.is_valid():
        items = _chosen_items(request.POST, menus)
        signature = request.POST.get("signature", "")
        if not items:
            form.add_error(None, _("Choose a section or an item."))
        elif request.POST.get("act") == "apply":
            said = _apply_percent(request, restaurant, items, form)
            if said:
                messages.success(request, said)
                return redirect(_address(menus[0]))
        plan = _plan_percent(restaurant, items, form) if items else None
        if plan and signature and plan.signature != signature:
            form.add_error(
                None,
                _("What you chose or a price changed since you looked; look again."),
            )
    context = owner_site.page_context(
        request,
        restaurant,
        title=_("Change prices by per cent"),
        menus=list_menus_for_editing(menus),
        form=form,
        plan=plan,
        chosen={
            name: set(read_keys(request.POST.getlist(name)))
            for name in ("section", "item")
        },
    )
    return TemplateResponse(request, "owner/menu/percent.html", context)


def _chosen_items(post: QueryDict, menus: QuerySet[Menu]) -> list[int]:
    items = Item.objects.filter(
        Q(section__in=read_keys(post.getlist("section")))
        | Q(pk__in=read_keys(post.getlist("item"))),
        section__menu__in=menus,
    )
    return sorted(items.values_list("pk", flat=True))


def _apply_percent(
    request: HttpRequest, restaurant: Restaurant, items: list[int], form: PercentForm
) -> str:
    """Change the prices and say so; else say nothing: the page shows what differs."""
    words = _("Prices changed by %(percent)s per cent") % {"percent": form.rule.percent}
    try:
        with record_changes(
            restaurant_pk=restaurant.pk, user=_user(request), summary=words
        ):
            count = change_prices(
                restaurant=restaurant,
                item_pks=items,
                rule=form.rule,
                signature=request.POST.get("signature", ""),
            )
    except (EditConflictError, PriceFormatError):
        return ""
    return ngettext("%d price changed.", "%d prices changed.", count) % count


def _plan_percent(
    restaurant: Restaurant, items: list[int], form: PercentForm
) -> PricePlan | None:
    try:
        return plan_prices(restaurant=restaurant, item_pks=items, rule=form.rule)
    except PriceFormatError as error:
        form.add_error("percent", str(error.message))
        return None


def menu_group(
    request: HttpRequest, restaurant: Restaurant, group_pk: int
) -> HttpResponse:
    """Choose the items that a modifier group is offered with."""
    groups = ModifierGroup.objects.filter(restaurant=restaurant)
    group = get_object_or_404(groups, pk=group_pk)
    if request.method == "POST":
        # Only what this person changed: others may have changed the rest meanwhile.
        was = set(read_keys(request.POST.get("was", "").split(",")))
        now = set(read_keys(request.POST.getlist("item")))
        words = _("“%(name)s” offered with other items") % {"name": group.name}
        try:
            with record_changes(
                restaurant_pk=restaurant.pk, user=_user(request), summary=words
            ):
                assign_group(group_pk=group.pk, added=now - was, removed=was - now)
        except EditConflictError as error:
            messages.error(request, str(error.message))
            return redirect("owner:menu", restaurant.pk)
        messages.success(request, _("Saved."))
        return redirect("owner:menu-group", restaurant.pk, group.pk)
    items = group.items.filter(is_draft=False).values_list("pk", flat=True)
    context = owner_site.page_context(
        request,
        restaurant,
        title=_("Items with “%(name)s”") % {"name": group.name},
        group=group,
        menus=list_menus_for_editing(_live(restaurant)),
        chosen=set(items),
        was=",".join(map(str, items)),
    )
    return TemplateResponse(request, "owner/menu/group.html", context)


PAGES = [
    Page(
        path="menu/",
        name="menu",
        view=menu_editor,
        duty=Duty.MENU,
        label=gettext_lazy("Menu"),
        icon="restaurant_menu",
        position=30,
    ),
    *(
        Page(path=path, name=name, view=view, duty=Duty.MENU)
        for path, name, view in (
            ("menu/add/", "menu-add", menu_add),
            ("menu/order/", "menu-order", menu_order),
            ("menu/prices/", "menu-prices", menu_prices),
            ("menu/item/", "menu-item", menu_item),
            ("menu/percent/", "menu-percent", menu_percent),
            ("menu/<int:menu_pk>/draft/", "menu-draft", menu_draft),
            ("menu/<int:menu_pk>/preview/", "menu-preview", menu_preview),
            ("menu/groups/<int:group_pk>/", "menu-group", menu_group),
        )
    ),
]
