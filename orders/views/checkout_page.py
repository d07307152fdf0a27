"""What the checkout page shows: the order as it would be, and what is wrong with it."""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from customers.models import Address
from customers.places import ChosenPlace, get_chosen_place, place_of_address
from customers.selectors import list_addresses_for_customer
from orders import services
from orders.exceptions import OrderError, OrderProblem, WindowMovedError
from orders.forms import OWN_TIP, TIP_PERCENTS, CheckoutForm
from orders.models import Cart
from orders.pricing import round_amount
from orders.services.quoting import MENDED_BY_WAITING, Quote
from orders.services.slots import Slot, is_full, slot_at
from orders.views.visitors import user_of
from restaurants.availability import check_orderability

# The place chosen for this visit, among one's saved addresses.
HERE = "here"
# Which field of the page a problem is shown at.
FIELD_OF = {
    "phone_missing": "phone",
    "address_incomplete": "street_address",
    "place_unknown": "address",
    "out_of_range": "address",
    "fulfilment_not_offered": "fulfilment",
    "tip_invalid": "tip",
    "slot_passed": "when",
    "slot_not_offered": "when",
    "kitchen_full": "when",
    "restaurant_closed": "when",
    "restaurant_paused": "when",
    "restaurant_unattended": "when",
    "window_moved": "when",
}
UNSEEN = {"key", "seen_total", "seen_from", "seen_until", "address"}


@dataclass(frozen=True)
class Mistake:
    """Something to mend, and the field it stands at, if it stands at one."""

    text: StrOrPromise
    field: str = ""
    # What the field is called, where the text alone does not say.
    label: StrOrPromise = ""


@dataclass(frozen=True)
class Where:
    """Where to bring it: the place meant, and what else can be chosen."""

    place: ChosenPlace | None
    addresses: list[Address]
    # The place of this visit that is none of the addresses.
    here: ChosenPlace | None
    # Another address was chosen than the page had shown in full.
    is_unseen: bool = False

    @property
    def key(self) -> str:
        """What the choice of this place is called in the form.

        A place of this visit is called by what it is: another one may be chosen in
        another tab meanwhile.
        """
        if self.place is None:
            return HERE
        return _digest(self.place) if self.is_unsaved else _key(self.place)

    @property
    def is_unsaved(self) -> bool:
        return self.place is not None and _key(self.place) not in {
            str(one.pk) for one in self.addresses
        }


def _key(place: ChosenPlace) -> str:
    return str(place.address_pk) if place.address_pk is not None else HERE


def _digest(place: ChosenPlace) -> str:
    # Without the street, which may be typed on the page.
    told = repr((place.label, place.latitude, place.longitude, place.postal_code))
    return f"{HERE}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def read_where(request: HttpRequest, data: Mapping[str, Any]) -> Where:
    """Return the place that a form means, with what was typed about it."""
    user = user_of(request)
    addresses = list(list_addresses_for_customer(customer=user)) if user else []
    saved = {str(one.pk): place_of_address(one) for one in addresses}
    current = get_chosen_place(request)
    is_saved = current is not None and _key(current) in saved
    place = saved.get(data.get("address", ""), current)
    where = Where(place, addresses, here=None if is_saved else current)
    if place is None:
        return where
    if data.get("shown_address", where.key) != where.key:
        return replace(where, is_unseen=True)
    return replace(where, place=_as_typed(place, data, is_unsaved=where.is_unsaved))


def _as_typed(
    place: ChosenPlace, data: Mapping[str, Any], *, is_unsaved: bool
) -> ChosenPlace:
    instructions = data.get("delivery_instructions", place.delivery_instructions)
    street = place.street_address
    if is_unsaved:
        street = data.get("street_address", street)
    return replace(
        place,
        street_address=street.strip()[:200],
        delivery_instructions=instructions.strip()[:300],
    )


@dataclass(frozen=True)
class Shown:
    """A quote with what had to be moved for it, and the times that can be chosen."""

    quote: Quote
    # Why it is not for the moment asked for; the quote's is offered instead.
    moved: list[StrOrPromise]
    mistakes: list[Mistake]


def quote_shown(
    cart: Cart,
    place: ChosenPlace | None,
    form: CheckoutForm | None,
    error: OrderError | None,
    *,
    now: datetime,
) -> Shown:
    """Quote what was asked for, or the next time if only the moment is wrong.

    CartEmptyError when there is nothing to order.
    """
    asked = _asked_moment(form, error)

    def ask(moment: datetime | None) -> Quote:
        return services.quote_cart(
            cart=cart,
            place=place,
            now=now,
            scheduled_for=moment,
            tip=_clean(form, "tip", Decimal(0)) if form else Decimal(0),
            tip_percent=form.tip_percent if form else None,
        )

    quote = ask(asked)
    problems: list[OrderProblem] = []
    moved: list[StrOrPromise] = []
    if isinstance(error, WindowMovedError):
        moved = [error.message]
    elif error is not None:
        problems = error.problems
    if quote.needs_waiting and quote.proposed_slot is not None:
        moved = moved or [one.message for one in quote.needs_waiting]
        quote = ask(quote.proposed_slot)
    if moved and quote.needs_waiting:
        # No other time can be had.
        moved = []
    known = {(one.code, one.line) for one in quote.problems}
    fresh = [one for one in problems if (one.code, one.line) not in known]
    found = [*quote.problems, *(one for one in fresh if not _is_mended(one, moved))]
    return Shown(
        quote,
        moved,
        [Mistake(one.message, FIELD_OF.get(one.code, "")) for one in found],
    )


