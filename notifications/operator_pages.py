"""The operators' pages about notifications: now, one person's timeline, redriving."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from notifications.charts import Chart, stack
from notifications.monitoring import (
    ACCEPTED,
    DAY,
    HOUR,
    MINUTE,
    SHARES,
    Lane,
    OutcomeCount,
    count_stuck,
    first_of,
    get_trouble,
    list_lanes,
    list_latencies,
    list_outcomes,
    percentile,
)
from notifications.operator_forms import StuckForm
from notifications.selectors import list_suppressions_for_user
from notifications.services.circuits import close_circuit
from notifications.services.redriving import redrive_stuck
from notifications.timelines import find_recipient_pk, get_timeline_for_operator

may_view = permission_required("notifications.view_message", raise_exception=True)
may_change = permission_required("notifications.change_message", raise_exception=True)

# The results of attempts, in the order in which they are drawn.
OUTCOMES = {
    ACCEPTED: gettext_lazy("Accepted"),
    "retry": gettext_lazy("To be tried again"),
    "permanent": gettext_lazy("Refused for good"),
    "unknown": gettext_lazy("Unknown"),
    "expired": gettext_lazy("Too late"),
}


@dataclass(frozen=True)
class LaneRow:
    """A lane as the page shows it."""

    lane: Lane
    oldest_due: str
    percentiles: list[str]


@dataclass(frozen=True)
class OutcomeRow:
    provider: str
    outcome: str
    label: str
    reason: str
    count: int


@may_view
@require_GET
def now(request: HttpRequest) -> HttpResponse:
    context = {"title": _("Notifications: now"), **_figures(request)}
    return _page(request, "now", context)


@may_view
@require_GET
def now_figures(request: HttpRequest) -> HttpResponse:
    """Answer the part of the page that changes."""
    return TemplateResponse(request, "admin/notifications/_now.html", _figures(request))


def _figures(request: HttpRequest) -> dict[str, Any]:
    moment = timezone.now()
    is_by_hour = request.GET.get("by") == "hour"
    since = moment - (DAY if is_by_hour else HOUR)
    outcomes = list_outcomes(is_by_hour=is_by_hour, now=moment)
    latencies = list_latencies(since=since)
    accepted, others = _draw(outcomes, moment, is_by_hour=is_by_hour)
    return {
        "moment": moment,
        "since": first_of(moment, is_by_hour=is_by_hour),
        "is_by_hour": is_by_hour,
        "lanes": [
            LaneRow(
                lane,
                format_seconds(lane.oldest_due_seconds),
                [
                    format_seconds(percentile(latencies.get(lane.name, []), share))
                    for share in SHARES
                ],
            )
            for lane in list_lanes(now=moment)
        ],
        "charts": [(_("Accepted"), accepted), (_("Not accepted"), others)],
        "legend": OUTCOMES.items(),
        "outcomes": _add_up(outcomes),
        "trouble": get_trouble(),
    }


def format_seconds(seconds: float | None) -> str:
    """Write a duration with as many digits as matter."""
    if seconds is None:
        return "–"
    if math.isinf(seconds):
        return _("over 1 h")
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.2f} s" if seconds else "0 s"


def _draw(
    outcomes: list[OutcomeCount], now: datetime, *, is_by_hour: bool
) -> tuple[Chart, Chart]:
    """Draw what was accepted and what was not, each on a scale of its own."""
    first = first_of(now, is_by_hour=is_by_hour)
    step: timedelta = HOUR if is_by_hour else MINUTE
    sums: Counter[tuple[datetime, str]] = Counter()
    for each in outcomes:
        sums[each.at, each.outcome] += each.count
    moments = [first + step * n for n in range((now - first) // step + 1)]
    charts = []
    for kinds in ([ACCEPTED], [kind for kind in OUTCOMES if kind != ACCEPTED]):
        columns = [
            (_title(at, at_kinds), at_kinds)
            for at in moments
            for at_kinds in [{kind: sums[at, kind] for kind in kinds}]
        ]
        charts.append(stack(columns))
    return charts[0], charts[1]


def _title(at: datetime, kinds: dict[str, int]) -> str:
    parts = [f"{OUTCOMES[kind]} {count:,}" for kind, count in kinds.items() if count]
    return f"{at:%H:%M} · {', '.join(parts) or '0'}"


def _add_up(outcomes: list[OutcomeCount]) -> list[OutcomeRow]:
    """Add up the time that is shown, the most first."""
    sums: Counter[tuple[str, str, str]] = Counter()
    for each in outcomes:
        sums[each.provider, each.outcome, each.reason] += each.count
    return [
        OutcomeRow(
            provider, outcome, str(OUTCOMES.get(outcome, outcome)), reason, count
        )
        for (provider, outcome, reason), count in sums.most_common()
    ]


@may_view
@require_GET
def person_find(request: HttpRequest) -> HttpResponse:
    pk = find_recipient_pk(email=request.GET.get("email", "").strip())
    if pk is None:
        messages.error(request, _("Nobody has this e-mail address."))
        return redirect("admin:notifications_now")
    return redirect("admin:notifications_timeline", pk)


@may_view
@require_GET
def timeline(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what one person was told, and why not."""
    person: Any = get_object_or_404(get_user_model(), pk=_in_range(pk))
    before = request.GET.get("before", "")
    if before and not (before.isascii() and before.isdigit()):
        raise Http404
    context = {
        "title": _("Told to %(email)s") % {"email": person.email},
        "person": person,
        "suppressions": list_suppressions_for_user(
            email=person.email, phone=str(person.phone)
        ),
        "timeline": get_timeline_for_operator(
            recipient_pk=pk, before=_in_range(int(before)) if before else None
        ),
    }
    return _page(request, "timeline", context)


