"""What the app keeps."""

from orders.models.carts import (
    Cart,
    CartLine,
    CartLineModifier,
    new_cart_token,
)
from orders.models.events import (
    LineChange,
    OrderEvent,
    PendingEnd,
)
from orders.models.opinions import (
    Claim,
    ClaimLine,
    Review,
)
from orders.models.orders import (
    Order,
    OrderLine,
    OrderLineModifier,
    OrderNumber,
    Written,
    shorten,
)

__all__ = [
    "Cart",
    "CartLine",
    "CartLineModifier",
    "Claim",
    "ClaimLine",
    "LineChange",
    "Order",
    "OrderEvent",
    "OrderLine",
    "OrderLineModifier",
    "OrderNumber",
    "PendingEnd",
    "Review",
    "Written",
    "new_cart_token",
    "shorten",
]
