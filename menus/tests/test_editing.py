from collections.abc import Callable
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.db import connection

from menus.exceptions import EditConflictError, PriceFormatError
from menus.models import Item, Section
from menus.pricing import Rounding, change_price, parse_percent, parse_price
from menus.services import (
    PriceChange,
    PriceRule,
    add_item,
    add_menu,
    add_section,
    assign_group,
    change_prices,
    copy_item,
    delete_item,
    delete_section,
    order_items,
    order_sections,
    plan_prices,
    set_prices,
    show_item,
)
from menus.tests.factories import (
    ItemFactory,
    MenuFactory,
    ModifierFactory,
    ModifierGroupFactory,
    SectionFactory,
    offer,
)
from restaurants.models import Restaurant
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db


def names(section: Section) -> list[str]:
    return list(section.items.order_by("position").values_list("name", flat=True))


@pytest.mark.parametrize(
    ("text", "currency", "price"),
    [
        ("9.99", "USD", "9.99"),
        ("9,99", "EUR", "9.99"),
        (" 12 ", "USD", "12.00"),
        ("0", "USD", "0.00"),
        ("500", "JPY", "500.00"),
        ("99999999.99", "USD", "99999999.99"),
    ],
)
def test_a_price_is_read_as_people_type_it(text, currency, price):
    assert parse_price(text, currency) == Decimal(price)


@pytest.mark.parametrize(
    ("text", "currency", "words"),
    [
        ("", "USD", "Type a price"),
        ("-1", "USD", "below zero"),
        ("1.234,50", "USD", "like 9.99"),
        ("$5", "USD", "like 9.99"),
        ("1e3", "USD", "like 9.99"),
        ("NaN", "USD", "like 9.99"),
        ("9.999", "USD", "at most 2 decimals"),
        ("9.5", "JPY", "at most 0 decimals"),
        ("123456789", "USD", "too high"),
    ],
)
def test_a_price_that_cannot_be_read_is_refused_with_the_reason(text, currency, words):
    with pytest.raises(PriceFormatError) as refused:
        parse_price(text, currency)

    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("price", "percent", "rounding", "expected"),
    [
        ("12.50", "10", Rounding.NONE, "13.75"),
        ("9.99", "5", Rounding.NONE, "10.49"),
        ("9.99", "5", Rounding.FIVE, "10.50"),
        ("9.99", "5", Rounding.TEN, "10.50"),
        ("12.50", "10", Rounding.ENDS_90, "13.90"),
        ("12.50", "10", Rounding.ENDS_99, "13.99"),
        ("0.50", "-50", Rounding.ENDS_90, "0.90"),
        ("0.00", "10", Rounding.ENDS_99, "0.00"),
        ("10.00", "-50", Rounding.NONE, "5.00"),
    ],
)
def test_a_price_changes_by_per_cent_and_ends_as_chosen(
    price, percent, rounding, expected
):
    changed = change_price(
        Decimal(price), Decimal(percent), rounding=rounding, currency="USD"
    )

    assert changed == Decimal(expected)


def test_a_currency_without_coins_takes_whole_prices():
    changed = change_price(
        Decimal(505), Decimal(1), rounding=Rounding.ENDS_90, currency="JPY"
    )

    assert changed == Decimal(510)


@pytest.mark.parametrize("text", ["", "ten", "-51", "101", "1.005", "1e1"])
def test_a_per_cent_that_cannot_be_meant_is_refused(text):
    with pytest.raises(PriceFormatError):
        parse_percent(text)


def test_a_per_cent_may_be_typed_with_a_comma_and_its_sign():
    assert parse_percent("-2,5 %") == Decimal("-2.5")


def test_sections_are_put_in_order():
    first = SectionFactory()
    second = SectionFactory(menu=first.menu, name="Pasta")

    order_sections(menu_pk=first.menu_id, section_pks=[second.pk, first.pk])

    assert list(first.menu.sections.all()) == [second, first]


@pytest.mark.parametrize("mistake", ["missing", "twice", "foreign"])
def test_an_order_that_is_not_of_all_sections_is_refused(mistake):
    first = SectionFactory()
    second = SectionFactory(menu=first.menu)
    foreign = SectionFactory()
    pks = {
        "missing": [second.pk],
        "twice": [first.pk, second.pk, second.pk],
        "foreign": [first.pk, second.pk, foreign.pk],
    }[mistake]

    with pytest.raises(EditConflictError):
        order_sections(menu_pk=first.menu_id, section_pks=pks)

    assert set(Section.objects.values_list("position", flat=True)) == {0}


