"""Times that the kitchen can keep."""

import itertools
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from customers.tests.factories import UserFactory
from menus.pricing import Choice
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    offer,
)
from orders.exceptions import NotOrderableError, WindowMovedError
from orders.models import Order
from orders.services import add_line, get_or_create_cart, list_slots, quote_cart
from orders.services.slots import count_starts, quarter_of
from orders.tests.factories import MISSION, OrderFactory, fill_cart, submit
from restaurants.models import Restaurant
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db
# A Friday, 19:05 in San Francisco.
NOW = datetime(2026, 11, 21, 3, 5, tzinfo=UTC)
FRIDAY = 4
# Not those that placing gives out.
NUMBERS = itertools.count(900)


def at(clock: str, day: int = 20) -> datetime:
    """Return an instant of November, given as San Francisco's time."""
    return datetime.fromisoformat(f"2026-11-{day}T{clock}-08:00").astimezone(UTC)


@pytest.fixture
def pizza(db):
    """Sold on Fridays from 17:00 to 22:00 by a kitchen that starts one at a time."""
    with time_machine.travel(NOW, tick=False):
        restaurant = RestaurantFactory(
            hours=[(FRIDAY, time(17), time(22))], slot_capacity=1
        )
        return ItemFactory(section__menu__restaurant=restaurant)


def starts_of(item) -> list[datetime]:
    cart = fill_cart(UserFactory.create(), item)
    return [
        slot.start
        for slot in list_slots(quote_cart(cart=cart, place=MISSION, now=NOW), now=NOW)
    ]


def book(item, moment, **fields):
    return OrderFactory(
        restaurant=item.restaurant,
        number=next(NUMBERS),
        placed_at=fields.pop("placed_at", NOW - timedelta(hours=1)),
        scheduled_for=moment,
        **fields,
    )


def test_slots_are_the_quarters_of_the_opening_hours_from_one_ahead(pizza):
    with time_machine.travel(NOW, tick=False):
        starts = starts_of(pizza)

    assert starts[0] == at("19:30")
    assert starts[-1] == at("21:45")
    assert len(starts) == 10


def test_a_slot_arrives_after_preparation_and_the_way(pizza):
    Restaurant.objects.update(preparation_minutes=20)
    with time_machine.travel(NOW, tick=False):
        quote = quote_cart(cart=fill_cart(UserFactory(), pizza), place=MISSION, now=NOW)

        slot = list_slots(quote, now=NOW)[0]

    assert (slot.start, slot.window.start) == (at("19:30"), at("20:00"))


def test_a_quarter_that_is_taken_is_not_offered(pizza):
    book(pizza, at("19:30"))
    book(pizza, at("20:15"))

    with time_machine.travel(NOW, tick=False):
        starts = starts_of(pizza)

    assert at("19:30") not in starts
    assert at("20:15") not in starts
    assert starts[0] == at("19:45")


@pytest.mark.parametrize(
    "fields",
    [
        {"status": Order.Status.CANCELLED},
        {"status": Order.Status.REJECTED},
        {"is_test": True},
    ],
)
def test_what_is_not_made_takes_no_place(pizza, fields):
    book(pizza, at("19:30"), **fields)

    with time_machine.travel(NOW, tick=False):
        assert starts_of(pizza)[0] == at("19:30")


def test_another_restaurants_orders_take_no_place(pizza):
    with time_machine.travel(NOW, tick=False):
        book(ItemFactory(), at("19:30"))

        assert starts_of(pizza)[0] == at("19:30")


def test_two_fit_where_the_kitchen_starts_two(pizza):
    Restaurant.objects.update(slot_capacity=2)
    book(pizza, at("19:30"))

    with time_machine.travel(NOW, tick=False):
        assert starts_of(pizza)[0] == at("19:30")


@pytest.mark.parametrize("seconds", [0, 1, 899.999999, 900, 1800.5])
def test_an_order_counts_in_the_quarter_that_holds_it(pizza, seconds):
    Restaurant.objects.update(slot_capacity=1)
    moment = quarter_of(NOW) + timedelta(seconds=seconds)
    OrderFactory(restaurant=pizza.restaurant, placed_at=moment)
    book(pizza, quarter_of(moment))
    pizza.restaurant.refresh_from_db()

    starts = count_starts(pizza.restaurant, now=NOW)

    assert starts == {quarter_of(moment): 2}


def test_without_a_limit_nothing_is_counted(pizza, django_assert_num_queries):
    Restaurant.objects.update(slot_capacity=None)
    book(pizza, at("19:30"))
    with time_machine.travel(NOW, tick=False):
        cart = fill_cart(UserFactory(), pizza)

        with django_assert_num_queries(1):
            quote = quote_cart(cart=cart, place=MISSION, now=NOW)
            slots = list_slots(quote, now=NOW)

    assert slots[0].start == at("19:30")


