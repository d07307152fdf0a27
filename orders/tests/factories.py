import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import factory
from factory.django import DjangoModelFactory

from customers.models import User
from customers.places import ChosenPlace
from customers.tests.factories import UserFactory
from menus.models import Item
from orders.models import Cart, Order
from orders.services import add_line, get_or_create_cart, place_order
from restaurants.models import Fulfilment
from restaurants.tests.factories import RestaurantFactory

MISSION = ChosenPlace(
    label="Home",
    latitude=37.7629,
    longitude=-122.4194,
    street_address="2100 Mission Street",
    locality="San Francisco",
    postal_code="94110",
    country="US",
)


class OrderFactory(DjangoModelFactory[Order]):
    """A placed order's row alone, for lists and figures."""

    number = factory.Sequence(lambda n: n + 1)
    restaurant = factory.SubFactory(RestaurantFactory)
    region = factory.SelfAttribute("restaurant.region")
    customer = factory.SubFactory(UserFactory)
    idempotency_key = factory.LazyFunction(uuid.uuid4)
    fulfilment = Fulfilment.PICKUP
    payment_method = Order.PaymentMethod.CASH
    restaurant_name = factory.SelfAttribute("restaurant.name")
    customer_name = "Ada Diner"
    customer_phone = "+14155550123"
    currency = "USD"
    subtotal = Decimal("12.50")
    total = factory.LazyAttribute(
        lambda o: (
            o.subtotal + o.delivery_fee + o.tip + (0 if o.prices_include_tax else o.tax)
        )
    )
    delivery_fee = Decimal(0)
    tax = Decimal(0)
    tip = Decimal(0)
    prices_include_tax = False
    placed_at = datetime(2026, 11, 20, 20, tzinfo=UTC)
    answer_by = factory.LazyAttribute(lambda o: o.placed_at + timedelta(minutes=10))
    preparation_minutes = 20
    promised_from = factory.LazyAttribute(lambda o: o.placed_at + timedelta(minutes=20))
    promised_until = factory.LazyAttribute(
        lambda o: o.placed_at + timedelta(minutes=30)
    )
    due_at = factory.SelfAttribute("promised_from")
    current_from = factory.SelfAttribute("promised_from")
    current_until = factory.SelfAttribute("promised_until")
    service_day = factory.LazyAttribute(lambda o: o.placed_at.date())

    class Meta:
        model = Order


def fill_cart(user: User, item: Item, quantity: int = 1) -> Cart:
    """Put an item into a person's cart."""
    cart = get_or_create_cart(user=user)
    add_line(cart=cart, item_public_id=item.public_id, quantity=quantity)
    return cart


def submit(cart: Cart, user: User, **wish: Any) -> Order:
    """Place a cart's order for delivery in the Mission."""
    wish = {
        "idempotency_key": uuid.uuid4(),
        "place": MISSION,
        "fulfilment": Fulfilment.DELIVERY,
        **wish,
    }
    return place_order(cart_pk=cart.pk, customer=user, **wish)


def filled_in(page: Any, **changes: Any) -> dict[str, Any]:
    """Return what the checkout page's form holds, as Ada fills it in."""
    context = page.context
    quote, moment = context["quote"], context["moment"]
    return {
        "who": "account",
        "fulfilment": quote.fulfilment,
        "shown_address": context["where"].key,
        "when": moment.isoformat() if moment else "",
        "street_address": "2100 Mission Street",
        "name": "Ada Diner",
        "phone": "+14155550123",
        "tip_choice": context["tip_choice"],
        "tip": context["own_tip"],
        "seen_tip": context["own_tip"],
        "key": context["key"],
        "seen_total": str(quote.total),
        "seen_from": quote.window.start.isoformat(),
        "seen_until": quote.window.end.isoformat(),
        "action": "place",
        **changes,
    }
