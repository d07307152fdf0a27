import csv
import io
import json
from datetime import time
from decimal import Decimal

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.tests.factories import UserFactory
from menus.models import Item, Menu, MenuChange, MenuHours, Modifier, ModifierGroup
from menus.services.exporting import export_menu
from menus.services.outcomes import Action
from menus.services.tables import COLUMNS, export_example, export_table
from menus.services.uploads import apply_import, try_import
from menus.tests.factories import (
    ItemFactory,
    MenuFactory,
    ModifierFactory,
    ModifierGroupFactory,
    SectionFactory,
    offer,
)
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db


def table(*rows, columns=None, delimiter=",", encoding="utf-8"):
    columns = columns or list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def workbook(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def apply(restaurant, content, **options):
    shown = try_import(restaurant=restaurant, content=content, **options)
    return apply_import(
        restaurant=restaurant,
        content=content,
        user=UserFactory(),
        digest=shown.digest,
        **options,
    )


def actions(report):
    return {one.name: one.action for one in report.outcomes}


def errors(report):
    return [
        (one.row, error.column, error.message)
        for one in report.outcomes
        for error in one.errors
    ]


@pytest.fixture
def trattoria():
    """Return a restaurant whose menu has a little of everything."""
    restaurant = RestaurantFactory()
    dinner = MenuFactory(restaurant=restaurant)
    MenuHours.objects.create(
        menu=dinner, weekday=4, opens_at=time(18), closes_at=time(2)
    )
    pizza = SectionFactory(menu=dinner)
    drinks = SectionFactory(menu=dinner, name="Drinks", position=7)
    size = ModifierGroupFactory(restaurant=restaurant)
    dips = ModifierGroupFactory(
        restaurant=restaurant, name="Dips, to share; or not", min_choices=0
    )
    large = ModifierFactory(group=size, allergens=["milk"])
    ModifierFactory(group=size, name="Small", price_difference=Decimal(-2))
    ModifierFactory(group=dips, name="Pesto", diets=["vegan"])
    large.nested_groups.add(dips)
    margherita = ItemFactory(
        section=pizza,
        code="P1",
        description="=tomato & mozzarella",
        allergens=["milk", "gluten"],
        diets=["vegetarian"],
        tax_rate=Decimal("8.875"),
        portions_left=4,
    )
    offer(margherita, dips, position=3)
    offer(margherita, size, position=5)
    ItemFactory(section=pizza, name="Marinara", position=2)
    ItemFactory(section=drinks, name="+ Water", code="00", is_active=False)
    return restaurant


def test_an_exported_table_changes_nothing_when_it_is_imported(trattoria):
    for kind in ("csv", "xlsx"):
        content = export_table(restaurant=trattoria, kind=kind)

        report = try_import(restaurant=trattoria, content=content, hide_missing=True)

        assert errors(report) == []
        assert report.changes_nothing, [
            one for one in report.outcomes if one.action is not Action.SAME
        ]
        assert len(report.outcomes) == 8


def test_exported_json_changes_nothing_when_it_is_imported(trattoria):
    content = json.dumps(export_menu(restaurant=trattoria)).encode()

    report = try_import(restaurant=trattoria, content=content, hide_missing=True)

    assert errors(report) == []
    assert report.changes_nothing, [
        one for one in report.outcomes if one.action is not Action.SAME
    ]


def test_json_takes_a_menu_to_another_restaurant_with_nested_groups(trattoria):
    content = json.dumps(export_menu(restaurant=trattoria)).encode()
    osteria = RestaurantFactory()

    _report, is_done = apply(osteria, content)

    assert is_done
    large = Modifier.objects.get(group__restaurant=osteria, name="Large")
    assert [one.name for one in large.nested_groups.all()] == ["Dips, to share; or not"]
    margherita = Item.objects.get(restaurant=osteria, code="P1")
    assert margherita.price == Decimal("12.50")
    assert set(margherita.allergens) == {"milk", "gluten"}
    assert Menu.objects.get(restaurant=osteria).hours.get().closes_at == time(2)
    assert apply(osteria, content)[0].changes_nothing
    assert Item.objects.filter(restaurant=trattoria).count() == 3


def test_json_finds_items_by_the_owners_code(trattoria):
    document = export_menu(restaurant=trattoria)
    for item in document["items"]:
        if item.get("external_data") == "P1":
            item["price_info"]["price"] = 1400
            was, item["id"] = item["id"], "pos-17"
    for category in document["categories"]:
        for entity in category["entities"]:
            entity["id"] = "pos-17" if entity["id"] == was else entity["id"]

    report, is_done = apply(trattoria, json.dumps(document).encode())

    assert is_done
    assert report.counts[Action.CREATE] == 0
    assert Item.objects.get(code="P1").price == Decimal(14)


def test_json_with_a_bad_row_saves_nothing(trattoria):
    document = export_menu(restaurant=trattoria)
    document["items"][0]["price_info"]["price"] = 1
    document["items"][1]["price_info"]["price"] = "much"

    report, is_done = apply(trattoria, json.dumps(document).encode())

    assert not is_done
    assert "has the price 'much'" in errors(report)[0][2]
    assert Item.objects.get(code="P1").price == Decimal("12.50")


def test_a_trial_saves_nothing(trattoria):
    content = table({"code": "P1", "price": "9,99"}, {"code": "N", "name": "New"})

    try_import(restaurant=trattoria, content=content, hide_missing=True)

    assert Item.objects.count() == 3
    assert Item.objects.get(code="P1").price == Decimal("12.50")
    assert not MenuChange.objects.exists()


@pytest.mark.parametrize("price", ["9.99", "9,99", " 9.99 "])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_prices_are_read_as_people_write_them(trattoria, price, delimiter):
    content = table({"Code": "P1", "PRICE": price}, delimiter=delimiter)

    report, is_done = apply(trattoria, content)

    assert is_done
    assert Item.objects.get(code="P1").price == Decimal("9.99")
    (outcome,) = report.outcomes
    (change,) = outcome.changes
    assert (outcome.row, change.column) == (2, "price")
    assert (change.old, change.new) == ("12.50", "9.99")


def test_cells_of_a_spreadsheet_may_be_numbers(trattoria):
    Item.objects.filter(code="00").update(code="101")
    content = workbook(["code", "price", "shown"], [101, 9.99, True])

    _report, is_done = apply(trattoria, content)

    water = Item.objects.get(code="101")
    assert is_done
    assert (water.price, water.is_active) == (Decimal("9.99"), True)


def test_windows_letters_are_read_with_a_notice(trattoria):
    content = table({"code": "P1", "name": "Käsepizza"}, encoding="cp1252")

    report, _is_done = apply(trattoria, content)

    assert Item.objects.get(code="P1").name == "Käsepizza"
    assert "Windows-1252" in report.notices[0]


def test_missing_columns_stay_and_empty_cells_empty(trattoria):
    content = table(
        {"code": "P1", "name": "", "price": "", "allergens": "", "groups": ""}
    )

    apply(trattoria, content)

    margherita = Item.objects.get(code="P1")
    assert (margherita.name, margherita.price) == ("Margherita", Decimal("12.50"))
    assert (margherita.allergens, margherita.diets) == ([], ["vegetarian"])
    assert margherita.modifier_groups.count() == 0


def test_a_new_menu_is_made_from_a_table():
    restaurant = RestaurantFactory()

    report, is_done = apply(restaurant, export_example(restaurant=restaurant))

    assert is_done
    assert {(one.kind, one.name, one.action) for one in report.outcomes} == {
        ("menu", "Dinner", Action.CREATE),
        ("section", "Dinner · Pizza", Action.CREATE),
        ("section", "Dinner · Drinks", Action.CREATE),
        ("group", "Size", Action.CREATE),
        ("modifier", "Regular", Action.CREATE),
        ("modifier", "Large", Action.CREATE),
        ("item", "Margherita", Action.CREATE),
        ("item", "Lemonade", Action.CREATE),
    }
    margherita = Item.objects.get(code="P1")
    assert [group.name for group in margherita.modifier_groups.all()] == ["Size"]
    assert Modifier.objects.get(name="Large").price_difference == Decimal(3)
    assert MenuChange.objects.get().restaurant == restaurant
    assert apply(restaurant, export_example(restaurant=restaurant))[0].changes_nothing


def test_a_code_is_given_to_an_item_that_had_none(trattoria):
    content = table(
        {"menu": "dinner", "section": "PIZZA", "name": "marinara", "code": "P2"}
    )

    _report, is_done = apply(trattoria, content)

    assert is_done
    assert Item.objects.get(code="P2").name == "marinara"
    assert Item.objects.count() == 3


def test_items_move_and_groups_are_put_in_order(trattoria):
    content = table(
        {
            "code": "P1",
            "section": "Specials",
            "groups": "size, Dips, to share; or not",
        }
    )

    apply(trattoria, content)

    margherita = Item.objects.get(code="P1")
    assert margherita.section.name == "Specials"
    assert margherita.section.menu.name == "Dinner"
    links = margherita.item_modifier_groups.all()
    assert [link.group.name for link in links] == ["Size", "Dips, to share; or not"]


def test_items_that_are_not_in_the_file_are_hidden_only_when_asked(trattoria):
    content = table({"code": "P1", "price": "9.99"})

    apply(trattoria, content)
    assert Item.objects.get(name="Marinara").is_active

    report, is_done = apply(trattoria, content, hide_missing=True)

    assert is_done
    assert actions(report)["Marinara"] is Action.HIDE
    assert not Item.objects.get(name="Marinara").is_active
    assert Item.objects.count() == 3


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ({"code": "P1", "price": "cheap"}, "price", "9.99"),
        ({"code": "P1", "price": "-1"}, "price", "below zero"),
        ({"code": "P1", "price": "1,999.99"}, "price", "9.99"),
        ({"code": "P1", "price": "99999999999"}, "price", "too high"),
        ({"code": "P1", "allergens": "mlik"}, "allergens", "gluten, crustaceans"),
        ({"code": "P1", "diets": "keto"}, "diets", "vegetarian, vegan"),
        ({"code": "P1", "shown": "maybe"}, "shown", "yes or no"),
        ({"code": "P1", "tax_rate": "101"}, "tax_rate", "0 to 100"),
        ({"code": "P1", "tax_rate": "NaN"}, "tax_rate", "0 to 100"),
        ({"code": "P1", "position": "1e9"}, "position", "0 to 32767"),
        ({"code": "P1", "position": "40000"}, "position", "0 to 32767"),
        ({"code": "P1", "portions_left": "-1"}, "portions_left", "whole number"),
        ({"code": "P1", "groups": "Sauces"}, "groups", "Size"),
        ({"code": "P1", "name": "x" * 151}, "name", "150"),
        ({"code": "P1", "min_choices": "1"}, "min_choices", "empty"),
        ({"code": "N", "name": "New", "price": "1"}, "section", "needs a section"),
        ({"code": "N", "name": "New", "section": "Pizza"}, "price", "needs a price"),
        ({"code": "N", "price": "1", "section": "Pizza"}, "name", "Give a name"),
        ({"type": "dish", "name": "New"}, "type", "item, group or modifier"),
        ({"type": "modifier", "name": "New", "group": "Nuts"}, "group", "Size"),
        ({"type": "modifier", "name": "New", "group": "Size"}, "price", "1.50"),
        (
            {"type": "group", "name": "Nuts", "min_choices": "1"},
            "min_choices",
            "only 0",
        ),
        (
            {"type": "group", "name": "Size", "min_choices": "9"},
            "min_choices",
            "at most",
        ),
        ({"type": "group", "name": "Size", "max_choices": "0"}, "max_choices", "1 to"),
    ],
)
def test_an_error_names_row_column_and_what_is_accepted(trattoria, row, column, words):
    report = try_import(restaurant=trattoria, content=table(row))

    ((number, named, message),) = errors(report)
    assert (number, named) == (2, column)
    assert words in message


