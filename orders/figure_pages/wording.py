"""Figures in words: amounts, times, parts of a whole, and how they changed."""

from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.formats import date_format, number_format, time_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_stubs_ext import StrOrPromise

from menus.templatetags.money import money
from orders.figures.periods import Grouping, Period

MINUTE = timedelta(minutes=1)
NOTHING = "–"


@dataclass(frozen=True)
class Card:
    """One number with its name, how it changed, and what exactly it is."""

    label: StrOrPromise
    value: str
    change: str
    meaning: StrOrPromise = ""


def say_period(period: Period) -> str:
    if period.days == 1:
        return date_format(period.since, "D j M Y")
    since = date_format(period.since, "j M Y")
    return f"{since} – {date_format(period.until, 'j M Y')}"


def say_bucket(bucket: Period, grouping: Grouping) -> str:
    if grouping is Grouping.MONTH:
        return date_format(bucket.since, "M Y")
    if grouping is Grouping.WEEK:
        since = date_format(bucket.since, "j M")
        return f"{since} – {date_format(bucket.until, 'j M')}"
    return date_format(bucket.since, "D j M")


def say_hour(hour: int) -> str:
    return time_format(time(hour))


def say_weekday(weekday: int) -> str:
    # The first of January 2024 was a Monday.
    return date_format(date(2024, 1, 1 + weekday), "D")


def say_amount(amount: Decimal | None, currency: str) -> str:
    return NOTHING if amount is None else money(amount, currency)


def say_count(count: int) -> str:
    return number_format(count, use_l10n=True, force_grouping=True)


def say_rate(rate: float | None) -> str:
    if rate is None:
        return NOTHING
    # Never 100 % when one was missed.
    tenths = int(rate * 1000)
    return _("%(number)s %%") % {"number": number_format(Decimal(tenths) / 10, 1)}


def say_stars(stars: Decimal | None) -> str:
    return NOTHING if stars is None else number_format(stars, 1)


def say_time(span: timedelta | None) -> str:
    """Say a span in whole minutes, rounded half up."""
    if span is None:
        return NOTHING
    if span < MINUTE:
        return _("under a minute")
    minutes = _minutes(span)
    return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {
        "count": number_format(minutes)
    }


def _minutes(span: timedelta) -> int:
    return int((span + MINUTE / 2) // MINUTE)


def compare(now: Decimal | int | None, before: Decimal | int | None) -> str:
    """Say by how many per cent a number is more or less than the one before."""
    if not before:
        return _("none then") if now else _("none then either")
    difference = (Decimal(now or 0) - before) / before * 100
    per_cent = int(abs(difference).quantize(Decimal(1), ROUND_HALF_UP))
    if not per_cent:
        return _("as much as then") if difference == 0 else _("almost as much as then")
    words = _("%(number)s %% more") if difference > 0 else _("%(number)s %% less")
    return words % {"number": say_count(per_cent)}


def compare_rates(now: float | None, before: float | None) -> str:
    """Say by how many points of a hundred a rate is higher or lower."""
    if before is None or now is None:
        return _("none then") if before is None else ""
    points = round((now - before) * 100)
    if not points:
        return _("as then")
    if points > 0:
        words = ngettext("%(n)s point higher", "%(n)s points higher", points)
    else:
        words = ngettext("%(n)s point lower", "%(n)s points lower", -points)
    return words % {"n": abs(points)}


def compare_times(now: timedelta | None, before: timedelta | None) -> str:
    """Say by how many minutes something takes longer or shorter."""
    if before is None or now is None:
        return _("none then") if before is None else ""
    minutes = _minutes(now) - _minutes(before)
    if not minutes:
        return _("as then")
    if minutes > 0:
        words = ngettext("%(n)s minute longer", "%(n)s minutes longer", minutes)
    else:
        words = ngettext("%(n)s minute shorter", "%(n)s minutes shorter", -minutes)
    return words % {"n": abs(minutes)}


def chart(
    key: str, title: StrOrPromise, labels: list[str], **how: Any
) -> dict[str, Any]:
    """Return what static/js/figures.js draws, with a name for those who do not see it.

    `sets` of (label, values), `kind` bar or line, `currency` when they are amounts,
    `is_lying` for bars from left to right.
    """
    currency = how.get("currency", "")
    return {
        "id": f"chart-{key}",
        "title": title,
        "drawn": {
            "labels": labels,
            "kind": how.get("kind", "line"),
            "currency": currency,
            "isLying": how.get("is_lying", False),
            "sets": [
                {
                    "label": str(label),
                    "values": [_drawn(value, currency) for value in values],
                }
                for label, values in how["sets"]
            ],
        },
    }


def _drawn(value: Decimal | int | None, currency: str) -> float | int | None:
    return float(value) if currency and value is not None else value  # type: ignore[return-value]
