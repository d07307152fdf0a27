"""What is typed on these pages, read into values; nothing typed is lost."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from restaurants.exceptions import HoursRefusedError
from restaurants.models import Restaurant, Weekday
from restaurants.opening import WeeklySpan
from restaurants.services.hours import (
    LEAST_ANSWER,
    LEAST_PREPARATION,
    MOST_ANSWER,
    MOST_CAPACITY,
    MOST_FEE_STEPS,
    MOST_PREPARATION,
    MOST_SPANS_A_DAY,
    check_week,
)

EMPTY_ROWS = 2  # for who has no JavaScript
MOST_ROWS = 20  # of what is shown again
LONGEST_RANGE = timedelta(days=61)
FARTHEST = timedelta(days=730)
CLOCK = re.compile(r"([0-9]{1,2})[:.]([0-9]{2})(:[0-9]{2}(\.[0-9]+)?)?")


def read_time(text: str) -> time:
    """Return a time of day typed as 18:30; ValidationError if it is none."""
    found = CLOCK.fullmatch(text)
    try:
        if found:
            return time(int(found[1]), int(found[2]))
    except ValueError:
        pass
    raise ValidationError(
        _("“%(text)s” is not a time between 00:00 and 23:59."),
        params={"text": text[:10].replace("\0", "")},
    )


@dataclass
class SpanRow:
    """A line with two times, as typed."""

    opens: str = ""
    closes: str = ""
    error: str = ""


class SpanRows:
    """Lines with two times each; `spans` are the ones that could be read."""

    def __init__(self, opens: Sequence[str], closes: Sequence[str]) -> None:
        self.rows: list[SpanRow] = []
        self.spans: list[tuple[time, time]] = []
        for pair in list(zip_longest(opens, closes, fillvalue=""))[:MOST_ROWS]:
            row = SpanRow(*(text.strip()[:20] for text in pair))
            if row.opens or row.closes:
                self.rows.append(row)
                self._read(row)

    def _read(self, row: SpanRow) -> None:
        if not (row.opens and row.closes):
            row.error = _("Give both times.")
            return
        try:
            self.spans.append((read_time(row.opens), read_time(row.closes)))
        except ValidationError as error:
            row.error = error.messages[0]

    @property
    def has_errors(self) -> bool:
        return any(row.error for row in self.rows)

    def with_empty(self) -> list[SpanRow]:
        """Return the lines and some empty ones to fill in."""
        room = max(0, MOST_SPANS_A_DAY - len(self.rows))
        return [*self.rows, *(SpanRow() for _row in range(min(EMPTY_ROWS, room)))]


@dataclass
class WeekDay:
    weekday: int
    label: str
    lines: SpanRows
    errors: list[str] = field(default_factory=list)

    @property
    def suffix(self) -> str:
        """What the names of the day's fields end in."""
        return f"-{self.weekday}"


class WeekForm:
    """The opening hours of a week: fields opens-<day> and closes-<day>, many each."""

    def __init__(self, typed: QueryDict | None, week: Iterable[WeeklySpan]) -> None:
        self.days: list[WeekDay] = []
        of_day: dict[int, list[WeeklySpan]] = {}
        for span in week:
            of_day.setdefault(span.weekday, []).append(span)
        for day in Weekday:
            if typed is not None:
                opens = typed.getlist(f"opens-{day.value}")
                closes = typed.getlist(f"closes-{day.value}")
            else:
                spans = of_day.get(day.value, [])
                opens = [f"{span.opens_at:%H:%M}" for span in spans]
                closes = [f"{span.closes_at:%H:%M}" for span in spans]
            lines = SpanRows(opens, closes)
            self.days.append(WeekDay(day.value, str(day.label), lines))

    @property
    def week(self) -> list[WeeklySpan]:
        """The spans that could be read."""
        return [
            WeeklySpan(day.weekday, *span)
            for day in self.days
            for span in day.lines.spans
        ]

    def is_valid(self) -> bool:
        try:
            check_week(self.week)
        except HoursRefusedError as refusal:
            for weekday in refusal.weekdays:
                self.days[weekday].errors.append(str(refusal.message))
        return not any(day.errors or day.lines.has_errors for day in self.days)


