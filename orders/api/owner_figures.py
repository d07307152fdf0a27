"""Figures of a restaurant: what was sold, by day, week or month."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from customers.api.asking import read_form, read_query
from notifications.fields import Code, Money, Strict, present_money
from orders import figures
from orders.api.owner_asking import OwnerView, get_own_restaurant
from orders.figure_pages.asking import DaysForm
from orders.figures import FiguresTotal
from orders.figures.periods import (
    Grouping,
    Period,
    bucket_start,
    custom_period,
    named_period,
    split,
)
from restaurants.models import Duty, Restaurant

USUAL = "28"
GROUPINGS = (Grouping.DAY, Grouping.WEEK, Grouping.MONTH)


class FiguresQuerySerializer(Strict):
    by = serializers.ChoiceField(
        choices=[one.value for one in GROUPINGS],
        default=Grouping.DAY.value,
        help_text="What a row of the answer is; weeks begin on Monday.",
    )

    def get_fields(self) -> dict[str, Any]:
        # "from" is a word of Python's own.
        days = {
            "from": serializers.DateField(
                required=False,
                help_text="The first day; with `until`. The last 28 days without both.",
            ),
            "until": serializers.DateField(
                required=False,
                help_text="The last day, itself counted; three years in all at most.",
            ),
        }
        return {**days, **super().get_fields()}


class FiguresTotalSerializer(Strict):
    """Sums over delivered and collected orders, in one currency."""

    currency = serializers.CharField(help_text="ISO 4217.")
    orders = serializers.IntegerField()
    revenue = Money(
        help_text="Items and modifiers, without tax, fees and tips, less refunds."
    )
    delivery_orders = serializers.IntegerField()
    delivery_sales = Money(help_text="The part of revenue that was delivered.")
    tax = Money(help_text="Less that in refunds.")
    delivery_fees = Money()
    tips = Money()
    refunds = Money(help_text="On the day of the order that they are of.")
    total = Money(help_text="What customers paid and did not get back.")
    average = Money(allow_null=True, help_text="Revenue by order; null without orders.")


class FiguresRowSerializer(FiguresTotalSerializer):
    """A day, a week or a month; in another currency it is a row of its own."""

    def get_fields(self) -> dict[str, Any]:
        days = {"from": serializers.DateField(), "until": serializers.DateField()}
        return {**days, **super().get_fields()}


class FiguresSerializer(Strict):
    """What a restaurant sold on days of its own calendar."""

    restaurant_id = serializers.UUIDField()
    time_zone = serializers.CharField(help_text="A name of the IANA database.")
    by = Code(GROUPINGS)
    totals = FiguresTotalSerializer(
        many=True, help_text="One for each currency; empty without orders."
    )
    totals_before = FiguresTotalSerializer(
        many=True, help_text="Of the period before, to compare with."
    )
    rows = FiguresRowSerializer(
        many=True, help_text="The oldest first, those without orders too."
    )

    def get_fields(self) -> dict[str, Any]:
        days = {"from": serializers.DateField(), "until": serializers.DateField()}
        fields = super().get_fields()
        return {
            "restaurant_id": fields.pop("restaurant_id"),
            "time_zone": fields.pop("time_zone"),
            **days,
            **fields,
        }


TOTAL = {
    "currency": "USD",
    "orders": 41,
    "revenue": {"amount": 127100, "currency": "USD"},
    "delivery_orders": 30,
    "delivery_sales": {"amount": 93000, "currency": "USD"},
    "tax": {"amount": 10962, "currency": "USD"},
    "delivery_fees": {"amount": 8970, "currency": "USD"},
    "tips": {"amount": 14300, "currency": "USD"},
    "refunds": {"amount": 1684, "currency": "USD"},
    "total": {"amount": 161332, "currency": "USD"},
    "average": {"amount": 3100, "currency": "USD"},
}


class FiguresView(OwnerView):
    @extend_schema(
        operation_id="get_owner_figures",
        parameters=[FiguresQuerySerializer],
        responses=FiguresSerializer,
        examples=[
            OpenApiExample(
                "A day",
                value={
                    "restaurant_id": "0a4d9cbb-52a1-4f43-8a0c-3a44fcd2f0a3",
                    "time_zone": "America/Los_Angeles",
                    "from": "2026-11-20",
                    "until": "2026-11-20",
                    "by": "day",
                    "totals": [TOTAL],
                    "totals_before": [],
                    "rows": [{"from": "2026-11-20", "until": "2026-11-20", **TOTAL}],
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request, restaurant_id: UUID) -> Response:
        """Read what a restaurant sold.

        Delivered and collected orders, on the day they were for in the restaurant's
        time zone; test orders count nowhere. Revenue, tax, fees and tips make up the
        total. Duty `money`.
        """
        restaurant = get_own_restaurant(request, restaurant_id, Duty.MONEY)
        asked = read_query(FiguresQuerySerializer, request)
        period = _period(asked, restaurant)
        before = period.before()
        days = figures.list_figures_by_day(
            restaurants=[restaurant], periods=[period, before]
        )
        now = [day for day in days if period.since <= day.key <= period.until]
        then = [day for day in days if before.since <= day.key <= before.until]
        grouping = Grouping(asked["by"])
        return Response(
            {
                "restaurant_id": str(restaurant.public_id),
                "time_zone": restaurant.time_zone,
                "from": period.since.isoformat(),
                "until": period.until.isoformat(),
                "by": grouping.value,
                "totals": [_present(one) for one in figures.add_up_figures(now)],
                "totals_before": [
                    _present(one) for one in figures.add_up_figures(then)
                ],
                "rows": _rows(now, period, grouping, restaurant.currency),
            }
        )


def _period(asked: dict[str, Any], restaurant: Restaurant) -> Period:
    if not {"from", "until"} & asked.keys():
        today = timezone.localdate(timezone=ZoneInfo(restaurant.time_zone))
        return named_period(USUAL, today)
    form = DaysForm({"since": asked.get("from"), "until": asked.get("until")})
    days = read_form(form, since="from")
    return custom_period(days["since"], days["until"])


def _rows(
    days: list[figures.PartFigures], period: Period, grouping: Grouping, currency: str
) -> list[dict[str, Any]]:
    by_start: dict[Any, list[figures.PartFigures]] = {}
    for day in days:
        by_start.setdefault(bucket_start(day.key, grouping), []).append(day)
    return [
        {
            "from": part.since.isoformat(),
            "until": part.until.isoformat(),
            **_present(total),
        }
        for part in split(period, grouping)
        for total in figures.add_up_figures(
            by_start.get(bucket_start(part.since, grouping), [])
        )
        or [FiguresTotal(currency=currency)]
    ]


def _present(total: FiguresTotal) -> dict[str, Any]:
    amounts = (
        *("revenue", "delivery_sales", "tax", "delivery_fees", "tips", "refunds"),
        "total",
    )
    average = total.average
    return {
        "currency": total.currency,
        "orders": total.orders,
        "delivery_orders": total.delivery_orders,
        **{
            name: present_money(getattr(total, name), total.currency)
            for name in amounts
        },
        "average": None if average is None else present_money(average, total.currency),
    }
