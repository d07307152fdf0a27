"""When a restaurant is open, how far it delivers and for how much."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, time
from decimal import Decimal
from itertools import pairwise

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from restaurants.exceptions import (
    ChangedMeanwhileError,
    HoursRefusedError,
    TermsRefusedError,
)
from restaurants.live import ring_board
from restaurants.models import (
    HOURS_OF_WEEK,
    OpeningHours,
    Restaurant,
    SpecialHours,
)
from restaurants.opening import WeeklySpan, overlapping, week_version
from restaurants.selectors import WIDEST_RADIUS, list_week
from restaurants.services.derived import refresh_open_spans

MOST_SPANS_A_DAY = 8
MOST_FEE_STEPS = 8
LEAST_PREPARATION, MOST_PREPARATION = 5, 120
LEAST_ANSWER, MOST_ANSWER = 3, 60
MOST_CAPACITY = 1000


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a restaurant promises and asks for; distances in metres."""

    offers_delivery: bool
    offers_pickup: bool
    delivery_radius: float
    delivery_fee: Decimal
    fee_steps: tuple[tuple[float, Decimal], ...]  # beyond so many metres, the fee
    minimum_order: Decimal
    preparation_minutes: int
    answer_minutes: int
    expects_board: bool
    # How many orders the kitchen starts within a quarter of an hour; None for any.
    slot_capacity: int | None = None


def _lock(restaurant_pk: int) -> Restaurant:
    locked = Restaurant.objects.select_for_update(of=("self",), no_key=True)
    return locked.get(pk=restaurant_pk)


def replace_week(
    *, restaurant_pk: int, week: Sequence[WeeklySpan], version: str
) -> None:
    """Make these the weekly opening hours; customers see them at once.

    `version` is the `week_version` of the hours that were changed.
    ChangedMeanwhileError if others are in force by now, HoursRefusedError for spans
    that overlap.
    """
    check_week(week)
    try:
        _replace_week(restaurant_pk, week, version)
    except IntegrityError as error:
        # Who edits rows by hand does not wait for the lock.
        raise ChangedMeanwhileError from error


@transaction.atomic
def _replace_week(restaurant_pk: int, week: Sequence[WeeklySpan], version: str) -> None:
    restaurant = _lock(restaurant_pk)
    if week_version(list_week(restaurant)) != version:
        raise ChangedMeanwhileError
    restaurant.opening_hours.all().delete()
    OpeningHours.objects.bulk_create(
        OpeningHours(restaurant=restaurant, **asdict(span)) for span in week
    )
    refresh_open_spans(restaurant_pks=[restaurant_pk])
    ring_board(restaurant_pk)


def check_week(week: Sequence[WeeklySpan]) -> None:
    """Raise HoursRefusedError for too many spans a day, and for ones that overlap."""
    for weekday, count in Counter(span.weekday for span in week).items():
        if count > MOST_SPANS_A_DAY:
            raise HoursRefusedError(
                _("No more than %(count)d spans a day.") % {"count": MOST_SPANS_A_DAY},
                weekday,
            )
    overlap = overlapping(week)
    if overlap is not None:
        first, second = overlap
        raise HoursRefusedError(
            _(
                "%(first)s and %(second)s overlap. Make them one span or shorten one"
                " of them."
            )
            % {"first": describe_span(first), "second": describe_span(second)},
            *sorted({first.weekday, second.weekday}),
        )


def describe_span(span: WeeklySpan) -> str:
    """Return a span as one reads it, with its weekday."""
    return str(OpeningHours(**asdict(span)))


@transaction.atomic
def set_special_dates(
    *,
    restaurant_pk: int,
    dates: Collection[date],
    spans: Sequence[tuple[time, time]],
    note: str = "",
    instead_of: date | None = None,
) -> None:
    """Give dates hours of their own; without spans it is closed on them.

    What these dates had before is replaced, and so is the date `instead_of`.
    HoursRefusedError for spans that overlap or are too many.
    """
    check_week([WeeklySpan(0, *span) for span in spans])
    restaurant = _lock(restaurant_pk)
    gone = {*dates, *([instead_of] if instead_of else [])}
    restaurant.special_hours.filter(date__in=gone).delete()
    times: Sequence[tuple[time | None, time | None]] = spans or [(None, None)]
    SpecialHours.objects.bulk_create(
        SpecialHours(
            restaurant=restaurant, date=on, opens_at=opens, closes_at=closes, note=note
        )
        for on in sorted(set(dates))
        for opens, closes in times
    )
    refresh_open_spans(restaurant_pks=[restaurant_pk])
    ring_board(restaurant_pk)


@transaction.atomic
def close_on_dates(*, restaurant_pk: int, notes: Mapping[date, str]) -> int:
    """Close on dates, each with its note; return how many.

    Dates that have hours of their own already are left alone.
    """
    restaurant = _lock(restaurant_pk)
    decided = restaurant.special_hours.filter(date__in=notes)
    kept = set(decided.values_list("date", flat=True))
    closed = SpecialHours.objects.bulk_create(
        SpecialHours(restaurant=restaurant, date=on, note=note[:100])
        for on, note in notes.items()
        if on not in kept
    )
    refresh_open_spans(restaurant_pks=[restaurant_pk])
    ring_board(restaurant_pk)
    return len(closed)


