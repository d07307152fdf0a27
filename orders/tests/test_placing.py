import uuid
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from menus.tests.factories import (
    ItemFactory,
    MenuFactory,
    ModifierFactory,
    ModifierGroupFactory,
    SectionFactory,
    offer,
)
from notifications.models import Event
from orders.exceptions import (
    CartEmptyError,
    ItemRefusedError,
    NotOrderableError,
    PriceChangedError,
    WindowMovedError,
)
from orders.models import Cart, Order
from orders.services import (
    accept_changed_prices,
    add_line,
    get_or_create_cart,
    quote_cart,
)
from orders.tests.factories import MISSION, fill_cart, submit
from restaurants.models import Fulfilment, Membership
from restaurants.services import refresh_open_spans
from restaurants.tests.factories import MembershipFactory, RestaurantFactory

# A Friday, 19:00 in San Francisco.
EVENING = datetime(2026, 11, 21, 3, tzinfo=UTC)
FRIDAY = 4


@pytest.fixture
def late_kitchen(db):
    """Open on Friday from 20:00 to 02:00 and closed on Saturday."""
    with time_machine.travel(EVENING, tick=False):
        restaurant = RestaurantFactory(hours=[(FRIDAY, time(20), time(2))])
        return ItemFactory(section__menu__restaurant=restaurant)


def at(local: str) -> datetime:
    """Return an instant given as San Francisco's time in winter."""
    return datetime.fromisoformat(f"{local}-08:00").astimezone(UTC)


def test_an_order_copies_what_was_sold_and_empties_the_cart(ada, margherita):
    margherita.allergens = ["gluten"]
    margherita.save()
    restaurant = margherita.restaurant
    restaurant.tax_rate = Decimal("8.625")
    restaurant.delivery_fee = Decimal("2.50")
    restaurant.save()
    cart = fill_cart(ada, margherita, 2)

    order = submit(cart, ada, tip=Decimal("3.00"), kitchen_note="No cutlery")

    order.refresh_from_db()
    line = order.lines.get()
    assert (line.name, line.amount, line.allergens) == (
        "Margherita",
        Decimal("25.00"),
        ["gluten"],
    )
    assert (order.subtotal, order.tax, order.total) == (
        Decimal("25.00"),
        Decimal("2.16"),
        Decimal("32.66"),
    )
    assert order.number == 1
    assert order.customer_phone == "+14155550123"
    assert order.events.get().to_status == Order.Status.PLACED
    assert not cart.lines.exists()


def test_owners_and_managers_are_told_of_a_new_order(ada, margherita):
    owner = MembershipFactory(restaurant=margherita.restaurant)
    MembershipFactory(restaurant=margherita.restaurant, role=Membership.Role.STAFF)

    order = submit(fill_cart(ada, margherita), ada)

    event = Event.objects.get(key=f"order_placed:{order.public_id}")
    assert event.chunks.get().recipient_ids == [owner.user_id]


def test_the_same_key_is_the_same_order(ada, margherita):
    cart = fill_cart(ada, margherita)
    key = uuid.uuid4()

    first = submit(cart, ada, idempotency_key=key)
    second = submit(cart, ada, idempotency_key=key)

    assert first == second
    assert Order.objects.count() == 1


def test_a_second_tab_finds_the_cart_empty(ada, margherita):
    cart = fill_cart(ada, margherita)
    submit(cart, ada)

    with pytest.raises(CartEmptyError):
        submit(cart, ada)


def test_the_cart_of_another_cannot_be_ordered(ada, margherita):
    theirs = fill_cart(
        margherita.restaurant.memberships.create(
            user=ada, role=Membership.Role.STAFF
        ).user,
        margherita,
    )
    stranger = MembershipFactory().user

    with pytest.raises(Cart.DoesNotExist):
        submit(theirs, stranger)


