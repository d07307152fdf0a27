"""Nobody gets at what is another's, at any address the site has.

The addresses are read from the URL configuration: one that is added later fails here
until it is said whose it is.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from push_notifications.models import APNSDevice, GCMDevice, WebPushDevice

from config.urls import urlpatterns
from customers.models import Address, User
from customers.tests.factories import AddressFactory, UserFactory
from delivery.models import Delivery
from delivery.tests.factories import deliver, own
from menus.models import Item, Menu, Modifier, ModifierGroup, Section
from menus.tests.factories import ItemFactory, ModifierFactory
from notifications.models import Notification, Preference, RecipientSettings
from notifications.tests.factories import (
    APNSDeviceFactory,
    GCMDeviceFactory,
    NotificationFactory,
)
from orders.models import CartLine, Order
from orders.tests.factories import fill_cart
from restaurants.models import Restaurant
from restaurants.owner_site import owner_site

pytestmark = pytest.mark.django_db

# Everybody may open these; what they show belongs to all, to nobody, or to the session.
EVERYBODYS = {
    *("home", "health", "menus:item-detail"),
    *("restaurants:restaurant-list", "restaurants:restaurant-detail"),
    *("orders:cart-detail", "orders:cart-add"),
    *("customers:sign-up", "customers:sign-in", "customers:sign-out"),
    *("customers:password-reset", "customers:password-reset-sent"),
    *("customers:place-choose", "customers:place-suggestions"),
    "customers:place-around",
}
# Whoever holds the link may open these.
LINK_HOLDERS = {
    "metrics",  # its token, rather
    "customers:password-reset-confirm",
    "delivery:courier-delivery",
    "delivery:courier-position",
    *("delivery:courier-step", "notifications:unsubscribe"),
}
# Only what Twilio has signed is let in (notifications/tests/test_webhooks.py).
TWILIOS = {"notifications:twilio-status", "notifications:twilio-inbound"}
# Whoever is signed in sees their own here.
SIGNED_IN = {
    *("orders:checkout", "orders:order-list"),
    *("customers:profile", "customers:password-change"),
    *("customers:address-list", "customers:address-add"),
    *("notifications:inbox", "notifications:inbox-mark-all-read"),
    *("notifications:unread-count", "notifications:preferences"),
    "notifications:do-not-disturb",
    *("notifications-api:preferences", "notifications-api:inbox"),
    "notifications-api:inbox-read-all",
    *(f"notifications-api:{kind}-list" for kind in ("apns", "fcm", "webpush")),
}
# One row of somebody's, named in the address.
ONES_OWN = {
    *("orders:order-detail", "orders:order-status", "orders:order-cancel"),
    *("orders:order-again", "orders:order-review"),
    *("customers:address-edit", "customers:address-choose"),
    "customers:address-delete",
    *("notifications:notification-open", "notifications:notification-archive"),
    *("notifications:notification-mark-unread", "notifications:device-remove"),
    *(f"notifications-api:notification-{act}" for act in ("read", "unread", "archive")),
    *(f"notifications-api:{kind}-detail" for kind in ("apns", "fcm", "webpush")),
}
# Other systems publish here, with a token (notifications/tests/test_api.py).
SYSTEMS = {"notifications-api:events"}
# One line of the cart, found among the visitor's own only.
CART_LINES = {"orders:cart-change-line", "orders:cart-remove-line"}


def names_in(patterns: list[Any], prefix: str = "") -> Iterator[str]:
    """Yield the names of all pages; the admin sites are walked on their own."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            if pattern.namespace in {"admin", "owner"}:
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
    return {
        "user": ada,
        "order": delivery.order,
        "address": AddressFactory.create(user=ada),
        "notification": NotificationFactory.create(recipient=ada, read_at=None),
        "line": CartLine.objects.get(cart__user=ada),
        "fcm": GCMDeviceFactory.create(user=ada),
        "apns": APNSDeviceFactory.create(user=ada),
        "webpush": WebPushDevice.objects.create(user=ada, registration_id="x"),
    }