def test_items_are_put_in_order_and_come_from_another_section(
    django_assert_max_num_queries,
):
    margherita = ItemFactory()
    marinara = ItemFactory(section=margherita.section, name="Marinara")
    pasta = SectionFactory(menu=margherita.section.menu, name="Pasta")
    carbonara = ItemFactory(section=pasta, name="Carbonara")

    with django_assert_max_num_queries(7):
        order_items(
            section_pk=margherita.section_id,
            item_pks=[marinara.pk, carbonara.pk, margherita.pk],
        )

    assert names(margherita.section) == ["Marinara", "Carbonara", "Margherita"]
    assert names(pasta) == []


def test_an_order_that_forgets_an_item_or_takes_a_foreign_one_is_refused():
    margherita = ItemFactory()
    marinara = ItemFactory(section=margherita.section, name="Marinara")
    other_menu = ItemFactory(
        section__menu__restaurant=margherita.restaurant, name="Tea"
    )
    foreign = ItemFactory(name="Foreign")

    for pks in (
        [marinara.pk],
        [margherita.pk, marinara.pk, other_menu.pk],
        [margherita.pk, marinara.pk, foreign.pk],
        [margherita.pk, marinara.pk, marinara.pk],
    ):
        with pytest.raises(EditConflictError):
            order_items(section_pk=margherita.section_id, item_pks=pks)

    assert set(Item.objects.values_list("position", flat=True)) == {0}
    foreign.refresh_from_db()
    assert foreign.section_id != margherita.section_id


def test_prices_are_set_together_and_only_where_they_differ():
    margherita = ItemFactory()
    marinara = ItemFactory(section=margherita.section, price=Decimal("9.00"))

    count = set_prices(
        section_pk=margherita.section_id,
        changes={
            margherita.pk: PriceChange(Decimal("12.50"), Decimal("13.00")),
            marinara.pk: PriceChange(Decimal("9.00"), Decimal("9.00")),
        },
    )

    assert count == 1
    margherita.refresh_from_db()
    assert margherita.price == Decimal("13.00")


def test_prices_that_somebody_else_changed_meanwhile_are_not_overwritten():
    margherita = ItemFactory()
    marinara = ItemFactory(section=margherita.section, price=Decimal("9.00"))

    with pytest.raises(EditConflictError):
        set_prices(
            section_pk=margherita.section_id,
            changes={
                margherita.pk: PriceChange(Decimal("11.00"), Decimal("13.00")),
                marinara.pk: PriceChange(Decimal("9.00"), Decimal("9.50")),
            },
        )

    marinara.refresh_from_db()
    assert marinara.price == Decimal("9.00")


def test_prices_of_another_section_are_refused():
    margherita, foreign = ItemFactory(), ItemFactory()

    with pytest.raises(EditConflictError):
        set_prices(
            section_pk=margherita.section_id,
            changes={foreign.pk: PriceChange(foreign.price, Decimal(1))},
        )

    foreign.refresh_from_db()
    assert foreign.price == Decimal("12.50")


def ten_more(*, is_for_modifiers: bool = False) -> PriceRule:
    return PriceRule(Decimal(10), Rounding.NONE, is_for_modifiers)


def test_prices_change_by_per_cent_as_planned_with_modifiers_and_nested_ones():
    item = ItemFactory()
    size = ModifierGroupFactory(restaurant=item.restaurant)
    large = ModifierFactory(group=size)
    extra = ModifierGroupFactory(restaurant=item.restaurant, name="Extra")
    cheese = ModifierFactory(group=extra, price_difference=Decimal("1.00"))
    large.nested_groups.add(extra)
    offer(item, size)
    rule = ten_more(is_for_modifiers=True)
    plan = plan_prices(restaurant=item.restaurant, item_pks=[item.pk], rule=rule)

    count = change_prices(
        restaurant=item.restaurant,
        item_pks=[item.pk],
        rule=rule,
        signature=plan.signature,
    )

    assert count == plan.changed_count == 3
    for row in (item, large, cheese):
        row.refresh_from_db()
    assert item.price == Decimal("13.75")
    assert large.price_difference == Decimal("3.30")
    assert cheese.price_difference == Decimal("1.10")


def test_a_plan_that_is_no_longer_true_is_refused():
    item = ItemFactory()
    plan = plan_prices(restaurant=item.restaurant, item_pks=[item.pk], rule=ten_more())
    Item.objects.update(price=Decimal("20.00"))

    with pytest.raises(EditConflictError):
        change_prices(
            restaurant=item.restaurant,
            item_pks=[item.pk],
            rule=ten_more(),
            signature=plan.signature,
        )

    item.refresh_from_db()
    assert item.price == Decimal("20.00")


def test_a_plan_leaves_items_of_other_restaurants_out():
    item = ItemFactory()

    plan = plan_prices(
        restaurant=RestaurantFactory(), item_pks=[item.pk], rule=ten_more()
    )

    assert plan.rows == []


