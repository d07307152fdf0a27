"""The owner portal as a whole: the top app sees every registered model."""

# ruff: noqa: SLF001  # a registry and a model's names are read, as Django documents

from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.postgres.search import SearchQuery
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from customers.models import User
from customers.tests.factories import PASSWORD, UserFactory
from delivery.models import Delivery
from delivery.tests.factories import deliver, own, place
from menus.models import (
    Item,
    ItemModifierGroup,
    Menu,
    Modifier,
    ModifierGroup,
    Section,
)
from menus.services import refresh_dishes
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    SectionFactory,
)
from orders.models import Order
from orders.services.ending import finish_pending_ends
from restaurants.geo import to_plane
from restaurants.models import Restaurant
from restaurants.owner_site import owner_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def trattoria() -> Delivery:
    """Return a delivery; its restaurant has a row of every model."""
    item = ItemFactory.create(name="Secret lasagne")
    ModifierFactory.create(group__restaurant=item.restaurant)
    return deliver(UserFactory.create(name="Ada Secret"), item)


@pytest.fixture
def stranger() -> User:
    """Return an owner of another restaurant, with a menu."""
    item = ItemFactory.create(name="Taco")
    return own(item.restaurant)


def rows_of(restaurant: Restaurant) -> list[Model]:
    return [
        restaurant,
        Menu.objects.get(restaurant=restaurant),
        Section.objects.get(menu__restaurant=restaurant),
        Item.objects.get(restaurant=restaurant),
        ModifierGroup.objects.get(restaurant=restaurant),
        Modifier.objects.get(group__restaurant=restaurant),
        Order.objects.get(restaurant=restaurant),
        Delivery.objects.get(order__restaurant=restaurant),
    ]


def url(row: Model, view: str, *args: object) -> str:
    name = f"owner:{row._meta.app_label}_{row._meta.model_name}_{view}"
    return reverse(name, args=args)


def test_every_registered_model_is_in_this_walk(trattoria: Delivery) -> None:
    models = {type(row) for row in rows_of(trattoria.order.restaurant)}

    assert set(owner_site._registry) == models


def test_an_owner_opens_every_page_of_their_own(
    client: Client, trattoria: Delivery
) -> None:
    restaurant = trattoria.order.restaurant
    client.force_login(own(restaurant))

    for row in rows_of(restaurant):
        for address in [
            url(row, "changelist"),
            url(row, "change", row.pk),
            url(row, "history", row.pk),
        ]:
            assert client.get(address).status_code == 200, address
    for row in rows_of(restaurant)[1:5]:
        assert client.get(url(row, "add")).status_code == 200


def test_another_owner_sees_opens_and_changes_nothing(
    client: Client, trattoria: Delivery, stranger: User
) -> None:
    restaurant = trattoria.order.restaurant
    client.force_login(stranger)

    for row in rows_of(restaurant):
        assert "Secret" not in client.get(url(row, "changelist")).content.decode()
        for view in ["change", "history", "delete"]:
            address = url(row, view, row.pk)
            assert client.get(address).status_code in {302, 403, 404}, address
            assert client.post(address, {"post": "yes"}).status_code in {302, 403, 404}
        row.refresh_from_db()


@pytest.mark.parametrize(
    ("view", "step"),
    [
        *(("step", step) for step in ["accept", "preparing", "ready", "out"]),
        ("step", "complete"),
        ("end", "reject"),
        ("end", "cancel"),
    ],
)
def test_another_owner_cannot_move_an_order(
    client: Client, trattoria: Delivery, stranger: User, view: str, step: str
) -> None:
    client.force_login(stranger)

    response = client.post(
        reverse(f"owner:board-{view}", args=[trattoria.order_id, step]),
        {"reason": "other"},
    )

    trattoria.order.refresh_from_db()
    assert response.status_code == 404
    assert trattoria.order.status == Order.Status.ACCEPTED


def test_another_owners_boards_are_empty(
    client: Client, trattoria: Delivery, stranger: User
) -> None:
    client.force_login(stranger)

    for view in ["board", "board-cards", "figures-all"]:
        response = client.get(reverse(f"owner:{view}"))

        assert response.status_code == 200
        assert "Secret" not in response.content.decode()


@pytest.mark.parametrize("signed_in_as", ["nobody", "customer", "operator"])
def test_who_runs_no_restaurant_does_not_get_in(
    client: Client, trattoria: Delivery, signed_in_as: str
) -> None:
    if signed_in_as != "nobody":
        is_operator = signed_in_as == "operator"
        client.force_login(
            UserFactory.create(is_staff=is_operator, is_superuser=is_operator)
        )

    for row in rows_of(trattoria.order.restaurant):
        assert client.get(url(row, "changelist")).status_code == 302
    assert client.get(reverse("owner:board-cards")).status_code == 302


