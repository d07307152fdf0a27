"""Nobody gets at another restaurant in the portal, nor at what a role may not see.

The addresses of both admin sites are read from the URL configuration and walked as the
owner, each role, another owner, a customer and nobody. One that is added later fails
here until its duty is said.
"""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from customers.models import User
from customers.tests.factories import UserFactory
from delivery.models import Delivery
from delivery.tests.factories import deliver, own
from menus.models import MenuChange, Modifier, ModifierGroup
from menus.services.drafts import start_draft
from menus.tests.factories import ItemFactory, ModifierFactory, offer
from orders.models import Claim, LineChange, OrderEvent, OrderLine, Review
from orders.services import Actor
from orders.services.changing import propose_line_change
from restaurants.models import (
    DUTIES,
    BoardPresence,
    Duty,
    Invitation,
    Membership,
    Restaurant,
)
from restaurants.owner_site import owner_site
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db

# What a page of the portal is for, by its name.
PAGES = {
    Duty.BOARD: {
        *("board", "board-cards", "board-open", "board-step", "board-end"),
        *("board-undo", "board-ticket", "board-print"),
        *("busy", "pause", "resume", "sold-out", "sold-out-item", "sold-out-modifier"),
        *("line-change", "line-change-withdraw"),
    },
    Duty.ORDERS: {"order", "order-cancel", "order-keep", "claims", "claim-answer"},
    Duty.MENU: {
        *("menu", "menu-add", "menu-order", "menu-prices", "menu-item"),
        *("menu-percent", "menu-draft", "menu-preview", "menu-group"),
        *("menu-import", "menu-import-example", "menu-export"),
        *("menu-history", "menu-undo"),
    },
    Duty.HOURS: {
        *("hours", "hours-preview", "hours-special", "hours-special-remove"),
        *("hours-holidays", "terms", "terms-preview", "preparation"),
        *("first-steps", "go-live", "test-order"),
    },
    Duty.REVIEWS: {"reviews", "review-answer"},
    Duty.MONEY: {"figures", "figures-csv", "orders-csv", "figures-all"},
    Duty.PEOPLE: {"people", "people-role", "people-remove", "people-invitation"},
}
MODELS = {
    Duty.BOARD: {"delivery_delivery"},
    Duty.ORDERS: {"orders_order"},
    Duty.MENU: {
        *("menus_menu", "menus_section", "menus_item", "menus_modifiergroup"),
        "menus_modifier",
    },
    Duty.HOURS: {"restaurants_restaurant"},
}
# The theme's and Django's own, which show nothing of a restaurant.
EVERY_MEMBERS = {
    *("index", "login", "logout", "password_change", "password_change_done"),
    *("jsi18n", "autocomplete", "search", "app_list"),
}
# Written whenever a board is looked at.
HEARTBEAT = BoardPresence


def duty_of(name: str) -> Duty | None:
    """Return what an address is for; None for every member; KeyError if unsaid."""
    for duty, names in PAGES.items():
        if name in names:
            return duty
    for duty, models in MODELS.items():
        if name.rpartition("_")[0] in models:
            return duty
    if name in EVERY_MEMBERS:
        return None
    raise KeyError(name)


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


def portal_addresses() -> list[tuple[str, str]]:
    """Return the name and the pattern of every address of the portal."""
    return [
        (pattern.name, path)
        for path, pattern in site_patterns("owner")
        # Without a name is what answers "not found" to anything else.
        if pattern.name and pattern.name != "logout"
    ]


@pytest.fixture
def kitchen() -> Restaurant:
    """Return a restaurant with one of everything an address may name."""
    item = ItemFactory.create(name="Secret lasagne")
    sauce = ModifierFactory.create(
        group__restaurant=item.restaurant, group__min_choices=0, name="Secret sauce"
    )
    offer(item, sauce.group)
    water = ItemFactory.create(section=item.section, name="Secret water")
    order = deliver(UserFactory.create(name="Ada Secret"), item).order
    actor = Actor(OrderEvent.Actor.RESTAURANT, None)
    line = order.lines.get()
    propose_line_change(
        order_pk=order.pk, line_pk=line.pk, actor=actor, item_pk=water.pk
    )
    Review.objects.create(
        order=order,
        restaurant=order.restaurant,
        food_rating=4,
        text="Secret praise",
        created_at=timezone.now(),
    )
    Claim.objects.create(
        order=order,
        text="Secret complaint",
        proposed_refund=1,
        created_at=timezone.now(),
    )
    restaurant = order.restaurant
    Invitation.objects.create(
        restaurant=restaurant,
        email="secret@example.com",
        role=Membership.Role.STAFF,
        expires_at=timezone.now() + timedelta(days=1),
    )
    MembershipFactory.create(restaurant=restaurant, user__name="Bo Secret")
    start_draft(menu_pk=item.section.menu_id)
    MenuChange.objects.create(restaurant=restaurant, summary="Secret change", rows=[])
    return restaurant


