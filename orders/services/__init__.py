"""The app's surface: import services from here."""

from orders.services.again import LeftOut, OrderedAgain, Repriced, order_again
from orders.services.cart import (
    MOST,
    accept_changed_prices,
    add_line,
    adopt_cart,
    change_line,
    empty_cart,
    get_or_create_cart,
    remove_line,
    replace_line,
    set_fulfilment,
    step_line,
)
from orders.services.changing import (
    answer_line_change,
    propose_line_change,
    withdraw_line_change,
)
from orders.services.claims import (
    NOTHING_TO_GIVE_BACK,
    Wrong,
    answer_claim,
    propose_claim,
    report_claim,
)
from orders.services.guests import Guest, admit_guest, adopt_guest_orders
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
from orders.services.quoting import Quote, list_slots, quote_cart
from orders.services.reviews import answer_review, edit_review, write_review

__all__ = [
    "MOST",
    "NOTHING_TO_GIVE_BACK",
    "Actor",
    "Guest",
    "LeftOut",
    "OrderedAgain",
    "Quote",
    "Repriced",
    "Wrong",
    "accept_changed_prices",
    "accept_order",
    "add_line",
    "admit_guest",
    "adopt_cart",
    "adopt_guest_orders",
    "answer_claim",
    "answer_line_change",
    "answer_review",
    "cancel_order",
    "cancel_unanswered_orders",
    "change_line",
    "complete_order",
    "edit_review",
    "empty_cart",
    "get_or_create_cart",
    "list_slots",
    "mark_order_ready",
    "move_window",
    "order_again",
    "place_order",
    "propose_claim",
    "propose_line_change",
    "quote_cart",
    "reject_order",
    "remove_line",
    "replace_line",
    "report_claim",
    "send_order_out",
    "set_fulfilment",
    "start_preparing_order",
    "step_line",
    "withdraw_line_change",
    "write_review",
]