def test_a_changed_price_is_said_and_asked_about(ada, margherita):
    cart = fill_cart(ada, margherita)
    margherita.price = Decimal("13.00")
    margherita.save()

    with pytest.raises(PriceChangedError, match=r"\$13.00 instead of \$12.50"):
        submit(cart, ada)
    accept_changed_prices(cart=cart)
    order = submit(cart, ada)

    assert order.total == Decimal("13.00")


def test_a_total_other_than_seen_is_asked_about(ada, margherita):
    cart = fill_cart(ada, margherita)

    with pytest.raises(PriceChangedError, match="total"):
        submit(cart, ada, seen_total=Decimal("12.00"))

    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("change", "wish", "code"),
    [
        ({"status": "suspended"}, {}, "restaurant_not_live"),
        ({"paused_until": datetime(2100, 1, 1, tzinfo=UTC)}, {}, "restaurant_paused"),
        ({"delivery_radius": 100}, {}, "out_of_range"),
        ({"minimum_order": Decimal(20)}, {}, "below_minimum"),
        ({"offers_pickup": False}, {"fulfilment": "pickup"}, "fulfilment_not_offered"),
        ({}, {"place": None}, "place_unknown"),
        ({}, {"tip": Decimal(-1)}, "tip_invalid"),
        ({}, {"tip": Decimal("0.005")}, "tip_invalid"),
        ({}, {"tip": Decimal(101)}, "tip_invalid"),
        ({}, {"place": replace(MISSION, street_address="")}, "address_incomplete"),
    ],
)
def test_what_cannot_be_ordered_is_refused_and_changes_nothing(
    ada, margherita, change, wish, code
):
    cart = fill_cart(ada, margherita)
    type(margherita.restaurant).objects.update(**change)

    with pytest.raises(NotOrderableError) as refusal:
        submit(cart, ada, **wish)

    assert refusal.value.code == code
    assert not Order.objects.exists()
    assert cart.lines.count() == 1


def test_an_order_without_any_phone_number_is_refused(ada, margherita):
    ada.phone = ""
    ada.save()

    with pytest.raises(NotOrderableError) as refusal:
        submit(fill_cart(ada, margherita), ada)

    assert refusal.value.code == "phone_missing"


def test_modifiers_are_checked_again_at_checkout(ada, margherita):
    dip = ModifierGroupFactory(restaurant=margherita.restaurant, min_choices=0)
    offer(margherita, dip)
    cart = fill_cart(ada, margherita)
    ModifierFactory(group=dip)
    dip.min_choices = 1
    dip.save()

    with pytest.raises(NotOrderableError) as refusal:
        submit(cart, ada)

    assert refusal.value.code == "modifier_rule"


def test_a_breakfast_menu_is_not_served_in_the_evening(ada, margherita):
    cart = fill_cart(ada, margherita)
    margherita.section.menu.hours.create(
        weekday=FRIDAY, opens_at=time(8), closes_at=time(11)
    )

    quote = quote_cart(cart=cart, place=MISSION, now=EVENING)

    assert [problem.code for problem in quote.problems] == ["item_not_available"]


def test_more_than_the_portions_left_is_refused(ada, margherita):
    cart = fill_cart(ada, margherita, 4)
    margherita.portions_left = 3
    margherita.save()

    with pytest.raises((NotOrderableError, ItemRefusedError)) as refusal:
        submit(cart, ada)

    margherita.refresh_from_db()
    assert refusal.value.code == "item_sold_out"
    assert margherita.portions_left == 3


def test_an_order_counts_the_portions_down(ada, margherita):
    margherita.portions_left = 3
    margherita.save()

    submit(fill_cart(ada, margherita, 2), ada)

    margherita.refresh_from_db()
    assert margherita.portions_left == 1


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Kolkata"])
def test_a_kitchen_open_past_midnight_takes_orders_until_its_last_minute(
    ada, late_kitchen, zone
):
    ada.time_zone = zone
    ada.save()
    cart = fill_cart(ada, late_kitchen)

    with (
        time_machine.travel(at("2026-11-21T01:59"), tick=False),
        timezone.override(zone),
    ):
        order = submit(cart, ada)

    assert order.status == Order.Status.PLACED


