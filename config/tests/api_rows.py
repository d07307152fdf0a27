"""One of everything that an address of the API may name, and whose it is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from push_notifications.models import WebPushDevice

from customers.models import AppSession, Scope, User
from customers.services import sign_in_app
from customers.tests.factories import AddressFactory, UserFactory
from delivery.models import Delivery
from delivery.tests.factories import KITCHEN, deliver, own, place
from menus.tests.factories import ItemFactory, ModifierFactory, offer
from notifications.models import WebhookEndpoint
from notifications.opaque import opaque_id
from notifications.tests.factories import (
    APNSDeviceFactory,
    GCMDeviceFactory,
    NotificationFactory,
)
from orders.models import CartLine, Claim, Order
from orders.serializers.lines import LINE
from orders.serializers.webhooks import MESSAGE
from orders.services import complete_order, propose_line_change, write_review
from orders.tests.factories import fill_cart
from restaurants.models import Favourite, Restaurant

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Rows:
    """Ada's and her restaurant's, by the name that addresses and bodies call them."""

    ada: User
    owner: User
    stranger: User
    restaurant: Restaurant
    order: Order
    arrived: Order
    delivery: Delivery
    ids: dict[str, list[str]]

    def ids_of(self, name: str, path: str) -> list[str]:
        """Return what may stand for a part of an address; KeyError if none is known.

        A name that means several things is told apart by the address before it.
        """
        before = path.partition("{" + name + "}")[0] + name
        key = max((key for key in self.ids if before.endswith(key)), key=len)
        return self.ids[key]


def make_rows() -> Rows:
    """Make a customer with orders, a restaurant with its owner, and another owner."""
    ada = UserFactory.create(email="ada@example.com", phone="+14155550123")
    item = ItemFactory.create(name="Margherita")
    restaurant = item.restaurant
    sauce = ModifierFactory.create(group__restaurant=restaurant, group__min_choices=0)
    offer(item, sauce.group)
    water = ItemFactory.create(section=item.section, name="Water")
    arrived = deliver(ada, item).order
    complete_order(order_pk=arrived.pk, actor=KITCHEN)
    delivery = deliver(ada, item)
    order = delivery.order
    placed = place(ada, item)
    fill_cart(ada, item)
    change = propose_line_change(
        order_pk=order.pk,
        line_pk=order.lines.get().pk,
        actor=KITCHEN,
        item_pk=water.pk,
    )
    now = timezone.now()
    review = write_review(
        order_pk=arrived.pk, customer=ada, food_rating=4, delivery_rating=4, text="Good"
    )
    claim = Claim.objects.create(
        order=arrived, text="Cold", proposed_refund=1, created_at=now
    )
    owner, stranger = own(restaurant), own(ItemFactory.create().restaurant)
    webhook = WebhookEndpoint.objects.create(
        owner=owner,
        about=f"restaurant:{restaurant.public_id}",
        url="https://partner.example/hook",
        secret="whsec_" + "A" * 32,
    )
    Favourite.objects.create(user=ada, restaurant=restaurant)
    sign_in_app(user=ada, name="Ada's phone", scopes=[Scope.CUSTOMER])
    address = AddressFactory.create(user=ada)
    notification = NotificationFactory.create(recipient=ada, read_at=None)
    devices = {
        "apns": APNSDeviceFactory.create(user=ada),
        "fcm": GCMDeviceFactory.create(user=ada),
        "webpush": WebPushDevice.objects.create(user=ada, registration_id="x"),
    }
    ids: dict[str, list[Any]] = {
        "restaurant_id": [restaurant.public_id],
        "order_id": [order.public_id, placed.public_id, arrived.public_id],
        "item_id": [item.public_id, water.public_id],
        "modifier_id": [sauce.public_id],
        "address_id": [opaque_id("address", address.pk)],
        "session_id": [AppSession.objects.get(user=ada).public_id],
        "notification_id": [opaque_id("notification", notification.pk)],
        "cart/lines/line_id": [CartLine.objects.get(cart__user=ada).public_id],
        "line_id": [opaque_id(LINE, order.lines.get().pk)],
        "change_id": [change.public_id],
        "claim_id": [claim.public_id],
        "review_id": [opaque_id("review", review.pk)],
        "webhook_id": [webhook.public_id],
        "token": [delivery.token],
        **{
            f"{kind}/device_id": [opaque_id(f"device {kind}", device.pk)]
            for kind, device in devices.items()
        },
        "message_id": [opaque_id(MESSAGE, 1)],
    }
    return Rows(
        ada=ada,
        owner=owner,
        stranger=stranger,
        restaurant=restaurant,
        order=order,
        arrived=arrived,
        delivery=delivery,
        ids={name: [str(one) for one in found] for name, found in ids.items()},
    )


def token_of(user: User) -> dict[str, str]:
    """Return the header by which an app asks for somebody, with every scope."""
    tokens = sign_in_app(user=user, name="Test", scopes=list(Scope))
    return {"Authorization": f"Bearer {tokens.access}"}


def operations_of(schema: Schema) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield method, path and description of every operation."""
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def example_of(operation: Schema) -> Any:
    """Return the first example of an operation's JSON body; None if it has no body."""
    content = operation.get("requestBody", {}).get("content", {})
    examples = content.get("application/json", {}).get("examples", {})
    return next((one["value"] for one in examples.values()), None)


def put_ids(body: Any, rows: Rows) -> Any:
    """Return a body with rows that exist wherever it names some."""
    if isinstance(body, list):
        return [put_ids(one, rows) for one in body]
    if not isinstance(body, dict):
        return body
    return {
        name: rows.ids[name][0]
        if name in rows.ids and isinstance(value, str)
        else [{**one, "id": rows.ids["modifier_id"][0]} for one in value]
        if name == "modifiers" and _are_rows(value)
        else put_ids(value, rows)
        for name, value in body.items()
    }


def _are_rows(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)
