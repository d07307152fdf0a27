from datetime import time, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from menus.exceptions import DraftConflictError, EditConflictError
from menus.models import Item, Menu, MenuChange, MenuHours, ModifierGroup, Section
from menus.selectors import (
    get_item_for_customer,
    get_menu_change,
    get_menu_for_customer,
    list_menu_changes,
)
from menus.services import (
    add_item,
    add_section,
    compare_draft,
    delete_item,
    discard_draft,
    mark_item_sold_out,
    order_items,
    order_sections,
    publish_draft,
    start_draft,
)
from menus.tests.factories import (
    ItemFactory,
    ModifierGroupFactory,
    SectionFactory,
    offer,
)

pytestmark = pytest.mark.django_db


def drafted(item: Item) -> Item:
    return Item.objects.get(draft_of=item)


def test_a_draft_is_a_copy_that_shares_the_modifier_groups():
    item = ItemFactory(code="P1", source_id="uber 1")
    menu = item.section.menu
    group = ModifierGroupFactory(restaurant=item.restaurant)
    offer(item, group)
    MenuHours.objects.create(
        menu=menu, weekday=0, opens_at=time(11), closes_at=time(15)
    )

    draft = start_draft(menu_pk=menu.pk)

    copy = drafted(item)
    assert (draft.draft_of, draft.is_active, draft.hours.count()) == (menu, False, 1)
    assert copy.section.menu == draft
    assert copy.section.draft_of == item.section
    assert (copy.name, copy.price, copy.code) == ("Margherita", item.price, "P1")
    assert list(copy.modifier_groups.all()) == [group]
    assert ModifierGroup.objects.count() == 1
    assert compare_draft(draft=draft).change_count == 0


def test_beginning_twice_is_the_same_draft():
    menu = SectionFactory().menu

    assert start_draft(menu_pk=menu.pk) == start_draft(menu_pk=menu.pk)
    with pytest.raises(EditConflictError):
        start_draft(menu_pk=Menu.objects.get(draft_of=menu).pk)


def test_beginning_and_publishing_take_the_same_queries_for_any_number_of_items(
    django_assert_max_num_queries,
):
    section = SectionFactory()
    for number in range(30):
        ItemFactory(section=section, name=f"Pizza {number}")

    with django_assert_max_num_queries(14):
        start_draft(menu_pk=section.menu_id)
    Item.objects.filter(is_draft=True).update(price=Decimal(5))
    with django_assert_max_num_queries(55):
        publish_draft(menu_pk=section.menu_id)

    assert set(Item.objects.values_list("price", flat=True)) == {Decimal("5.00")}


def test_customers_see_nothing_of_a_draft():
    item = ItemFactory()
    start_draft(menu_pk=item.section.menu_id)
    copy = drafted(item)
    Item.objects.filter(pk=copy.pk).update(name="Bufala")

    shown = get_menu_for_customer(restaurant=item.restaurant)

    assert [menu.pk for menu in shown] == [item.section.menu_id]
    with pytest.raises(Item.DoesNotExist):
        get_item_for_customer(public_id=copy.public_id)


def test_publishing_keeps_who_items_are_and_what_sales_say_of_them():
    item = ItemFactory(portions_left=5)
    menu = item.section.menu
    start_draft(menu_pk=menu.pk)
    Item.objects.filter(draft_of=item).update(name="Bufala", price=Decimal("15.00"))
    until = timezone.now() + timedelta(hours=2)
    mark_item_sold_out(item_pk=item.pk, until=until)

    publish_draft(menu_pk=menu.pk)

    published = Item.objects.get()
    assert (published.pk, published.public_id) == (item.pk, item.public_id)
    assert (published.name, published.price) == ("Bufala", Decimal("15.00"))
    assert (published.portions_left, published.sold_out_until) == (5, until)
    assert not published.is_draft
    assert Menu.objects.get() == menu
    assert Section.objects.get() == item.section


