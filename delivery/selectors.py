"""Every read about deliveries."""

from customers.models import User
from delivery.models import Delivery


def get_delivery_by_token(*, token: str) -> Delivery:
    """Return the delivery whose link somebody holds; DoesNotExist if none."""
    return (
        Delivery.objects.select_related("order", "order__restaurant")
        .prefetch_related("order__lines")
        .get(token=token)
    )


def get_delivery_for_customer(*, customer: User, order_pk: int) -> Delivery | None:
    """Return the delivery of a customer's own order, if it has one."""
    return Delivery.objects.filter(order=order_pk, order__customer=customer).first()


def get_delivery_of_order(*, order_pk: int) -> Delivery | None:
    """Return the delivery of an order with its events, if it has one."""
    deliveries = Delivery.objects.prefetch_related("events")
    return deliveries.filter(order=order_pk).first()
