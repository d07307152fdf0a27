"""Busy, paused, sold out: from the board, at work at once, and the carts told."""

from datetime import UTC, datetime, time, timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.tests.factories import UserFactory
from menus.models import Item, Modifier
from menus.pricing import Choice
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    offer,
)
from notifications.models import Event
from orders.models import Cart, CartLine
from orders.services import add_line, get_or_create_cart
from orders.services.kitchen import (
    make_busy,
    pause_kitchen,
    sell_out_item,
    sell_out_modifier,
)
from orders.switch_pages import get_switches
from orders.tests.factories import fill_cart
from restaurants.availability import Until
from restaurants.models import UNTIL_FURTHER_NOTICE, Membership, Restaurant
from restaurants.tests.factories import MembershipFactory, RestaurantFactory

pytestmark = pytest.mark.django_db
# Friday 19:00 in San Francisco.
EVENING = datetime(2026, 11, 21, 3, tzinfo=UTC)
EVENINGS = [(day, time(17), time(23)) for day in range(7)]
POSTS = {
    "busy": {"minutes": "10", "until": "hour"},
    "pause": {"until": "hour"},
    "resume": {},
}


@pytest.fixture(autouse=True)
def _evening():
    with time_machine.travel(EVENING, tick=False):
        yield


@pytest.fixture
def kitchen(db):
    return RestaurantFactory(name="Trattoria", hours=EVENINGS)


@pytest.fixture
def margherita(kitchen):
    return ItemFactory(section__menu__restaurant=kitchen)


@pytest.fixture
def cheese(margherita):
    group = ModifierGroupFactory(
        restaurant=margherita.restaurant, name="Extras", min_choices=0
    )
    offer(margherita, group)
    return ModifierFactory(group=group, name="Extra cheese")


@pytest.fixture
def tablet(client, kitchen):
    """Sign a browser in as somebody of the kitchen's staff."""
    staff = MembershipFactory(restaurant=kitchen, role=Membership.Role.STAFF).user
    client.force_login(staff)
    return client


def press(client, name, *args, **data):
    return client.post(
        reverse(f"owner:{name}", args=args),
        data,
        headers={"X-Requested-With": "fetch"},
    )


def told():
    """Return who has been told what about their carts."""
    return [
        (event.context["what"], event.context["item"], event.context["minutes"])
        for event in Event.objects.filter(topic="cart_affected").order_by("pk")
    ]


def leave_alone(cart, hours):
    before = timezone.now() - timedelta(hours=hours)
    Cart.objects.filter(pk=cart.pk).update(updated_at=before)
    CartLine.objects.filter(cart=cart).update(created_at=before)


# Services and the carts.


def test_carts_that_hold_the_item_are_told_once(margherita, ada):
    fill_cart(ada, margherita)
    fill_cart(UserFactory(), ItemFactory(section=margherita.section, name="Diavola"))

    first = sell_out_item(item_pk=margherita.pk, until=Until.HOUR)
    again = sell_out_item(item_pk=margherita.pk, until=Until.TOMORROW)

    assert (first.touched.carts, first.touched.told) == (1, 1)
    assert (again.touched.carts, again.touched.told) == (0, 0)
    event = Event.objects.get(topic="cart_affected")
    assert event.recipient_count == 1
    assert event.context["item"] == "Margherita"
    assert event.context["url"] == reverse("orders:cart-detail")
    assert event.context["restaurant"] == "Trattoria"


def test_carts_with_the_chosen_modifier_are_told(margherita, cheese, ada):
    add_line(
        cart=get_or_create_cart(user=ada),
        item_public_id=margherita.public_id,
        choices=[Choice(cheese.public_id)],
    )
    fill_cart(UserFactory(), margherita)

    done = sell_out_modifier(modifier_pk=cheese.pk, until=Until.SERVICE)

    assert done.until == datetime(2026, 11, 21, 7, tzinfo=UTC)
    assert done.touched.told == 1
    assert told() == [("sold_out", "Extra cheese", 0)]


def test_carts_touched_through_a_link_are_told_too(margherita, cheese, ada):
    mozzarella = ItemFactory(section=margherita.section, name="Mozzarella")
    cheese.linked_item = mozzarella
    cheese.save()
    add_line(
        cart=get_or_create_cart(user=ada),
        item_public_id=margherita.public_id,
        choices=[Choice(cheese.public_id)],
    )
    fill_cart(UserFactory(), mozzarella)

    done = sell_out_item(item_pk=mozzarella.pk, until=Until.NOTICE)

    assert (done.others, done.touched.told) == (1, 2)
    cheese.refresh_from_db()
    assert cheese.sold_out_until == UNTIL_FURTHER_NOTICE


