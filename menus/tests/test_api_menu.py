"""A restaurant's whole menu over the API, and when an app has to fetch it anew."""

import uuid
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
import time_machine

from menus.models import Item, Menu, MenuHours
from menus.selectors import get_menu_for_customer
from menus.services.selling import (
    mark_item_sold_out,
    refresh_dishes,
    take_portions,
)
from menus.tests.factories import (
    ItemFactory,
    MenuFactory,
    ModifierFactory,
    ModifierGroupFactory,
    SectionFactory,
    offer,
)
from restaurants.models import UNTIL_FURTHER_NOTICE
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db
# A Friday, noon in San Francisco.
NOON = datetime(2026, 11, 20, 20, tzinfo=UTC)
FRIDAY = 4
MISSION = {"latitude": 37.7599, "longitude": -122.4148}


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def margherita():
    return ItemFactory.create(diets=["vegetarian"], allergens=["gluten", "milk"])


@pytest.fixture
def size(margherita):
    """Give it a size that must be chosen, and what a large one asks further."""
    restaurant = margherita.restaurant
    size = ModifierGroupFactory.create(restaurant=restaurant)
    large = ModifierFactory.create(group=size)
    crust = ModifierGroupFactory.create(restaurant=restaurant, name="Crust")
    ModifierFactory.create(group=crust, name="Thin", price_difference=Decimal(0))
    large.nested_groups.add(crust)
    offer(margherita, size)
    return size


def path_of(item):
    return f"/restaurants/{item.restaurant.public_id}/menu"


def items_in(answer):
    menus = answer.json()["menus"]
    return [it for menu in menus for part in menu["sections"] for it in part["items"]]


def test_the_whole_menu_comes_in_one_call(api, margherita, size):
    answer = api.get(path_of(margherita))

    assert answer.status_code == 200
    whole = answer.json()
    assert whole["restaurant_id"] == str(margherita.restaurant.public_id)
    assert whole["menus"][0]["is_served_now"]
    [item] = items_in(answer)
    assert item["price"] == {"amount": 1250, "currency": "USD"}
    assert item["price_from"] == {"amount": 1550, "currency": "USD"}
    assert item["diets"] == ["vegetarian"]
    assert item["allergens"] == ["gluten", "milk"]
    assert item["is_available"]
    [group] = item["modifier_groups"]
    assert (group["name"], group["min_choices"], group["max_choices"]) == ("Size", 1, 1)
    [large] = group["modifiers"]
    assert large["price_difference"]["amount"] == 300
    [crust] = large["modifier_groups"]
    assert [one["name"] for one in crust["modifiers"]] == ["Thin"]


def test_it_holds_what_the_page_shows_in_the_same_order(api, margherita, size):
    section = margherita.section
    first = SectionFactory.create(menu=section.menu, name="Starters", position=0)
    section.position = 1
    section.save()
    SectionFactory.create(menu=section.menu, name="Empty")
    for name, position, shown in (("Bread", 2, True), ("Olives", 1, True), ("X", 0, 0)):
        ItemFactory.create(
            section=first, name=name, position=position, is_active=bool(shown)
        )
    MenuFactory.create(restaurant=margherita.restaurant, is_active=False)
    other = ModifierGroupFactory.create(restaurant=margherita.restaurant, name="Extra")
    offer(margherita, other, position=1)

    shown = items_in(api.get(path_of(margherita)))

    page = [
        item
        for menu in get_menu_for_customer(restaurant=margherita.restaurant)
        for part in menu.sections.all()
        for item in part.items.all()
    ]
    assert [one["name"] for one in shown] == [item.name for item in page]
    assert [[group["name"] for group in one["modifier_groups"]] for one in shown] == [
        [group.name for group in item.modifier_groups.all()] for item in page
    ]


