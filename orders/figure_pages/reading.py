"""What each part of a page of figures shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders import figures
from orders.figure_pages.asking import Asked
from orders.figure_pages.wording import (
    Card,
    chart,
    compare,
    compare_rates,
    compare_times,
    say_amount,
    say_bucket,
    say_count,
    say_hour,
    say_rate,
    say_stars,
    say_time,
    say_weekday,
)
from orders.figures import FiguresTotal, PartFigures
from orders.figures.periods import Grouping, Period, bucket_start, split
from orders.models import Order, OrderEvent
from restaurants.models import Restaurant

BEST = 10
SHADES = 4
HOURS_OF_DAY = 24
MEANINGS = {
    "orders": gettext_lazy("Delivered and collected, on the day they were for."),
    "revenue": gettext_lazy(
        "Items and modifiers, without tax, fees and tips, less refunds."
    ),
    "delivery": gettext_lazy("The part of revenue that was delivered."),
    "average": gettext_lazy("Revenue divided by orders."),
    "acceptance": gettext_lazy(
        "Accepted, of all that were accepted, refused or not answered in time."
    ),
}


@dataclass(frozen=True)
class Row:
    """A line of the table: a day, a week, a month or an hour, in one currency."""

    label: str
    since: date | None
    until: date | None
    figures: FiguresTotal


@dataclass(frozen=True)
class HeatCell:
    orders: int
    shade: int


def money_cards(now: FiguresTotal, before: FiguresTotal) -> list[Card]:
    money = now.currency
    return [
        Card(
            _("Orders"),
            say_count(now.orders),
            compare(now.orders, before.orders),
            MEANINGS["orders"],
        ),
        Card(
            _("Revenue"),
            say_amount(now.revenue, money),
            compare(now.revenue, before.revenue),
            MEANINGS["revenue"],
        ),
        Card(
            _("Delivery sales"),
            say_amount(now.delivery_sales, money),
            compare(now.delivery_sales, before.delivery_sales),
            MEANINGS["delivery"],
        ),
        Card(
            _("Average order"),
            say_amount(now.average, money),
            compare(now.average, before.average),
            MEANINGS["average"],
        ),
    ]


def read_glance(restaurant: Restaurant, now: datetime) -> dict[str, Any]:
    """Return today's cards, beside the same weekday a week ago up to this hour."""
    today, then = figures.get_glances(restaurant=restaurant, now=now)
    in_hand = figures.count_orders_in_hand(restaurant=restaurant)
    return {
        "cards": [
            Card(
                _("In hand now"),
                say_count(in_hand),
                "",
                _("Placed and not yet delivered, collected or ended."),
            ),
            *money_cards(today.figures, then.figures),
            Card(
                _("Acceptance rate"),
                say_rate(today.acceptance),
                compare_rates(today.acceptance, then.acceptance),
                MEANINGS["acceptance"],
            ),
        ],
        "then": then.day,
    }


def bucket_rows(asked: Asked, period: Period, days: list[PartFigures]) -> list[Row]:
    """Return the days of a period as rows, empty ones too."""
    by_start: dict[date, list[PartFigures]] = {}
    for day in days:
        if period.since <= day.key <= period.until:
            start = bucket_start(day.key, asked.grouping)
            by_start.setdefault(start, []).append(day)
    return [
        Row(say_bucket(part, asked.grouping), part.since, part.until, total)
        for part in split(period, asked.grouping)
        for total in figures.add_up_figures(
            by_start.get(bucket_start(part.since, asked.grouping), [])
        )
        or [FiguresTotal(currency="")]
    ]


def hour_rows(hours: list[PartFigures], shown: Iterable[int]) -> list[Row]:
    """Return the hours of the week as rows of the hours of the day."""
    by_hour: dict[int, list[PartFigures]] = {}
    for hour in hours:
        by_hour.setdefault(hour.key % HOURS_OF_DAY, []).append(hour)
    return [
        Row(say_hour(hour), None, None, total)
        for hour in shown
        for total in figures.add_up_figures(by_hour.get(hour, []))
        or [FiguresTotal(currency="")]
    ]


def heat_map(hours: list[PartFigures], shown: list[int]) -> dict[str, Any]:
    """Return how many orders came in each hour of the week, and how dark that is."""
    counts: dict[int, int] = {}
    for hour in hours:
        counts[hour.key] = counts.get(hour.key, 0) + hour.orders
    most = max(counts.values(), default=0)
    return {
        "hours": [say_hour(hour) for hour in shown],
        "days": [
            (
                say_weekday(weekday),
                [_heat(counts.get(weekday * 24 + hour, 0), most) for hour in shown],
            )
            for weekday in range(7)
        ],
    }


