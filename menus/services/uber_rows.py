"""Reading the rows of a menu in the Uber Eats format, one by one.

What is odd about a row is raised as one of BAD_ROW.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from django.db import models

from menus.models import Allergen, Diet

# What a row of the file is: parsed JSON of somebody else's making.
Row = Mapping[str, Any]
WEEKDAYS = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
]
# How the format writes what needs no hours: ours has none then.
ALWAYS = {(weekday, time(), time()) for weekday in range(7)}
SOURCE_LENGTH = 80
HIGHEST_RATE = 100
MOST_CHOICES = 32_767
# What a row with missing or odd fields raises when it is read.
BAD_ROW = (
    *(KeyError, TypeError, ValueError, AttributeError, ArithmeticError),
    *(OSError, RecursionError),
)


def read_bounds(row: Row, options: int, *, is_ours: bool) -> tuple[int, int]:
    """Return the least and most choices; those of our own export as they are."""
    quantity = (row.get("quantity_info") or {}).get("quantity") or {}
    least = int(quantity.get("min_permitted") or 0)
    most = quantity.get("max_permitted")
    most = options if most is None else int(most)
    if not 0 <= least <= most or not most >= 1:
        raise ValueError(f"asks for {least} to {most} choices")
    if is_ours and most <= MOST_CHOICES:
        return least, most
    if least > options:
        raise ValueError(f"asks for {least} choices of {options}")
    return least, min(most, max(options, 1), MOST_CHOICES)


def read_labels(row: Row) -> dict[str, list[str]]:
    """Return the dietary labels and allergens that a row states, of those known."""
    found = {}
    classes = (row.get("dish_info") or {}).get("classifications") or {}
    labels = (classes.get("dietary_label_info") or {}).get("labels")
    if labels is not None:
        found["diets"] = _codes(Diet, labels)
    allergens = (row.get("nutritional_info") or {}).get("allergens")
    if allergens is not None:
        found["allergens"] = _codes(Allergen, allergens)
    return found


def _codes(choices: type[models.TextChoices], names: Any) -> list[str]:
    wanted = {str(name).lower() for name in names}
    return [code for code in choices.values if code in wanted]


def read_hours(row: Row) -> set[tuple[int, time, time]] | None:
    if row.get("service_availability") is None:
        return None
    hours = set(_read_periods(row["service_availability"]))
    if len({(day, opens) for day, opens, _closes in hours}) != len(hours):
        raise ValueError("has two periods with one start")
    return set() if hours == ALWAYS else hours


def say_hours(hours: set[tuple[int, time, time]]) -> str:
    return ", ".join(
        f"{WEEKDAYS[day]} {opens:%H:%M}–{closes:%H:%M}"
        for day, opens, closes in sorted(hours)
    )


def say_error(error: Exception) -> str:
    return f"lacks {error}" if isinstance(error, KeyError) else str(error)


def to_source(*names: str) -> str:
    """Return what a row is found again by, short enough for its column."""
    source = " @ ".join(names)
    if len(source) <= SOURCE_LENGTH:
        return source
    return "sha256 " + hashlib.sha256(source.encode()).hexdigest()


def read_words(title: Row, length: int) -> str:
    text = read_optional_words(title, length)
    if not text:
        raise ValueError("has no title")
    return text


def read_optional_words(title: Row | None, length: int) -> str:
    translations = (title or {}).get("translations") or {}
    text = translations.get("en") or next(iter(translations.values()), "")
    return " ".join(str(text).split())[:length]


def read_group_names(row: Row) -> list[str]:
    return [str(name) for name in (row.get("modifier_group_ids") or {}).get("ids", [])]


def read_tax_rate(row: Row) -> Decimal | None:
    rate = (row.get("tax_info") or {}).get("tax_rate")
    if rate is None:
        return None
    rate = Decimal(str(rate)).quantize(Decimal("0.0001"))
    if not 0 <= rate <= HIGHEST_RATE:
        raise ValueError(f"has the tax rate {rate}")
    return rate


def read_suspension(row: Row) -> datetime | None:
    suspension = (row.get("suspension_info") or {}).get("suspension") or {}
    until = suspension.get("suspend_until")
    return datetime.fromtimestamp(until, UTC) if until else None


def _read_periods(days: list[Row]) -> Iterator[tuple[int, time, time]]:
    for day in days:
        weekday = WEEKDAYS.index(str(day["day_of_week"]).lower())
        for period in day.get("time_periods") or []:
            yield weekday, _clock(period["start_time"]), _clock(period["end_time"])


def _clock(text: str) -> time:
    # The end of a day is midnight in the next.
    return time() if text == "24:00" else time.fromisoformat(text)


def read_names(ids: Any) -> list[str]:
    """Return names as text, each once."""
    return list(dict.fromkeys(str(name) for name in ids))