def test_a_visitors_cart_is_counted_but_nobody_can_be_told(margherita):
    add_line(cart=get_or_create_cart(), item_public_id=margherita.public_id)

    done = sell_out_item(item_pk=margherita.pk, until=Until.HOUR)

    assert (done.touched.carts, done.touched.told) == (1, 0)
    assert told() == []


def test_a_cart_left_alone_for_hours_is_not_told(margherita, ada):
    leave_alone(fill_cart(ada, margherita), hours=3)

    assert pause_kitchen(
        restaurant_pk=margherita.restaurant_id, until=Until.HOUR
    ).touched.carts == (0)
    assert told() == []


def test_a_pause_is_told_once_however_often_it_is_prolonged(margherita, ada):
    fill_cart(ada, margherita)
    fill_cart(UserFactory(), ItemFactory())
    kitchen = margherita.restaurant_id

    pause_kitchen(restaurant_pk=kitchen, until=Until.MINUTES_15)
    pause_kitchen(restaurant_pk=kitchen, until=Until.HOUR)

    assert told() == [("paused", "", 0)]
    assert Event.objects.get(topic="cart_affected").recipient_count == 1


def test_a_pause_after_the_last_one_ended_is_told_again(margherita, ada):
    fill_cart(ada, margherita)
    kitchen = margherita.restaurant_id

    pause_kitchen(restaurant_pk=kitchen, until=Until.MINUTES_15)
    with time_machine.travel(EVENING + timedelta(minutes=20), tick=False):
        pause_kitchen(restaurant_pk=kitchen, until=Until.MINUTES_15)

    assert told() == [("paused", "", 0)] * 2


def test_only_more_waiting_is_told(margherita, ada):
    fill_cart(ada, margherita)
    kitchen = margherita.restaurant_id

    for minutes in (10, 10, 20, 10):
        make_busy(restaurant_pk=kitchen, minutes=minutes, until=Until.HOUR)

    assert told() == [("busy", "", 10), ("busy", "", 20)]


@pytest.mark.django_db(transaction=True)
def test_two_tablets_at_once_sell_out_once_and_tell_once():
    item = ItemFactory()
    fill_cart(UserFactory(), item)
    barrier = Barrier(6)
    errors = []

    def work():
        barrier.wait()
        try:
            sell_out_item(item_pk=item.pk, until=Until.HOUR)
        except Exception as error:  # whatever it is, it is shown
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert errors == []
    assert told() == [("sold_out", "Margherita", 0)]
    item.refresh_from_db()
    assert item.sold_out_until == EVENING + timedelta(hours=1)


# The board's buttons.


def test_busy_is_at_work_for_customers_at_once_and_ends_by_itself(
    tablet, kitchen, margherita
):
    answer = press(tablet, "busy", kitchen.pk, minutes="20", until="service")

    assert answer.json() == {
        "ok": True,
        "message": "Trattoria: orders take 20 minutes longer until 23:00.",
    }
    page = Client().get(kitchen.get_absolute_url())
    assert "orders take 20 minutes longer" not in page.content.decode()
    kitchen.refresh_from_db()
    assert kitchen.preparation_minutes_at(timezone.now()) == 40
    assert kitchen.preparation_minutes_at(EVENING + timedelta(hours=4)) == 20


def test_customers_read_that_the_kitchen_is_busy(tablet, kitchen, margherita):
    Restaurant.objects.update(offers_delivery=False)

    press(tablet, "busy", kitchen.pk, minutes="10", until="hour")

    page = Client().get(kitchen.get_absolute_url()).content.decode()
    assert "The kitchen is busy: orders take 10 minutes longer." in page
    with time_machine.travel(EVENING + timedelta(minutes=61), tick=False):
        page = Client().get(kitchen.get_absolute_url()).content.decode()
    assert "The kitchen is busy" not in page


def test_not_busy_any_more(tablet, kitchen):
    press(tablet, "busy", kitchen.pk, minutes="20", until="hour")

    answer = press(tablet, "busy", kitchen.pk, minutes="0")

    assert answer.json()["message"] == "Trattoria: the usual times again."
    kitchen.refresh_from_db()
    assert kitchen.busy_minutes_at(timezone.now()) == 0


