"""How an order is paid. Cash for now; a card provider joins by the same protocol."""

from typing import Protocol

from orders.models import Order

PaymentStatus = Order.PaymentStatus


class PaymentProvider(Protocol):
    """Each step returns the order's payment state after it, and may be repeated."""

    def authorize(self, order: Order) -> Order.PaymentStatus:
        """Reserve the total when the order is placed."""

    def capture(self, order: Order) -> Order.PaymentStatus:
        """Take the money when the order is completed."""

    def void(self, order: Order) -> Order.PaymentStatus:
        """Let go of what was reserved when the order is rejected or cancelled."""


class CashOnDelivery:
    """The courier or the counter takes the money; there is nothing to reserve."""

    def authorize(self, order: Order) -> Order.PaymentStatus:
        return PaymentStatus.PENDING

    def capture(self, order: Order) -> Order.PaymentStatus:
        return PaymentStatus.CAPTURED

    def void(self, order: Order) -> Order.PaymentStatus:
        return PaymentStatus.VOIDED


_providers: dict[str, PaymentProvider] = {Order.PaymentMethod.CASH: CashOnDelivery()}


def get_provider(method: str) -> PaymentProvider:
    """Return the provider of a payment method; KeyError if there is none."""
    return _providers[method]
