"""The portal's forms of items and modifiers, and what happens to them meanwhile."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from menus.models import Item, ItemModifierGroup, Modifier
from menus.services.editing import changed_meanwhile
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    SectionFactory,
    offer,
)
from restaurants.models import Membership, Restaurant
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def item(client) -> Item:
    item = ItemFactory.create()
    client.force_login(MembershipFactory(restaurant=item.restaurant).user)
    return item


def address(row, act="change") -> str:
    name = f"owner:menus_{type(row).__name__.lower()}_{act}"
    return reverse(name, args=[row.pk])


def typed(item: Item, **values: object) -> dict[str, object]:
    return {
        "section": item.section_id,
        "name": item.name,
        "price": item.price,
        "position": 0,
        "is_active": "on",
        "item_modifier_groups-TOTAL_FORMS": 0,
        "item_modifier_groups-INITIAL_FORMS": 0,
        **values,
    }


def test_saving_an_item_leaves_what_the_evening_changed_meanwhile(client, item):
    Item.objects.update(portions_left=5)
    page = client.get(address(item))
    assert 'name="initial-portions_left" value="5"' in page.content.decode()
    until = timezone.now() + timedelta(hours=2)
    Item.objects.update(portions_left=2, sold_out_until=until)

    client.post(
        address(item),
        typed(
            item,
            name="Bufala",
            portions_left=5,
            **{"initial-portions_left": 5},
            sold_out_until_0="",
            sold_out_until_1="",
        ),
    )

    item.refresh_from_db()
    assert (item.name, item.portions_left) == ("Bufala", 2)
    assert item.sold_out_until == until


def test_portions_that_were_typed_are_saved(client, item):
    Item.objects.update(portions_left=2)

    client.post(
        address(item),
        typed(item, portions_left=9, **{"initial-portions_left": 5}),
    )

    item.refresh_from_db()
    assert item.portions_left == 9


def test_an_items_write_is_of_what_was_changed_alone(client, item):
    with CaptureQueriesContext(connection) as queries:
        client.post(address(item), typed(item, name="Bufala"))

    (written,) = [
        one["sql"] for one in queries if one["sql"].startswith('UPDATE "menus_item"')
    ]
    assert "Bufala" in written
    assert "sold_out_until" not in written
    assert "portions_left" not in written


def test_saving_modifiers_leaves_what_the_evening_changed_meanwhile(client, item):
    until = timezone.now() + timedelta(hours=2)
    modifier = ModifierFactory.create(
        group__restaurant=item.restaurant, sold_out_until=until
    )
    dips = ModifierGroupFactory.create(restaurant=item.restaurant, name="Dips")
    values = {"name": "Huge", "price_difference": 3, "position": 0}
    empty = {"sold_out_until_0": "", "sold_out_until_1": ""}
    rows = {**values, **empty, "id": modifier.pk, "group": modifier.group_id}

    client.post(
        address(modifier.group),
        {
            "name": "Size",
            "min_choices": 1,
            "max_choices": 1,
            "modifiers-TOTAL_FORMS": 1,
            "modifiers-INITIAL_FORMS": 1,
            **{f"modifiers-0-{name}": value for name, value in rows.items()},
            "modifiers-0-nested_groups": [dips.pk],
        },
    )
    modifier.refresh_from_db()
    assert (modifier.name, modifier.sold_out_until) == ("Huge", until)
    assert list(modifier.nested_groups.all()) == [dips]

    client.post(address(modifier), {**values, **empty, "name": "Vast"})
    modifier.refresh_from_db()
    assert (modifier.name, modifier.sold_out_until) == ("Vast", until)
    assert not modifier.nested_groups.exists()


def test_items_are_sold_out_on_the_board_and_not_in_the_list(client, item):
    page = client.get(reverse("owner:menus_item_changelist"))

    names = {
        name for name, _label in page.context["action_form"].fields["action"].choices
    }
    assert not names & {"sold_out", "bring_back"}


def test_a_page_of_modifiers_takes_as_many_queries_for_eight_as_for_one(client, item):
    group = ModifierGroupFactory.create(restaurant=item.restaurant)
    dips = ModifierGroupFactory.create(restaurant=item.restaurant, name="Dips")
    assert count_queries(client, address(group), lambda: _ask(group, dips)) == 0


def _ask(group, dips) -> None:
    ModifierFactory.create(group=group).nested_groups.add(dips)


def test_an_items_page_takes_as_many_queries_for_eight_groups_as_for_one(client, item):
    def more() -> None:
        offer(item, ModifierGroupFactory.create(restaurant=item.restaurant))

    assert count_queries(client, address(item), more) == 0


def count_queries(client, page: str, more) -> int:
    """Return how many queries eight rows take more than one."""
    counts = []
    for number in range(8):
        more()
        if number in {0, 7}:
            client.get(page)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(page).status_code == 200
            counts.append(len(queries))
    return counts[1] - counts[0]


@pytest.mark.parametrize(
    ("role", "rate"),
    [(Membership.Role.OWNER, Decimal(7)), (Membership.Role.MANAGER, None)],
)
def test_only_who_sees_to_the_money_sets_an_items_tax(client, item, role, rate):
    membership = MembershipFactory(restaurant=item.restaurant, role=role)
    client.force_login(membership.user)

    client.post(address(item), typed(item, tax_rate="7"))
    client.post(reverse("owner:menus_item_add"), typed(item, name="New", tax_rate="7"))

    assert set(Item.objects.values_list("name", "tax_rate")) == {
        ("Margherita", rate),
        ("New", rate),
    }


def fail(**_: object) -> None:
    raise changed_meanwhile()


@pytest.mark.parametrize("kind", ["section", "item"])
def test_adding_to_what_just_went_is_answered(client, item, kind, monkeypatch):
    monkeypatch.setattr(f"menus.menu_pages.add_{kind}", fail)
    parent = item.section.menu_id if kind == "section" else item.section_id

    answer = client.post(
        reverse("owner:menu-add", args=[item.restaurant_id]),
        {"kind": kind, "parent": parent, "name": "Pasta", "price": "5"},
    )

    assert answer.status_code == 302
    assert "look again" in str(next(iter(get_messages(answer.wsgi_request))))


def test_a_group_that_just_went_is_answered(client, item, monkeypatch):
    monkeypatch.setattr("menus.menu_pages.assign_group", fail)
    group = ModifierGroupFactory.create(restaurant=item.restaurant)

    answer = client.post(
        reverse("owner:menu-group", args=[item.restaurant_id, group.pk]), {"item": 1}
    )

    assert answer.status_code == 302
    assert not ItemModifierGroup.objects.exists()


def test_a_section_that_was_filled_meanwhile_stays_and_that_is_said(
    client, item, monkeypatch
):
    section = SectionFactory.create(menu=item.section.menu)
    monkeypatch.setattr("menus.admin.delete_section", fail)

    one = client.post(address(section, "delete"), {"post": "yes"})
    several = client.post(
        reverse("owner:menus_section_changelist"),
        {
            "action": "delete_selected",
            "_selected_action": [section.pk],
            "post": "yes",
        },
    )

    for answer in (one, several):
        assert answer.status_code == 302
        assert "look again" in str(next(iter(get_messages(answer.wsgi_request))))
    section.refresh_from_db()


def test_an_act_without_a_name_is_not_found(client, item):
    answer = client.post(reverse("owner:menu-item", args=[item.restaurant_id]), {"": 1})
    named = client.post(
        reverse("owner:menu-item", args=[item.restaurant_id]), {"": item.pk}
    )

    assert (answer.status_code, named.status_code) == (404, 404)


@pytest.mark.parametrize(
    ("currency", "price", "kept"),
    [("JPY", "900.50", "12.50"), ("JPY", "900", "900"), ("USD", "9.99", "9.99")],
)
def test_a_price_has_no_less_than_the_smallest_coin(
    client, item, currency, price, kept
):
    Restaurant.objects.update(currency=currency)
    Item.objects.update(price=Decimal("12.50"))
    modifier = ModifierFactory.create(
        group__restaurant=item.restaurant, price_difference=Decimal("12.50")
    )
    times = {"sold_out_until_0": "", "sold_out_until_1": ""}
    values = {"name": "Huge", "price_difference": price, "position": 0, **times}
    rows = {**values, "id": modifier.pk, "group": modifier.group_id}
    group = {"name": "Size", "min_choices": 1, "max_choices": 1}
    counts = {"modifiers-TOTAL_FORMS": 1, "modifiers-INITIAL_FORMS": 1}

    client.post(address(item), typed(item, price=price, **times))
    client.post(
        address(modifier.group),
        {**group, **counts, **{f"modifiers-0-{n}": v for n, v in rows.items()}},
    )
    item.refresh_from_db()
    modifier.refresh_from_db()
    assert item.price == modifier.price_difference == Decimal(kept)

    Modifier.objects.update(price_difference=Decimal("12.50"))
    client.post(address(modifier), values)
    modifier.refresh_from_db()
    assert modifier.price_difference == Decimal(kept)


def test_a_price_of_before_stops_no_other_change(client, item):
    Restaurant.objects.update(currency="JPY")
    Item.objects.update(price=Decimal("12.50"))
    item.refresh_from_db()

    client.post(address(item), typed(item, name="Bufala"))

    item.refresh_from_db()
    assert item.name == "Bufala"
