"""The app's surface: import services from here."""

from orders.services.cart import (
    accept_changed_prices,
    add_line,
    adopt_cart,
    change_line,
    empty_cart,
    get_or_create_cart,
    order_again,
    remove_line,
    set_fulfilment,
)
from orders.services.changing import (
    answer_line_change,
    propose_line_change,
    withdraw_line_change,
)
from orders.services.lifecycle import (
    Actor,
    accept_order,
    cancel_order,
    cancel_unanswered_orders,
    complete_order,
    mark_order_ready,
    move_window,
    reject_order,
    send_order_out,
    start_preparing_order,
)
from orders.services.placing import place_order
from orders.services.quoting import Quote, quote_cart
from orders.services.reviews import answer_review, write_review

__all__ = [
    "Actor",
    "Quote",
    "accept_changed_prices",
    "accept_order",
    "add_line",
    "adopt_cart",
    "answer_line_change",
    "answer_review",
    "cancel_order",
    "cancel_unanswered_orders",
    "change_line",
    "complete_order",
    "empty_cart",
    "get_or_create_cart",
    "mark_order_ready",
    "move_window",
    "order_again",
    "place_order",
    "propose_line_change",
    "quote_cart",
    "reject_order",
    "remove_line",
    "send_order_out",
    "set_fulfilment",
    "start_preparing_order",
    "withdraw_line_change",
    "write_review",
]
