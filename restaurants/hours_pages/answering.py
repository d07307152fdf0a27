"""What these pages share: rendering, the history, a day's bar."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from customers.models import User
from restaurants.models import Restaurant, Weekday
from restaurants.opening import WeeklySpan
from restaurants.owner_site import owner_site

MINUTES_A_DAY = 24 * 60
only_get_and_post = require_http_methods(["GET", "HEAD", "POST"])


def log(request: HttpRequest, restaurant: Restaurant, change: str) -> None:
    assert isinstance(request.user, User)
    LogEntry.objects.log_actions(
        request.user.pk, [restaurant], CHANGE, change, single_object=True
    )


def render(
    request: HttpRequest,
    restaurant: Restaurant,
    name: str,
    context: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    page = owner_site.page_context(request, restaurant, **context)
    return TemplateResponse(request, f"owner/hours/{name}.html", page, status=status)


@dataclass(frozen=True)
class Bar:
    """A part of a day's 1440 minutes; `continues` from the evening before."""

    start: int
    width: int
    continues: bool


def bars_of(week: Sequence[WeeklySpan]) -> list[list[Bar]]:
    days: list[list[Bar]] = [[] for _day in Weekday]
    for span in week:
        start = span.opens_at.hour * 60 + span.opens_at.minute
        end = span.closes_at.hour * 60 + span.closes_at.minute
        if end <= start:
            if end:
                days[(span.weekday + 1) % 7].append(Bar(0, end, continues=True))
            end = MINUTES_A_DAY
        days[span.weekday].append(Bar(start, end - start, continues=False))
    return days