def test_a_price_that_would_get_too_high_is_refused():
    item = ItemFactory(price=Decimal("99999999.99"))

    with pytest.raises(PriceFormatError):
        plan_prices(restaurant=item.restaurant, item_pks=[item.pk], rule=ten_more())


def test_a_copy_has_all_that_describes_an_item_and_is_hidden_behind_it():
    item = ItemFactory(
        code="P1", diets=["vegan"], allergens=["gluten"], portions_left=3
    )
    ItemFactory(section=item.section, name="Marinara")
    group = ModifierGroupFactory(restaurant=item.restaurant)
    offer(item, group, position=2)

    copy = copy_item(item_pk=item.pk)

    assert names(item.section) == ["Margherita", "Margherita (copy)", "Marinara"]
    assert (copy.code, copy.is_active, copy.portions_left) == ("", False, None)
    assert (copy.diets, copy.allergens) == (["vegan"], ["gluten"])
    assert copy.public_id != item.public_id
    assert list(copy.modifier_groups.all()) == [group]


def test_a_copy_of_the_longest_name_fits():
    item = ItemFactory(name="x" * 150)

    assert len(copy_item(item_pk=item.pk).name) == 150


def test_a_menu_is_typed_from_nothing(django_capture_on_commit_callbacks):
    restaurant = RestaurantFactory()

    menu = add_menu(restaurant_pk=restaurant.pk, name="Lunch")
    section = add_section(menu_pk=menu.pk, name="Soups")
    first = add_item(section_pk=section.pk, name="Ribollita", price=Decimal(6))
    second = add_item(section_pk=section.pk, name="Minestrone", price=Decimal(5))

    assert list(section.items.all()) == [first, second]
    assert second.position == 1
    restaurant.refresh_from_db()
    assert Restaurant.objects.filter(
        pk=restaurant.pk, search_document__icontains="minestr"
    ).exists()


def test_adding_to_what_is_gone_is_refused():
    with pytest.raises(EditConflictError):
        add_section(menu_pk=0, name="Soups")
    with pytest.raises(EditConflictError):
        add_item(section_pk=0, name="Ribollita", price=Decimal(6))
    with pytest.raises(EditConflictError):
        copy_item(item_pk=0)
    with pytest.raises(EditConflictError):
        show_item(item_pk=0, is_shown=True)
    with pytest.raises(EditConflictError):
        assign_group(group_pk=0, added=[], removed=[])


def test_a_group_is_offered_with_many_items_and_taken_from_others():
    margherita = ItemFactory()
    marinara = ItemFactory(section=margherita.section)
    foreign = ItemFactory()
    extra = ModifierGroupFactory(restaurant=margherita.restaurant, name="Extra")
    size = ModifierGroupFactory(restaurant=margherita.restaurant)
    offer(margherita, size)
    offer(marinara, extra)

    assign_group(
        group_pk=extra.pk, added=[margherita.pk, foreign.pk], removed=[marinara.pk]
    )

    assert list(extra.items.all()) == [margherita]
    positions = margherita.item_modifier_groups.values_list("group", "position")
    assert list(positions) == [(size.pk, 0), (extra.pk, 1)]


def test_a_section_with_items_is_not_deleted():
    item = ItemFactory()

    with pytest.raises(EditConflictError):
        delete_section(section_pk=item.section_id)
    delete_item(item_pk=item.pk)
    delete_section(section_pk=item.section_id)

    assert not Section.objects.exists()


def run_at_once(*acts: Callable[[], object]) -> list[BaseException]:
    barrier = Barrier(len(acts))
    errors: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            act()
        except EditConflictError as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert not any(thread.is_alive() for thread in threads)
    return errors


@pytest.mark.django_db(transaction=True)
def test_two_people_who_arrange_at_once_end_in_one_of_their_orders():
    section = SectionFactory()
    pks = [ItemFactory(section=section, name=str(n)).pk for n in range(8)]

    errors = run_at_once(
        lambda: order_items(section_pk=section.pk, item_pks=pks),
        lambda: order_items(section_pk=section.pk, item_pks=pks[::-1]),
    )

    found = list(section.items.order_by("position").values_list("pk", flat=True))
    assert errors == []
    assert found in (pks, pks[::-1])
    assert sorted(section.items.values_list("position", flat=True)) == [*range(8)]


@pytest.mark.django_db(transaction=True)
def test_an_item_that_two_people_move_at_once_is_in_one_place():
    item = ItemFactory()
    menu = item.section.menu
    pasta, soups = SectionFactory(menu=menu), SectionFactory(menu=menu)

    run_at_once(
        lambda: order_items(section_pk=pasta.pk, item_pks=[item.pk]),
        lambda: order_items(section_pk=soups.pk, item_pks=[item.pk]),
    )

    item.refresh_from_db()
    assert item.section_id in {pasta.pk, soups.pk}
    assert MenuFactory.create() != menu
    assert Item.objects.count() == 1