def _in_range(number: int) -> int:
    """Return a key as it is, if the database can hold it."""
    if number >= 2**63:
        raise Http404
    return number


@may_change
@require_http_methods(["GET", "POST"])
def redrive(request: HttpRequest) -> HttpResponse:
    """Say how many messages a filter finds; send them again when asked to."""
    form = StuckForm(request.POST if request.method == "POST" else request.GET)
    if request.method == "POST" and form.is_valid():
        return _redrive(request, form)
    count = count_stuck(form.get_filter()) if form.is_valid() else None
    context = {"title": _("Send again"), "form": form, "count": count}
    return _page(request, "redrive", context)


def _redrive(request: HttpRequest, form: StuckForm) -> HttpResponse:
    done = redrive_stuck(form.get_filter())
    text = ngettext(
        "%(count)d message will be sent again.",
        "%(count)d messages will be sent again.",
        done.count,
    ) % {"count": done.count}
    if done.is_more:
        messages.warning(request, f"{text} {_('There are more: do it again.')}")
    else:
        messages.success(request, text)
    return redirect("admin:notifications_now")


@may_change
@require_POST
def circuit_close(request: HttpRequest, provider: str) -> HttpResponse:
    close_circuit(provider=provider)
    messages.success(
        request,
        _("%(provider)s is sent to again. Workers notice within seconds.")
        % {"provider": provider},
    )
    return redirect("admin:notifications_now")


def _page(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    request.current_app = admin.site.name
    return TemplateResponse(
        request,
        f"admin/notifications/{name}.html",
        {**admin.site.each_context(request), **context},
    )


def operator_urls(
    guard: Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]],
) -> list[URLPattern]:
    """Return the pages' addresses, each behind the site's own guard."""
    return [
        path("notifications/now/", guard(now), name="notifications_now"),
        path(
            "notifications/now/figures/",
            guard(now_figures),
            name="notifications_now_figures",
        ),
        path("notifications/find/", guard(person_find), name="notifications_find"),
        path(
            "notifications/people/<int:pk>/",
            guard(timeline),
            name="notifications_timeline",
        ),
        path("notifications/redrive/", guard(redrive), name="notifications_redrive"),
        path(
            "notifications/circuits/<slug:provider>/close/",
            guard(circuit_close),
            name="notifications_circuit_close",
        ),
    ]