@pytest.mark.parametrize("count", [1, 5])
def test_it_takes_one_query_however_long_it_is(
    api, margherita, size, count, django_assert_num_queries
):
    for _ in range(count):
        offer(ItemFactory.create(section=margherita.section), size)

    with django_assert_num_queries(1):
        answer = api.get(path_of(margherita))

    assert len(items_in(answer)) == count + 1


def test_what_is_sold_out_says_until_when(api, margherita):
    mark_item_sold_out(item_pk=margherita.pk, until=NOON + timedelta(hours=2))

    [item] = items_in(api.get(path_of(margherita)))

    assert not item["is_available"]
    assert item["unavailable_reason"]["code"] == "sold_out"
    page = get_menu_for_customer(restaurant=margherita.restaurant)
    [same] = page[0].sections.all()[0].items.all()
    assert item["unavailable_reason"]["message"] == same.unavailable_reason
    assert item["available_again_at"] == "2026-11-20T22:00:00Z"


def test_nobody_knows_when_what_is_sold_out_for_good_returns(api, margherita):
    mark_item_sold_out(item_pk=margherita.pk, until=UNTIL_FURTHER_NOTICE)
    last = ItemFactory.create(section=margherita.section, portions_left=0)

    answer = api.get(path_of(margherita))

    assert last.portions_left == 0
    for item in items_in(answer):
        assert item["unavailable_reason"] == {"code": "sold_out", "message": "Sold out"}
        assert item["available_again_at"] is None


def test_a_sold_out_modifier_says_so(api, margherita, size):
    size.modifiers.update(sold_out_until=NOON + timedelta(hours=1))

    [item] = items_in(api.get(path_of(margherita)))

    [large] = item["modifier_groups"][0]["modifiers"]
    assert item["is_available"]
    assert not large["is_available"]
    assert large["available_again_at"] == "2026-11-20T21:00:00Z"


def serve(menu, opens, closes, weekday=FRIDAY):
    MenuHours.objects.create(
        menu=menu, weekday=weekday, opens_at=opens, closes_at=closes
    )


def test_a_menu_is_served_by_its_hours(api, margherita):
    serve(margherita.section.menu, time(17), time(22))

    answer = api.get(path_of(margherita))

    [menu] = answer.json()["menus"]
    assert not menu["is_served_now"]
    assert menu["hours"] == [
        {"weekday": "friday", "opens_at": "17:00", "closes_at": "22:00"}
    ]
    [item] = items_in(answer)
    assert item["unavailable_reason"]["code"] == "not_served_now"
    assert item["available_again_at"] == "2026-11-21T01:00:00Z"


def test_what_is_sold_out_returns_when_its_menu_is_served(api, margherita):
    serve(margherita.section.menu, time(17), time(22))
    mark_item_sold_out(item_pk=margherita.pk, until=NOON + timedelta(hours=2))

    [item] = items_in(api.get(path_of(margherita)))

    assert item["unavailable_reason"]["code"] == "sold_out"
    assert item["available_again_at"] == "2026-11-21T01:00:00Z"


def test_an_app_that_has_the_menu_is_told_that_it_is_the_same(api, margherita):
    first = api.get(path_of(margherita))

    tag = first["ETag"]
    again = api.get(path_of(margherita), If_None_Match=tag)
    weakly = api.get(path_of(margherita), If_None_Match=f'"other", W/{tag}')

    assert again.status_code == weakly.status_code == 304
    assert again["ETag"] == tag
    assert "max-age" in again["Cache-Control"]
    assert "must-revalidate" in again["Cache-Control"]
    assert "Accept-Language" in again["Vary"]
    assert again.content == b""


def test_another_tag_or_nonsense_gets_the_menu(api, margherita):
    for tag in ('"other"', "nonsense", ""):
        assert api.get(path_of(margherita), If_None_Match=tag).status_code == 200


def raise_price(item):
    Item.objects.filter(pk=item.pk).update(price=Decimal("13.50"))


def rename_section(item):
    item.section.name = "Pizze"
    item.section.save()


