"""The week of opening hours, what customers see of it, and dates of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from restaurants.availability import HORIZON, is_paused, known_spans
from restaurants.exceptions import ChangedMeanwhileError, HoursRefusedError
from restaurants.hours_pages.answering import bars_of, log, only_get_and_post, render
from restaurants.hours_pages.forms import SpecialForm, WeekForm
from restaurants.hours_pages.holidays_form import HolidaysForm
from restaurants.models import Restaurant, SpecialHours
from restaurants.opening import (
    DayAhead,
    Span,
    SpecialSpan,
    WeeklySpan,
    list_days_ahead,
    next_opening,
    opening_spans,
    span_at,
    week_version,
)
from restaurants.selectors import list_week
from restaurants.services.hours import (
    MOST_SPANS_A_DAY,
    close_on_dates,
    remove_special_date,
    replace_week,
    set_special_dates,
)

YEAR = timedelta(days=365)
MOST_SPECIAL_DATES = 200  # shown; a year and more of holidays


@only_get_and_post
def hours(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    """Show the week to be edited; save it when sent."""
    typed = request.POST if request.method == "POST" else None
    week = list_week(restaurant)
    form = WeekForm(typed, week)
    has_changed_meanwhile = False
    if typed is not None and form.is_valid():
        version = typed.get("version", "")
        try:
            replace_week(restaurant_pk=restaurant.pk, week=form.week, version=version)
        except ChangedMeanwhileError:
            has_changed_meanwhile = True
            week = list_week(restaurant)
        else:
            return _saved_hours(request, restaurant, _("Changed the opening hours."))
    now = timezone.now()
    context = {
        **_preview(restaurant, known_spans(restaurant), form.week, now),
        "form": form,
        "has_errors": typed is not None,
        "has_changed_meanwhile": has_changed_meanwhile,
        "saved_week": WeekForm(None, week).days if has_changed_meanwhile else [],
        "version": week_version(week),
        "most_spans": MOST_SPANS_A_DAY,
        "special_dates": _special_dates(restaurant, now),
        "special_form": SpecialForm(None, today=_today(restaurant, now)),
        **_holidays(request, restaurant, now),
    }
    status = 409 if has_changed_meanwhile else 200
    return render(request, restaurant, "hours", context, status)


@require_POST
def hours_preview(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    """Show what customers would see of a week that is not saved yet."""
    form = WeekForm(request.POST, [])
    form.is_valid()
    now = timezone.now()
    special = [
        SpecialSpan(row.date, row.opens_at, row.closes_at)
        for row in restaurant.special_hours.all()
    ]
    spans = opening_spans(
        form.week,
        special,
        time_zone=restaurant.time_zone,
        since=now - timedelta(days=2),
        until=now + HORIZON,
    )
    context = {
        **_preview(restaurant, spans, form.week, now),
        "restaurant": restaurant,
        "is_unsaved": True,
        "problems": [error for day in form.days for error in day.errors],
    }
    return TemplateResponse(request, "owner/hours/_preview.html", context)


def _preview(
    restaurant: Restaurant,
    spans: Sequence[Span],
    week: Sequence[WeeklySpan],
    now: datetime,
) -> dict[str, Any]:
    paused = is_paused(restaurant, now)
    notes = {
        row.date: row.note
        for row in restaurant.special_hours.filter(date__gte=_today(restaurant, now))
    }
    ahead = list_days_ahead(spans, time_zone=restaurant.time_zone, now=now)
    days: list[tuple[DayAhead, str | None]] = [(d, notes.get(d.date)) for d in ahead]
    return {
        "days_ahead": days,
        "state": _state(restaurant, spans, now),
        "is_live": restaurant.status == Restaurant.Status.LIVE,
        "paused_until": _moment(restaurant, restaurant.paused_until)
        if paused and restaurant.paused_until
        else "",
        "bars": list(enumerate(bars_of(week))),
    }


def _state(restaurant: Restaurant, spans: Sequence[Span], now: datetime) -> str:
    """Return a sentence about now: open until when, or closed until when."""
    span = span_at(spans, now)
    if span is not None:
        if span[1] > now + timedelta(days=7):
            return _("Open around the clock.")
        return _("Open now, until %(when)s.") % {"when": _moment(restaurant, span[1])}
    opening = next_opening(spans, now)
    if opening is None:
        return _("Closed, with no opening in the days ahead.")
    return _("Closed now; opens %(when)s.") % {"when": _moment(restaurant, opening)}


def _moment(restaurant: Restaurant, moment: datetime) -> str:
    if moment > timezone.now() + YEAR:
        return _("further notice")
    return date_format(moment.astimezone(ZoneInfo(restaurant.time_zone)), "D j M H:i")


def _today(restaurant: Restaurant, now: datetime) -> date:
    return now.astimezone(ZoneInfo(restaurant.time_zone)).date()


def _saved_hours(
    request: HttpRequest, restaurant: Restaurant, change: str
) -> HttpResponse:
    log(request, restaurant, change)
    restaurant.refresh_from_db(fields=["open_spans"])
    state = _state(restaurant, known_spans(restaurant), timezone.now())
    messages.success(request, _("Saved. Customers now see: %s") % state)
    return redirect("owner:hours", restaurant.pk)


# Dates with hours of their own.


@dataclass(frozen=True)
class SpecialDate:
    date: date
    spans: list[tuple[time, time]]
    note: str

    @property
    def is_closed(self) -> bool:
        return not self.spans


def _special_dates(restaurant: Restaurant, now: datetime) -> list[SpecialDate]:
    """Return the dates of today and later that have hours of their own."""
    by_date: dict[date, list[SpecialHours]] = {}
    coming = restaurant.special_hours.filter(date__gte=_today(restaurant, now))
    for row in coming.order_by("date", "opens_at")[:MOST_SPECIAL_DATES]:
        by_date.setdefault(row.date, []).append(row)
    return [
        SpecialDate(
            on,
            [
                (row.opens_at, row.closes_at)
                for row in rows
                if row.opens_at is not None and row.closes_at is not None
            ],
            rows[0].note,
        )
        for on, rows in by_date.items()
    ]


@only_get_and_post
def hours_special(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    """Add hours for a date or several, or change those of ?date=."""
    now = timezone.now()
    typed = request.POST if request.method == "POST" else None
    editing = _edited_date(request, restaurant, now)
    initial: dict[str, Any] = {}
    if editing is not None:
        initial = {
            "first": editing.date,
            "instead_of": editing.date,
            "kind": SpecialForm.CLOSED if editing.is_closed else SpecialForm.OPEN,
            "note": editing.note,
        }
    form = SpecialForm(
        typed,
        today=_today(restaurant, now),
        spans=editing.spans if editing else [],
        initial=initial,
    )
    if typed is not None and form.is_valid():
        try:
            set_special_dates(
                restaurant_pk=restaurant.pk,
                dates=form.dates,
                spans=form.lines.spans,
                note=form.cleaned_data["note"],
                instead_of=form.cleaned_data["instead_of"],
            )
        except HoursRefusedError:
            form.add_error("kind", _("The times overlap or are too many."))
        else:
            return _saved_hours(request, restaurant, _("Changed special dates."))
    context = {
        "form": form,
        "is_editing": editing is not None,
        "title": _("Special date"),
    }
    return render(request, restaurant, "special", context)


def _edited_date(
    request: HttpRequest, restaurant: Restaurant, now: datetime
) -> SpecialDate | None:
    wanted = request.GET.get("date", "")
    dates = _special_dates(restaurant, now)
    return next((one for one in dates if one.date.isoformat() == wanted), None)


@require_POST
def hours_special_remove(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    """Let the weekly hours hold again on a date."""
    on = _posted_date(request, "date")
    if on is None:
        messages.error(request, _("There is no such date."))
        return redirect("owner:hours", restaurant.pk)
    remove_special_date(restaurant_pk=restaurant.pk, on=on)
    return _saved_hours(request, restaurant, _("Removed a special date."))


def _posted_date(request: HttpRequest, name: str) -> date | None:
    try:
        return parse_date(request.POST.get(name, ""))
    except ValueError:  # 31 February
        return None


def _holidays(
    request: HttpRequest, restaurant: Restaurant, now: datetime
) -> dict[str, Any]:
    """Return the coming year's public holidays, each with what is decided for it."""
    asked = request.GET if request.method == "GET" else request.POST
    form = HolidaysForm(asked.dict(), restaurant)
    decided = {one.date: one for one in _special_dates(restaurant, now)}
    today = _today(restaurant, now)
    offered = form.offered(today, today + YEAR)
    return {
        "holidays_form": form,
        "holidays": [(day, decided.get(day.date)) for day in offered],
        "undecided_count": sum(day.date not in decided for day in offered),
    }


