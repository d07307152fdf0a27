from customers.models import User
from delivery.models import Delivery
from menus.models import Item
from menus.tests.factories import ItemFactory
from orders.models import Order, OrderEvent
from orders.services import Actor, accept_order
from orders.tests.factories import fill_cart, submit
from restaurants.models import Restaurant
from restaurants.tests.factories import MembershipFactory

KITCHEN = Actor(OrderEvent.Actor.RESTAURANT, None)


def place(customer: User, item: Item | None = None) -> Order:
    """Place an order for delivery in the Mission."""
    item = item or ItemFactory.create()
    return submit(fill_cart(customer, item), customer)


def deliver(customer: User, item: Item | None = None) -> Delivery:
    """Place and accept an order, and return its delivery."""
    order = accept_order(order_pk=place(customer, item).pk, actor=KITCHEN)
    return Delivery.objects.get(order=order)


def own(restaurant: Restaurant) -> User:
    """Return a new owner of a restaurant."""
    user: User = MembershipFactory.create(restaurant=restaurant).user
    return user