def test_an_owner_does_not_get_into_the_operators_admin(
    client: Client, stranger: User
) -> None:
    client.force_login(stranger)

    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        assert client.get(reverse(f"admin:{name}_changelist")).status_code == 302


ITEM = {
    "name": "Forged",
    "price": "1.00",
    "position": "0",
    "is_active": "on",
    "item_modifier_groups-TOTAL_FORMS": "0",
    "item_modifier_groups-INITIAL_FORMS": "0",
}


def test_a_forged_item_does_not_get_into_another_restaurants_menu(
    client: Client, trattoria: Delivery, stranger: User
) -> None:
    client.force_login(stranger)
    section = Section.objects.get(menu__restaurant=trattoria.order.restaurant)

    response = client.post(
        reverse("owner:menus_item_add"),
        {**ITEM, "section": section.pk, "restaurant": trattoria.order.restaurant_id},
    )

    assert response.status_code == 200
    assert not Item.objects.filter(name="Forged").exists()


def test_a_forged_group_is_not_attached_to_an_own_item(
    client: Client, trattoria: Delivery, stranger: User
) -> None:
    client.force_login(stranger)
    group = ModifierGroup.objects.get(restaurant=trattoria.order.restaurant)
    section = Section.objects.get(menu__restaurant__memberships__user=stranger)

    client.post(
        reverse("owner:menus_item_add"),
        {
            **ITEM,
            "section": section.pk,
            "item_modifier_groups-TOTAL_FORMS": "1",
            "item_modifier_groups-0-group": group.pk,
            "item_modifier_groups-0-position": "0",
        },
    )

    assert not ItemModifierGroup.objects.exists()


def test_a_forged_menu_lands_in_the_owners_only_restaurant(
    client: Client, trattoria: Delivery, stranger: User
) -> None:
    client.force_login(stranger)

    client.post(
        reverse("owner:menus_menu_add"),
        {
            "restaurant": trattoria.order.restaurant_id,
            "name": "Forged",
            "position": "0",
            **{
                f"{prefix}-{count}_FORMS": "0"
                for prefix in ("hours", "sections")
                for count in ("TOTAL", "INITIAL")
            },
        },
    )

    menu = Menu.objects.get(name="Forged")
    assert menu.restaurant.memberships.get().user == stranger


def test_an_owner_adds_an_item_with_labels(client: Client) -> None:
    section = SectionFactory.create()
    client.force_login(own(section.menu.restaurant))

    client.post(
        reverse("owner:menus_item_add"),
        {**ITEM, "name": "Tiramisu", "section": section.pk, "allergens": ["milk"]},
    )

    item = Item.objects.get(name="Tiramisu")
    assert (item.restaurant, item.allergens) == (section.menu.restaurant, ["milk"])


def test_an_order_goes_through_the_portal_to_the_door(client: Client) -> None:
    order = place(UserFactory.create())
    client.force_login(own(order.restaurant))
    home = client.get("/owner/", follow=True).content.decode()

    for step in ["accept", "preparing", "ready", "out", "complete"]:
        client.post(
            reverse("owner:board-step", args=[order.pk, step]),
            {"preparation_minutes": "15"} if step == "accept" else {},
        )

    order.refresh_from_db()
    assert "Margherita" in home
    assert order.preparation_minutes == 15
    assert order.status == Order.Status.DELIVERED


def test_an_order_is_rejected_with_a_reason(client: Client) -> None:
    order = place(UserFactory.create())
    client.force_login(own(order.restaurant))

    client.post(
        reverse("owner:board-end", args=[order.pk, "reject"]),
        {"reason": "too_busy"},
    )
    finish_pending_ends(now=timezone.now() + timedelta(seconds=11))

    order.refresh_from_db()
    assert order.status == Order.Status.REJECTED
    assert order.events.get(to_status="rejected").reason == "too_busy"


def test_a_lost_race_says_who_was_first(client: Client) -> None:
    order = place(UserFactory.create())
    client.force_login(own(order.restaurant))
    other = Client()
    other.force_login(own(order.restaurant))
    address = reverse("owner:board-end", args=[order.pk, "reject"])
    other.post(address, {"reason": "other"})
    finish_pending_ends(now=timezone.now() + timedelta(seconds=11))

    page = client.post(
        reverse("owner:board-step", args=[order.pk, "accept"]), follow=True
    )

    assert "already rejected at" in page.content.decode()


def test_an_owner_gives_a_delivery_to_a_courier(client: Client) -> None:
    delivery = deliver(UserFactory.create())
    client.force_login(own(delivery.order.restaurant))

    client.post(
        url(delivery, "change", delivery.pk),
        {
            "courier_name": "Carla",
            "courier_phone": "+14155550177",
            "events-TOTAL_FORMS": "0",
            "events-INITIAL_FORMS": "0",
        },
    )

    delivery.refresh_from_db()
    assert (delivery.status, delivery.courier_name) == ("assigned", "Carla")


