"""Preparation times by hour of the week, with what orders really took beside them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from restaurants.estimating import Suggestion
from restaurants.hours_pages.answering import bars_of, log, only_get_and_post, render
from restaurants.hours_pages.forms import PreparationForm
from restaurants.models import HOURS_OF_WEEK, Restaurant, Weekday
from restaurants.opening import WeeklySpan
from restaurants.selectors import list_week
from restaurants.services.hours import (
    LEAST_PREPARATION,
    MOST_PREPARATION,
    change_preparation,
)

Suggest = Callable[[Restaurant], Mapping[int, Suggestion]]
_suggesting: list[Suggest] = []


def offer_suggestions(suggest: Suggest) -> None:
    """Have preparation times suggested, by hour of the week from Monday 00:00.

    Orders are known higher up, so whoever knows them says how at start.
    """
    _suggesting[:] = [suggest]


@dataclass(frozen=True)
class PreparationCell:
    """An hour of a weekday; closed when there is no number for it."""

    weekday: Weekday
    hour: int
    minutes: str = ""
    error: str = ""
    is_open: bool = True
    suggestion: Suggestion | None = None


def _open_hours(week: Sequence[WeeklySpan]) -> list[int]:
    """Return the hours of the week, from Monday 00:00, that have some time open."""
    found = set()
    for weekday, bars in enumerate(bars_of(week)):
        for bar in bars:
            first, last = bar.start // 60, (bar.start + bar.width - 1) // 60
            found |= {weekday * 24 + hour for hour in range(first, last + 1)}
    return sorted(found)


@only_get_and_post
def preparation(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    """Show the minutes of each open hour of the week; save them when sent."""
    usual = restaurant.preparation_minutes
    minutes = restaurant.preparation_week or [usual] * HOURS_OF_WEEK
    is_sent = request.method == "POST"
    if is_sent and "reset" in request.POST:
        change_preparation(restaurant_pk=restaurant.pk, minutes=None)
        return _saved_preparation(request, restaurant)
    open_hours = {hour: minutes[hour] for hour in _open_hours(list_week(restaurant))}
    form = PreparationForm(request.POST if is_sent else None, open_hours)
    suggestions = _suggestions(restaurant)
    takes = is_sent and "take" in request.POST
    if takes:
        taken = {
            h: str(one.minutes) for h, one in suggestions.items() if h in open_hours
        }
        form.texts |= taken
        messages.info(request, _("Filled in, not saved yet: look, then save."))
    elif is_sent and form.is_valid():
        change_preparation(restaurant_pk=restaurant.pk, minutes=form.minutes)
        return _saved_preparation(request, restaurant)
    context = {
        "rows": list(_grid(form, suggestions)),
        "weekdays": list(Weekday),
        "usual": usual,
        "has_week": restaurant.preparation_week is not None,
        "has_suggestions": any(hour in open_hours for hour in suggestions),
        "errors": form.errors,
        "least": LEAST_PREPARATION,
        "most": MOST_PREPARATION,
        "title": _("Preparation time by the hour"),
    }
    return render(request, restaurant, "preparation", context)


def _suggestions(restaurant: Restaurant) -> dict[int, Suggestion]:
    return {
        hour: Suggestion(
            min(max(one.minutes, LEAST_PREPARATION), MOST_PREPARATION), one.orders
        )
        for suggest in _suggesting
        for hour, one in suggest(restaurant).items()
    }


def _grid(
    form: PreparationForm, suggestions: Mapping[int, Suggestion]
) -> Iterator[tuple[int, list[PreparationCell]]]:
    """Yield a row for each hour of the day from the first open one to the last."""
    of_day = {hour % 24 for hour in form.texts}
    for hour in range(min(of_day, default=0), max(of_day, default=-1) + 1):
        cells = []
        for weekday in Weekday:
            number = weekday.value * 24 + hour
            cells.append(
                PreparationCell(
                    weekday=weekday,
                    hour=number,
                    minutes=form.texts.get(number, ""),
                    error=form.errors.get(number, ""),
                    is_open=number in form.texts,
                    suggestion=suggestions.get(number),
                )
            )
        yield hour, cells


def _saved_preparation(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    log(request, restaurant, _("Changed the preparation times."))
    messages.success(
        request, _("Saved. New orders are promised by these times from now on.")
    )
    return redirect("owner:preparation", restaurant.pk)