@pytest.mark.parametrize(
    ("until", "end"),
    [
        ("minutes_15", EVENING + timedelta(minutes=15)),
        ("minutes_30", EVENING + timedelta(minutes=30)),
        ("hour", EVENING + timedelta(hours=1)),
        # Closed until 17:00 the next day, either way.
        ("next_service", EVENING + timedelta(hours=22)),
        ("tomorrow", EVENING + timedelta(hours=22)),
    ],
)
def test_a_pause_lasts_as_long_as_was_said(tablet, kitchen, until, end):
    assert press(tablet, "pause", kitchen.pk, until=until).json()["ok"]

    kitchen.refresh_from_db()
    assert kitchen.paused_until == end
    assert kitchen.pause_reason == Restaurant.PauseReason.OWNER


def test_customers_read_of_the_pause_and_of_its_end(tablet, kitchen, margherita, ada):
    Restaurant.objects.update(offers_delivery=False)
    fill_cart(ada, margherita)

    answer = press(tablet, "pause", kitchen.pk, until="minutes_30")

    assert answer.json()["message"] == (
        "Trattoria takes no orders until 19:30."
        " 1 customer with a full cart has been told."
    )
    page = Client().get(kitchen.get_absolute_url()).content.decode()
    assert "The kitchen is taking a break" in page
    assert "It takes orders again 19:30; you can order for later." in page


def test_orders_are_taken_again(tablet, kitchen):
    press(tablet, "pause", kitchen.pk, until="tomorrow")

    answer = press(tablet, "resume", kitchen.pk)

    assert answer.json()["message"] == "Trattoria takes orders again."
    kitchen.refresh_from_db()
    assert kitchen.paused_until is None


def test_without_a_script_the_buttons_lead_back_to_the_board(tablet, kitchen):
    answer = tablet.post(
        reverse("owner:pause", args=[kitchen.pk]), {"until": "minutes_15"}
    )

    assert answer.status_code == 302
    assert answer["Location"] == reverse("owner:board")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("busy", {}),
        ("busy", {"minutes": "10"}),
        ("busy", {"minutes": "500", "until": "hour"}),
        ("busy", {"minutes": "10", "until": "notice"}),
        ("pause", {}),
        ("pause", {"until": "never"}),
        ("pause", {"until": "notice\x00"}),
    ],
)
def test_what_no_button_says_changes_nothing(tablet, kitchen, name, data):
    answer = press(tablet, name, kitchen.pk, **data)

    assert answer.status_code == 400
    assert not answer.json()["ok"]
    kitchen.refresh_from_db()
    assert (kitchen.paused_until, kitchen.busy_until) == (None, None)


# What is sold out.


def test_an_item_is_sold_out_and_brought_back(tablet, kitchen, margherita, ada):
    fill_cart(ada, margherita)
    row = (kitchen.pk, margherita.pk)

    answer = press(tablet, "sold-out-item", *row, until="tomorrow")

    assert answer.json()["message"] == (
        "“Margherita” is sold out until tomorrow 17:00."
        " 1 cart has it: its owner has been told."
    )
    page = Client().get(kitchen.get_absolute_url()).content.decode()
    assert "Sold out until tomorrow 17:00" in page
    item_page = reverse("menus:item-detail", args=[margherita.public_id])
    assert "Sold out until tomorrow 17:00" in Client().get(item_page).content.decode()

    answer = press(tablet, "sold-out-item", *row, until="back")

    assert answer.json()["message"] == "“Margherita” can be ordered again."
    margherita.refresh_from_db()
    assert margherita.sold_out_until is None


def test_a_modifier_is_sold_out_and_brought_back(tablet, kitchen, cheese):
    row = (kitchen.pk, cheese.pk)

    answer = press(tablet, "sold-out-modifier", *row, until="notice")

    assert answer.json()["message"] == (
        "“Extra cheese” is sold out until you bring it back."
    )
    cheese.refresh_from_db()
    assert cheese.sold_out_until == UNTIL_FURTHER_NOTICE

    press(tablet, "sold-out-modifier", *row, until="back")

    cheese.refresh_from_db()
    assert cheese.sold_out_until is None