def _is_mended(problem: OrderProblem, moved: list[StrOrPromise]) -> bool:
    return bool(moved) and problem.code in MENDED_BY_WAITING


def _asked_moment(
    form: CheckoutForm | None, error: OrderError | None
) -> datetime | None:
    if isinstance(error, WindowMovedError):
        return error.slot
    moment: datetime | None = _clean(form, "when", None) if form else None
    return moment


def _clean(form: CheckoutForm, name: str, default: Any) -> Any:
    form.is_valid()
    return form.cleaned_data.get(name, default)


def list_mistakes(form: CheckoutForm) -> list[Mistake]:
    """Return what is wrong with what was typed, in the order of the page."""
    mistakes = []
    for name, errors in form.errors.items():
        if name in UNSEEN:
            continue
        label = form.fields[name].label or name
        mistakes += [
            Mistake(str(text), name if name != "tip_choice" else "tip", label)
            for text in errors
        ]
    if not mistakes and form.errors:
        mistakes = [Mistake(_("Look at the amounts and the time once more."))]
    return mistakes


def checkout_context(
    request: HttpRequest,
    shown: Shown,
    where: Where,
    form: CheckoutForm | None,
    *,
    now: datetime,
) -> dict[str, Any]:
    """Return what the page's template needs, but for the mistakes."""
    quote = shown.quote
    data: Mapping[str, Any] = form.data if form else {}
    user = user_of(request)
    slots = services.list_slots(quote, now=now)
    return {
        "quote": quote,
        "moved": shown.moved,
        "where": where,
        "place": where.place,
        "asks_prices": any(one.code == "price_changed" for one in quote.problems),
        "form": form,
        "slots": slots,
        "days": _by_day(slots, quote.restaurant.time_zone, now=now),
        "moment": quote.scheduled_for,
        "soonest": _soonest(quote, where, now=now),
        "when_day": _day_label(quote.window.start, quote.restaurant.time_zone, now=now),
        "tips": _tips(quote),
        "tip_choice": form.chosen_tip if form else "0",
        "own_tip": data.get("tip", "") if form and form.chosen_tip == OWN_TIP else "",
        "key": form.key_or_new if form else str(uuid.uuid4()),
        "is_guest": user is None,
        "email": data.get("email", ""),
        "name": data.get("name", user.name if user else ""),
        "phone": data.get("phone", str(user.phone or "") if user else ""),
        "kitchen_note": data.get("kitchen_note", ""),
        "saves_address": bool(data.get("save_address")),
    }


def _soonest(quote: Quote, where: Where, *, now: datetime) -> Slot | None:
    """Return when it would come if it were made now; None if it cannot be."""
    place = where.place
    answer = check_orderability(
        quote.restaurant,
        moment=now,
        place=(place.latitude, place.longitude) if place else None,
        fulfilment=quote.fulfilment,
    )
    is_now = quote.scheduled_for is None
    is_possible = (
        answer.code not in MENDED_BY_WAITING
        and not is_full(quote.restaurant, quote.starts, now)
        and quote.is_served_at(now)
    )
    if is_now or is_possible:
        return slot_at(quote.restaurant, now, quote.distance)
    return None


def _tips(quote: Quote) -> list[tuple[str, Decimal]]:
    return [
        (one, round_amount(quote.subtotal * int(one) / 100, quote.currency))
        for one in TIP_PERCENTS
    ]


def _by_day(
    slots: list[Slot], time_zone: str, *, now: datetime
) -> list[tuple[str, list[Slot]]]:
    days: dict[date, list[Slot]] = {}
    zone = ZoneInfo(time_zone)
    for slot in slots:
        days.setdefault(slot.window.start.astimezone(zone).date(), []).append(slot)
    return [
        (_day_label(found[0].window.start, time_zone, now=now), found)
        for found in days.values()
    ]


def _day_label(moment: datetime, time_zone: str, *, now: datetime) -> str:
    """Return which day a moment is on there: Today, Tomorrow, Friday 27 November."""
    zone = ZoneInfo(time_zone)
    local = moment.astimezone(zone)
    distance = local.date() - now.astimezone(zone).date()
    if distance == timedelta(0):
        return _("Today")
    if distance == timedelta(days=1):
        return _("Tomorrow")
    return date_format(local, "l j F")