class SpecialForm(forms.Form):
    """Hours of one date, or of each date of a range."""

    CLOSED, OPEN = "closed", "open"

    first = forms.DateField(
        label=gettext_lazy("Date"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    last = forms.DateField(
        label=gettext_lazy("Until (for several days)"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("On that day"),
        choices=[
            (CLOSED, gettext_lazy("Closed")),
            (OPEN, gettext_lazy("Open at these times")),
        ],
        widget=forms.RadioSelect,
        initial=CLOSED,
    )
    note = forms.CharField(
        label=gettext_lazy("Note that customers see"), max_length=100, required=False
    )
    instead_of = forms.DateField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        typed: QueryDict | None,
        *,
        today: date,
        spans: Sequence[tuple[time, time]] = (),
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(typed, initial=initial)
        self.today = today
        if typed is not None:
            self.lines = SpanRows(typed.getlist("opens"), typed.getlist("closes"))
        else:
            opens = [f"{opens:%H:%M}" for opens, _closes in spans]
            self.lines = SpanRows(
                opens, [f"{closes:%H:%M}" for _opens, closes in spans]
            )

    def clean_first(self) -> date:
        first: date = self.cleaned_data["first"]
        if not self.today <= first <= self.today + FARTHEST:
            raise ValidationError(_("Give a day from today to two years from now."))
        return first

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        first, last = found.get("first"), found.get("last")
        if first and last and not first <= last <= first + LONGEST_RANGE:
            self.add_error(
                "last", _("Give a later day, at most two months after the first.")
            )
        is_open = found.get("kind") == self.OPEN
        if self.lines.has_errors:
            self.add_error("kind", _("Correct the times below."))
        elif is_open and not self.lines.spans:
            self.add_error("kind", _("Give the times, or choose Closed."))
        elif not is_open and self.lines.rows:
            self.add_error("kind", _("You gave times: choose Open, or empty them."))
        return found

    @property
    def dates(self) -> list[date]:
        first = self.cleaned_data["first"]
        last = self.cleaned_data.get("last") or first
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]


class AmountField(forms.DecimalField):
    """A number typed with a comma or a point before the decimals."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_digits": 10, "decimal_places": 2} | kwargs)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = value.strip()
            if value.count(",") == 1 and "." not in value:
                value = value.replace(",", ".")
        return super().to_python(value)


def plain(number: Decimal | float) -> str:
    """Return a number for a field: at most two decimals, no zeros after them."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


@dataclass
class FeeRow:
    """From a distance on, a fee, as typed."""

    distance: str = ""
    fee: str = ""
    error: str = ""


class TermsForm(forms.Form):
    """Delivery and pickup; distances in miles or kilometres, by `unit` in metres."""

    offers_delivery = forms.BooleanField(
        label=gettext_lazy("Offers delivery"), required=False
    )
    offers_pickup = forms.BooleanField(
        label=gettext_lazy("Offers pickup"), required=False
    )
    delivery_radius = AmountField(
        label=gettext_lazy("Delivers as far as"), min_value=Decimal(0)
    )
    delivery_fee = AmountField(label=gettext_lazy("Delivery fee"), min_value=Decimal(0))
    minimum_order = AmountField(
        label=gettext_lazy("Minimum order"),
        min_value=Decimal(0),
        help_text=gettext_lazy("Of the items alone; 0 for none."),
    )
    preparation_minutes = forms.IntegerField(
        label=gettext_lazy("Usual preparation time in minutes"),
        min_value=LEAST_PREPARATION,
        max_value=MOST_PREPARATION,
    )
    slot_capacity = forms.IntegerField(
        label=gettext_lazy("Most orders in 15 minutes"),
        required=False,
        min_value=1,
        max_value=MOST_CAPACITY,
        help_text=Restaurant._meta.get_field("slot_capacity").help_text,  # noqa: SLF001
    )
    answer_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes to answer an order"),
        min_value=LEAST_ANSWER,
        max_value=MOST_ANSWER,
        help_text=gettext_lazy("An order nobody answers for so long ends by itself."),
    )
    expects_board = forms.BooleanField(
        label=gettext_lazy("Stop orders when no board is open"),
        required=False,
        help_text=Restaurant._meta.get_field("expects_board").help_text,  # noqa: SLF001
    )
    tax_rate = AmountField(
        label=gettext_lazy("Tax rate in per cent"),
        max_digits=6,
        decimal_places=4,
        min_value=Decimal(0),
        max_value=Decimal("99.9999"),
    )
    prices_include_tax = forms.BooleanField(
        label=gettext_lazy("Prices include tax"), required=False
    )

    def __init__(
        self,
        typed: QueryDict | None,
        *,
        restaurant: Restaurant,
        unit: float,
        with_tax: bool,
    ) -> None:
        self.restaurant, self.unit = restaurant, unit
        initial: dict[str, Any] = {
            name: getattr(restaurant, name) for name in self.base_fields
        }
        for name in ("delivery_fee", "minimum_order"):
            initial[name] = f"{initial[name]:.2f}"
        tax = f"{restaurant.tax_rate:.4f}"
        initial["tax_rate"] = tax.rstrip("0").rstrip(".")
        initial["delivery_radius"] = plain(restaurant.delivery_radius / unit)
        super().__init__(typed, initial=initial)
        if not with_tax:
            del self.fields["tax_rate"], self.fields["prices_include_tax"]
        self.rows = list(self._rows(typed))
        self.steps: list[tuple[float, Decimal]] = []

    def _rows(self, typed: QueryDict | None) -> Iterator[FeeRow]:
        if typed is None:
            distances = [plain(m / self.unit) for m in self.restaurant.fee_step_metres]
            fees = [f"{fee:.2f}" for fee in self.restaurant.fee_step_fees]
        else:
            distances = typed.getlist("step_from")
            fees = typed.getlist("step_fee")
        for pair in list(zip_longest(distances, fees, fillvalue=""))[:MOST_ROWS]:
            row = FeeRow(*(text.strip()[:20] for text in pair))
            if row.distance or row.fee:
                yield row

    def rows_with_empty(self) -> list[FeeRow]:
        """Return the steps and some empty ones to fill in."""
        room = max(0, MOST_FEE_STEPS - len(self.rows))
        return [*self.rows, *(FeeRow() for _row in range(min(EMPTY_ROWS, room)))]

    def clean_delivery_radius(self) -> float:
        return self._metres(self.cleaned_data["delivery_radius"])

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        read = [self._read(row) for row in self.rows]
        self.steps = sorted(step for step in read if step)
        if any(row.error for row in self.rows):
            self.add_error(None, _("Correct the fee steps."))
        return found

    def _read(self, row: FeeRow) -> tuple[float, Decimal] | None:
        number = AmountField(min_value=Decimal(0))
        try:
            distance, fee = number.clean(row.distance), number.clean(row.fee)
        except ValidationError:
            row.error = _("Give a distance and a fee, as numbers.")
            return None
        assert distance is not None
        assert fee is not None
        return self._metres(distance), fee

    def _metres(self, distance: Decimal) -> float:
        """Return metres; the stored ones where the text is how they were shown."""
        for stored in (
            self.restaurant.delivery_radius,
            *self.restaurant.fee_step_metres,
        ):
            if Decimal(plain(stored / self.unit)) == distance:
                return stored
        return float(distance) * self.unit


class PreparationForm:
    """Minutes by hour of the week: fields h0 (Monday 00:00) to h167."""

    def __init__(
        self, typed: Mapping[str, str] | None, hours: Mapping[int, int]
    ) -> None:
        self.texts = {hour: str(minutes) for hour, minutes in hours.items()}
        if typed is not None:
            self.texts = {
                hour: typed.get(f"h{hour}", "").strip()[:10] for hour in hours
            }
        self.errors: dict[int, str] = {}
        self.minutes: dict[int, int] = {}

    def is_valid(self) -> bool:
        number = forms.IntegerField(
            min_value=LEAST_PREPARATION, max_value=MOST_PREPARATION
        )
        for hour, text in self.texts.items():
            try:
                self.minutes[hour] = number.clean(text)
            except ValidationError as error:
                self.errors[hour] = error.messages[0]
        return not self.errors