@require_POST
def hours_holidays(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    """Close on a public holiday, or on all that nothing is decided for; or reopen."""
    today = _today(restaurant, timezone.now())
    form = HolidaysForm(request.POST.dict(), restaurant)
    offered = {day.date: day.name for day in form.offered(today, today + YEAR)}
    reopened, closed = _posted_date(request, "open"), _posted_date(request, "close")
    if reopened is not None:
        remove_special_date(restaurant_pk=restaurant.pk, on=reopened)
        return _saved_hours(request, restaurant, _("Removed a special date."))
    if "close_all" not in request.POST:
        offered = {on: name for on, name in offered.items() if on == closed}
    if not offered:
        messages.error(request, _("There is no such holiday."))
        return redirect("owner:hours", restaurant.pk)
    count = close_on_dates(restaurant_pk=restaurant.pk, notes=offered)
    change = ngettext(
        "Closed on %(count)d holiday.", "Closed on %(count)d holidays.", count
    )
    answer = _saved_hours(request, restaurant, change % {"count": count})
    answer["Location"] += f"?{_kept_choice(form)}#holidays"
    return answer


def _kept_choice(form: HolidaysForm) -> str:
    part = form.data.get("subdivision", "") if "subdivision" in form.fields else ""
    known = dict(form.fields["subdivision"].choices) if part else {}  # type: ignore[attr-defined]
    return f"country={form.chosen}" + (f"&subdivision={part}" if part in known else "")
