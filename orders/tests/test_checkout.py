"""The checkout page: all that is asked, kept, moved and refused there."""

import re
import uuid
from dataclasses import asdict, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from customers.models import Address
from customers.places import SESSION_KEY as PLACE_KEY
from customers.tests.factories import AddressFactory, UserFactory
from menus.tests.factories import ItemFactory, MenuFactory
from orders.models import Cart, Order
from orders.services.slots import quarter_of
from orders.tests.factories import MISSION, OrderFactory, fill_cart, filled_in
from restaurants.models import Restaurant
from restaurants.opening import WeeklySpan
from restaurants.services.derived import set_open_spans

pytestmark = [pytest.mark.django_db]
CHECKOUT = "/checkout/"
HTMX = {"HX-Request": "true"}


def _send(diner, page, **changes):
    return diner.post(CHECKOUT, filled_in(page, **changes))


def _close(restaurant: Restaurant, *, opens_in: timedelta) -> datetime:
    """Close a restaurant; return when it opens again, on a quarter of the clock."""
    opens = quarter_of(timezone.now() + opens_in)
    local = opens.astimezone(ZoneInfo(restaurant.time_zone))
    closes = local + timedelta(hours=2)
    week = [WeeklySpan(local.weekday(), local.time(), closes.time())]
    restaurant.refresh_from_db()
    set_open_spans(restaurant, weekly=week, now=timezone.now())
    restaurant.save()
    return opens


def test_a_tip_in_per_cent_is_of_the_subtotal(diner):
    page = diner.get(CHECKOUT)

    shown = _send(diner, page, tip_choice="10", action="update")
    _send(diner, shown)

    assert "$1.25" in shown.text
    assert Order.objects.get().tip == Decimal("1.25")


def test_a_tip_chosen_at_the_last_moment_is_shown_before_it_is_paid(diner):
    answer = _send(diner, diner.get(CHECKOUT), tip_choice="15")

    assert answer.status_code == 409
    assert not Order.objects.exists()
    _send(diner, answer)
    assert Order.objects.get().tip == Decimal("1.88")


def test_an_own_amount_typed_without_choosing_it_is_meant(diner):
    page = diner.get(CHECKOUT)

    shown = _send(diner, page, tip="2.50", action="update")

    assert shown.context["tip_choice"] == "own"
    assert shown.context["quote"].tip == Decimal("2.50")


def test_no_tip_after_an_own_amount_is_no_tip(diner):
    page = _send(diner, diner.get(CHECKOUT), tip="2.50", action="update")

    shown = _send(diner, page, tip_choice="0", action="update")

    assert shown.context["quote"].tip == 0


def test_an_update_with_htmx_answers_with_the_amounts_alone(diner):
    page = diner.get(CHECKOUT)
    wish = filled_in(page, tip_choice="10", action="update")

    shown = diner.post(CHECKOUT, wish, headers={**HTMX, "HX-Trigger": "co-tip"})

    assert "<html" not in shown.text
    assert 'id="co-summary"' in shown.text
    assert 'id="co-where"' not in shown.text
    assert "$13.75" in shown.text
    assert "HX-Request" in shown["Vary"]


def test_a_switch_with_htmx_brings_the_place_and_the_times_along(diner):
    page = diner.get(CHECKOUT)
    wish = filled_in(page, fulfilment="pickup", action="update")

    shown = diner.post(CHECKOUT, wish, headers={**HTMX, "HX-Trigger": "co-how"})

    assert 'id="co-where"' in shown.text
    assert 'id="co-when"' in shown.text
    assert "you collect it" in shown.text.lower()


def test_what_was_typed_for_the_courier_survives_a_switch_to_pickup_and_back(diner):
    page = diner.get(CHECKOUT)
    typed = {"street_address": "7 Lapidge Street", "delivery_instructions": "Ring 3"}

    pickup = _send(diner, page, fulfilment="pickup", action="update", **typed)
    back = _send(diner, pickup, fulfilment="delivery", action="update", **typed)

    assert 'value="7 Lapidge Street"' in pickup.text
    assert 'value="Ring 3"' in back.text


def test_a_saved_address_is_chosen_by_a_radio_and_shown_before_it_is_ordered(
    diner, ada
):
    work = AddressFactory(
        user=ada, label="Work", street_address="1 Valencia Street", is_chosen=False
    )
    page = diner.get(CHECKOUT)

    shown = _send(diner, page, address=str(work.pk))
    assert not Order.objects.exists()
    _send(diner, shown, address=str(work.pk))

    order = Order.objects.get()
    assert order.address.startswith("1 Valencia Street")


def test_a_place_chosen_in_another_tab_is_shown_before_it_is_ordered(diner):
    page = diner.get(CHECKOUT)
    session = diner.session
    work = replace(MISSION, label="Work", latitude=37.766, street_address="9 Pond St")
    session[PLACE_KEY] = asdict(work)
    session.save()

    shown = _send(diner, page)

    assert not Order.objects.exists()
    assert "it would go to another place than shown" in shown.text
    assert 'value="9 Pond St"' in shown.text
    _send(diner, shown, street_address="9 Pond St")
    order = Order.objects.get()
    assert (order.address[:9], order.latitude) == ("9 Pond St", 37.766)


