"""Figures as CSV files that spreadsheets open as they are."""

import csv
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

from orders import figures
from orders.figure_pages.reading import Row
from orders.figures.periods import Period
from orders.models import Order
from orders.pricing import minor_unit, tax_in_refund
from restaurants.models import Restaurant

BYTE_ORDER_MARK = "\ufeff"
# A cell that begins with one of these is a formula to a spreadsheet.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
CHUNK = 2000


class Echo:
    """A file for csv.writer that hands back what is written."""

    def write(self, text: str) -> str:
        return text


def plain(amount: Decimal, currency: str) -> str:
    """Return an amount as a decimal with the currency's own places, ungrouped."""
    return str(amount.quantize(minor_unit(currency))) if currency else str(amount)


def safe(value: Any) -> Any:
    """Return a cell that no spreadsheet runs as a formula."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return "" if value is None else value


def csv_response(
    name: str, head: list[str], rows: Iterable[Iterable[Any]]
) -> StreamingHttpResponse:
    """Return a download; `rows` may be an iterator that reads as it goes."""

    def lines() -> Iterator[str]:
        writer = csv.writer(Echo())
        yield BYTE_ORDER_MARK + writer.writerow(head)
        for row in rows:
            yield writer.writerow([safe(value) for value in row])

    return StreamingHttpResponse(
        lines(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def file_name(what: str, period: Period) -> str:
    return f"{what}-{period.since.isoformat()}-{period.until.isoformat()}"


def money_head() -> list[str]:
    return [
        _("Currency"),
        _("Orders"),
        _("Revenue"),
        _("Average order"),
        _("Delivery orders"),
        _("Delivery sales"),
        _("Tax"),
        _("Delivery fees"),
        _("Tips"),
        _("Refunds"),
        _("Total"),
    ]


def money_cells(row: figures.FiguresTotal, currency: str) -> list[Any]:
    currency = row.currency or currency
    return [
        currency,
        row.orders,
        plain(row.revenue, currency),
        "" if row.average is None else plain(row.average, currency),
        row.delivery_orders,
        plain(row.delivery_sales, currency),
        plain(row.tax, currency),
        plain(row.delivery_fees, currency),
        plain(row.tips, currency),
        plain(row.refunds, currency),
        plain(row.total, currency),
    ]


def export_sales(
    rows: list[Row], period: Period, currency: str
) -> StreamingHttpResponse:
    is_hours = bool(rows) and rows[0].since is None
    head = [_("Hour")] if is_hours else [_("From"), _("Until")]
    return csv_response(
        file_name("sales", period),
        [*head, *money_head()],
        (
            [
                *([row.label] if is_hours else [_iso(row.since), _iso(row.until)]),
                *money_cells(row.figures, currency),
            ]
            for row in rows
        ),
    )


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def export_service(found: dict[str, Any], period: Period) -> StreamingHttpResponse:
    """Return the reasons, then the counts and the times in seconds."""
    now, then = found["service"], found["service_before"]
    rows: list[list[Any]] = [
        [row[name] for name in ("status", "actor", "reason", "orders", "orders_before")]
        for row in found["reasons"]
    ]
    for label, name in (
        (_("Accepted"), "accepted"),
        (_("Refused"), "refused"),
        (_("Not answered in time"), "missed"),
        (_("Delivered and collected"), "completed"),
        (_("Within the promised window"), "kept"),
    ):
        rows.append([label, "", "", getattr(now, name), getattr(then, name)])
    for label, name in (
        (_("Time to accept, median, seconds"), "answering"),
        (_("Preparation time, median, seconds"), "preparing"),
        (_("Delivery time, median, seconds"), "delivering"),
        (_("Lateness of late ones, median, seconds"), "late"),
    ):
        spans = [getattr(service, name).median for service in (now, then)]
        cells = [None if span is None else int(span.total_seconds()) for span in spans]
        rows.append([label, "", "", *cells])
    head = [_("What"), _("By"), _("Reason"), _("This period"), _("The period before")]
    return csv_response(file_name("service", period), head, rows)


def export_items(
    items: list[figures.ItemSales], period: Period, currency: str
) -> StreamingHttpResponse:
    head = [
        _("Item"),
        _("On the menu"),
        _("Sold"),
        _("Sold in the period before"),
        _("Currency"),
        _("Amount"),
    ]
    return csv_response(
        file_name("items", period),
        head,
        (
            [
                item.name,
                _("yes") if item.is_on_menu else _("no"),
                item.quantity,
                item.quantity_before,
                currency,
                plain(item.amount, currency),
            ]
            for item in items
        ),
    )


def export_guests(found: dict[str, Any], period: Period) -> StreamingHttpResponse:
    now, then = found["guests"], found["guests_before"]
    rows: list[list[Any]] = [
        [_("New customers"), now.new, then.new],
        [_("Returning customers"), now.returning, then.returning],
    ]
    for number, food, delivery in found["stars"]:
        rows.append([_("Food: %(n)s stars") % {"n": number}, food, ""])
        rows.append([_("Delivery: %(n)s stars") % {"n": number}, delivery, ""])
    head = [_("What"), _("This period"), _("The period before")]
    return csv_response(file_name("guests", period), head, rows)


def export_orders(restaurant: Restaurant, period: Period) -> StreamingHttpResponse:
    """Return the completed orders one by one; their columns add up to the figures."""
    head = [
        _("Number"),
        _("Service day"),
        _("Placed at"),
        _("Ended at"),
        _("Status"),
        _("Fulfilment"),
        _("Currency"),
        _("Subtotal"),
        _("Prices include tax"),
        _("Revenue"),
        _("Tax"),
        _("Delivery fee"),
        _("Tip"),
        _("Refunded"),
        _("Total"),
        _("Payment"),
    ]
    orders = figures.completed_in([restaurant], period).order_by("service_day", "pk")
    zone = ZoneInfo(restaurant.time_zone)
    return csv_response(
        file_name("orders", period),
        head,
        (_order_cells(order, zone) for order in orders.iterator(chunk_size=CHUNK)),
    )


def _order_cells(order: Order, zone: ZoneInfo) -> list[Any]:
    included = order.tax if order.prices_include_tax else Decimal(0)
    refunded_tax = tax_in_refund(
        order.refunded,
        subtotal=order.subtotal,
        tax=order.tax,
        prices_include_tax=order.prices_include_tax,
        currency=order.currency,
    )
    revenue = order.subtotal - included - order.refunded + refunded_tax
    amounts = [order.tax - refunded_tax, order.delivery_fee, order.tip]
    amounts += [order.refunded, order.total - order.refunded]
    return [
        order.number,
        order.service_day.isoformat(),
        _local(order.placed_at, zone),
        _local(order.ended_at, zone),
        order.status,
        order.fulfilment,
        order.currency,
        plain(order.subtotal, order.currency),
        _("yes") if order.prices_include_tax else _("no"),
        plain(revenue, order.currency),
        *(plain(amount, order.currency) for amount in amounts),
        order.payment_method,
    ]


def _local(moment: datetime | None, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(timespec="seconds") if moment else ""


def export_parts(
    rows: Iterable[figures.PartFigures], what: str, period: Period
) -> StreamingHttpResponse:
    """Return the figures of each restaurant."""
    return csv_response(
        file_name(what, period),
        [_("Restaurant"), *money_head()],
        ([row.name, *money_cells(row, row.currency)] for row in rows),
    )