def test_a_code_twice_is_an_error(trattoria):
    content = table({"code": "P1", "price": "1"}, {"code": "P1", "price": "2"})

    report = try_import(restaurant=trattoria, content=content)

    assert errors(report) == [(3, "code", "This code stands in row 2 already.")]


def test_one_bad_row_of_three_hundred_saves_nothing():
    restaurant = RestaurantFactory()
    rows = [
        {"section": "Pizza", "code": f"P{n}", "name": f"Pizza {n}", "price": "9.99"}
        for n in range(300)
    ]
    rows[250]["price"] = "?"

    report, is_done = apply(restaurant, table(*rows))

    assert not is_done
    assert report.counts[Action.ERROR] == 1
    assert not Item.objects.exists()
    assert not Menu.objects.exists()
    assert not ModifierGroup.objects.exists()
    assert not MenuChange.objects.exists()


def test_three_hundred_rows_take_few_queries(django_assert_max_num_queries):
    restaurant = RestaurantFactory()
    rows = [
        {"section": "Pizza", "code": f"P{n}", "name": f"Pizza {n}", "price": "9.99"}
        for n in range(300)
    ]
    apply(restaurant, table(*rows))
    dearer = table(*({**row, "price": "10.99"} for row in rows))

    with django_assert_max_num_queries(30):
        report = try_import(restaurant=restaurant, content=dearer)

    assert report.counts[Action.UPDATE] == 300