def _heat(count: int, most: int) -> HeatCell:
    return HeatCell(count, -(-count * SHADES // most) if count else 0)


def read_sales(restaurant: Restaurant, asked: Asked) -> dict[str, Any]:
    found: dict[str, Any]
    if asked.grouping is Grouping.HOUR:
        found = _read_hours(restaurant, asked)
    else:
        days = figures.list_figures_by_day(
            restaurants=[restaurant], periods=[asked.period, asked.before]
        )
        found = day_sales(asked, days)
    return {**found, **sales_summary(found, restaurant.currency)}


def day_sales(asked: Asked, days: list[PartFigures]) -> dict[str, Any]:
    rows = bucket_rows(asked, asked.period, days)
    return {"rows": rows, "rows_before": bucket_rows(asked, asked.before, days)}


def _read_hours(restaurant: Restaurant, asked: Asked) -> dict[str, Any]:
    now, then = (
        figures.list_figures_by_hour_of_week(restaurant=restaurant, period=period)
        for period in (asked.period, asked.before)
    )
    busy = [hour.key % HOURS_OF_DAY for hour in (*now, *then)]
    shown = list(range(min(busy), max(busy) + 1)) if busy else []
    is_heat_worth = asked.period.days > 1 and bool(now)
    return {
        "rows": hour_rows(now, shown),
        "rows_before": hour_rows(then, shown),
        "heat": heat_map(now, shown) if is_heat_worth else None,
    }


def sales_summary(found: dict[str, Any], currency: str) -> dict[str, Any]:
    """Return cards, sums and charts of rows; cards and charts in one currency."""
    now = [row.figures for row in found["rows"] if row.figures.orders]
    then = [row.figures for row in found["rows_before"] if row.figures.orders]
    labels, sets = _series(found, currency)
    titles = (_("This period"), _("The period before"))
    return {
        "cards": money_cards(
            figures.figures_in(now, currency), figures.figures_in(then, currency)
        ),
        "sums": figures.add_up_figures(now),
        "is_empty": not now,
        "charts": [
            chart(
                "revenue",
                _("Revenue"),
                labels,
                currency=currency,
                sets=[
                    (title, [row.revenue for row in rows])
                    for title, rows in zip(titles, sets, strict=True)
                ],
            ),
            chart(
                "orders",
                _("Orders"),
                labels,
                kind="bar",
                sets=[
                    (title, [row.orders for row in rows])
                    for title, rows in zip(titles, sets, strict=True)
                ],
            ),
        ]
        if now or then
        else [],
    }


def _series(
    found: dict[str, Any], currency: str
) -> tuple[list[str], list[list[FiguresTotal]]]:
    """Return one value a label: a row in another currency is none in this one."""
    series = []
    for rows in (found["rows"], found["rows_before"]):
        values: dict[str, FiguresTotal] = {}
        for row in rows:
            values.setdefault(row.label, FiguresTotal(currency=currency))
            if row.figures.currency == currency:
                values[row.label] = row.figures
        series.append(values)
    now, then = series
    return list(now), [list(now.values()), list(then.values())[: len(now)]]


def service_cards(now: figures.Service, then: figures.Service) -> list[Card]:
    return [
        Card(
            _("Acceptance rate"),
            say_rate(now.acceptance),
            compare_rates(now.acceptance, then.acceptance),
            MEANINGS["acceptance"],
        ),
        Card(
            _("Time to accept"),
            say_time(now.answering.median),
            compare_times(now.answering.median, then.answering.median),
            _(
                "Half were accepted within it; nine in ten within %(time)s. From when"
                " the order came, or from opening if it came ahead of it."
            )
            % {"time": say_time(now.answering.ninety)},
        ),
        Card(
            _("Preparation time"),
            say_time(now.preparing.median),
            compare_times(now.preparing.median, then.preparing.median),
            _(
                "From accepted to ready, half within it; nine in ten within %(time)s."
                " Without orders for later, which wait on purpose."
            )
            % {"time": say_time(now.preparing.ninety)},
        ),
        Card(
            _("Delivery time"),
            say_time(now.delivering.median),
            compare_times(now.delivering.median, then.delivering.median),
            _(
                "From out for delivery to delivered, half within it; nine in ten"
                " within %(time)s."
            )
            % {"time": say_time(now.delivering.ninety)},
        ),
        Card(
            _("Promise kept"),
            say_rate(now.promise),
            compare_rates(now.promise, then.promise),
            _(
                "Delivered or collected before the end of the window given at checkout."
                " Half of the late ones were late by up to %(time)s."
            )
            % {"time": say_time(now.late.median)},
        ),
    ]


def read_service(
    restaurants: list[Restaurant] | None, asked: Asked, minutes: int | None
) -> dict[str, Any]:
    """Return how orders were answered and kept; None for the whole marketplace."""
    now, then = figures.get_service(
        restaurants=restaurants,
        period=asked.period,
        before=asked.before,
        minutes_to_answer=minutes,
    )
    reasons = figures.list_end_reasons(
        restaurants=restaurants, period=asked.period, before=asked.before
    )
    rows = [
        {
            "status": str(Order.Status(row.status).label),
            "actor": _label(OrderEvent.Actor, row.actor),
            "reason": _label(OrderEvent.Reason, row.reason),
            "orders": row.orders,
            "orders_before": row.orders_before,
        }
        for row in reasons
    ]
    return {
        "service": now,
        "service_before": then,
        "cards": service_cards(now, then),
        "reasons": rows,
        "charts": [
            chart(
                "reasons",
                _("Rejected and cancelled orders by reason"),
                [f"{row['reason']} ({row['actor']})" for row in rows],
                kind="bar",
                is_lying=True,
                sets=[
                    (_("This period"), [row["orders"] for row in rows]),
                    (_("The period before"), [row["orders_before"] for row in rows]),
                ],
            )
        ]
        if rows
        else [],
    }


def _label(choices: Any, value: str) -> str:
    return str(choices(value).label) if value else _("Not said")


def read_suggestion(restaurant: Restaurant, now: datetime) -> dict[str, Any]:
    """Return in how many hours of the week the kitchen's own times say otherwise."""
    suggested = figures.suggest_preparation(restaurant, now)
    usual = restaurant.preparation_week or [restaurant.preparation_minutes] * 168
    others = {
        hour: suggestion.minutes
        for hour, suggestion in suggested.items()
        if suggestion.minutes != usual[hour]
    }
    return {
        "hours": len(suggested),
        "others": len(others),
        "shortest": min(others.values(), default=0),
        "longest": max(others.values(), default=0),
    }


def read_items(restaurant: Restaurant, asked: Asked) -> dict[str, Any]:
    items = figures.list_item_sales(
        restaurant=restaurant, period=asked.period, before=asked.before
    )
    sold = [item for item in items if item.quantity]
    by_amount = sorted(sold, key=lambda item: (-item.amount, item.name))[:BEST]
    least = [item for item in reversed(items) if item.is_on_menu][:BEST]
    return {
        "items": items,
        "best": sold[:BEST],
        "best_by_amount": by_amount,
        "least": least,
        "charts": [
            chart(
                "items",
                _("The items that sold most"),
                [item.name for item in sold[:BEST]],
                kind="bar",
                is_lying=True,
                sets=[
                    (_("This period"), [item.quantity for item in sold[:BEST]]),
                    (
                        _("The period before"),
                        [item.quantity_before for item in sold[:BEST]],
                    ),
                ],
            )
        ]
        if sold
        else [],
    }


def read_guests(restaurant: Restaurant, asked: Asked) -> dict[str, Any]:
    now, then = figures.count_guests(
        restaurant=restaurant, period=asked.period, before=asked.before
    )
    stars, stars_before = (
        figures.get_ratings(restaurant=restaurant, period=period)
        for period in (asked.period, asked.before)
    )
    return {
        "guests": now,
        "guests_before": then,
        "cards": [
            Card(
                _("New customers"),
                say_count(now.new),
                compare(now.new, then.new),
                _("Their first completed order here was in this period."),
            ),
            Card(
                _("Returning customers"),
                say_count(now.returning),
                compare(now.returning, then.returning),
                _("They ordered in this period, and before it."),
            ),
            _stars_card(_("Food"), stars.food, stars_before.food),
            _stars_card(_("Delivery"), stars.delivery, stars_before.delivery),
        ],
        "stars": [
            (number, stars.food[number], stars.delivery[number])
            for number in figures.STARS
        ],
        "charts": [
            chart(
                "stars",
                _("Reviews by stars"),
                [f"{number} ★" for number in figures.STARS],
                kind="bar",
                sets=[
                    (_("Food"), [stars.food[number] for number in figures.STARS]),
                    (
                        _("Delivery"),
                        [stars.delivery[number] for number in figures.STARS],
                    ),
                ],
            )
        ]
        if stars.food
        else [],
    }


def _stars_card(label: str, now: Any, then: Any) -> Card:
    average, before = figures.average_stars(now), figures.average_stars(then)
    return Card(
        label,
        say_stars(average),
        _("%(stars)s in the period before") % {"stars": say_stars(before)},
        _("Average stars of the reviews written in this period, of five: %(n)s.")
        % {"n": say_count(now.total())},
    )