@transaction.atomic
def remove_special_date(*, restaurant_pk: int, on: date) -> None:
    """Let the weekly hours hold again on a date."""
    restaurant = _lock(restaurant_pk)
    restaurant.special_hours.filter(date=on).delete()
    refresh_open_spans(restaurant_pks=[restaurant_pk])
    ring_board(restaurant_pk)


@transaction.atomic
def change_terms(*, restaurant_pk: int, terms: Terms) -> None:
    """Change what is promised and asked for; TermsRefusedError if it cannot be.

    Hours of the week that had the usual preparation time keep having it.
    """
    _check_terms(terms)
    restaurant = _lock(restaurant_pk)
    if restaurant.preparation_week:
        usual = restaurant.preparation_minutes
        restaurant.preparation_week = [
            terms.preparation_minutes if minutes == usual else minutes
            for minutes in restaurant.preparation_week
        ]
    values = asdict(terms)
    steps = values.pop("fee_steps")
    restaurant.fee_step_metres = [metres for metres, _fee in steps]
    restaurant.fee_step_fees = [fee for _metres, fee in steps]
    for name, value in values.items():
        setattr(restaurant, name, value)
    if not terms.expects_board:
        restaurant.unattended_since = None
    restaurant.save(
        update_fields=[
            *values,
            *("fee_step_metres", "fee_step_fees"),
            *("preparation_week", "unattended_since"),
        ]
    )
    ring_board(restaurant_pk)


def _check_terms(terms: Terms) -> None:
    if not (terms.offers_delivery or terms.offers_pickup):
        raise TermsRefusedError(
            "offers_pickup",
            gettext_lazy(
                "Offer delivery, pickup or both. To take no orders for a while, pause."
            ),
        )
    least = 1 if terms.offers_delivery else 0
    if not least <= terms.delivery_radius <= WIDEST_RADIUS:
        raise TermsRefusedError(
            "delivery_radius", gettext_lazy("Deliver to at most 50 km (31 mi).")
        )
    if min(terms.delivery_fee, terms.minimum_order) < 0:
        raise TermsRefusedError(
            "delivery_fee", gettext_lazy("An amount cannot be below zero.")
        )
    _check_fee_steps(terms)
    _check_minutes("preparation_minutes", terms.preparation_minutes)
    if terms.slot_capacity is not None:
        _check_capacity(terms.slot_capacity)
    if not LEAST_ANSWER <= terms.answer_minutes <= MOST_ANSWER:
        raise TermsRefusedError(
            "answer_minutes",
            _("Take between %(least)d and %(most)d minutes.")
            % {"least": LEAST_ANSWER, "most": MOST_ANSWER},
        )


def _check_capacity(capacity: int) -> None:
    if not 1 <= capacity <= MOST_CAPACITY:
        raise TermsRefusedError(
            "slot_capacity",
            _("Take between %(least)d and %(most)d orders, or leave it empty.")
            % {"least": 1, "most": MOST_CAPACITY},
        )


def _check_fee_steps(terms: Terms) -> None:
    steps = terms.fee_steps
    refusal: str = ""
    if len(steps) > MOST_FEE_STEPS:
        refusal = _("No more than %(count)d steps.") % {"count": MOST_FEE_STEPS}
    elif any(one[0] >= other[0] for one, other in pairwise(steps)):
        refusal = _("Each step must begin farther away than the one before it.")
    elif any(not 0 < metres < terms.delivery_radius for metres, _fee in steps):
        refusal = _("Each step must begin within the delivery radius.")
    elif any(fee < 0 for _metres, fee in steps):
        refusal = _("An amount cannot be below zero.")
    if refusal:
        raise TermsRefusedError("fee_steps", refusal)


def _check_minutes(field: str, minutes: int) -> None:
    if not LEAST_PREPARATION <= minutes <= MOST_PREPARATION:
        raise TermsRefusedError(
            field,
            _("Take between %(least)d and %(most)d minutes.")
            % {"least": LEAST_PREPARATION, "most": MOST_PREPARATION},
        )


def change_tax(
    *, restaurant_pk: int, tax_rate: Decimal, prices_include_tax: bool
) -> None:
    """Change the tax (per cent) on what is sold; TermsRefusedError if it cannot be."""
    if not 0 <= tax_rate < 100:  # noqa: PLR2004  # per cent
        raise TermsRefusedError(
            "tax_rate", gettext_lazy("The rate is between 0 and 100 per cent.")
        )
    Restaurant.objects.filter(pk=restaurant_pk).update(
        tax_rate=tax_rate, prices_include_tax=prices_include_tax
    )


@transaction.atomic
def change_preparation(
    *, restaurant_pk: int, minutes: Mapping[int, int] | None
) -> None:
    """Set the preparation time of hours of the week; None: the same at every hour.

    An hour's number counts from Monday 00:00; those not given keep theirs.
    TermsRefusedError names the field `h<hour>` that cannot be.
    """
    restaurant = _lock(restaurant_pk)
    week = None
    if minutes is not None:
        for hour, taken in minutes.items():
            _check_minutes(f"h{hour}", taken)
        usual = restaurant.preparation_minutes
        before = restaurant.preparation_week or [usual] * HOURS_OF_WEEK
        week = [minutes.get(hour, taken) for hour, taken in enumerate(before)]
        if set(week) == {usual}:
            week = None
    restaurant.preparation_week = week
    restaurant.save(update_fields=["preparation_week"])