def test_a_kitchen_open_past_midnight_takes_none_at_closing_time(ada, late_kitchen):
    cart = fill_cart(ada, late_kitchen)

    with (
        time_machine.travel(at("2026-11-21T02:00"), tick=False),
        pytest.raises(NotOrderableError) as refusal,
    ):
        submit(cart, ada)

    assert refusal.value.code == "restaurant_closed"


def test_a_promise_that_would_move_to_another_day_is_asked_about(ada, late_kitchen):
    cart = fill_cart(ada, late_kitchen)
    seen = quote_cart(cart=cart, place=MISSION, now=at("2026-11-21T01:55")).window

    with time_machine.travel(at("2026-11-26T12:00"), tick=False):
        refresh_open_spans(restaurant_pks=[late_kitchen.restaurant_id])
        with pytest.raises(WindowMovedError) as question:
            submit(cart, ada, seen_window=seen)

    assert question.value.slot == at("2026-11-27T20:00")
    assert not Order.objects.exists()


def test_a_page_left_open_until_the_next_service_is_asked_about(ada, late_kitchen):
    cart = fill_cart(ada, late_kitchen)
    seen = quote_cart(cart=cart, place=MISSION, now=at("2026-11-20T21:00")).window

    with time_machine.travel(at("2026-11-27T21:00"), tick=False):
        refresh_open_spans(restaurant_pks=[late_kitchen.restaurant_id])
        with pytest.raises(WindowMovedError) as question:
            submit(cart, ada, seen_window=seen)

    assert question.value.slot is None


def test_a_few_minutes_later_in_the_same_service_is_no_question(ada, late_kitchen):
    cart = fill_cart(ada, late_kitchen)
    seen = quote_cart(cart=cart, place=MISSION, now=at("2026-11-20T21:00")).window

    with time_machine.travel(at("2026-11-20T21:07"), tick=False):
        order = submit(cart, ada, seen_window=seen)

    assert order.promised_from >= seen.start


def test_a_later_order_is_answered_from_the_opening_of_its_service(ada, late_kitchen):
    cart = fill_cart(ada, late_kitchen)
    slot = at("2026-11-20T20:30")

    with time_machine.travel(EVENING, tick=False):
        order = submit(cart, ada, scheduled_for=slot)

    assert order.answer_by == at("2026-11-20T20:10")
    assert order.scheduled_for == slot
    assert order.promised_from > slot + timedelta(minutes=20)


@pytest.mark.parametrize(
    ("slot", "code"),
    [
        ("2026-11-20T18:45", "slot_passed"),
        ("2026-11-20T20:07", "slot_not_offered"),
        ("2026-11-27T20:30", "slot_not_offered"),
    ],
)
def test_a_time_that_is_not_offered_is_refused(ada, late_kitchen, slot, code):
    cart = fill_cart(ada, late_kitchen)

    quote = quote_cart(cart=cart, place=MISSION, now=EVENING, scheduled_for=at(slot))

    assert code in [problem.code for problem in quote.problems]


def test_pickup_needs_no_place_and_has_no_fee(ada, margherita):
    type(margherita.restaurant).objects.update(delivery_fee=Decimal(5))

    order = submit(
        fill_cart(ada, margherita), ada, fulfilment=Fulfilment.PICKUP, place=None
    )

    assert (order.delivery_fee, order.distance, order.address) == (0, None, "")


def test_a_quote_takes_the_same_queries_however_long_the_cart(
    ada, margherita, django_assert_num_queries
):
    cart = get_or_create_cart(user=ada)
    menu = MenuFactory(restaurant=margherita.restaurant)
    section = SectionFactory(menu=menu)
    for _ in range(12):
        item = ItemFactory(section=section)
        group = ModifierGroupFactory(restaurant=menu.restaurant, min_choices=0)
        offer(item, group)
        ModifierFactory(group=group)
        add_line(cart=cart, item_public_id=item.public_id)

    with django_assert_num_queries(1):
        quote = quote_cart(cart=cart, place=MISSION)

    assert len(quote.lines) == 12