def sell_out(item):
    mark_item_sold_out(item_pk=item.pk, until=NOON + timedelta(hours=1))


def take_the_last(item):
    Item.objects.filter(pk=item.pk).update(portions_left=1)
    take_portions(quantities={item.pk: 1})


def add_item(item):
    ItemFactory.create(section=item.section)


def remove_item(item):
    item.delete()


def hide_menu(item):
    Menu.objects.filter(pk=item.section.menu_id).update(is_active=False)


def offer_size(item):
    offer(item, ModifierGroupFactory.create(restaurant=item.restaurant))


def change_hours(item):
    serve(item.section.menu, time(9), time(22))


@pytest.mark.parametrize(
    "change",
    [
        *(raise_price, rename_section, sell_out, take_the_last, add_item, remove_item),
        *(hide_menu, offer_size, change_hours),
    ],
)
def test_every_change_of_a_menu_changes_its_tag(api, margherita, change):
    before = api.get(path_of(margherita))["ETag"]

    change(margherita)

    after = api.get(path_of(margherita), If_None_Match=before)
    assert after.status_code == 200
    assert after["ETag"] != before


def test_the_end_of_being_sold_out_changes_the_tag(api, margherita, at_noon):
    mark_item_sold_out(item_pk=margherita.pk, until=NOON + timedelta(minutes=5))
    before = api.get(path_of(margherita))["ETag"]

    at_noon.move_to(NOON + timedelta(minutes=5))

    after = api.get(path_of(margherita), If_None_Match=before)
    assert after.status_code == 200
    assert items_in(after)[0]["is_available"]


def test_the_end_of_a_menus_hours_changes_the_tag(api, margherita, at_noon):
    serve(margherita.section.menu, time(11), time(14))
    before = api.get(path_of(margherita))["ETag"]
    assert api.get(path_of(margherita), If_None_Match=before).status_code == 304

    at_noon.move_to(NOON + timedelta(hours=2))

    after = api.get(path_of(margherita), If_None_Match=before)
    assert after.status_code == 200
    assert not items_in(after)[0]["is_available"]


def test_midnight_changes_the_words_and_the_tag(api, margherita, at_noon):
    mark_item_sold_out(item_pk=margherita.pk, until=NOON + timedelta(hours=24))
    before = api.get(path_of(margherita))

    at_noon.move_to(NOON + timedelta(hours=13))

    after = api.get(path_of(margherita), If_None_Match=before["ETag"])
    assert "tomorrow" in items_in(before)[0]["unavailable_reason"]["message"]
    assert after.status_code == 200
    assert "tomorrow" not in items_in(after)[0]["unavailable_reason"]["message"]


def test_another_language_has_another_tag(api, margherita):
    sell_out(margherita)
    english = api.get(path_of(margherita))

    arabic = api.get(
        path_of(margherita), If_None_Match=english["ETag"], Accept_Language="ar"
    )

    assert arabic.status_code == 200
    words = [
        items_in(one)[0]["unavailable_reason"]["message"] for one in (english, arabic)
    ]
    assert words[0] != words[1]


def test_a_restaurant_that_is_not_live_has_no_menu(api):
    hidden = RestaurantFactory.create(status="suspended")

    for public_id in (hidden.public_id, uuid.uuid4()):
        answer = api.get(f"/restaurants/{public_id}/menu")
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"


def test_a_restaurant_without_a_menu_answers_none(api):
    restaurant = RestaurantFactory.create()

    assert api.get(f"/restaurants/{restaurant.public_id}/menu").json()["menus"] == []


def test_the_dishes_that_a_search_meant_are_named(api, margherita):
    refresh_dishes(restaurant_pk=margherita.restaurant_id)

    answer = api.get("/restaurants", {**MISSION, "q": "margerita"})

    [shown] = answer.json()["results"]
    assert shown["dishes"] == ["Margherita"]
    assert answer.json()["corrected_query"] == "margherita"