def address_of(name: str, rows: dict[str, Any]) -> str:
    if name == "notifications:device-remove":
        return reverse(name, args=["fcm", rows["fcm"].pk])
    if name.endswith("-detail") and name.startswith("notifications-api:"):
        kind = name.removeprefix("notifications-api:").removesuffix("-detail")
        return reverse(name, args=[rows[kind].pk])
    row = {
        "orders": rows["order"].public_id,
        "customers": rows["address"].pk,
        "notifications": rows["notification"].pk,
        "notifications-api": rows["notification"].pk,
    }[name.split(":", maxsplit=1)[0]]
    return reverse(name, args=[row])


def snapshot(rows: dict[str, Any]) -> list[Any]:
    ada = rows["user"]
    return [
        list(Order.objects.filter(customer=ada).values()),
        list(Address.objects.filter(user=ada).values()),
        list(Notification.objects.filter(recipient=ada).values()),
        list(CartLine.objects.filter(cart__user=ada).values()),
        list(GCMDevice.objects.filter(user=ada).values()),
        list(APNSDevice.objects.filter(user=ada).values()),
        list(WebPushDevice.objects.filter(user=ada).values()),
        list(Preference.objects.filter(user=ada).values()),
        list(RecipientSettings.objects.filter(user=ada).values()),
    ]


def test_every_page_is_said_to_be_somebodys() -> None:
    said = (
        EVERYBODYS
        | LINK_HOLDERS
        | TWILIOS
        | SIGNED_IN
        | ONES_OWN
        | CART_LINES
        | SYSTEMS
    )

    assert set(names_in(list(urlpatterns))) == said


@pytest.mark.parametrize("name", sorted(ONES_OWN))
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_a_stranger_finds_nothing(
    client: Client, adas: dict[str, Any], name: str, method: str
) -> None:
    before = snapshot(adas)
    client.force_login(UserFactory.create())

    answer = getattr(client, method)(address_of(name, adas), {"reason": "other"})

    assert answer.status_code in {404, 405}
    assert snapshot(adas) == before


@pytest.mark.parametrize("name", sorted(ONES_OWN | SIGNED_IN))
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_who_is_not_signed_in_is_asked_to(
    client: Client, adas: dict[str, Any], name: str, method: str
) -> None:
    before = snapshot(adas)
    url = address_of(name, adas) if name in ONES_OWN else reverse(name)

    answer = getattr(client, method)(url)

    is_asked = answer.status_code == 302 and "/sign-in/" in answer["Location"]
    assert is_asked or answer.status_code in {401, 403, 405}
    assert snapshot(adas) == before


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


MODELS = {
    "restaurant": "restaurants",
    "menu": "menus",
    "section": "menus",
    "item": "menus",
    "modifiergroup": "menus",
    "modifier": "menus",
    "order": "orders",
    "delivery": "delivery",
}


def portal_rows(restaurant: Restaurant) -> dict[str, int]:
    """Return a key for each kind of row that an address of the portal may name."""
    return {
        "restaurant": restaurant.pk,
        "menu": Menu.objects.get(restaurant=restaurant).pk,
        "section": Section.objects.get(menu__restaurant=restaurant).pk,
        "item": Item.objects.get(restaurant=restaurant).pk,
        "modifiergroup": ModifierGroup.objects.get(restaurant=restaurant).pk,
        "modifier": Modifier.objects.get(group__restaurant=restaurant).pk,
        "order": Order.objects.get(restaurant=restaurant).pk,
        "delivery": Delivery.objects.get(order__restaurant=restaurant).pk,
    }


def site_patterns(namespace: str) -> Iterator[tuple[str, URLPattern]]:
    for resolver in get_resolver().url_patterns:
        if isinstance(resolver, URLResolver) and resolver.namespace == namespace:
            yield from _flat(resolver.url_patterns, f"/{resolver.pattern}")