def test_the_address_of_another_is_not_taken(diner):
    theirs = AddressFactory(street_address="13 Secret Street")

    shown = _send(diner, diner.get(CHECKOUT), address=str(theirs.pk))

    assert "Secret" not in shown.text
    assert Order.objects.get().address.startswith("2100 Mission Street")


def test_a_typed_address_is_kept_for_the_next_time_if_they_wish(diner, ada):
    page = diner.get(CHECKOUT)

    _send(
        diner,
        page,
        street_address="7 Lapidge Street",
        delivery_instructions="Ring 3",
        save_address="on",
    )

    saved = Address.objects.get(user=ada)
    assert (saved.street_address, saved.delivery_instructions, saved.is_chosen) == (
        "7 Lapidge Street",
        "Ring 3",
        True,
    )


def test_a_typed_address_is_not_kept_unasked(diner, ada):
    _send(diner, diner.get(CHECKOUT))

    assert Order.objects.count() == 1
    assert not Address.objects.filter(user=ada).exists()


def test_without_a_street_it_is_said_at_the_field(diner):
    answer = _send(diner, diner.get(CHECKOUT), street_address=" ")

    assert answer.status_code == 409
    assert 'href="#field-street_address"' in answer.text
    assert 'id="error-street_address"' in answer.text
    assert not Order.objects.exists()


def test_errors_are_told_on_top_and_at_the_field_and_nothing_typed_is_lost(diner):
    answer = _send(
        diner,
        diner.get(CHECKOUT),
        phone="12",
        tip="lots",
        kitchen_note="No basil",
        delivery_instructions="Ring 3",
    )

    assert answer.status_code == 422
    for field in ("phone", "tip"):
        assert f'href="#field-{field}"' in answer.text
        assert f'id="error-{field}"' in answer.text
    for typed in ("12", "lots", "No basil", "Ring 3"):
        assert f'value="{typed}"' in answer.text
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("action", "goes_to"),
    [
        ("place-choose", "customers:place-choose"),
        ("cart", "orders:cart-detail"),
    ],
)
def test_what_was_typed_is_there_again_after_a_way_round(diner, action, goes_to):
    page = diner.get(CHECKOUT)

    left = _send(diner, page, kitchen_note="No basil", tip_choice="15", action=action)
    back = diner.get(CHECKOUT)

    assert left.url == f"{reverse(goes_to)}?next=%2Fcheckout%2F"
    assert 'value="No basil"' in back.text
    assert back.context["tip_choice"] == "15"


def _serve_later(item):
    """Let a dish's menu be served from two hours on, for two hours; return when."""
    starts = quarter_of(timezone.now() + timedelta(hours=2))
    local = starts.astimezone(ZoneInfo(item.restaurant.time_zone))
    item.section.menu.hours.create(
        weekday=local.weekday(),
        opens_at=local.time(),
        closes_at=(local + timedelta(hours=2)).time(),
    )
    return starts


def test_what_is_served_later_only_is_offered_for_then(diner, margherita):
    starts = _serve_later(margherita)

    page = diner.get(CHECKOUT)

    assert "is not served now." in page.text
    assert "The next time it can be had" in page.text
    assert page.context["moment"] == starts
    assert page.context["soonest"] is None
    assert page.context["mistakes"] == []
    beside = re.search(r'<p id="co-moved"[^>]*>([^<]*)', page.text)
    assert beside is not None
    assert "is not served now." in beside[1]
    _send(diner, page)
    assert Order.objects.get().scheduled_for == starts


def test_what_is_never_served_together_is_a_matter_of_the_cart(diner, ada, margherita):
    _serve_later(margherita)
    breakfast = MenuFactory(restaurant=margherita.restaurant)
    other = ItemFactory(section__menu=breakfast, name="Porridge")
    local = timezone.now().astimezone(ZoneInfo(margherita.restaurant.time_zone))
    breakfast.hours.create(
        weekday=(local.weekday() + 4) % 7,
        opens_at=time(8),
        closes_at=time(9),
    )
    fill_cart(ada, other)

    page = diner.get(CHECKOUT)

    assert page.context["moved"] == []
    assert [one.field for one in page.context["mistakes"]] == ["", ""]
    assert "Change the cart" in page.text
    refused = _send(diner, page)
    assert refused.status_code == 409
    assert "is not served now." in refused.text


def test_an_empty_cart_leads_to_the_cart(client, db):
    assert client.get(CHECKOUT).url == reverse("orders:cart-detail")
    assert client.post(CHECKOUT, {"action": "place"}).url == (
        reverse("orders:cart-detail")
    )
    assert not Cart.objects.exists()


def test_a_second_tab_with_another_key_is_told_that_it_is_ordered(diner):
    page = diner.get(CHECKOUT)
    _send(diner, page)

    wish = filled_in(page, key=str(uuid.uuid4()))
    answer = diner.post(CHECKOUT, wish, follow=True)

    assert "It may have been ordered already." in answer.text
    assert Order.objects.count() == 1


