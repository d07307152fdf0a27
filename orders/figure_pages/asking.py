"""What a page of figures is asked for: which days, cut how, which part of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.figures.periods import (
    Grouping,
    Period,
    custom_period,
    named_period,
    usual_grouping,
)

CUSTOM = "custom"
USUAL = "28"
MOST_DAYS = 3 * 366
EARLIEST = date(2000, 1, 1)
PERIODS = {
    "today": gettext_lazy("Today"),
    "yesterday": gettext_lazy("Yesterday"),
    "7": gettext_lazy("7 days"),
    "28": gettext_lazy("28 days"),
    "month": gettext_lazy("This month"),
    "last_month": gettext_lazy("Last month"),
    "year": gettext_lazy("12 months"),
}
GROUPINGS = {
    Grouping.HOUR: gettext_lazy("By hour"),
    Grouping.DAY: gettext_lazy("By day"),
    Grouping.WEEK: gettext_lazy("By week"),
    Grouping.MONTH: gettext_lazy("By month"),
}
PARTS = {
    "sales": gettext_lazy("Sales"),
    "service": gettext_lazy("Service"),
    "items": gettext_lazy("Items"),
    "guests": gettext_lazy("Guests"),
}


class DayInput(forms.DateInput):
    input_type = "date"

    def format_value(self, value: Any) -> str | None:
        return value.isoformat() if isinstance(value, date) else value


class DaysForm(forms.Form):
    """The first and the last day, when they are not one of the usual periods."""

    since = forms.DateField(label=gettext_lazy("From"), widget=DayInput)
    until = forms.DateField(label=gettext_lazy("Until"), widget=DayInput)

    def clean_since(self) -> date:
        return self._known(self.cleaned_data["since"])

    def clean_until(self) -> date:
        return self._known(self.cleaned_data["until"])

    def _known(self, day: date) -> date:
        if not EARLIEST <= day <= date(9000, 1, 1):
            raise forms.ValidationError(_("There are no figures of that year."))
        return day

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until:
            if until < since:
                self.add_error("until", _("This is before the first day."))
            elif (until - since).days >= MOST_DAYS:
                self.add_error("until", _("Three years at most."))
        return cleaned


@dataclass(frozen=True)
class Choice:
    label: Any
    query: str
    is_current: bool


@dataclass(frozen=True)
class Asked:
    """A question as it was understood, and the ways to put it differently."""

    name: str
    period: Period
    grouping: Grouping
    part: str
    form: DaysForm
    is_cut: bool

    @property
    def before(self) -> Period:
        return self.period.before()

    @property
    def query(self) -> str:
        return self._query()

    @property
    def periods(self) -> list[Choice]:
        return [
            Choice(label, self._query(period=name), name == self.name)
            for name, label in PERIODS.items()
        ]

    @property
    def groupings(self) -> list[Choice]:
        return [
            Choice(label, self._query(by=by.value), by is self.grouping)
            for by, label in GROUPINGS.items()
        ]

    @property
    def parts(self) -> list[Choice]:
        return [
            Choice(label, self._query(part=part), part == self.part)
            for part, label in PARTS.items()
        ]

    @property
    def hidden(self) -> dict[str, str]:
        """What the form of days takes along."""
        return {"part": self.part}

    def _query(self, **changes: str) -> str:
        asked = {"part": self.part, "period": self.name}
        if self.is_cut:
            asked["by"] = self.grouping.value
        if "period" in changes:
            # Another period is cut in its usual way.
            asked.pop("by", None)
        asked |= changes
        if asked["period"] == CUSTOM:
            asked["since"] = self.period.since.isoformat()
            asked["until"] = self.period.until.isoformat()
        return urlencode(asked)


def read_question(parameters: Mapping[str, str], today: date) -> Asked:
    """Return what is asked for; the last 28 days when that makes no sense.

    Wrong days leave their complaint in the form.
    """
    name = parameters.get("period", "")
    if name in PERIODS or not {"since", "until"} & parameters.keys():
        name = name if name in PERIODS else USUAL
        period = named_period(name, today)
        form = DaysForm(initial={"since": period.since, "until": period.until})
    else:
        form = DaysForm(parameters)
        name, period = USUAL, named_period(USUAL, today)
        if form.is_valid():
            name = CUSTOM
            days = form.cleaned_data
            period = custom_period(days["since"], days["until"])
    by = {grouping.value: grouping for grouping in Grouping}.get(
        parameters.get("by", "")
    )
    part = parameters.get("part", "")
    return Asked(
        name=name,
        period=period,
        grouping=by or usual_grouping(period),
        part=part if part in PARTS else "sales",
        form=form,
        is_cut=by is not None,
    )