def keys_of(restaurant: Restaurant) -> dict[str, int]:
    """Return what an address's place-holders stand for, by holder or by the page."""
    item = restaurant.items.get(name="Secret lasagne", is_draft=False)
    order = restaurant.orders.get()
    return {
        "<int:restaurant_pk>": restaurant.pk,
        "<int:order_pk>": order.pk,
        "<int:line_pk>": OrderLine.objects.get(order=order).pk,
        "<int:review_pk>": order.review.pk,
        "<int:claim_pk>": order.claim.pk,
        "<int:menu_pk>": item.section.menu_id,
        "<int:group_pk>": ModifierGroup.objects.get(restaurant=restaurant).pk,
        "restaurants_restaurant": restaurant.pk,
        "menus_menu": item.section.menu_id,
        "menus_section": item.section_id,
        "menus_item": item.pk,
        "menus_modifiergroup": ModifierGroup.objects.get(restaurant=restaurant).pk,
        "menus_modifier": Modifier.objects.get(group__restaurant=restaurant).pk,
        "orders_order": order.pk,
        "delivery_delivery": Delivery.objects.get(order=order).pk,
        "line-change-withdraw": LineChange.objects.get(order=order).pk,
        "menu-undo": MenuChange.objects.get(restaurant=restaurant).pk,
        "board": order.pk,
        "sold-out-item": item.pk,
        "sold-out-modifier": Modifier.objects.get(group__restaurant=restaurant).pk,
        "people": restaurant.memberships.latest("pk").pk,
        "people-invitation": restaurant.invitations.get().pk,
    }


STEPS = {"board-step": "accept", "board-end": "cancel", "people-invitation": "withdraw"}


def filled(name: str, path: str, keys: dict[str, int]) -> str:
    """Put keys and steps into a pattern's place-holders."""
    for holder, key in keys.items():
        if holder.startswith("<"):
            path = path.replace(holder, str(key))
    one = keys.get(name) or keys.get(name.rpartition("_")[0])
    one = one or keys.get(name.partition("-")[0]) or 1
    for holder in ("<path:object_id>", "<int:pk>", "<pk>", "<int:object_id>"):
        path = path.replace(holder, str(one))
    path = path.replace("<int:change_pk>", str(one))
    path = path.replace("<slug:step>", STEPS.get(name, "cancel"))
    path = path.replace("<slug:provider>", "fcm").replace("<path:content_type_id>", "1")
    path = path.replace("<id>", "1")
    path = path.split("(?P")[0].replace("^", "").replace("$", "").replace("\\Z", "")
    assert "<" not in path, f"{path}: say what its place-holder stands for"
    return path


def everything() -> dict[str, list[dict[str, Any]]]:
    """Return all rows that restaurants, menus, orders and deliveries have."""
    return {
        model.__name__: list(model._default_manager.order_by("pk").values())  # noqa: SLF001
        for label in ("restaurants", "menus", "orders", "delivery")
        for model in apps.get_app_config(label).get_models()
        if model is not HEARTBEAT
    }


def is_refused(answer: Any) -> bool:
    if answer.status_code == 302:
        # The admin sends who may not see a row to the start, or to the list of them.
        start = ("/owner/", "/owner/orders/order/")
        return answer["Location"] in start or "/login/" in answer["Location"]
    return answer.status_code in {403, 404}


def read(answer: Any) -> str:
    content = b"".join(answer) if answer.streaming else answer.content
    return content.decode(errors="replace")


def test_every_address_of_the_portal_is_for_some_duty() -> None:
    unsaid = set()
    for name, _path in portal_addresses():
        try:
            duty_of(name)
        except KeyError:
            unsaid.add(name)

    assert not unsaid


def test_a_page_is_for_the_duty_that_is_said_here() -> None:
    for page in owner_site._pages:  # noqa: SLF001 (a registry is to be read)
        assert page.duty == duty_of(page.name), page.name
    for model, model_admin in owner_site._registry.items():  # noqa: SLF001
        name = f"{model._meta.app_label}_{model._meta.model_name}"  # noqa: SLF001
        assert model_admin.duty == duty_of(f"{name}_change"), name


@pytest.mark.parametrize("role", Membership.Role.values)
def test_each_role_opens_what_it_is_for_and_nothing_else(
    client: Client, kitchen: Restaurant, role: str
) -> None:
    member = MembershipFactory.create(restaurant=kitchen, role=role)
    client.force_login(member.user)
    keys = keys_of(kitchen)
    duties = DUTIES[Membership.Role(role)]

    for name, path in portal_addresses():
        duty = duty_of(name)
        answer = client.get(filled(name, path, keys))
        assert answer.status_code < 500, name
        if duty is None:
            continue
        if duty in duties:
            # Some are answered to a form only; what nobody adds or deletes is refused.
            may_be = {200, 302, 405}
            if name.endswith(("_add", "_delete")):
                may_be |= {403}
            if name in PASSING:
                may_be |= {404}
            assert answer.status_code in may_be, (name, answer.status_code)
            assert "/login/" not in answer.get("Location", ""), name
        else:
            assert is_refused(answer) or answer.status_code == 405, name
            assert "Secret" not in read(answer), name


