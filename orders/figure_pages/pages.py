"""The pages of figures: one restaurant's, all of an owner's, the marketplace's."""

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders import figures
from orders.figure_pages.asking import Asked, read_question
from orders.figure_pages.exporting import (
    export_guests,
    export_items,
    export_orders,
    export_parts,
    export_sales,
    export_service,
)
from orders.figure_pages.reading import (
    day_sales,
    read_glance,
    read_guests,
    read_items,
    read_sales,
    read_service,
    read_suggestion,
    sales_summary,
)
from orders.figure_pages.wording import say_period
from orders.figures.periods import Grouping
from restaurants.models import Duty, Restaurant
from restaurants.owner_site import Page, own_restaurants, owner_site

MOST_RESTAURANTS = 20


def show_figures(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    asked = _asked(request, restaurant)
    shown = _read(restaurant, asked)
    if asked.part == "sales":
        shown["glance"] = read_glance(restaurant, timezone.now())
    elif asked.part == "service":
        shown["suggestion"] = read_suggestion(restaurant, timezone.now())
        shown["preparation_url"] = reverse("owner:preparation", args=[restaurant.pk])
    context = owner_site.page_context(
        request,
        restaurant,
        **shown,
        **_words(asked),
        currency=restaurant.currency,
        part_template=f"owner/figures/_{asked.part}.html",
    )
    return TemplateResponse(request, "owner/figures/figures.html", context)


def export_table(request: HttpRequest, restaurant: Restaurant) -> StreamingHttpResponse:
    """Return the table that the page shows, for the same question."""
    asked = _asked(request, restaurant)
    found = _read(restaurant, asked)
    if asked.part == "service":
        return export_service(found, asked.period)
    if asked.part == "items":
        return export_items(found["items"], asked.period, restaurant.currency)
    if asked.part == "guests":
        return export_guests(found, asked.period)
    return export_sales(found["rows"], asked.period, restaurant.currency)


def export_each_order(
    request: HttpRequest, restaurant: Restaurant
) -> StreamingHttpResponse:
    return export_orders(restaurant, _asked(request, restaurant).period)


def show_all_figures(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Show an owner's restaurants beside each other."""
    own = list(own_restaurants(request.user, Duty.MONEY))
    asked = _asked(request, own[0])
    rows = figures.list_figures_by_restaurant(restaurants=own, period=asked.period)
    if "csv" in request.GET:
        return export_parts(rows, "restaurants", asked.period)
    context = {
        **owner_site.each_context(request),
        **_words(asked),
        "title": _("Figures of all your restaurants"),
        "currency": own[0].currency,
        "rows": rows,
        "sums": figures.add_up_figures(rows),
    }
    return TemplateResponse(request, "owner/figures/all.html", context)


def show_marketplace(
    request: HttpRequest, site: admin.AdminSite
) -> HttpResponse | StreamingHttpResponse:
    """Show operators the figures of all restaurants together."""
    if not request.user.has_perm("orders.view_order"):
        raise PermissionDenied
    asked = read_question(request.GET, timezone.localdate())
    if "csv" in request.GET:
        rows = figures.list_figures_by_restaurant(restaurants=None, period=asked.period)
        return export_parts(rows, "marketplace", asked.period)
    context = {
        **site.each_context(request),
        **_words(asked),
        **_read_marketplace(asked),
        "title": _("Figures of the marketplace"),
    }
    request.current_app = site.name
    return TemplateResponse(request, "owner/figures/marketplace.html", context)


def _read_marketplace(asked: Asked) -> dict[str, Any]:
    days = figures.list_figures_by_day(
        restaurants=None, periods=[asked.period, asked.before]
    )
    if asked.grouping is Grouping.HOUR:
        # Restaurants' hours differ; their days do not.
        asked = Asked(**{**vars(asked), "grouping": Grouping.DAY})
    sales = day_sales(asked, days)
    sums = figures.add_up_figures(row.figures for row in sales["rows"])
    # The currency with the most orders is drawn first.
    sums = sorted(
        (total for total in sums if total.orders), key=lambda total: -total.orders
    )
    return {
        **sales,
        "currencies": [
            {
                "currency": total.currency,
                **sales_summary(sales, total.currency),
            }
            for total in sums
        ],
        "sums": sums,
        "currency": sums[0].currency if sums else "",
        "regions": figures.list_figures_by_region(period=asked.period),
        "restaurants": figures.list_figures_by_restaurant(
            restaurants=None, period=asked.period, limit=MOST_RESTAURANTS
        ),
        "service": read_service(None, asked, None),
    }


def _asked(request: HttpRequest, restaurant: Restaurant) -> Asked:
    today = timezone.localdate(timezone=ZoneInfo(restaurant.time_zone))
    return read_question(request.GET, today)


def _read(restaurant: Restaurant, asked: Asked) -> dict[str, Any]:
    if asked.part == "service":
        return read_service([restaurant], asked, restaurant.answer_minutes)
    if asked.part == "items":
        return read_items(restaurant, asked)
    if asked.part == "guests":
        return read_guests(restaurant, asked)
    return read_sales(restaurant, asked)


def _words(asked: Asked) -> dict[str, Any]:
    return {
        "asked": asked,
        "period": say_period(asked.period),
        "period_before": say_period(asked.before),
    }


PAGES = [
    Page(
        path="figures/",
        name="figures",
        view=show_figures,
        duty=Duty.MONEY,
        label=gettext_lazy("Figures"),
        icon="bar_chart",
        position=40,
    ),
    Page(
        path="figures/csv/",
        name="figures-csv",
        view=export_table,
        duty=Duty.MONEY,
    ),
    Page(
        path="figures/orders-csv/",
        name="orders-csv",
        view=export_each_order,
        duty=Duty.MONEY,
    ),
    Page(
        path="figures/",
        name="figures-all",
        view=show_all_figures,
        duty=Duty.MONEY,
        about_one=False,
    ),
]
