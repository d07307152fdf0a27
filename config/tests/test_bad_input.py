"""No input makes the site fail: each field of each form and query gets odd values."""

import json
import random
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from customers.models import User
from customers.tests.factories import AddressFactory, UserFactory
from delivery.models import Delivery
from delivery.tests.factories import deliver
from menus.models import Item
from menus.tests.factories import ModifierFactory
from notifications.services.tokens import issue_service_token
from notifications.unsubscribing import unsubscribe_url
from orders.tests.factories import fill_cart

pytestmark = pytest.mark.django_db
ODD = [
    "",
    "a\x00b",
    "99999999999999999999",
    "nan",
    "2026-13-45T99:99",
    "%s💥" * 1700,
    "00000000-0000-0000-0000-000000000000",
]
PLACE = {
    "latitude": "37.7618",
    "longitude": "-122.4156",
    "label": "Home",
    "street_address": "3180 18th St",
    "locality": "San Francisco",
    "postal_code": "94110",
    "country": "US",
    "delivery_instructions": "",
    "next": "/",
}


@pytest.fixture
def ada() -> User:
    return UserFactory.create()


@pytest.fixture
def delivery(ada: User) -> Delivery:
    return deliver(ada)


def requests_of(ada: User, delivery: Delivery) -> list[tuple[str, str, dict[str, str]]]:
    """Return a good request for everything that takes input from customers."""
    item = Item.objects.get(order_lines__order=delivery.order)
    line = fill_cart(ada, item).lines.get()
    group = ModifierFactory.create(group__restaurant=item.restaurant).group
    item.modifier_groups.add(group)
    address = AddressFactory.create(user=ada)
    order = delivery.order.public_id
    courier = {"latitude": "37.76", "longitude": "-122.41"}
    dish = {"quantity": "1", "note": "hot", "replace": "1", f"g-{group.pk}": "x"}
    wish = {
        "action": "place",
        "fulfilment": "delivery",
        "when": "",
        "name": "Ada",
        "phone": "+14155550123",
        "tip": "0",
        "key": "",
        "seen_total": "1",
        "seen_from": "",
        "seen_until": "",
        "street_address": "1 High Street",
        "delivery_instructions": "",
        "kitchen_note": "",
    }
    search = {
        "sort": "rating",
        "cuisine": "italian",
        "text": "pizza",
        "open_now": "1",
        "fulfilment": "pickup",
        "cursor": "x",
        "free_delivery": "1",
        "rating": "4",
        "view": "map",
        "n": "2",
        "closed": "1",
    }
    sign_up = {
        "email": "new@example.com",
        "name": "New",
        "phone": "",
        "time_zone": "UTC",
        "password": "correct-horse-battery",
    }
    preferences = {"orders-email": "on", "quiet_from": "22:00", "quiet_until": "7:00"}
    unsubscribe = unsubscribe_url(user_pk=ada.pk, category="orders")
    unsubscribe = unsubscribe.removeprefix(settings.SITE_URL)
    profile = {"name": "Ada", "phone": "", "time_zone": "UTC", "locale": "en"}
    after = {"next": "/"}
    return [
        ("post", reverse("customers:place-choose"), PLACE),
        ("get", reverse("customers:place-choose"), {"q": "sf", "next": "/"}),
        ("get", reverse("customers:place-suggestions"), {"q": "sf"}),
        ("get", reverse("customers:place-around"), courier),
        ("get", reverse("restaurants:restaurant-list"), search),
        ("post", reverse("orders:cart-add", args=[item.public_id]), dish),
        ("post", reverse("orders:cart-edit-line", args=[line.public_id]), dish),
        *(
            ("post", reverse("orders:cart-change-line", args=[line.public_id]), fields)
            for fields in ({"quantity": "2"}, {"step": "1"})
        ),
        (
            "post",
            reverse("orders:cart-fulfilment"),
            {"restaurant": item.restaurant.slug, "fulfilment": "pickup"},
        ),
        (
            "post",
            reverse("menus:diet"),
            {"allergens": "milk", "diets": "vegan", "next": "/", "clear": ""},
        ),
        (
            "get",
            item.restaurant.get_absolute_url(),
            {"q": "pizza", "all": "1", "fulfilment": "pickup", "reviews": "x"},
        ),
        ("post", reverse("orders:checkout"), wish),
        (
            "get",
            reverse("orders:order-list"),
            {"cursor": "x", "q": "pizza", "state": "open", "fulfilment": "pickup"},
        ),
        ("get", reverse("restaurants:favourite-list"), {"cursor": "1"}),
        (
            "post",
            reverse("restaurants:favourite-toggle", args=[item.restaurant.slug]),
            {"want": "on", "next": "/"},
        ),
        ("get", reverse("notifications:inbox"), {"after": "x"}),
        ("post", reverse("notifications:preferences"), preferences),
        ("post", reverse("notifications:do-not-disturb"), {"for": "hour"}),
        ("post", unsubscribe, {"action": "undo"}),
        ("post", reverse("orders:order-cancel", args=[order]), {"reason": "mistake"}),
        ("post", reverse("orders:order-again", args=[order]), {"replace": ""}),
        (
            "post",
            reverse("orders:order-review", args=[order]),
            {"food_rating": "5", "delivery_rating": "5", "text": "good"},
        ),
        ("post", reverse("customers:profile"), profile),
        ("post", reverse("customers:address-add"), PLACE),
        ("post", reverse("customers:address-edit", args=[address.pk]), PLACE),
        (
            "post",
            reverse("delivery:courier-position", args=[delivery.token]),
            courier,
        ),
        ("post", reverse("customers:password-reset"), {"email": "a@example.com"}),
        ("post", reverse("customers:sign-in-link"), {"email": "a@b.example"} | after),
        ("post", reverse("customers:sign-in-by-link", args=["MQ", "a-b"]), after),
        ("post", reverse("customers:email-confirm", args=["a:b:c"]), after),
        (
            "post",
            reverse("customers:email-change"),
            {"email": "a@b.example", "password": "correct-horse-battery"},
        ),
        ("post", reverse("customers:phone-verify"), {"code": "123456"}),
        ("post", reverse("customers:security"), {"password": "wrong"}),
        ("post", reverse("account-delete"), {"password": "wrong"}),
        ("post", reverse("customers:sign-up"), sign_up),
    ]


