"""Reads of figures, for those who run restaurants and the marketplace.

Orders are delivered and collected ones, by their service day in the restaurant's zone;
test orders and those not yet paid for count nowhere. DESIGN.md has the definitions.
"""

from orders.figures.money import (
    DayFigures,
    FiguresTotal,
    Glance,
    PartFigures,
    add_up_figures,
    completed_in,
    count_orders_in_hand,
    figures_in,
    get_daily_figures,
    get_glances,
    list_figures_by_day,
    list_figures_by_hour_of_week,
    list_figures_by_region,
    list_figures_by_restaurant,
)
from orders.figures.popularity import (
    STARS,
    Guests,
    ItemSales,
    Ratings,
    average_stars,
    count_guests,
    get_ratings,
    list_item_sales,
)
from orders.figures.service import (
    EndReason,
    Service,
    Spread,
    get_service,
    list_end_reasons,
    suggest_preparation,
)

__all__ = [
    "STARS",
    "DayFigures",
    "EndReason",
    "FiguresTotal",
    "Glance",
    "Guests",
    "ItemSales",
    "PartFigures",
    "Ratings",
    "Service",
    "Spread",
    "add_up_figures",
    "average_stars",
    "completed_in",
    "count_guests",
    "count_orders_in_hand",
    "figures_in",
    "get_daily_figures",
    "get_glances",
    "get_ratings",
    "get_service",
    "list_end_reasons",
    "list_figures_by_day",
    "list_figures_by_hour_of_week",
    "list_figures_by_region",
    "list_figures_by_restaurant",
    "list_item_sales",
    "suggest_preparation",
]