def test_publishing_adds_hides_and_arranges():
    margherita = ItemFactory()
    marinara = ItemFactory(section=margherita.section, name="Marinara", position=1)
    menu = margherita.section.menu
    draft = start_draft(menu_pk=menu.pk)
    delete_item(item_pk=drafted(margherita).pk)
    pizza = draft.sections.get()
    pasta = add_section(menu_pk=draft.pk, name="Pasta")
    carbonara = add_item(section_pk=pasta.pk, name="Carbonara", price=Decimal(11))
    diavola = add_item(section_pk=pizza.pk, name="Diavola", price=Decimal(12))
    order_items(section_pk=pizza.pk, item_pks=[diavola.pk, drafted(marinara).pk])
    order_sections(menu_pk=draft.pk, section_pks=[pasta.pk, pizza.pk])
    comparison = compare_draft(draft=draft)

    publish_draft(menu_pk=menu.pk)

    assert comparison.removed == ["Margherita"]
    assert sorted(comparison.added) == ["Carbonara", "Diavola"]
    (shown,) = get_menu_for_customer(restaurant=menu.restaurant)
    assert [
        (section.name, [item.name for item in section.items.all()])
        for section in shown.sections.all()
    ] == [("Pasta", ["Carbonara"]), ("Pizza", ["Diavola", "Marinara"])]
    margherita.refresh_from_db()
    assert not margherita.is_active
    assert Item.objects.get(pk=carbonara.pk).source_id == ""
    assert not Item.objects.filter(is_draft=True).exists()


def test_a_section_the_draft_has_no_more_goes_or_keeps_its_hidden_items_last():
    item = ItemFactory()
    menu = item.section.menu
    empty = SectionFactory(menu=menu, name="Empty", position=1)
    draft = start_draft(menu_pk=menu.pk)
    delete_item(item_pk=drafted(item).pk)
    Section.objects.filter(menu=draft).delete()
    add_section(menu_pk=draft.pk, name="Pasta")
    # Nothing of the old menu is left in this draft but its name.
    publish_draft(menu_pk=menu.pk)

    assert [section.name for section in menu.sections.all()] == ["Pasta", "Pizza"]
    assert not Section.objects.filter(pk=empty.pk).exists()


def test_the_draft_takes_over_groups_hours_and_the_menus_name():
    item = ItemFactory()
    menu = item.section.menu
    size = ModifierGroupFactory(restaurant=item.restaurant)
    extra = ModifierGroupFactory(restaurant=item.restaurant, name="Extra")
    offer(item, size)
    draft = start_draft(menu_pk=menu.pk)
    drafted(item).item_modifier_groups.all().delete()
    offer(drafted(item), extra)
    MenuHours.objects.create(
        menu=draft, weekday=2, opens_at=time(11), closes_at=time(15)
    )
    Menu.objects.filter(pk=draft.pk).update(name="Supper")

    publish_draft(menu_pk=menu.pk)

    menu.refresh_from_db()
    assert menu.name == "Supper"
    assert menu.is_active
    assert menu.hours.get().weekday == 2
    assert list(item.modifier_groups.all()) == [extra]


def test_what_was_changed_on_the_live_menu_meanwhile_is_asked_about():
    item = ItemFactory()
    menu = item.section.menu
    draft = start_draft(menu_pk=menu.pk)
    Item.objects.filter(draft_of=item).update(price=Decimal("15.00"))
    Item.objects.filter(pk=item.pk).update(price=Decimal("14.00"))

    assert compare_draft(draft=draft).conflicts == ["Margherita"]
    with pytest.raises(DraftConflictError):
        publish_draft(menu_pk=menu.pk)
    item.refresh_from_db()
    assert item.price == Decimal("14.00")

    publish_draft(menu_pk=menu.pk, is_sure=True)
    item.refresh_from_db()
    assert item.price == Decimal("15.00")


