"""Nobody gets at what is another's, at any address the site has.

The addresses are read from the URL configuration: one that is added later fails here
until it is said whose it is.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLResolver, reverse
from push_notifications.models import APNSDevice, GCMDevice, WebPushDevice

from config.urls import urlpatterns
from customers.models import Address
from customers.tests.factories import AddressFactory, UserFactory
from delivery.tests.factories import KITCHEN, deliver
from menus.tests.factories import ItemFactory
from notifications.models import Notification, Preference, RecipientSettings
from notifications.tests.factories import (
    APNSDeviceFactory,
    GCMDeviceFactory,
    NotificationFactory,
)
from orders.models import CartLine, LineChange, Order
from orders.services import propose_line_change
from orders.tests.factories import fill_cart
from restaurants.models import Application
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db

# Everybody may open these; what they show belongs to all, to nobody, or to the session.
EVERYBODYS = {
    *("home", "health", "menus:item-detail"),
    *("restaurants:restaurant-list", "restaurants:restaurant-detail"),
    "restaurants:favourite-toggle",  # one's own; who is signed out signs in first
    *("orders:cart-detail", "orders:cart-add", "orders:cart-fulfilment"),
    *("menus:diet", "orders:checkout"),
    *("customers:sign-up", "customers:sign-in", "customers:sign-out"),
    *("customers:password-reset", "customers:password-reset-sent"),
    *("customers:sign-in-link", "customers:sign-in-link-sent", "account-deleted"),
    *("customers:place-choose", "customers:place-suggestions"),
    "customers:place-around",
    "joining:apply",
    *("service-worker", "manifest", "offline", "change-language"),
}
# Whoever holds the link may open these.
LINK_HOLDERS = {
    "metrics",  # its token, rather
    "orders:order-link",
    *("customers:password-reset-confirm", "joining:invitation"),
    *("customers:sign-in-by-link", "customers:email-confirm"),
    "delivery:courier-delivery",
    "delivery:courier-position",
    *("delivery:courier-step", "notifications:unsubscribe"),
}
# Only what Twilio has signed is let in (notifications/tests/test_webhooks.py).
TWILIOS = {"notifications:twilio-status", "notifications:twilio-inbound"}
# Whoever is signed in sees their own here.
SIGNED_IN = {
    *("orders:order-list", "restaurants:favourite-list", "joining:status"),
    "orders:cart-take-back",
    *("customers:profile", "customers:password-change", "customers:security"),
    *("customers:email-change", "customers:email-change-sent"),
    *("customers:phone-verify", "customers:phone-send-code"),
    *("account-data", "account-delete"),
    *("customers:address-list", "customers:address-add"),
    *("notifications:inbox", "notifications:inbox-mark-all-read"),
    *("notifications:unread-count", "notifications:preferences"),
    "notifications:do-not-disturb",
}
# One row of somebody's, named in the address.
ONES_OWN = {
    *("orders:order-detail", "orders:order-status", "orders:order-cancel"),
    *("orders:order-receipt", "orders:order-receipt-email"),
    *("orders:order-again", "orders:order-review", "orders:line-change-answer"),
    "orders:order-claim",
    *("customers:address-edit", "customers:address-choose"),
    *("customers:address-delete", "joining:apply-again"),
    *("notifications:notification-open", "notifications:notification-archive"),
    *("notifications:notification-mark-unread", "notifications:device-remove"),
}
# One line of the cart, found among the visitor's own only.
CART_LINES = {
    *("orders:cart-change-line", "orders:cart-remove-line", "orders:cart-edit-line"),
}


def names_in(patterns: list[Any], prefix: str = "") -> Iterator[str]:
    """Yield the names of all pages; API and admin sites are walked on their own."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            if pattern.namespace in {"admin", "owner", "api"}:
                continue
            inner = f"{pattern.namespace}:" if pattern.namespace else prefix
            yield from names_in(pattern.url_patterns, inner)
        elif pattern.name:
            yield f"{prefix}{pattern.name}"