# There only while an order is at a certain step, or a restaurant is being set up.
PASSING = {"order-cancel", "order-keep", "line-change", "first-steps", "menu-undo"}


@pytest.mark.parametrize("role", [None, *Membership.Role.values])
def test_a_forged_form_changes_nothing_beyond_a_role(
    client: Client, kitchen: Restaurant, role: str | None
) -> None:
    if role is None:
        person = own(ItemFactory.create(name="Taco").restaurant)
    else:
        person = MembershipFactory.create(restaurant=kitchen, role=role).user
    client.force_login(person)
    keys = keys_of(kitchen)
    duties = DUTIES[Membership.Role(role)] if role else frozenset()
    before = everything()

    for name, path in portal_addresses():
        if duty_of(name) in {None, *duties}:
            continue
        answer = client.post(filled(name, path, keys), FORGED)
        assert answer.status_code < 500, name
        assert "Secret" not in read(answer), name
        if role is not None:
            assert is_refused(answer), name
    assert everything() == before


FORGED = {
    "post": "yes",
    "confirm": "yes",
    "reason": "other",
    "until": "hour",
    "preparation_minutes": "5",
    "minutes": "10",
    "role": "owner",
    "name": "Forged",
    "text": "Forged",
    "answer": "Forged",
    "act": "refuse",
    "confirmed": "1",
    "percent": "10",
    "action": "publish",
}


@pytest.mark.parametrize("method", ["get", "post"])
def test_another_owner_gets_nothing_at_any_address_of_the_portal(
    client: Client, kitchen: Restaurant, method: str
) -> None:
    client.force_login(own(ItemFactory.create(name="Taco").restaurant))
    keys = keys_of(kitchen)
    before = everything()

    for name, path in portal_addresses():
        answer = getattr(client, method)(filled(name, path, keys), FORGED)
        assert answer.status_code < 500, name
        assert "Secret" not in read(answer), name
        assert "secret@" not in read(answer), name
        if "<" in path and name != "app_list":
            assert answer.status_code != 200, name
    assert everything() == before


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


@pytest.mark.parametrize("who", ["owner", "staff", "customer", "nobody"])
@pytest.mark.parametrize("namespace", ["admin", "owner"])
def test_only_who_belongs_there_gets_into_the_back_offices(
    client: Client, kitchen: Restaurant, who: str, namespace: str
) -> None:
    people: dict[str, User | AnonymousUser] = {
        "owner": own(kitchen),
        "staff": MembershipFactory.create(restaurant=kitchen, role="staff").user,
        "customer": UserFactory.create(),
        "nobody": AnonymousUser(),
    }
    person = people[who]
    keys = keys_of(kitchen)
    if namespace == "owner":
        kitchen.memberships.all().delete()  # no longer theirs, as of now
    if isinstance(person, User):
        client.force_login(person)

    for path, pattern in site_patterns(namespace):
        if pattern.name in {"login", "logout", "jsi18n"}:
            continue
        answer = client.get(filled(str(pattern.name), path, keys))
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


def test_a_demotion_works_at_once(client: Client, kitchen: Restaurant) -> None:
    owner = own(kitchen)
    client.force_login(owner)
    page = reverse("owner:figures", args=[kitchen.pk])
    assert client.get(page).status_code == 200

    kitchen.memberships.filter(user=owner).update(role=Membership.Role.MANAGER)

    assert client.get(page).status_code == 404


def test_no_odd_value_makes_a_page_of_the_portal_fail(
    client: Client, kitchen: Restaurant
) -> None:
    client.force_login(own(kitchen))
    keys = keys_of(kitchen)
    odd = ["a\x00b", "9" * 20, "1e400", "2026-13-45T99:99"]

    for name, path in portal_addresses():
        url = filled(name, path, keys)
        # One of them each time, by the run's seed: all take a minute.
        for ask in (client.get, client.post):
            value = random.choice(odd)
            answer = ask(url, dict.fromkeys(FIELDS, value))
            assert answer.status_code < 500, (name, value)


# What the forms and links of the portal's own pages send.
FIELDS = {
    *("q", "page", "before", "after", "cursor", "since", "until", "by", "period"),
    *("stars", "only", "restaurant", "format", "state", "group", "from", "kind"),
    *("name", "email", "role", "reason", "note", "minutes", "preparation_minutes"),
    *("item", "items", "section", "menu", "price", "percent", "rounding", "scope"),
    *("order", "pks", "action", "text", "answer", "seen", "version", "token", "key"),
    *("day-0-0-opens", "0-0-opens", "0-opens", "date", "first", "last", "opens_at"),
    *("closes_at", "radius", "delivery_fee", "fee", "minimum_order", "tax_rate"),
    *("delivery_radius", "step-0-from", "step-0-fee", "hour-0", "minutes-0", "m0"),
}