def test_no_odd_value_makes_a_page_fail(
    client: Client, ada: User, delivery: Delivery
) -> None:
    client.force_login(ada)
    client.post(reverse("customers:place-choose"), PLACE)
    fill_cart(ada, Item.objects.get(order_lines__order=delivery.order))

    for method, url, data in requests_of(ada, delivery):
        for name in data:
            # One of them each time, by the run's seed: all take a minute.
            odd = random.choice(ODD)
            answer: Any = getattr(client, method)(url, {**data, name: odd})
            assert answer.status_code < 500, (url, name, odd)


@pytest.mark.parametrize("odd", [*ODD, None, 7, -1.5, True, [], {}, [[]], {"a": "\0"}])
def test_no_odd_value_makes_the_api_fail(client: Client, ada: User, odd: Any) -> None:
    client.force_login(ada)
    secret = issue_service_token(name="service")[1]
    wish = {"category": "orders", "channel": "email", "is_on": False}
    hours = {"starts_at": "22:00", "ends_at": "07:00"}
    change = {
        "preferences": [wish],
        "quiet_hours": hours,
        "do_not_disturb_until": "2026-11-21T10:00:00Z",
    }
    event = {"topic": "order_placed", "recipients": [ada.pk], "key": "k", "context": {}}
    bodies = [
        odd,
        *({**change, name: odd} for name in change),
        *({"preferences": [{**wish, name: odd}]} for name in wish),
        *({"quiet_hours": {**hours, name: odd}} for name in hours),
        *({**event, name: odd} for name in event),
        {**event, "recipients": [odd]},
        {**event, "context": {"url": odd}},
        {**event, "context": {"name": odd}},
    ]

    for body in bodies:
        for method, path in (
            ("patch", "me/preferences"),
            ("post", "notifications/events"),
        ):
            answer: Any = getattr(client, method)(
                f"/api/v1/{path}",
                json.dumps(body),
                content_type="application/json",
                headers={"Authorization": f"Bearer {secret}"},
            )
            assert answer.status_code < 500, (path, body)