@pytest.fixture
def adas() -> dict[str, Any]:
    """Return one row of each kind that a customer has."""
    ada = UserFactory.create()
    delivery = deliver(ada)
    fill_cart(ada, ItemFactory.create())
    line = delivery.order.lines.get()
    change = propose_line_change(
        order_pk=delivery.order_id,
        line_pk=line.pk,
        actor=KITCHEN,
        item_pk=line.item_id,
    )
    return {
        "user": ada,
        "order": delivery.order,
        "change": change,
        "address": AddressFactory.create(user=ada),
        "notification": NotificationFactory.create(recipient=ada, read_at=None),
        "line": CartLine.objects.get(cart__user=ada),
        "application": Application.objects.create(
            restaurant=RestaurantFactory.create(status="refused"),
            applicant=ada,
            legal_name="Ada Ltd",
        ),
        "fcm": GCMDeviceFactory.create(user=ada),
        "apns": APNSDeviceFactory.create(user=ada),
        "webpush": WebPushDevice.objects.create(user=ada, registration_id="x"),
    }


def address_of(name: str, rows: dict[str, Any]) -> str:
    if name == "notifications:device-remove":
        return reverse(name, args=["fcm", rows["fcm"].pk])
    if name == "orders:line-change-answer":
        args = [rows["order"].public_id, rows["change"].public_id]
        return reverse(name, args=args)
    row = {
        "orders": rows["order"].public_id,
        "joining": rows["application"].restaurant.public_id,
        "customers": rows["address"].pk,
        "notifications": rows["notification"].pk,
    }[name.split(":", maxsplit=1)[0]]
    return reverse(name, args=[row])


def snapshot(rows: dict[str, Any]) -> list[Any]:
    ada = rows["user"]
    return [
        list(Order.objects.filter(customer=ada).values()),
        list(LineChange.objects.filter(order__customer=ada).values()),
        list(Address.objects.filter(user=ada).values()),
        list(Notification.objects.filter(recipient=ada).values()),
        list(CartLine.objects.filter(cart__user=ada).values()),
        list(Application.objects.filter(applicant=ada).values()),
        list(GCMDevice.objects.filter(user=ada).values()),
        list(APNSDevice.objects.filter(user=ada).values()),
        list(WebPushDevice.objects.filter(user=ada).values()),
        list(Preference.objects.filter(user=ada).values()),
        list(RecipientSettings.objects.filter(user=ada).values()),
    ]


def test_every_page_is_said_to_be_somebodys() -> None:
    said = EVERYBODYS | LINK_HOLDERS | TWILIOS | SIGNED_IN | ONES_OWN | CART_LINES

    assert set(names_in(list(urlpatterns))) == said


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_a_stranger_finds_nothing(
    client: Client, adas: dict[str, Any], method: str
) -> None:
    before = snapshot(adas)
    client.force_login(UserFactory.create())

    for name in sorted(ONES_OWN):
        answer = getattr(client, method)(address_of(name, adas), {"reason": "other"})
        assert answer.status_code in {404, 405}, name
        assert snapshot(adas) == before, name


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_who_is_not_signed_in_is_asked_to(
    client: Client, adas: dict[str, Any], method: str
) -> None:
    before = snapshot(adas)

    for name in sorted(ONES_OWN | SIGNED_IN):
        url = address_of(name, adas) if name in ONES_OWN else reverse(name)
        # A visit before may have left something in the session.
        client.cookies.clear()
        answer = getattr(client, method)(url)
        is_asked = answer.status_code == 302 and "/sign-in/" in answer["Location"]
        assert is_asked or answer.status_code in {401, 403, 405}, name
        assert snapshot(adas) == before, name


@pytest.mark.parametrize("name", sorted(CART_LINES))
@pytest.mark.parametrize("who", ["stranger", "visitor"])
def test_anothers_cart_stays_as_it_is(
    client: Client, adas: dict[str, Any], name: str, who: str
) -> None:
    before = snapshot(adas)
    if who == "stranger":
        stranger = UserFactory.create()
        fill_cart(stranger, ItemFactory.create())
        client.force_login(stranger)

    client.post(reverse(name, args=[adas["line"].public_id]), {"quantity": "9"})

    assert snapshot(adas) == before
