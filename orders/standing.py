"""How a restaurant stands right now: open, paused, busy, and what customers see."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from menus.selectors import count_sold_out
from orders.services.kitchen import BUSY_FOR, BUSY_MINUTES, PAUSE_FOR
from restaurants.availability import (
    Until,
    check_orderability,
    is_paused,
    known_spans,
    say_moment,
)
from restaurants.estimating import estimate_minutes
from restaurants.models import UNTIL_FURTHER_NOTICE, Fulfilment, Restaurant
from restaurants.opening import DAY, next_opening, span_at

# How the choices read on small buttons.
SHORT = {
    Until.MINUTES_15: gettext_lazy("15 min"),
    Until.MINUTES_30: gettext_lazy("30 min"),
    Until.HOUR: gettext_lazy("1 h"),
    Until.SERVICE: gettext_lazy("Rest of service"),
    Until.NEXT_SERVICE: gettext_lazy("Next service"),
    Until.TOMORROW: gettext_lazy("Tomorrow"),
    Until.NOTICE: gettext_lazy("Until I say"),
}
# The estimate that a neighbour reads stands for what customers read.
NEIGHBOUR = 1000.0


def list_choices(allowed: Iterable[Until]) -> list[tuple[str, Any]]:
    """Return moments to choose from, with what they read on small buttons."""
    return [(until.value, SHORT[until]) for until in allowed]


def say_until(restaurant: Restaurant, until: datetime, *, forever: str) -> str:
    """Say until when, by the restaurant's clock; `forever` where there is no end."""
    if until >= UNTIL_FURTHER_NOTICE:
        return forever
    clock = say_moment(until, time_zone=restaurant.time_zone, now=timezone.now())
    return _("until %(moment)s") % {"moment": clock}


@dataclass(frozen=True)
class Switches:
    """How a restaurant stands right now, for the top of its board."""

    restaurant: Restaurant
    hours: str
    is_open: bool
    customers: str
    can_order: bool
    busy: str
    busy_minutes: int
    paused: str
    pause_reason: str
    unattended: str
    sold_out: int
    busy_choices: list[tuple[int, list[tuple[str, Any]]]] = field(
        default_factory=lambda: [(one, list_choices(BUSY_FOR)) for one in BUSY_MINUTES]
    )
    pause_choices: list[tuple[str, Any]] = field(
        default_factory=lambda: list_choices(PAUSE_FOR)
    )

    @property
    def needs_attention(self) -> bool:
        """Customers cannot order although the hours say so."""
        return bool(self.paused or self.unattended)


def list_switches(restaurants: list[Restaurant], now: datetime) -> list[Switches]:
    """Return how each of these restaurants stands; two queries."""
    counts = count_sold_out(restaurants=restaurants, moment=now)
    return [_switches(one, now, counts.get(one.pk, 0)) for one in restaurants]


def _switches(restaurant: Restaurant, now: datetime, sold_out_count: int) -> Switches:
    can_order, customers = _what_customers_see(restaurant, now)
    minutes = restaurant.busy_minutes_at(now)
    busy_text = paused = reason = unattended = ""
    if minutes:
        assert restaurant.busy_until is not None
        busy_text = _("Busy: +%(minutes)d min %(until)s") % {
            "minutes": minutes,
            "until": say_until(restaurant, restaurant.busy_until, forever=""),
        }
    if is_paused(restaurant, now):
        assert restaurant.paused_until is not None
        forever = _("until you take orders again")
        until = say_until(restaurant, restaurant.paused_until, forever=forever)
        paused = _("Paused %(until)s") % {"until": until}
        if restaurant.pause_reason == Restaurant.PauseReason.MISSED:
            reason = _("Three orders in a row were not answered.")
    if restaurant.unattended_since is not None:
        unattended = _("No board was open, so orders for right now were stopped.")
    return Switches(
        restaurant=restaurant,
        hours=_say_hours(restaurant, now),
        is_open=span_at(known_spans(restaurant), now) is not None,
        customers=customers,
        can_order=can_order,
        busy=busy_text,
        busy_minutes=minutes,
        paused=paused,
        pause_reason=reason,
        unattended=unattended,
        sold_out=sold_out_count,
    )


def _say_hours(restaurant: Restaurant, now: datetime) -> str:
    spans = known_spans(restaurant)
    span = span_at(spans, now)
    zone = restaurant.time_zone
    if span is not None and span[1] - now > DAY:
        return _("Open")
    if span is not None:
        clock = say_moment(span[1], time_zone=zone, now=now)
        return _("Open until %(moment)s") % {"moment": clock}
    opening = next_opening(spans, now)
    if opening is None:
        return _("Closed")
    clock = say_moment(opening, time_zone=zone, now=now)
    return _("Closed, opens %(moment)s") % {"moment": clock}


def _what_customers_see(restaurant: Restaurant, now: datetime) -> tuple[bool, str]:
    """Tell whether a neighbour can order for right now, and what they read."""
    delivers = restaurant.offers_delivery
    answer = check_orderability(
        restaurant,
        moment=now,
        place=(restaurant.latitude, restaurant.longitude),
        fulfilment=Fulfilment.DELIVERY if delivers else Fulfilment.PICKUP,
    )
    if not answer.can_order:
        return False, _("Customers read: “%(text)s”") % {"text": answer.message}
    low, high = estimate_minutes(
        preparation_minutes=restaurant.preparation_minutes_at(now),
        distance=NEIGHBOUR if delivers else None,
    )
    text = (
        _("Customers can order: arrives in %(low)d–%(high)d min nearby")
        if delivers
        else _("Customers can order: ready in %(low)d–%(high)d min")
    )
    return True, text % {"low": low, "high": high}