def test_what_was_deleted_from_the_live_menu_meanwhile_is_asked_about():
    item = ItemFactory()
    draft = start_draft(menu_pk=item.section.menu_id)
    delete_item(item_pk=item.pk)

    assert compare_draft(draft=draft).conflicts == ["Margherita"]


def test_what_was_added_to_the_live_menu_meanwhile_stays():
    item = ItemFactory()
    menu = item.section.menu
    draft = start_draft(menu_pk=menu.pk)
    diavola = add_item(
        section_pk=item.section_id, name="Diavola", price=Decimal("12.00")
    )

    assert compare_draft(draft=draft).kept == ["Diavola"]
    publish_draft(menu_pk=menu.pk)
    diavola.refresh_from_db()
    assert diavola.is_active


def test_what_came_to_a_menu_that_was_empty_when_its_draft_began_stays():
    section = SectionFactory()
    draft = start_draft(menu_pk=section.menu_id)
    diavola = add_item(section_pk=section.pk, name="Diavola", price=Decimal(12))

    assert compare_draft(draft=draft).kept == ["Diavola"]
    publish_draft(menu_pk=section.menu_id)

    diavola.refresh_from_db()
    assert diavola.is_active


def test_an_older_item_that_came_from_another_menu_meanwhile_stays():
    lunch = SectionFactory()
    older = ItemFactory(section=lunch, name="Older")
    item = ItemFactory(section__menu__restaurant=older.restaurant)
    gone = ItemFactory(section=item.section, name="Gone")
    draft = start_draft(menu_pk=item.section.menu_id)
    Item.objects.filter(pk=older.pk).update(section=item.section)
    delete_item(item_pk=drafted(gone).pk)

    comparison = compare_draft(draft=draft)
    assert (comparison.kept, comparison.removed) == (["Older"], ["Gone"])
    publish_draft(menu_pk=item.section.menu_id)

    shown = Item.objects.filter(is_active=True).values_list("name", flat=True)
    assert set(shown) == {"Older", "Margherita"}
    assert not MenuChange.objects.exists()


def test_what_is_taken_out_of_a_draft_is_no_change_of_the_history_yet():
    item = ItemFactory()
    start_draft(menu_pk=item.section.menu_id)
    delete_item(item_pk=drafted(item).pk)
    mark = MenuChange.objects.get()

    assert not list_menu_changes(restaurant=item.restaurant, count=9, shown=9)
    with pytest.raises(MenuChange.DoesNotExist):
        get_menu_change(restaurant=item.restaurant, change_pk=mark.pk)
    discard_draft(menu_pk=item.section.menu_id)

    assert not MenuChange.objects.exists()


def test_codes_may_change_places_in_a_draft():
    first = ItemFactory(code="1")
    second = ItemFactory(section=first.section, code="2")
    start_draft(menu_pk=first.section.menu_id)
    Item.objects.filter(draft_of=first).update(code="2")
    Item.objects.filter(draft_of=second).update(code="1")

    publish_draft(menu_pk=first.section.menu_id)

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.code, second.code) == ("2", "1")


def test_a_code_that_another_menus_item_has_is_refused():
    item = ItemFactory()
    ItemFactory(section__menu__restaurant=item.restaurant, code="7")
    start_draft(menu_pk=item.section.menu_id)
    Item.objects.filter(draft_of=item).update(code="7", name="Bufala")

    with pytest.raises(EditConflictError, match="7"):
        publish_draft(menu_pk=item.section.menu_id)

    item.refresh_from_db()
    assert item.name == "Margherita"


def test_a_draft_thrown_away_leaves_the_menu_as_it_was():
    item = ItemFactory()
    draft = start_draft(menu_pk=item.section.menu_id)
    Item.objects.filter(draft_of=item).update(price=Decimal(1))

    discard_draft(menu_pk=item.section.menu_id)

    assert not Menu.objects.filter(pk=draft.pk).exists()
    assert Item.objects.get().price == Decimal("12.50")
    with pytest.raises(EditConflictError):
        publish_draft(menu_pk=item.section.menu_id)