def test_what_is_linked_goes_with_it_and_the_tablet_says_so(
    tablet, kitchen, margherita, cheese
):
    mozzarella = ItemFactory(section=margherita.section, name="Mozzarella")
    Modifier.objects.update(linked_item=mozzarella)

    answer = press(tablet, "sold-out-item", kitchen.pk, mozzarella.pk, until="hour")

    assert answer.json()["message"] == (
        "“Mozzarella” is sold out until 20:00. 1 linked item or modifier too."
    )


@pytest.mark.parametrize("until", ["", "minutes_15", "forever"])
def test_a_length_that_is_not_offered_sells_nothing_out(
    tablet, kitchen, margherita, cheese, until
):
    for name, row in (("item", margherita), ("modifier", cheese)):
        answer = press(tablet, f"sold-out-{name}", kitchen.pk, row.pk, until=until)
        assert answer.status_code == 400
        row.refresh_from_db()
        assert row.sold_out_until is None


def test_another_restaurants_things_do_not_exist(tablet, kitchen, margherita, cheese):
    others = ItemFactory()
    other_extra = ModifierFactory()

    for name, row in (("item", others), ("modifier", other_extra)):
        answer = press(tablet, f"sold-out-{name}", kitchen.pk, row.pk, until="hour")
        assert answer.status_code == 404
        row.refresh_from_db()
        assert row.sold_out_until is None


def test_the_page_shows_what_is_sold_out_first_and_until_when(
    tablet, kitchen, margherita, cheese
):
    wine = ItemFactory(section=margherita.section, name="Wine", portions_left=0)
    Item.objects.filter(pk=margherita.pk).update(
        sold_out_until=EVENING + timedelta(hours=22)
    )

    page = tablet.get(reverse("owner:sold-out", args=[kitchen.pk]))

    assert [(row.name, row.state) for row in page.context["sold_out"]] == [
        ("Margherita", "until tomorrow 17:00"),
        (wine.name, "no portions left, until you bring it back"),
    ]
    assert [row.name for row in page.context["on_sale"]] == ["Extra cheese"]
    assert "Sold out until tomorrow 17:00" in page.content.decode()


def test_the_page_finds_without_a_script(tablet, kitchen, margherita, cheese):
    url = reverse("owner:sold-out", args=[kitchen.pk])

    found = tablet.get(url, {"q": "CHEE"})
    none = tablet.get(url, {"q": "sushi"})

    assert [row.name for row in found.context["on_sale"]] == ["Extra cheese"]
    assert "Nothing on sale fits what you look for." in none.content.decode()


def test_after_a_press_without_a_script_the_search_is_kept(tablet, kitchen, margherita):
    answer = tablet.post(
        reverse("owner:sold-out-item", args=[kitchen.pk, margherita.pk]),
        {"until": "hour", "q": "marg & co"},
    )

    page = reverse("owner:sold-out", args=[kitchen.pk])
    assert answer["Location"] == f"{page}?q=marg+%26+co"


def test_hidden_and_drafted_things_are_not_on_the_page(tablet, kitchen, margherita):
    ItemFactory(section=margherita.section, name="Hidden", is_active=False)
    margherita.section.menu.is_active = False
    margherita.section.menu.save()

    page = tablet.get(reverse("owner:sold-out", args=[kitchen.pk]))

    assert page.context["sold_out"] == page.context["on_sale"] == []
    assert "There is nothing on sale" in page.content.decode()


def test_three_hundred_items_take_as_many_queries_as_three(
    tablet, kitchen, margherita, cheese, django_assert_max_num_queries
):
    url = reverse("owner:sold-out", args=[kitchen.pk])
    with django_assert_max_num_queries(20) as few:
        tablet.get(url)
    ItemFactory.create_batch(300, section=margherita.section)
    ModifierFactory.create_batch(50, group=cheese.group, linked_item=margherita)

    with django_assert_max_num_queries(len(few)):
        page = tablet.get(url)

    assert len(page.context["on_sale"]) == 352


# Whose it is.


@pytest.fixture
def doors(kitchen, margherita, cheese):
    """Every address of these pages, with what a button there sends."""
    return [
        *((reverse(f"owner:{name}", args=[kitchen.pk]), POSTS[name]) for name in POSTS),
        (reverse("owner:sold-out", args=[kitchen.pk]), None),
        (
            reverse("owner:sold-out-item", args=[kitchen.pk, margherita.pk]),
            {"until": "hour"},
        ),
        (
            reverse("owner:sold-out-modifier", args=[kitchen.pk, cheese.pk]),
            {"until": "hour"},
        ),
    ]


