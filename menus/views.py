"""One item with its modifiers, and what a visitor cannot eat."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from customers.htmx import is_fragment
from menus.models import Item, Modifier, ModifierGroup
from menus.pricing import WISHES_KEY, Wishes, lowest_price, read_wishes
from menus.selectors import (
    get_item_for_customer,
    hours_in_words,
    is_served,
    say_modifier_sold_out,
    say_sold_out,
)

# A field of an item's form with one of its values.
Field = tuple[str, str]


@dataclass(frozen=True)
class OptionShown:
    """A modifier to choose, and the groups it asks for once it is chosen."""

    modifier: Modifier
    is_chosen: bool
    sold_out: str
    warnings: list[str]
    groups: "list[GroupShown]"


@dataclass(frozen=True)
class GroupShown:
    name: str
    group: ModifierGroup
    options: list[OptionShown]
    has_choice: bool


def wishes_of(request: HttpRequest) -> Wishes:
    """Return what the visitor cannot eat."""
    return read_wishes(request.session.get(WISHES_KEY))


def item_context(
    item: Item,
    *,
    wishes: Wishes,
    chosen: Collection[Field] = (),
    **typed: Any,
) -> dict[str, Any]:
    """Return what an item's form shows; `chosen` holds the modifiers as fields.

    `typed` is quantity, note and error of a form that is shown again. The item must
    come from get_item_for_customer.
    """
    now = timezone.now()
    shown = _Shown(item.restaurant.time_zone, now, wishes, set(chosen))
    price, may_cost_more = lowest_price(item)
    return {
        "item": item,
        "restaurant": item.restaurant,
        "sold_out": say_sold_out(item, time_zone=item.restaurant.time_zone, moment=now),
        "groups": shown.groups(item.modifier_groups.all(), prefix="g-"),
        "reasons": wishes.reasons_against(item),
        "price": price,
        "may_cost_more": may_cost_more,
        "served_later": _say_served_later(item, now),
        "quantity": 1,
        **typed,
    }


def _say_served_later(item: Item, now: datetime) -> str:
    """Say when an item's menu is served; "" if it is now."""
    menu = item.section.menu
    if is_served(menu, time_zone=item.restaurant.time_zone, moment=now):
        return ""
    return hours_in_words(menu.hours.all())


@dataclass(frozen=True)
class _Shown:
    """Modifiers as one visitor sees them at a moment."""

    time_zone: str
    moment: datetime
    wishes: Wishes
    chosen: set[Field]

    def groups(
        self, groups: Iterable[ModifierGroup], *, prefix: str
    ) -> list[GroupShown]:
        found = []
        for group in groups:
            name = f"{prefix}{group.pk}"
            options = [self._option(one, name) for one in group.modifiers.all()]
            has_choice = any(option.is_chosen for option in options)
            found.append(GroupShown(name, group, options, has_choice))
        return found

    def _option(self, modifier: Modifier, name: str) -> OptionShown:
        nested = []
        # One level: what a nested modifier asks for is not loaded.
        if name.startswith("g-"):
            nested = self.groups(
                modifier.nested_groups.all(), prefix=f"n-{modifier.public_id}."
            )
        sold_out = say_modifier_sold_out(
            modifier, time_zone=self.time_zone, moment=self.moment
        )
        return OptionShown(
            modifier,
            is_chosen=(name, str(modifier.public_id)) in self.chosen and not sold_out,
            sold_out=sold_out,
            warnings=self.wishes.warnings_about(modifier),
            groups=nested,
        )


def render_item(
    request: HttpRequest, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Answer with an item's form, alone for a dialog or as a page of its own."""
    is_part = is_fragment(request)
    template = "menus/_item.html" if is_part else "menus/item_detail.html"
    response = render(request, template, {**context, "is_part": is_part}, status=status)
    patch_vary_headers(response, ["HX-Request", "Cookie"])
    response["Cache-Control"] = "private, no-cache"
    return response


@require_safe
def item_detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    try:
        item = get_item_for_customer(public_id=public_id)
    except Item.DoesNotExist as error:
        raise Http404 from error
    return render_item(request, item_context(item, wishes=wishes_of(request)))


@require_POST
def diet(request: HttpRequest) -> HttpResponse:
    """Remember what the visitor cannot eat, for all restaurants."""
    data = request.POST
    wishes = Wishes()
    if "clear" not in data:
        wishes = read_wishes({key: data.getlist(key) for key in data})
    request.session[WISHES_KEY] = {
        "allergens": sorted(wishes.allergens),
        "diets": sorted(wishes.diets),
    }
    url = data.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(url, allowed_hosts=None)
    # What has no slash might be taken for the name of a page.
    is_ours = is_ours and url.startswith("/")
    return redirect(url if is_ours else "restaurants:restaurant-list")
