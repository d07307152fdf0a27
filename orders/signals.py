"""The only way upwards: what happened to an order, told inside its transaction."""

from django.dispatch import Signal

# Sent with order= (Order, locked) and event= (OrderEvent) whenever one is written.
order_moved = Signal()