def test_a_kitchen_that_closes_meanwhile_is_asked_about_with_the_next_time(
    diner, margherita
):
    page = diner.get(CHECKOUT)
    opens = _close(margherita.restaurant, opens_in=timedelta(hours=3))

    asked = _send(diner, page, kitchen_note="No basil")

    assert asked.status_code == 409
    assert "This restaurant is closed." in asked.text
    assert "The next time it can be had" in asked.text
    assert asked.context["moment"] == opens
    assert 'value="No basil"' in asked.text
    assert not Order.objects.exists()
    _send(diner, asked)
    assert Order.objects.get().scheduled_for == opens


def test_a_kitchen_that_pauses_meanwhile_is_asked_about(diner, margherita):
    page = diner.get(CHECKOUT)
    until = timezone.now() + timedelta(hours=1)
    Restaurant.objects.update(paused_until=until)

    asked = _send(diner, page)

    assert "taking a break" in asked.text
    assert asked.context["moment"] >= until
    assert not Order.objects.exists()


def test_a_kitchen_that_is_full_meanwhile_is_asked_about(diner, margherita):
    page = diner.get(CHECKOUT)
    Restaurant.objects.update(slot_capacity=1)
    restaurant = margherita.restaurant
    OrderFactory(restaurant=restaurant, number=900, placed_at=timezone.now())

    asked = _send(diner, page)

    assert asked.status_code == 409
    assert "as many orders as it can make" in asked.text
    assert asked.context["soonest"] is None
    _send(diner, asked)
    assert Order.objects.filter(scheduled_for=asked.context["moment"]).count() == 1


def test_a_closed_restaurant_starts_with_the_first_time_it_can_keep(diner, margherita):
    opens = _close(margherita.restaurant, opens_in=timedelta(hours=3))

    page = diner.get(CHECKOUT)

    assert page.status_code == 200
    assert page.context["moment"] == opens
    assert page.context["soonest"] is None
    _send(diner, page)
    assert Order.objects.get().scheduled_for == opens


def test_what_sells_out_meanwhile_is_said_and_nothing_is_ordered(diner, margherita):
    page = diner.get(CHECKOUT)
    margherita.portions_left = 0
    margherita.save()

    answer = _send(diner, page)

    assert answer.status_code == 409
    assert "is sold out" in answer.text
    assert not Order.objects.exists()


def test_times_are_grouped_by_day(diner):
    page = diner.get(CHECKOUT)

    labels = [day for day, _slots in page.context["days"]]
    assert "Tomorrow" in labels
    assert page.text.count("<optgroup") == len(labels)


def test_it_is_said_how_it_is_paid_and_until_when_it_can_be_cancelled(
    diner, margherita
):
    page = diner.get(CHECKOUT)

    assert "Pay in cash at the door." in page.text
    name = margherita.restaurant.name
    assert f"You can cancel free of charge until {name} accepts." in page.text


@pytest.mark.parametrize(
    ("field", "odd"),
    [
        ("when", "9999-12-31T23:59:59+00:00"),
        ("when", "0001-01-01T00:00:00+14:00"),
        ("when", "now\0"),
        ("address", "9" * 40),
        ("address", "\0"),
        ("street_address", "a\0b"),
        ("delivery_instructions", "a\0b"),
        ("tip", "1e400"),
        ("tip", "NaN"),
        ("tip", "99999999999"),
        ("tip_choice", "\0"),
        ("tip_choice", "1000"),
        ("seen_total", "NaN"),
        ("seen_from", "0001-01-01T00:00:00+14:00"),
        ("seen_until", "0001-01-01T00:00:00+14:00"),
        ("key", "\0"),
        ("fulfilment", "teleport"),
        ("shown_address", "\0"),
        ("name", "\0"),
    ],
)
def test_odd_values_are_no_error_of_ours(diner, field, odd):
    page = diner.get(CHECKOUT)

    for action in ("update", "cart", "place"):
        answer = _send(diner, page, action=action, **{field: odd})

        assert answer.status_code < 500, action


@pytest.mark.parametrize(("capacity", "most"), [(30, 8), (3, 10)])
def test_the_page_asks_as_much_for_many_items_and_orders_as_for_one(
    diner, ada, margherita, django_assert_num_queries, capacity, most
):
    """Where the moment asked for cannot be had, the next one is quoted as well."""
    Restaurant.objects.update(slot_capacity=capacity)
    AddressFactory.create_batch(4, user=ada, is_chosen=False)
    for number in range(5):
        OrderFactory(
            restaurant=margherita.restaurant,
            number=900 + number,
            placed_at=timezone.now(),
        )
    for item in ItemFactory.create_batch(8, section=margherita.section):
        fill_cart(ada, item)

    with django_assert_num_queries(most):
        diner.get(CHECKOUT)


def test_another_persons_cart_is_not_shown(client, margherita):
    fill_cart(UserFactory(), margherita)
    client.force_login(UserFactory())

    assert client.get(CHECKOUT).status_code == 302
