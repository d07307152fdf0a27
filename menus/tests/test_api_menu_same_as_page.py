"""The menu that apps read is the whole of the menu that the page shows.

Both are read on their own, the one in SQL and the other through models.
"""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
import time_machine

from menus.models import MenuHours
from menus.pricing import lowest_price
from menus.selectors import (
    get_menu_for_customer,
    is_served,
    say_modifier_sold_out,
)
from menus.tests.factories import (
    ItemFactory,
    MenuFactory,
    ModifierFactory,
    ModifierGroupFactory,
    SectionFactory,
    offer,
)
from restaurants.models import UNTIL_FURTHER_NOTICE, Weekday
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db
# A Friday, noon in San Francisco.
NOON = datetime(2026, 11, 20, 20, tzinfo=UTC)
FRIDAY, SATURDAY = 4, 5


@pytest.fixture
def restaurant():
    """Give it a menu all day, one for the evening past midnight, and one hidden."""
    restaurant = RestaurantFactory.create()
    extras = ModifierGroupFactory.create(
        restaurant=restaurant, name="Extras", min_choices=0, max_choices=3
    )
    for name, until in (("Olives", None), ("Capers", NOON + timedelta(hours=8))):
        ModifierFactory.create(
            group=extras, name=name, sold_out_until=until, allergens=["sulphites"]
        )
    size = ModifierGroupFactory.create(restaurant=restaurant, name="Size")
    small = ModifierFactory.create(
        group=size, name="Small", price_difference=Decimal("-1.50"), position=1
    )
    large = ModifierFactory.create(group=size, name="Large", position=0)
    crust = ModifierGroupFactory.create(restaurant=restaurant, name="Crust")
    ModifierFactory.create(
        group=crust, name="Thin", sold_out_until=UNTIL_FURTHER_NOTICE
    )
    for one in (small, large):
        one.nested_groups.add(crust)
    large.nested_groups.add(extras)
    for number, name in enumerate(("All day", "Dinner", "Hidden")):
        menu = MenuFactory.create(
            restaurant=restaurant,
            name=name,
            position=2 - number,
            is_active=name != "Hidden",
        )
        if name == "Dinner":
            serve(menu, FRIDAY, time(17), time(1))
            serve(menu, SATURDAY, time(11), time(14))
        fill(menu, extras, size)
    return restaurant


def serve(menu, weekday, opens_at, closes_at):
    MenuHours.objects.create(
        menu=menu, weekday=weekday, opens_at=opens_at, closes_at=closes_at
    )


def fill(menu, extras, size):
    SectionFactory.create(menu=menu, name="Empty", position=0)
    for number in (2, 1):
        section = SectionFactory.create(
            menu=menu, name=f"Part {number}", position=number, description="Hot"
        )
        ItemFactory.create(section=section, name="Gone", is_active=False)
        for name, fields in (
            ("Margherita", {"diets": ["vegetarian"], "allergens": ["gluten"]}),
            ("Soup", {"sold_out_until": NOON + timedelta(hours=7)}),
            ("Bread", {"sold_out_until": UNTIL_FURTHER_NOTICE}),
            ("Tiramisu", {"portions_left": 0}),
            ("Cake", {"portions_left": 2, "description": "By the slice"}),
        ):
            item = ItemFactory.create(
                section=section, name=name, position=20 - len(name), **fields
            )
            offer(item, extras, position=1)
            if name != "Cake":
                offer(item, size, position=0)


def told_of(menu):
    """Return of a menu over the API what the page shows of one."""
    return (
        menu["name"],
        menu["is_served_now"],
        [(one["weekday"], one["opens_at"], one["closes_at"]) for one in menu["hours"]],
        [
            (part["name"], part["description"], [item_told(it) for it in part["items"]])
            for part in menu["sections"]
        ],
    )


def item_told(item):
    return (
        *(item["id"], item["name"], item["description"]),
        *(item["price"]["amount"], item["price_from"]["amount"]),
        *(item["diets"], item["allergens"], item["is_available"]),
        (item["unavailable_reason"] or {"message": ""})["message"],
        [group_told(group) for group in item["modifier_groups"]],
    )


def group_told(group):
    return (
        *(group["name"], group["min_choices"], group["max_choices"]),
        [
            (
                *(one["id"], one["name"], one["price_difference"]["amount"]),
                *(one["diets"], one["allergens"], one["is_available"]),
                (one["unavailable_reason"] or {"message": ""})["message"],
                [group_told(nested) for nested in one.get("modifier_groups", ())],
            )
            for one in group["modifiers"]
        ],
    )


def shown_of(menu, moment):
    """Return of a menu from get_menu_for_customer the same."""
    zone = menu.restaurant.time_zone
    return (
        menu.name,
        is_served(menu, time_zone=zone, moment=moment),
        [
            (
                Weekday(one.weekday).name.lower(),
                f"{one.opens_at:%H:%M}",
                f"{one.closes_at:%H:%M}",
            )
            for one in menu.hours.all()
        ],
        [
            (
                part.name,
                part.description,
                [item_shown(it, zone, moment) for it in items],
            )
            for part in menu.sections.all()
            if (items := part.items.all())
        ],
    )


def item_shown(item, zone, moment):
    return (
        *(str(item.public_id), item.name, item.description),
        *(cents(item.price), cents(lowest_price(item)[0])),
        *(item.diets, item.allergens, item.is_available, item.unavailable_reason),
        [group_shown(group, zone, moment) for group in item.modifier_groups.all()],
    )


def group_shown(group, zone, moment, depth=0):
    return (
        *(group.name, group.min_choices, group.max_choices),
        [
            (
                *(str(one.public_id), one.name, cents(one.price_difference)),
                *(one.diets, one.allergens, not one.is_sold_out_at(moment)),
                say_modifier_sold_out(one, time_zone=zone, moment=moment),
                [
                    group_shown(nested, zone, moment, depth + 1)
                    for nested in (one.nested_groups.all() if not depth else ())
                ],
            )
            for one in group.modifiers.all()
        ],
    )


def cents(amount):
    return int(amount * 100)


@pytest.mark.parametrize("hours", [0, 5, 7.5, 12.5, 13.5, 24, 30])
def test_it_is_the_same_all_day(api, restaurant, hours):
    moment = NOON + timedelta(hours=hours)
    with time_machine.travel(moment, tick=False):
        told = api.get(f"/restaurants/{restaurant.public_id}/menu").json()["menus"]
        shown = get_menu_for_customer(restaurant=restaurant)

        assert [told_of(menu) for menu in told] == [
            shown_of(menu, moment) for menu in shown
        ]
    assert [menu["name"] for menu in told] == ["Dinner", "All day"]
