"""What is sold out, together with what is linked to it."""

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from menus.models import Item, Modifier
from menus.selectors import count_sold_out, list_modifiers_on_sale, say_sold_out
from menus.services import (
    bring_item_back,
    bring_modifier_back,
    mark_item_sold_out,
    mark_modifier_sold_out,
)
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    offer,
)
from restaurants.models import UNTIL_FURTHER_NOTICE
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db
LATER = datetime(2126, 1, 1, tzinfo=UTC)


@pytest.fixture
def guacamole():
    return ItemFactory(name="Guacamole")


@pytest.fixture
def extras(guacamole):
    """Guacamole as an extra of two other things."""
    group = {"group__restaurant": guacamole.restaurant, "linked_item": guacamole}
    return [
        ModifierFactory(name="with guacamole", **group),
        ModifierFactory(name="extra guacamole", **group),
    ]


def ends(*rows):
    for row in rows:
        row.refresh_from_db()
    return [row.sold_out_until for row in rows]


def test_an_item_is_sold_out_with_its_modifiers(guacamole, extras):
    rice = ItemFactory(section=guacamole.section, name="Rice")

    switched = mark_item_sold_out(item_pk=guacamole.pk, until=LATER)

    assert ends(guacamole, *extras) == [LATER] * 3
    assert ends(rice) == [None]
    assert switched.name == "Guacamole"
    assert switched.new_item_pks == (guacamole.pk,)
    assert switched.new_modifier_pks == tuple(extra.pk for extra in extras)


def test_a_modifier_is_sold_out_with_its_item_and_the_items_others(guacamole, extras):
    switched = mark_modifier_sold_out(modifier_pk=extras[1].pk, until=LATER)

    assert ends(guacamole, *extras) == [LATER] * 3
    assert switched.name == "extra guacamole"
    assert switched.restaurant_pk == guacamole.restaurant_id


def test_a_modifier_without_an_item_is_sold_out_alone(guacamole, extras):
    large = ModifierFactory(group=extras[0].group)

    switched = mark_modifier_sold_out(modifier_pk=large.pk, until=LATER)

    assert ends(large, guacamole, *extras) == [LATER, None, None, None]
    assert (switched.item_pks, switched.modifier_pks) == ((), (large.pk,))


def test_what_is_sold_out_again_is_not_new(guacamole, extras):
    mark_item_sold_out(item_pk=guacamole.pk, until=LATER)

    switched = mark_item_sold_out(item_pk=guacamole.pk, until=UNTIL_FURTHER_NOTICE)

    assert ends(guacamole, *extras) == [UNTIL_FURTHER_NOTICE] * 3
    assert (switched.new_item_pks, switched.new_modifier_pks) == ((), ())


@pytest.mark.parametrize("by_modifier", [False, True])
def test_what_is_brought_back_comes_with_all_that_is_linked(
    guacamole, extras, by_modifier
):
    Item.objects.update(portions_left=0)
    mark_item_sold_out(item_pk=guacamole.pk, until=LATER)

    if by_modifier:
        bring_modifier_back(modifier_pk=extras[0].pk)
    else:
        bring_item_back(item_pk=guacamole.pk)

    assert ends(guacamole, *extras) == [None] * 3
    assert guacamole.portions_left is None


def test_a_count_of_portions_survives_being_brought_back(guacamole):
    Item.objects.update(portions_left=4, sold_out_until=LATER)

    bring_item_back(item_pk=guacamole.pk)

    guacamole.refresh_from_db()
    assert guacamole.portions_left == 4


def test_a_link_across_restaurants_sells_out_nothing_there(guacamole):
    elsewhere = ModifierFactory(
        group__restaurant=RestaurantFactory(), linked_item=guacamole
    )

    mark_modifier_sold_out(modifier_pk=elsewhere.pk, until=LATER)

    assert ends(elsewhere, guacamole) == [LATER, None]


def test_many_linked_modifiers_take_as_many_queries_as_one(
    guacamole, extras, django_assert_num_queries
):
    ModifierFactory.create_batch(20, group=extras[0].group, linked_item=guacamole)

    # The savepoint of the transaction and its release are two.
    with django_assert_num_queries(7):
        mark_item_sold_out(item_pk=guacamole.pk, until=LATER)


@pytest.mark.django_db(transaction=True)
def test_two_tablets_at_once_sell_out_the_same_thing_once():
    guacamole = ItemFactory(name="Guacamole")
    extra = ModifierFactory(
        group__restaurant=guacamole.restaurant, linked_item=guacamole
    )
    barrier = Barrier(8)
    new, errors = [], []

    def press(by_modifier: bool) -> None:
        barrier.wait()
        try:
            switched = (
                mark_modifier_sold_out(modifier_pk=extra.pk, until=LATER)
                if by_modifier
                else mark_item_sold_out(item_pk=guacamole.pk, until=LATER)
            )
            new.extend(switched.new_item_pks)
        except Exception as error:  # whatever it is, it is shown
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=press, args=[number % 2 == 0]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert errors == []
    assert new == [guacamole.pk]
    assert ends(guacamole, extra) == [LATER, LATER]


@pytest.mark.parametrize(
    ("until", "words"),
    [
        (datetime(2026, 11, 21, 6, 30, tzinfo=UTC), "Sold out until 22:30"),
        (datetime(2026, 11, 21, 19, tzinfo=UTC), "Sold out until tomorrow 11:00"),
        (UNTIL_FURTHER_NOTICE, "Sold out"),
        (datetime(2026, 11, 21, 2, tzinfo=UTC), ""),
    ],
)
def test_customers_read_when_a_thing_is_back_in_the_restaurants_time(until, words):
    # Friday 20:00 in San Francisco.
    moment = datetime(2026, 11, 21, 4, tzinfo=UTC)
    item = Item(sold_out_until=until)

    said = say_sold_out(item, time_zone="America/Los_Angeles", moment=moment)

    assert said == words


def test_being_sold_out_ends_by_itself(guacamole):
    now = timezone.now()
    mark_item_sold_out(item_pk=guacamole.pk, until=now + timedelta(hours=1))
    guacamole.refresh_from_db()

    with time_machine.travel(now + timedelta(minutes=61), tick=False):
        assert not guacamole.is_sold_out_at(timezone.now())


def test_what_is_counted_is_what_customers_could_order(guacamole):
    restaurant = guacamole.restaurant
    asked, nested, unused = ModifierGroupFactory.create_batch(3, restaurant=restaurant)
    offer(guacamole, asked)
    size = ModifierFactory(group=asked, sold_out_until=LATER)
    size.nested_groups.add(nested)
    sauce = ModifierFactory(group=nested, sold_out_until=LATER)
    ModifierFactory(group=unused, sold_out_until=LATER)
    ItemFactory(section=guacamole.section, portions_left=0)
    ItemFactory(section=guacamole.section, is_active=False, sold_out_until=LATER)

    counts = count_sold_out(restaurants=[restaurant], moment=timezone.now())

    assert counts == {restaurant.pk: 3}
    assert set(list_modifiers_on_sale(restaurant=restaurant)) == {size, sauce}
    assert Modifier.objects.count() == 3
