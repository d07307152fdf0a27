"""Can this restaurant take an order for this moment, this place? One answer for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import TextChoices
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from restaurants.geo import great_circle_distance
from restaurants.models import UNTIL_FURTHER_NOTICE, Fulfilment, Restaurant
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
    distance: float | None = None,
    is_scheduled: bool = False,
) -> Orderability:
    """Tell whether an order for the moment can be taken, and if not, why.

    `moment` is now for an order as soon as possible, else the slot asked for, and then
    `is_scheduled`. `place` is (latitude, longitude), needed for delivery; `distance`
    the metres to it, if they are known. List, page, cart and submit ask here.
    Codes: restaurant_not_live, restaurant_closed, restaurant_paused,
    restaurant_unattended, fulfilment_not_offered, place_unknown, out_of_range.
    """
    if restaurant.status != Restaurant.Status.LIVE or not restaurant.takes_orders:
        return Orderability(
            can_order=False,
            code="restaurant_not_live",
            message=_("This restaurant does not take orders online yet."),
        )
    if fulfilment != Fulfilment.DELIVERY:
        distance = None
    elif distance is None and place is not None:
        distance = great_circle_distance(
            *place, restaurant.latitude, restaurant.longitude
        )
    refusal = _check_fulfilment(restaurant, distance, fulfilment)
    if refusal is not None:
        return refusal
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


def _check_fulfilment(
    restaurant: Restaurant, distance: float | None, fulfilment: str
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
        again: datetime | None = restaurant.paused_until
        if restaurant.paused_until >= UNTIL_FURTHER_NOTICE:
            again = None
        elif span_at(spans, restaurant.paused_until) is None:
            again = next_opening(spans, restaurant.paused_until) or again
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


# Within so many days a weekday's name says which day it is.
DAYS_NAMED = 7
# Longer than any day: what is open for so long has no service that ends.
ROUND_THE_CLOCK = timedelta(hours=25)


class Until(TextChoices):
    """How long somebody in a kitchen says that something holds."""

    MINUTES_15 = "minutes_15", _("15 minutes")
    MINUTES_30 = "minutes_30", _("30 minutes")
    HOUR = "hour", _("1 hour")
    SERVICE = "service", _("Rest of the service")
    NEXT_SERVICE = "next_service", _("Until the next service")
    TOMORROW = "tomorrow", _("Until tomorrow")
    NOTICE = "notice", _("Until I say")


LENGTHS = {
    Until.MINUTES_15: timedelta(minutes=15),
    Until.MINUTES_30: timedelta(minutes=30),
    Until.HOUR: timedelta(hours=1),
}


def end_of(until: Until, restaurant: Restaurant, now: datetime) -> datetime:
    """Return the instant at which a choice made now ends.

    A service is the opening span that holds now, else the next one; open round the
    clock it lasts until midnight. Tomorrow starts with the first opening of a later
    day, and a span that runs past midnight belongs to the day it started on.
    """
    if until == Until.NOTICE:
        return UNTIL_FURTHER_NOTICE
    if until in LENGTHS:
        return now + LENGTHS[until]
    spans = known_spans(restaurant)
    tomorrow = _tomorrow(spans, ZoneInfo(restaurant.time_zone), now)
    if until == Until.TOMORROW or _is_round_the_clock(span_at(spans, now)):
        return tomorrow
    if until == Until.NEXT_SERVICE:
        return next_opening(spans, now) or tomorrow
    service = span_at(spans, now) or next((one for one in spans if one[0] > now), None)
    if service is None or _is_round_the_clock(service):
        return tomorrow
    return service[1]


def _is_round_the_clock(span: Span | None) -> bool:
    return span is not None and span[1] - span[0] > ROUND_THE_CLOCK


def _tomorrow(spans: Sequence[Span], zone: ZoneInfo, now: datetime) -> datetime:
    service = span_at(spans, now)
    started = now
    if service is not None and not _is_round_the_clock(service):
        started = service[0]
    day = started.astimezone(zone).date()
    # Not from an instant plus a day: clocks may change in the night.
    midnight = datetime.combine(
        now.astimezone(zone).date() + timedelta(days=1), time(), zone
    ).astimezone(UTC)
    if _is_round_the_clock(span_at(spans, midnight)):
        return midnight
    openings = (start for start, _end in spans if start.astimezone(zone).date() > day)
    return next(openings, midnight)


def say_moment(moment: datetime, *, time_zone: str, now: datetime) -> str:
    """Return a moment to come as people there say it: 22:30, tomorrow 11:00."""
    zone = ZoneInfo(time_zone)
    local = moment.astimezone(zone)
    days = (local.date() - now.astimezone(zone).date()).days
    clock = date_format(local, "TIME_FORMAT")
    if days == 0:
        return clock
    if days == 1:
        return gettext("tomorrow %(clock)s") % {"clock": clock}
    if days < DAYS_NAMED:
        return f"{date_format(local, 'D')} {clock}"
    return date_format(local, "SHORT_DATETIME_FORMAT")
