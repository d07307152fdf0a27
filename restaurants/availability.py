"""Can this restaurant take an order for this moment, this place? One answer for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from restaurants.geo import great_circle_distance
from restaurants.models import Fulfilment, Restaurant
from restaurants.opening import Span, next_opening, span_at

# How far ahead opening spans are kept on a restaurant's row.
HORIZON = timedelta(days=14)
SLOT = timedelta(minutes=15)


@dataclass(frozen=True)
class Orderability:
    can_order: bool
    code: str = ""
    message: StrOrPromise = ""
    distance: float | None = None
    next_opening: datetime | None = None


def known_spans(restaurant: Restaurant) -> Sequence[Span]:
    """Return the opening spans of the days ahead, as kept on the row."""
    if restaurant.open_spans is None:
        return []
    return [(span.lower, span.upper) for span in restaurant.open_spans]  # type: ignore[attr-defined]


def is_open(restaurant: Restaurant, moment: datetime) -> bool:
    """Tell whether its hours say open; a pause does not count."""
    return span_at(known_spans(restaurant), moment) is not None


def is_paused(restaurant: Restaurant, moment: datetime) -> bool:
    return restaurant.paused_until is not None and restaurant.paused_until > moment


def check_orderability(
    restaurant: Restaurant,
    *,
    moment: datetime,
    place: tuple[float, float] | None,
    fulfilment: str,
    is_scheduled: bool = False,
) -> Orderability:
    """Tell whether an order for the moment can be taken, and if not, why.

    `moment` is now for an order as soon as possible, else the slot asked for, and then
    `is_scheduled`. `place` is (latitude, longitude), needed for delivery. List, page,
    cart and submit ask here. Codes: restaurant_not_live, restaurant_closed,
    restaurant_paused, restaurant_unattended, fulfilment_not_offered, place_unknown,
    out_of_range.
    """
    if restaurant.status != Restaurant.Status.LIVE or not restaurant.takes_orders:
        return Orderability(
            can_order=False,
            code="restaurant_not_live",
            message=_("This restaurant does not take orders online yet."),
        )
    refusal = _check_fulfilment(restaurant, place, fulfilment)
    if refusal is not None:
        return refusal
    distance = _distance(restaurant, place, fulfilment)
    answer = _check_moment(restaurant, moment, distance)
    if answer.can_order and restaurant.unattended_since and not is_scheduled:
        return Orderability(
            can_order=False,
            code="restaurant_unattended",
            message=_(
                "This restaurant takes no orders for right now; order for later."
            ),
            distance=distance,
        )
    return answer


def _distance(
    restaurant: Restaurant, place: tuple[float, float] | None, fulfilment: str
) -> float | None:
    if place is None or fulfilment != Fulfilment.DELIVERY:
        return None
    return great_circle_distance(*place, restaurant.latitude, restaurant.longitude)


def _check_fulfilment(
    restaurant: Restaurant, place: tuple[float, float] | None, fulfilment: str
) -> Orderability | None:
    if fulfilment == Fulfilment.PICKUP:
        if restaurant.offers_pickup:
            return None
        return Orderability(
            can_order=False,
            code="fulfilment_not_offered",
            message=_("This restaurant does not offer pickup."),
        )
    if not restaurant.offers_delivery:
        return Orderability(
            can_order=False,
            code="fulfilment_not_offered",
            message=_("This restaurant does not deliver; you can collect the order."),
        )
    distance = _distance(restaurant, place, fulfilment)
    if distance is None:
        return Orderability(
            can_order=False,
            code="place_unknown",
            message=_("Tell us where to deliver to."),
        )
    if distance > restaurant.delivery_radius:
        return Orderability(
            can_order=False,
            code="out_of_range",
            message=_("This restaurant does not deliver to your address."),
            distance=distance,
        )
    return None


def _check_moment(
    restaurant: Restaurant, moment: datetime, distance: float | None
) -> Orderability:
    spans = known_spans(restaurant)
    if is_paused(restaurant, moment):
        assert restaurant.paused_until is not None
        again = restaurant.paused_until
        if span_at(spans, again) is None:
            again = next_opening(spans, again) or again
        return Orderability(
            can_order=False,
            code="restaurant_paused",
            message=_("The kitchen is taking a break and takes no orders now."),
            distance=distance,
            next_opening=again,
        )
    if span_at(spans, moment) is None:
        return Orderability(
            can_order=False,
            code="restaurant_closed",
            message=_("This restaurant is closed."),
            distance=distance,
            next_opening=next_opening(spans, moment),
        )
    return Orderability(can_order=True, distance=distance)


def list_order_slots(
    restaurant: Restaurant, *, now: datetime, days: int = 2
) -> list[datetime]:
    """Return the quarter hours from which the kitchen can start a later order.

    Each lies within opening hours, at least one slot ahead, within `days`.
    """
    slots = []
    for start, end in known_spans(restaurant):
        slot = _next_quarter(max(start, now + SLOT))
        while slot < min(end, now + timedelta(days=days)):
            if not is_paused(restaurant, slot):
                slots.append(slot)
            slot += SLOT
    return slots


def _next_quarter(moment: datetime) -> datetime:
    floor = moment.replace(
        minute=moment.minute - moment.minute % 15, second=0, microsecond=0
    )
    return floor if floor == moment else floor + SLOT
