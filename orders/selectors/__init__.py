"""Reads of carts and orders, for those who may see them."""

from orders.selectors.board import (
    get_order_for_board,
    is_of_now,
    list_answered_changes_for_restaurants,
    list_lost_orders_for_restaurants,
    list_open_orders_for_restaurants,
)
from orders.selectors.carts import (
    choices_of,
    count_cart_items,
    get_cart,
    list_cart_lines,
)
from orders.selectors.history import (
    HistoryFilters,
    HistoryState,
    OrderPage,
    list_orders_for_customer,
    list_recent_orders,
)
from orders.selectors.opinions import (
    ClaimPage,
    RatingSummary,
    ReviewPage,
    count_open_claims,
    find_claim_obstacle,
    find_review_obstacle,
    list_claims,
    list_reviews,
    summarize_reviews,
)
from orders.selectors.orders import (
    get_order_for_visitor,
    get_order_now_for_visitor,
    has_completed_test_order,
    list_replacements,
    orders_of_visitor,
    search_orders,
    with_lines,
    with_lines_only,
)

__all__ = [
    "ClaimPage",
    "HistoryFilters",
    "HistoryState",
    "OrderPage",
    "RatingSummary",
    "ReviewPage",
    "choices_of",
    "count_cart_items",
    "count_open_claims",
    "find_claim_obstacle",
    "find_review_obstacle",
    "get_cart",
    "get_order_for_board",
    "get_order_for_visitor",
    "get_order_now_for_visitor",
    "has_completed_test_order",
    "is_of_now",
    "list_answered_changes_for_restaurants",
    "list_cart_lines",
    "list_claims",
    "list_lost_orders_for_restaurants",
    "list_open_orders_for_restaurants",
    "list_orders_for_customer",
    "list_recent_orders",
    "list_replacements",
    "list_reviews",
    "orders_of_visitor",
    "search_orders",
    "summarize_reviews",
    "with_lines",
    "with_lines_only",
]