def _flat(patterns: list[Any], start: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        path = f"{start}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from _flat(pattern.url_patterns, path)
        else:
            yield path, pattern


def filled(path: str, rows: dict[str, int]) -> str:
    """Put keys and steps into a pattern's place-holders."""
    model = path.split("/")[3] if path.count("/") > 3 else ""
    key = str(rows.get(model, 1))
    for holder in ("<path:object_id>", "<int:pk>", "<pk>", "<int:object_id>"):
        path = path.replace(holder, key)
    path = path.replace("<slug:step>", "cancel")
    return path.split("(?P")[0].replace("^", "").replace("$", "").replace("\\Z", "")


@pytest.fixture
def kitchen() -> Restaurant:
    item = ItemFactory.create(name="Secret lasagne")
    ModifierFactory.create(group__restaurant=item.restaurant, name="Secret sauce")
    deliver(UserFactory.create(name="Ada Secret"), item)
    return item.restaurant


def kitchen_snapshot(restaurant: Restaurant) -> list[Any]:
    return [
        list(Restaurant.objects.filter(pk=restaurant.pk).values()),
        list(Menu.objects.filter(restaurant=restaurant).values()),
        list(Item.objects.filter(restaurant=restaurant).values()),
        list(Modifier.objects.filter(group__restaurant=restaurant).values()),
        list(Order.objects.filter(restaurant=restaurant).values()),
        list(Delivery.objects.filter(order__restaurant=restaurant).values()),
    ]


@pytest.mark.parametrize("method", ["get", "post"])
def test_another_owner_gets_nothing_at_any_address_of_the_portal(
    client: Client, kitchen: Restaurant, method: str
) -> None:
    other = ItemFactory.create(name="Taco").restaurant
    client.force_login(own(other))
    rows = portal_rows(kitchen)
    before = kitchen_snapshot(kitchen)
    data = {"post": "yes", "reason": "other", "preparation_minutes": "5"}

    for path, pattern in site_patterns("owner"):
        if pattern.name == "logout":
            continue
        url = filled(path, rows)
        answer = getattr(client, method)(url, data)
        assert answer.status_code < 500, url
        assert "Secret" not in answer.content.decode(errors="replace"), url
        if "<" in path:
            assert answer.status_code != 200, url
    assert kitchen_snapshot(kitchen) == before


def test_the_same_walk_opens_the_pages_for_their_owner(
    client: Client, kitchen: Restaurant
) -> None:
    client.force_login(own(kitchen))
    rows = portal_rows(kitchen)

    opened = {
        path
        for path, _pattern in site_patterns("owner")
        if client.get(filled(path, rows)).status_code == 200
    }

    for model, start in MODELS.items():
        page = f"/owner/{start}/{model}/<path:object_id>/change/"
        assert page in opened


@pytest.mark.parametrize("query", ["q=Secret", "_popup=1&_to_field=id", "e=1"])
def test_crafted_queries_show_another_owner_nothing(
    client: Client, kitchen: Restaurant, query: str
) -> None:
    client.force_login(own(ItemFactory.create(name="Taco").restaurant))

    for model in owner_site._registry:  # noqa: SLF001 (a registry is to be read)
        name = f"owner:{model._meta.app_label}_{model._meta.model_name}_changelist"  # noqa: SLF001
        answer = client.get(f"{reverse(name)}?{query}", follow=True)
        assert "lasagne" not in answer.content.decode(), name
        assert answer.status_code < 500


@pytest.mark.parametrize("who", ["owner", "customer", "nobody"])
@pytest.mark.parametrize("namespace", ["admin", "owner"])
def test_only_who_belongs_there_gets_into_the_back_offices(
    client: Client, kitchen: Restaurant, who: str, namespace: str
) -> None:
    people: dict[str, User | AnonymousUser] = {
        "owner": own(kitchen),
        "customer": UserFactory.create(),
        "nobody": AnonymousUser(),
    }
    person = people[who]
    if (who, namespace) == ("owner", "owner"):
        kitchen.memberships.all().delete()  # no longer theirs, as of now
    if isinstance(person, User):
        client.force_login(person)
    rows = portal_rows(kitchen)

    for path, pattern in site_patterns(namespace):
        if pattern.name in {"login", "logout", "jsi18n"}:
            continue
        answer = client.get(filled(path, rows))
        assert answer.status_code in {302, 403, 404, 405}, path
        if answer.status_code == 302:
            assert "/login/" in answer["Location"] or "/sign-in/" in answer["Location"]


def test_a_membership_ends_at_once(client: Client, kitchen: Restaurant) -> None:
    owner = own(kitchen)
    client.force_login(owner)
    page = reverse("owner:board")
    assert client.get(page).status_code == 200

    kitchen.memberships.filter(user=owner).delete()

    assert client.get(page).status_code == 302
