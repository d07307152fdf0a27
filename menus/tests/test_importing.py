import json
from datetime import time
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from menus.models import (
    Item,
    ItemModifierGroup,
    Menu,
    Modifier,
    ModifierGroup,
    Section,
)
from menus.services.importing import LeftOut, import_menu
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db


def titled(name, **fields):
    return {"id": name, "title": {"translations": {"en": name}}, **fields}


def item(name, price, **fields):
    return titled(name, price_info={"price": price}, **fields)


def document():
    return {
        "menus": [
            titled(
                name,
                service_availability=[
                    {
                        "day_of_week": "friday",
                        "time_periods": [{"start_time": "11:00", "end_time": "24:00"}],
                    }
                ],
                category_ids=["Pizza"],
            )
            for name in ("Lunch", "Dinner")
        ],
        "categories": [
            titled(
                "Pizza",
                entities=[{"id": "Margherita"}, {"id": "Nameless"}, {"id": "Gone"}],
            )
        ],
        "items": [
            item(
                "Margherita",
                1250,
                tax_info={"tax_rate": 6.5},
                modifier_group_ids={"ids": ["Size"]},
            ),
            {"id": "Nameless", "price_info": {"price": 1}},
            item("Large", 300, modifier_group_ids={"ids": ["Dip"]}),
            item("Pesto", 75),
        ],
        "modifier_groups": [
            titled(
                "Size",
                quantity_info={"quantity": {"min_permitted": 1, "max_permitted": 1}},
                modifier_options=[{"id": "Large"}],
            ),
            titled("Dip", modifier_options=[{"id": "Pesto"}]),
            titled(
                "Impossible",
                quantity_info={"quantity": {"min_permitted": 5, "max_permitted": 5}},
                modifier_options=[{"id": "Pesto"}],
            ),
        ],
    }


def test_a_menu_is_read_with_prices_taxes_hours_and_nested_choices():
    trattoria = RestaurantFactory()

    report = import_menu(restaurant=trattoria, document=document())

    # It stands on both menus, so there is one for each.
    assert Item.objects.filter(restaurant=trattoria).count() == 2
    margherita = Item.objects.filter(restaurant=trattoria)[0]
    assert (margherita.price, margherita.tax_rate) == (
        Decimal("12.50"),
        Decimal("6.5"),
    )
    assert [group.name for group in margherita.modifier_groups.all()] == ["Size"]
    large = Modifier.objects.get(name="Large")
    assert [group.name for group in large.nested_groups.all()] == ["Dip"]
    hours = Menu.objects.get(name="Lunch").hours.get()
    assert (hours.weekday, hours.opens_at, hours.closes_at) == (4, time(11), time(0))
    assert {(row.row, row.reason) for row in report.left_out} == {
        ("item Nameless", "lacks 'title'"),
        ("item Gone", "is not in the file"),
        ("modifier group Impossible", "asks for 5 choices of 1"),
    }


def test_a_second_run_changes_nothing():
    trattoria = RestaurantFactory()
    import_menu(restaurant=trattoria, document=document())

    report = import_menu(restaurant=trattoria, document=document())

    assert (report.created, report.changed) == ({}, {})
    assert ModifierGroup.objects.count() == 2


def test_a_new_price_is_taken_over():
    trattoria = RestaurantFactory()
    import_menu(restaurant=trattoria, document=document())
    dearer = document()
    dearer["items"][0]["price_info"]["price"] = 1300

    report = import_menu(restaurant=trattoria, document=dearer)

    assert report.changed == {"item": 2}
    assert set(Item.objects.values_list("price", flat=True)) == {Decimal(13)}


def test_a_file_of_countless_choices_becomes_no_more_rows_than_allowed(monkeypatch):
    monkeypatch.setattr("menus.services.importing.MOST_ROWS", 5)
    groups = [
        titled(f"Group {number}", modifier_options=[{"id": "Large"}, {"id": "Pesto"}])
        for number in range(9)
    ]

    report = import_menu(
        restaurant=RestaurantFactory(),
        document={**document(), "modifier_groups": groups},
    )

    assert (ModifierGroup.objects.count(), Modifier.objects.count()) == (1, 2)
    assert not Item.objects.exists()
    assert [one.reason for one in report.left_out if "Group" in one.row] == [
        "is beyond 5 rows in all"
    ]


def test_countless_menus_and_categories_become_no_more_rows_than_allowed(monkeypatch):
    monkeypatch.setattr("menus.services.importing.MOST_ROWS", 4)
    menus = [titled(f"Menu {number}", category_ids=["Pizza"]) for number in range(2)]

    report = import_menu(
        restaurant=RestaurantFactory(),
        document={**document(), "menus": menus, "modifier_groups": []},
    )

    assert (Menu.objects.count(), Section.objects.count()) == (2, 1)
    assert LeftOut("category Pizza", "is beyond 4 rows in all") in report.left_out


def test_items_may_not_ask_for_countless_groups(monkeypatch):
    monkeypatch.setattr("menus.services.importing.MOST_LINKS", 1)

    report = import_menu(restaurant=RestaurantFactory(), document=document())

    assert ItemModifierGroup.objects.count() == 0
    assert LeftOut("item Margherita", "asks for more than 1 groups") in report.left_out


def test_an_import_locks_the_items_in_the_order_of_orders_before_it_writes():
    trattoria = RestaurantFactory()
    import_menu(restaurant=trattoria, document=document())
    dearer = document()
    dearer["items"][0]["price_info"]["price"] = 1300

    with CaptureQueriesContext(connection) as queries:
        import_menu(restaurant=trattoria, document=dearer)

    about_items = [
        one["sql"]
        for one in queries
        if "FOR NO KEY UPDATE" in one["sql"] or 'UPDATE "menus_item"' in one["sql"]
    ]
    assert "FOR NO KEY UPDATE" in about_items[0]
    assert 'ORDER BY "menus_item"."id"' in about_items[0]


def test_the_command_reports_row_by_row(tmp_path, capsys):
    trattoria = RestaurantFactory()
    file = tmp_path / "menu.json"
    file.write_text(json.dumps(document()))

    call_command("import_menu", trattoria.slug, str(file))

    assert "left out: item Gone: is not in the file" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["not json", "[]"])
def test_what_is_no_menu_is_refused(tmp_path, content):
    file = tmp_path / "menu.json"
    file.write_text(content)

    with pytest.raises(CommandError):
        call_command("import_menu", RestaurantFactory().slug, str(file))