def knock(client, doors):
    return [
        (client.get(url) if data is None else client.post(url, data)).status_code
        for url, data in doors
    ]


@pytest.mark.parametrize("role", Membership.Role.values)
def test_everybody_of_the_restaurant_may_switch(client, kitchen, doors, role):
    client.force_login(MembershipFactory(restaurant=kitchen, role=role).user)

    assert knock(client, doors) == [302, 302, 302, 200, 302, 302]


def test_another_owner_finds_nothing(client, doors, margherita):
    client.force_login(MembershipFactory().user)

    assert knock(client, doors) == [404] * 6
    margherita.refresh_from_db()
    assert margherita.sold_out_until is None


def test_customers_and_nobody_are_sent_to_sign_in(client, doors, ada, kitchen):
    assert knock(client, doors) == [302] * 6
    client.force_login(ada)
    assert knock(client, doors) == [302] * 6

    kitchen.refresh_from_db()
    assert (kitchen.paused_until, kitchen.busy_until) == (None, None)


def test_looking_switches_nothing(tablet, kitchen, doors):
    codes = [tablet.get(url).status_code for url, _data in doors]

    assert codes == [405, 405, 405, 200, 405, 405]


# How it stands.


@pytest.fixture
def request_of_staff(rf, kitchen):
    request = rf.get("/")
    request.user = MembershipFactory(
        restaurant=kitchen, role=Membership.Role.STAFF
    ).user
    return request


def test_an_open_kitchen_says_what_customers_see(request_of_staff, kitchen):
    [one] = get_switches(request_of_staff)

    assert (one.hours, one.is_open, one.can_order) == ("Open until 23:00", True, True)
    assert one.customers == "Customers can order: arrives in 30–45 min nearby"
    assert (one.busy, one.paused, one.unattended, one.sold_out) == ("", "", "", 0)


def test_a_busy_kitchen_says_how_long(request_of_staff, kitchen):
    make_busy(restaurant_pk=kitchen.pk, minutes=20, until=Until.HOUR)

    [one] = get_switches(request_of_staff)

    assert one.busy == "Busy: +20 min until 20:00"
    assert one.customers == "Customers can order: arrives in 50–65 min nearby"


def test_a_paused_kitchen_says_until_when(request_of_staff, kitchen):
    pause_kitchen(restaurant_pk=kitchen.pk, until=Until.TOMORROW)

    [one] = get_switches(request_of_staff)

    assert (one.paused, one.pause_reason) == ("Paused until tomorrow 17:00", "")
    assert one.customers == (
        "Customers read: “The kitchen is taking a break and takes no orders now.”"
    )


def test_a_kitchen_paused_after_misses_says_why(request_of_staff, kitchen):
    Restaurant.objects.filter(pk=kitchen.pk).update(
        paused_until=UNTIL_FURTHER_NOTICE, pause_reason=Restaurant.PauseReason.MISSED
    )

    [one] = get_switches(request_of_staff)

    assert one.paused == "Paused until you take orders again"
    assert one.pause_reason == "Three orders in a row were not answered."
    assert one.needs_attention


def test_an_unattended_kitchen_says_so(request_of_staff, kitchen):
    Restaurant.objects.filter(pk=kitchen.pk).update(unattended_since=EVENING)

    [one] = get_switches(request_of_staff)

    assert "No board was open" in one.unattended
    assert not one.can_order


def test_a_closed_kitchen_says_when_it_opens(request_of_staff, kitchen):
    with time_machine.travel(EVENING + timedelta(hours=4.5), tick=False):
        [one] = get_switches(request_of_staff)

    assert (one.hours, one.is_open) == ("Closed, opens tomorrow 17:00", False)


def test_ten_restaurants_take_as_many_queries_as_one(
    request_of_staff, margherita, django_assert_num_queries
):
    with django_assert_num_queries(3):
        get_switches(request_of_staff)
    for _ in range(9):
        membership = MembershipFactory(user=request_of_staff.user)
        ItemFactory(
            section__menu__restaurant=membership.restaurant, sold_out_until=EVENING
        )

    with django_assert_num_queries(3):
        assert len(get_switches(request_of_staff)) == 10