@pytest.mark.parametrize("view", ["board-cards", "orders_order_changelist"])
def test_lists_take_as_many_queries_for_many_orders_as_for_one(
    client: Client, view: str
) -> None:
    item = ItemFactory.create()
    client.force_login(own(item.restaurant))
    place(UserFactory.create(), item)
    client.get(reverse(f"owner:{view}"))

    with CaptureQueriesContext(connection) as one:
        client.get(reverse(f"owner:{view}"))
    for _ in range(4):
        place(UserFactory.create(), item)
    with CaptureQueriesContext(connection) as many:
        client.get(reverse(f"owner:{view}"))

    assert len(many) == len(one)


def test_operators_open_every_list_and_the_marketplaces_figures(
    client: Client, trattoria: Delivery
) -> None:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))

    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        response = client.get(reverse(f"admin:{name}_changelist"))
        assert response.status_code == 200, name
    for row in [trattoria, trattoria.order, trattoria.order.restaurant]:
        name = f"{row._meta.app_label}_{row._meta.model_name}"
        response = client.get(reverse(f"admin:{name}_change", args=[row.pk]))
        assert response.status_code == 200, name
    assert client.get(reverse("admin:orders_order_figures")).status_code == 200


def terms_of(restaurant: Restaurant, **changes: object) -> dict[str, object]:
    """Return the profile page's form as it is, with changes."""
    fields = [
        *("name", "phone", "latitude", "longitude", "delivery_radius", "delivery_fee"),
        *("minimum_order", "tax_rate", "preparation_minutes", "answer_minutes"),
    ]
    return {
        **{name: getattr(restaurant, name) for name in fields},
        **dict.fromkeys(("takes_orders", "offers_delivery", "offers_pickup"), "on"),
        "opening_hours-TOTAL_FORMS": "0",
        "opening_hours-INITIAL_FORMS": "0",
        "special_hours-TOTAL_FORMS": "0",
        "special_hours-INITIAL_FORMS": "0",
        **changes,
    }


def test_an_owner_renames_a_restaurant_and_it_is_found_by_the_new_name(
    client: Client,
) -> None:
    restaurant = ItemFactory.create(name="Lasagne").restaurant
    refresh_dishes(restaurant_pk=restaurant.pk)
    client.force_login(own(restaurant))

    answer = client.post(
        url(restaurant, "change", restaurant.pk), terms_of(restaurant, name="Da Ugo")
    )

    assert answer.status_code == 302
    found = Restaurant.objects.filter(pk=restaurant.pk)
    for words in ("ugo", "lasagne"):
        query = SearchQuery(words, config="simple")
        assert found.filter(search_document=query).exists(), words


def test_a_restaurant_that_moves_keeps_the_time_of_its_new_place(
    client: Client,
) -> None:
    restaurant = ItemFactory.create().restaurant
    client.force_login(own(restaurant))

    client.post(
        url(restaurant, "change", restaurant.pk),
        terms_of(restaurant, latitude="52.52", longitude="13.405"),
    )

    restaurant.refresh_from_db()
    assert restaurant.time_zone == "Europe/Berlin"
    assert restaurant.location == to_plane(52.52, 13.405)


def test_a_place_that_is_not_on_the_map_is_refused(client: Client) -> None:
    restaurant = ItemFactory.create().restaurant
    client.force_login(own(restaurant))

    answer = client.post(
        url(restaurant, "change", restaurant.pk),
        terms_of(restaurant, latitude="0", longitude="0"),
    )

    restaurant.refresh_from_db()
    assert answer.status_code == 200
    assert "There is no such place on the map." in answer.content.decode()
    assert restaurant.time_zone == "America/Los_Angeles"


def test_signing_in_to_the_portal_leads_to_the_orders(client: Client) -> None:
    owner = own(ItemFactory.create().restaurant)

    page = client.get(reverse("owner:login"), follow=True)
    answer = client.post(
        page.request["PATH_INFO"] + "?" + page.request["QUERY_STRING"],
        {"username": owner.email, "password": PASSWORD},
        follow=True,
    )

    assert answer.request["PATH_INFO"] == reverse("owner:board")


def test_signing_in_as_an_operator_leads_to_the_operators_site(client: Client) -> None:
    operator = UserFactory.create(is_staff=True, is_superuser=True)

    page = client.get(reverse("admin:login"), follow=True)
    answer = client.post(
        page.request["PATH_INFO"] + "?" + page.request["QUERY_STRING"],
        {"username": operator.email, "password": PASSWORD},
        follow=True,
    )

    assert answer.request["PATH_INFO"] == reverse("admin:index")
    assert "Tiffin operators" in answer.content.decode()
