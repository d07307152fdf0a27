"""The test order: a real one on the board, and nowhere else."""

from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from customers.tests.factories import UserFactory
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    SectionFactory,
    offer,
)
from orders.exceptions import NotOrderableError
from orders.models import Order, OrderEvent
from orders.selectors import has_completed_test_order
from orders.services.lifecycle import Actor, accept_order, cancel_order, complete_order
from orders.services.trial import MOST_A_DAY, place_test_order
from restaurants.models import BoardPresence, Restaurant
from restaurants.services.joining import list_missing_steps
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
KITCHEN = Actor(OrderEvent.Actor.RESTAURANT)


@pytest.fixture
def owner():
    return MembershipFactory(
        restaurant__status="setting_up", restaurant__tax_rate=Decimal("8.5")
    )


@pytest.fixture
def section(owner):
    return SectionFactory(menu__restaurant=owner.restaurant)


def place(owner):
    return place_test_order(restaurant_pk=owner.restaurant_id, user=owner.user)


def test_it_takes_the_first_two_items_and_adds_up(owner, section):
    for name in ("Margherita", "Marinara", "Diavola"):
        ItemFactory(section=section, name=name, price=Decimal("10.00"))

    order = place(owner)

    assert order.is_test
    assert (order.number, order.fulfilment) == (1, "pickup")
    assert [line.name for line in order.lines.all()] == ["Margherita", "Marinara"]
    assert (order.subtotal, order.tax, order.total) == (
        Decimal("20.00"),
        Decimal("1.70"),
        Decimal("21.70"),
    )
    event = order.events.get()
    assert (event.to_status, event.actor) == ("placed", "customer")


def test_what_an_item_has_to_be_asked_is_chosen(owner, section):
    item = ItemFactory(section=section)
    group = ModifierGroupFactory(restaurant=owner.restaurant, min_choices=1)
    nested = ModifierGroupFactory(restaurant=owner.restaurant, name="Crust")
    first = ModifierFactory(group=group, sold_out_until="2999-01-01T00:00Z")
    second = ModifierFactory(group=group, name="Small", price_difference=Decimal(1))
    thin = ModifierFactory(group=nested, name="Thin", price_difference=Decimal(2))
    second.nested_groups.add(nested)
    offer(item, group)

    line = place(owner).lines.get()

    assert first.name not in [one.name for one in line.modifiers.all()]
    assert [one.name for one in line.modifiers.all()] == ["Small", thin.name]
    assert line.unit_price == item.price + 3


def test_numbers_go_on_where_they_are(owner, section):
    ItemFactory(section=section)

    assert [place(owner).number, place(owner).number] == [1, 2]


def test_counted_portions_are_taken_and_given_back(owner, section):
    item = ItemFactory(section=section, portions_left=3)
    order = place(owner)
    item.refresh_from_db()
    assert item.portions_left == 2

    cancel_order(order_pk=order.pk, actor=KITCHEN, reason="other")

    item.refresh_from_db()
    assert item.portions_left == 3


def test_without_anything_to_order_it_is_said(owner, section):
    ItemFactory(section=section, is_active=False)

    with pytest.raises(NotOrderableError) as caught:
        place(owner)

    assert caught.value.code == "no_items"
    assert not Order.objects.exists()


def test_ten_a_day_are_enough(owner, section):
    ItemFactory(section=section)
    for _number in range(MOST_A_DAY):
        place(owner)

    with pytest.raises(NotOrderableError):
        place(owner)

    assert Order.objects.count() == MOST_A_DAY


@pytest.mark.parametrize("status", ["pending", "refused", "suspended"])
def test_a_restaurant_that_is_not_open_to_its_owner_has_none(owner, section, status):
    ItemFactory(section=section)
    Restaurant.objects.update(status=status)

    with pytest.raises(NotOrderableError):
        place(owner)


def test_the_step_is_done_once_it_is_collected(owner, section):
    ItemFactory(section=section)
    order = place(owner)
    assert not has_completed_test_order(owner.restaurant)
    assert "test_order" in {step.code for step in list_missing_steps(owner.restaurant)}

    accept_order(order_pk=order.pk, actor=KITCHEN)
    complete_order(order_pk=order.pk, actor=KITCHEN)

    assert has_completed_test_order(owner.restaurant)


def test_the_button_places_it_and_leads_to_the_board(client, owner, section):
    ItemFactory(section=section)
    client.force_login(owner.user)
    page = reverse("owner:test-order", args=[owner.restaurant_id])

    assert client.get(page).status_code == 405
    assert client.post(page).url == reverse("owner:board")
    assert "Margherita" in client.get(reverse("owner:board")).content.decode()


def test_without_a_menu_the_button_says_so(client, owner):
    client.force_login(owner.user)
    page = reverse("owner:test-order", args=[owner.restaurant_id])

    answer = client.post(page, follow=True)

    assert "Add items with prices first" in answer.content.decode()


@pytest.mark.parametrize("who", ["stranger", "staff", "customer", "nobody"])
def test_nobody_else_places_one(client, owner, section, who):
    ItemFactory(section=section)
    if who == "stranger":
        client.force_login(MembershipFactory().user)
    elif who == "staff":
        staff = MembershipFactory(restaurant=owner.restaurant, role="staff")
        client.force_login(staff.user)
    elif who == "customer":
        client.force_login(UserFactory())

    page = reverse("owner:test-order", args=[owner.restaurant_id])

    assert client.post(page).status_code in {302, 404}
    assert not Order.objects.exists()


def test_from_the_first_step_to_the_first_customer(client, owner, section):
    restaurant = owner.restaurant
    Restaurant.objects.update(street_address="2100 Mission Street")
    for name in ("Margherita", "Marinara", "Diavola"):
        ItemFactory(section=section, name=name)
    client.force_login(owner.user)
    live = reverse("owner:go-live", args=[restaurant.pk])
    assert client.get(restaurant.get_absolute_url()).status_code == 404
    BoardPresence.objects.create(restaurant=restaurant, seen_at=timezone.now())
    client.post(live)
    assert Restaurant.objects.get().status == "setting_up"

    client.post(reverse("owner:test-order", args=[restaurant.pk]))
    order = Order.objects.get()
    accept_order(order_pk=order.pk, actor=KITCHEN)
    complete_order(order_pk=order.pk, actor=KITCHEN)
    page = client.get(reverse("owner:first-steps", args=[restaurant.pk]))
    assert live in page.content.decode()
    client.post(live)

    assert Restaurant.objects.get().status == "live"
    assert client.get(restaurant.get_absolute_url()).status_code == 200
    assert client.get(reverse("owner:index")).url != page.request["PATH_INFO"]


def test_the_steps_take_as_many_queries_with_a_large_menu(
    client, owner, section, django_assert_max_num_queries
):
    ItemFactory.create_batch(40, section=section)
    client.force_login(owner.user)
    page = reverse("owner:first-steps", args=[owner.restaurant_id])
    client.get(page)

    with django_assert_max_num_queries(16):
        client.get(page)
