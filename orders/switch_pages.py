"""Busy hours: what a kitchen switches from its board, and what is sold out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from menus.models import Item, Modifier
from menus.selectors import list_items_on_sale, list_modifiers_on_sale
from menus.services import bring_item_back, bring_modifier_back
from orders.services.carts import Touched
from orders.services.kitchen import (
    BUSY_FOR,
    BUSY_MINUTES,
    PAUSE_FOR,
    SOLD_OUT_FOR,
    Switch,
    make_busy,
    pause_kitchen,
    sell_out_item,
    sell_out_modifier,
)
from orders.standing import Switches, list_choices, list_switches, say_until
from restaurants.availability import Until
from restaurants.models import Duty, Restaurant
from restaurants.owner_site import Page, own_restaurants, owner_site
from restaurants.services import end_busy, resume_restaurant

BACK = "back"


class BusyForm(forms.Form):
    minutes = forms.TypedChoiceField(
        coerce=int, choices=[(0, "0"), *((one, str(one)) for one in BUSY_MINUTES)]
    )
    until = forms.ChoiceField(choices=list_choices(BUSY_FOR), required=False)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("minutes") and not found.get("until"):
            self.add_error("until", _("Say for how long."))
        return found


class PauseForm(forms.Form):
    until = forms.ChoiceField(choices=list_choices(PAUSE_FOR))


class SoldOutForm(forms.Form):
    until = forms.ChoiceField(choices=[*list_choices(SOLD_OUT_FOR), (BACK, BACK)])


def _answer(
    request: HttpRequest, message: str, *, to: str, ok: bool = True
) -> HttpResponseBase:
    """Answer a script in JSON, and a plain form with the page it came from."""
    if request.headers.get("X-Requested-With") == "fetch":
        answer = {"ok": ok, "message": message}
        return JsonResponse(answer, status=200 if ok else 400)
    (messages.success if ok else messages.error)(request, message)
    return redirect(to)


def _refuse(request: HttpRequest, *, to: str) -> HttpResponseBase:
    message = _("Nothing was changed: choose one of the buttons.")
    return _answer(request, message, to=to, ok=False)


def _board() -> str:
    return reverse("owner:board")


def _say_touched(touched: Touched) -> str:
    """Say how many carts a change touches, and that their owners know."""
    if not touched.carts:
        return ""
    if touched.told == touched.carts:
        return ngettext(
            "%(count)d cart has it: its owner has been told.",
            "%(count)d carts have it: their owners have been told.",
            touched.carts,
        ) % {"count": touched.carts}
    return ngettext(
        "%(count)d cart has it: %(told)d told by message, the others see it there.",
        "%(count)d carts have it: %(told)d told by message, the others see it there.",
        touched.carts,
    ) % {"count": touched.carts, "told": touched.told}


def _say_open_carts(touched: Touched) -> str:
    if not touched.told:
        return ""
    return ngettext(
        "%(count)d customer with a full cart has been told.",
        "%(count)d customers with full carts have been told.",
        touched.told,
    ) % {"count": touched.told}


def _join(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def busy(request: HttpRequest, restaurant: Restaurant) -> HttpResponseBase:
    form = BusyForm(request.POST)
    if not form.is_valid():
        return _refuse(request, to=_board())
    minutes = form.cleaned_data["minutes"]
    if not minutes:
        end_busy(restaurant_pk=restaurant.pk)
        message = _("%(restaurant)s: the usual times again.")
        return _answer(request, message % {"restaurant": restaurant}, to=_board())
    until = Until(form.cleaned_data["until"])
    done = make_busy(restaurant_pk=restaurant.pk, minutes=minutes, until=until)
    message = _("%(restaurant)s: orders take %(minutes)d minutes longer %(until)s.") % {
        "restaurant": restaurant,
        "minutes": minutes,
        "until": say_until(restaurant, done.until, forever=""),
    }
    return _answer(request, _join(message, _say_open_carts(done.touched)), to=_board())


def pause(request: HttpRequest, restaurant: Restaurant) -> HttpResponseBase:
    form = PauseForm(request.POST)
    if not form.is_valid():
        return _refuse(request, to=_board())
    until = Until(form.cleaned_data["until"])
    done = pause_kitchen(restaurant_pk=restaurant.pk, until=until)
    message = _("%(restaurant)s takes no orders %(until)s.") % {
        "restaurant": restaurant,
        "until": say_until(restaurant, done.until, forever=""),
    }
    return _answer(request, _join(message, _say_open_carts(done.touched)), to=_board())


def resume(request: HttpRequest, restaurant: Restaurant) -> HttpResponseBase:
    resume_restaurant(restaurant_pk=restaurant.pk)
    message = _("%(restaurant)s takes orders again.") % {"restaurant": restaurant}
    return _answer(request, message, to=_board())


@dataclass(frozen=True)
class Row:
    """An item or modifier on the page of what is sold out."""

    key: str
    name: str
    place: str
    url: str
    is_sold_out: bool
    state: str
    linked: str


def sold_out(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    wanted = request.GET.get("q", "").strip()[:100]
    rows = [
        row
        for row in _rows(restaurant)
        if wanted.casefold() in f"{row.name} {row.place}".casefold()
    ]
    context = owner_site.page_context(
        request,
        restaurant,
        title=_("Sold out at %(restaurant)s") % {"restaurant": restaurant},
        sold_out=[row for row in rows if row.is_sold_out],
        on_sale=[row for row in rows if not row.is_sold_out],
        choices=list_choices(SOLD_OUT_FOR),
        q=wanted,
    )
    return TemplateResponse(request, "owner/board/sold_out.html", context)


def _rows(restaurant: Restaurant) -> list[Row]:
    now = timezone.now()
    modifiers = list_modifiers_on_sale(restaurant=restaurant)
    linked: dict[int, list[str]] = {}
    for modifier in modifiers:
        if modifier.linked_item_id is not None:
            linked.setdefault(modifier.linked_item_id, []).append(modifier.group.name)
    rows = [
        _row(
            restaurant,
            item,
            now,
            place=item.section.name,
            linked=", ".join(linked.get(item.pk, ())),
        )
        for item in list_items_on_sale(restaurant=restaurant)
    ]
    rows += [
        _row(
            restaurant,
            modifier,
            now,
            place=modifier.group.name,
            linked=modifier.linked_item.name if modifier.linked_item else "",
        )
        for modifier in modifiers
    ]
    return rows


def _row(
    restaurant: Restaurant,
    thing: Item | Modifier,
    now: datetime,
    *,
    place: str,
    linked: str,
) -> Row:
    kind = "item" if isinstance(thing, Item) else "modifier"
    is_sold_out = thing.is_sold_out_at(now)
    return Row(
        key=f"{kind}-{thing.pk}",
        name=thing.name,
        place=place,
        url=reverse(f"owner:sold-out-{kind}", args=[restaurant.pk, thing.pk]),
        is_sold_out=is_sold_out,
        state=_say_state(restaurant, thing, now) if is_sold_out else "",
        linked=linked,
    )


def _say_state(restaurant: Restaurant, thing: Item | Modifier, now: datetime) -> str:
    until = thing.sold_out_until
    if until is None or until <= now:
        return _("no portions left, until you bring it back")
    return say_until(restaurant, until, forever=_("until you bring it back"))


def sold_out_item(
    request: HttpRequest, restaurant: Restaurant, pk: int
) -> HttpResponseBase:
    items = Item.objects.filter(restaurant=restaurant, is_draft=False)
    item = get_object_or_404(items, pk=pk)
    until, back = _sold_out_choice(request), _sold_out_page(request, restaurant)
    if until is None:
        return _refuse(request, to=back)
    if until == BACK:
        bring_item_back(item_pk=item.pk)
        return _answer(request, _say_back(item), to=back)
    done = sell_out_item(item_pk=item.pk, until=Until(until))
    return _answer(request, _say_sold_out(restaurant, item, done), to=back)


def sold_out_modifier(
    request: HttpRequest, restaurant: Restaurant, pk: int
) -> HttpResponseBase:
    modifiers = Modifier.objects.filter(group__restaurant=restaurant)
    modifier = get_object_or_404(modifiers, pk=pk)
    until, back = _sold_out_choice(request), _sold_out_page(request, restaurant)
    if until is None:
        return _refuse(request, to=back)
    if until == BACK:
        bring_modifier_back(modifier_pk=modifier.pk)
        return _answer(request, _say_back(modifier), to=back)
    done = sell_out_modifier(modifier_pk=modifier.pk, until=Until(until))
    return _answer(request, _say_sold_out(restaurant, modifier, done), to=back)


def _sold_out_choice(request: HttpRequest) -> str | None:
    form = SoldOutForm(request.POST)
    return form.cleaned_data["until"] if form.is_valid() else None


def _sold_out_page(request: HttpRequest, restaurant: Restaurant) -> str:
    page = reverse("owner:sold-out", args=[restaurant.pk])
    wanted = request.POST.get("q", "").strip()[:100]
    return f"{page}?{urlencode({'q': wanted})}" if wanted else page


def _say_back(thing: Item | Modifier) -> str:
    return _("“%(name)s” can be ordered again.") % {"name": thing.name}


def _say_sold_out(restaurant: Restaurant, thing: Item | Modifier, done: Switch) -> str:
    message = _("“%(name)s” is sold out %(until)s.") % {
        "name": thing.name,
        "until": say_until(
            restaurant, done.until, forever=_("until you bring it back")
        ),
    }
    others = ""
    if done.others:
        others = ngettext(
            "%(count)d linked item or modifier too.",
            "%(count)d linked items and modifiers too.",
            done.others,
        ) % {"count": done.others}
    return _join(message, others, _say_touched(done.touched))


def get_switches(request: HttpRequest) -> list[Switches]:
    """Return how each restaurant stands whose board the user runs; three queries."""
    restaurants = list(own_restaurants(request.user, Duty.BOARD))
    return list_switches(restaurants, timezone.now())


def _page(path: str, name: str, view: Any) -> Page:
    return Page(path=path, name=name, view=view, duty=Duty.BOARD)


PAGES = [
    _page("busy/", "busy", require_POST(busy)),
    _page("pause/", "pause", require_POST(pause)),
    _page("resume/", "resume", require_POST(resume)),
    _page("sold-out/", "sold-out", require_safe(sold_out)),
    _page("sold-out/item/<int:pk>/", "sold-out-item", require_POST(sold_out_item)),
    _page(
        "sold-out/modifier/<int:pk>/",
        "sold-out-modifier",
        require_POST(sold_out_modifier),
    ),
]