def test_a_menu_that_changed_meanwhile_is_shown_again(trattoria):
    content = table({"code": "P1", "price": "9.99"})
    shown = try_import(restaurant=trattoria, content=content)
    Item.objects.filter(code="P1").update(price=Decimal(11))

    report, is_done = apply_import(
        restaurant=trattoria,
        content=content,
        user=UserFactory(),
        digest=shown.digest,
    )

    assert not is_done
    assert report.outcomes[0].changes[0].old == "11.00"
    assert Item.objects.get(code="P1").price == Decimal(11)


def test_another_restaurants_codes_and_groups_are_not_found(trattoria):
    other = ItemFactory(code="X1")
    ModifierGroupFactory(restaurant=other.restaurant, name="Secret")

    report = try_import(
        restaurant=trattoria,
        content=table({"code": "X1", "price": "1"}, {"code": "P1", "groups": "Secret"}),
    )

    assert report.counts[Action.ERROR] == 2
    assert "Secret" not in errors(report)[-1][2].split("There are")[1]


def test_formulas_leave_as_text_and_come_back(trattoria):
    content = export_table(restaurant=trattoria, kind="csv").decode()

    assert ",'=tomato & mozzarella," in content
    assert ",'+ Water," in content
    book = openpyxl.load_workbook(
        io.BytesIO(export_table(restaurant=trattoria, kind="xlsx"))
    )
    kinds = {cell.data_type for row in book.active for cell in row}
    assert "f" not in kinds


def test_the_example_shows_every_column():
    restaurant = RestaurantFactory()

    header = export_example(restaurant=restaurant).decode("utf-8-sig").splitlines()[0]

    assert header.split(",") == COLUMNS


def test_a_table_locks_the_items_in_the_order_of_orders_before_it_writes():
    item = ItemFactory(code="P1")
    content = table({"type": "item", "code": "P1", "price": "14"})

    with CaptureQueriesContext(connection) as queries:
        apply(item.restaurant, content)

    locked_or_written = [
        one["sql"]
        for one in queries
        if 'UPDATE "menus_item"' in one["sql"]
        or ("FOR NO KEY UPDATE" in one["sql"] and '"menus_item"' in one["sql"])
    ]
    assert 'ORDER BY "menus_item"."id"' in locked_or_written[0]
    assert any("UPDATE" in sql for sql in locked_or_written[1:])