def test_one_query_counts_all_that_is_taken(pizza, django_assert_num_queries):
    for moment in starts_of_day():
        book(pizza, moment)
    with time_machine.travel(NOW, tick=False):
        cart = fill_cart(UserFactory(), pizza)

        with django_assert_num_queries(2):
            quote = quote_cart(cart=cart, place=MISSION, now=NOW)
            assert list_slots(quote, now=NOW) == []


def starts_of_day() -> list[datetime]:
    return [at("19:30") + timedelta(minutes=15 * number) for number in range(10)]


def test_a_menus_own_hours_leave_slots_out(pizza):
    pizza.section.menu.hours.create(
        weekday=FRIDAY, opens_at=time(17), closes_at=time(20)
    )

    with time_machine.travel(NOW, tick=False):
        assert starts_of(pizza) == [at("19:30"), at("19:45")]


def test_what_is_no_longer_sold_is_sold_at_no_time(pizza):
    with time_machine.travel(NOW, tick=False):
        cart = fill_cart(UserFactory(), pizza)
    pizza.is_active = False
    pizza.save()

    assert list_slots(quote_cart(cart=cart, place=MISSION, now=NOW), now=NOW) == []


def test_slots_begin_when_an_item_is_back(pizza):
    with time_machine.travel(NOW, tick=False):
        cart = fill_cart(UserFactory(), pizza)
    pizza.sold_out_until = at("20:30")
    pizza.save()

    quote = quote_cart(cart=cart, place=MISSION, now=NOW)

    assert list_slots(quote, now=NOW)[0].start == at("20:30")


def test_slots_begin_when_a_chosen_modifier_is_back(pizza):
    group = ModifierGroupFactory(restaurant=pizza.restaurant, min_choices=0)
    cheese = ModifierFactory(group=group, price_difference=Decimal(1))
    offer(pizza, group)
    cart = get_or_create_cart(user=UserFactory())
    choices = [Choice(cheese.public_id)]
    add_line(cart=cart, item_public_id=pizza.public_id, choices=choices)
    cheese.sold_out_until = at("21:00")
    cheese.save()

    quote = quote_cart(cart=cart, place=MISSION, now=NOW)

    assert list_slots(quote, now=NOW)[0].start == at("21:00")


def test_a_pause_leaves_slots_out(pizza):
    Restaurant.objects.update(paused_until=at("20:50"))

    with time_machine.travel(NOW, tick=False):
        assert starts_of(pizza)[0] == at("21:00")


def test_a_full_quarter_hour_proposes_the_next_free_one(pizza):
    book(pizza, None, placed_at=NOW - timedelta(minutes=2))
    book(pizza, at("19:30"))

    with time_machine.travel(NOW, tick=False):
        cart = fill_cart(UserFactory(), pizza)
        quote = quote_cart(cart=cart, place=MISSION, now=NOW)

    assert [one.code for one in quote.problems] == ["kitchen_full"]
    assert quote.proposed_slot == at("19:45")


def test_a_full_slot_proposes_the_one_after_it(pizza):
    book(pizza, at("20:30"))

    with time_machine.travel(NOW, tick=False):
        cart = fill_cart(UserFactory(), pizza)
        quote = quote_cart(cart=cart, place=MISSION, now=NOW, scheduled_for=at("20:30"))

    assert [one.code for one in quote.problems] == ["kitchen_full"]
    assert quote.proposed_slot == at("20:45")


def test_an_order_into_a_full_quarter_is_asked_to_move_and_changes_nothing(pizza):
    book(pizza, at("20:30"))
    bea = UserFactory()
    with time_machine.travel(NOW, tick=False):
        cart = fill_cart(bea, pizza)
        seen = quote_cart(cart=cart, place=MISSION, now=NOW).window

        with pytest.raises(WindowMovedError) as question:
            submit(cart, bea, scheduled_for=at("20:30"), seen_window=seen)
        with pytest.raises(NotOrderableError) as refusal:
            submit(cart, bea, scheduled_for=at("20:30"))

    assert question.value.slot == at("20:45")
    assert refusal.value.code == "kitchen_full"
    assert Order.objects.count() == 1
    assert cart.lines.count() == 1


def test_a_restaurant_round_the_clock_offers_two_days(margherita):
    now = timezone.now()
    cart = fill_cart(UserFactory(), margherita)

    slots = list_slots(quote_cart(cart=cart, place=MISSION, now=now), now=now)

    assert 185 <= len(slots) <= 192
    assert slots[-1].start < now + timedelta(days=2)
