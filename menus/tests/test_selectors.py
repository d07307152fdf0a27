from datetime import UTC, datetime, time, timedelta

import pytest

from menus.models import Item
from menus.selectors import (
    get_item_for_customer,
    get_menu_for_customer,
    is_on_sale,
    load_items,
)
from menus.tests.factories import ItemFactory, MenuFactory, SectionFactory
from restaurants.models import Restaurant

pytestmark = pytest.mark.django_db


def test_a_menu_takes_the_same_queries_however_long(django_assert_num_queries):
    menu = MenuFactory()
    for _ in range(3):
        section = SectionFactory(menu=menu)
        ItemFactory.create_batch(10, section=section)

    with django_assert_num_queries(5):
        menus = get_menu_for_customer(restaurant=menu.restaurant)
        [list(section.items.all()) for section in menus[0].sections.all()]


def test_a_breakfast_menu_is_on_sale_in_its_hours_of_the_restaurants_day():
    item = ItemFactory()
    item.section.menu.hours.create(weekday=4, opens_at=time(8), closes_at=time(11))
    eight_in_san_francisco = datetime(2026, 11, 20, 16, tzinfo=UTC)
    loaded = load_items([item.pk])[item.pk]

    assert is_on_sale(loaded, moment=eight_in_san_francisco)
    assert not is_on_sale(loaded, moment=eight_in_san_francisco + timedelta(hours=3))


def test_items_of_a_restaurant_that_is_not_live_do_not_exist():
    item = ItemFactory()
    item.restaurant.status = Restaurant.Status.SUSPENDED
    item.restaurant.save()

    with pytest.raises(Item.DoesNotExist):
        get_item_for_customer(public_id=item.public_id)


def test_the_menu_says_why_an_item_cannot_be_ordered():
    sold_out = ItemFactory(portions_left=0)
    lunch = MenuFactory(restaurant=sold_out.restaurant, name="Lunch")
    lunch.hours.create(weekday=0, opens_at=time(12), closes_at=time(14))
    ItemFactory(section=SectionFactory(menu=lunch))
    friday = datetime(2026, 11, 20, 20, tzinfo=UTC)

    menus = get_menu_for_customer(restaurant=sold_out.restaurant, moment=friday)

    items = [item for menu in menus for item in menu.sections.all()[0].items.all()]
    assert [item.unavailable_reason for item in items] == [
        "Sold out",
        "Not served now",
    ]
