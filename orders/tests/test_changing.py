"""One line changed after ordering: proposed, answered, and what it comes to."""

from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest
from django.utils import timezone

from customers.tests.factories import UserFactory
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    offer,
)
from notifications.models import Event
from orders.exceptions import (
    AlreadyMovedError,
    ItemRefusedError,
    LineChangeError,
    PriceChangedError,
)
from orders.models import LineChange, Order, OrderEvent, OrderLineModifier
from orders.pricing import PricedLine, compute_totals
from orders.services import (
    Actor,
    accept_order,
    answer_line_change,
    cancel_order,
    mark_order_ready,
    propose_line_change,
    withdraw_line_change,
)
from orders.services.ending import hold_end
from orders.tests.factories import fill_cart, submit
from restaurants.models import Fulfilment, Restaurant
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
KITCHEN = Actor(OrderEvent.Actor.RESTAURANT)


@pytest.fixture
def tiramisu(margherita):
    return ItemFactory(
        section=margherita.section,
        name="Tiramisu",
        price=Decimal("7.30"),
        allergens=["milk", "eggs"],
    )


@pytest.fixture
def cake(margherita):
    return ItemFactory(
        section=margherita.section, name="Cake", price=Decimal("6.10"), tax_rate=7
    )


@pytest.fixture
def order(ada, margherita, tiramisu):
    """Two Margheritas and three Tiramisus, for delivery."""
    fill_cart(ada, margherita, 2)
    return submit(fill_cart(ada, tiramisu, 3), ada)


def line_of(order, name):
    return order.lines.get(name=name)


def propose(order, name="Tiramisu", **wish):
    return propose_line_change(
        order_pk=order.pk, line_pk=line_of(order, name).pk, actor=KITCHEN, **wish
    )


def answer(change, customer, text="accepted", **seen):
    return answer_line_change(
        public_id=change.public_id, customer=customer, answer=text, **seen
    )


def totals_of(order):
    """Return what the order comes to by its lines alone."""
    return compute_totals(
        [
            PricedLine(line.unit_price, line.quantity, line.tax_rate)
            for line in order.lines.all()
        ],
        delivery_fee=order.delivery_fee,
        tip=order.tip,
        currency=order.currency,
        prices_include_tax=order.prices_include_tax,
    )


def test_an_accepted_replacement_rewrites_the_line_and_the_totals(order, ada, cake):
    change = propose(order, item_pk=cake.pk, note="Fresh today.")

    answer(change, ada, seen_total=change.total_after)

    order.refresh_from_db()
    line = line_of(order, "Cake")
    assert (line.quantity, line.amount, line.tax_rate) == (3, Decimal("18.30"), 7)
    assert (line.item, line.allergens) == (cake, [])
    assert order.subtotal == Decimal("43.30")
    assert order.total == change.total_after == totals_of(order).total


def test_an_accepted_removal_leaves_the_line_out(order, ada):
    change = propose(order)

    answer(change, ada)

    order.refresh_from_db()
    assert [line.name for line in order.lines.all()] == ["Margherita"]
    assert order.total == change.total_after == totals_of(order).total
    change.refresh_from_db()
    assert (change.status, change.line, change.line_name) == (
        "accepted",
        None,
        "Tiramisu",
    )


@pytest.mark.parametrize(
    ("currency", "includes_tax", "rates", "price"),
    list(
        product(
            ["USD", "JPY"],
            [True, False],
            [("8.875", None), ("19", "7"), ("0", "5.5"), ("10", "8")],
            ["0", "3", "6"],
        )
    ),
)
def test_totals_after_an_answer_are_those_of_the_lines(
    currency, includes_tax, rates, price
):
    ada = UserFactory()
    margherita = ItemFactory(price=13)
    usual, other = rates
    Restaurant.objects.update(
        currency=currency,
        prices_include_tax=includes_tax,
        tax_rate=Decimal(usual),
        delivery_fee=3,
    )
    section = margherita.section
    tiramisu = ItemFactory(section=section, name="Tiramisu", price=7)
    cake = ItemFactory(section=section, name="Cake", price=6, tax_rate=other)
    fill_cart(ada, margherita, 3)
    order = submit(fill_cart(ada, tiramisu, 2), ada, tip=Decimal(2))

    change = propose(order, item_pk=cake.pk, unit_price=Decimal(price))
    answer(change, ada)

    order.refresh_from_db()
    totals = totals_of(order)
    assert (order.subtotal, order.tax, order.total) == (
        totals.subtotal,
        totals.tax,
        totals.total,
    )
    assert order.total == change.total_after
    assert (order.delivery_fee, order.tip) == (totals.delivery_fee, 2)


def test_a_replaced_line_loses_its_modifiers(order, ada, cake):
    line = line_of(order, "Tiramisu")
    OrderLineModifier.objects.create(line=line, name="Cream", price_difference=0)

    answer(propose(order, item_pk=cake.pk), ada)

    assert not OrderLineModifier.objects.exists()


def test_a_declined_change_leaves_everything_as_it_was(order, ada, cake):
    total = order.total
    change = propose(order, item_pk=cake.pk)

    answer(change, ada, "declined")

    order.refresh_from_db()
    assert order.total == total
    assert order.lines.filter(name="Tiramisu").exists()
    assert not order.events.filter(reason="line_changed").exists()
    told = Event.objects.get(topic="line_change_answered")
    assert told.context["status"] == "declined"


def test_the_customer_is_asked_and_the_restaurant_told(order, ada, cake):
    manager = MembershipFactory(restaurant=order.restaurant, role="manager").user
    change = propose(order, item_pk=cake.pk)
    answer(change, ada)

    asked = Event.objects.get(
        key=f"line_change_proposed:{order.public_id}:{change.public_id}"
    )
    told = Event.objects.get(topic="line_change_answered")
    assert asked.chunks.get().recipient_ids == [ada.pk]
    assert asked.context["total_after"] == str(change.total_after)
    assert told.chunks.get().recipient_ids == [manager.pk]
    assert told.context["instead"] == "Cake"


def test_an_accepted_change_stands_in_the_trail(order, ada, cake):
    answer(propose(order, item_pk=cake.pk), ada)

    event = order.events.get(reason="line_changed")
    assert (event.actor, event.user) == ("customer", ada)
    assert event.from_status == event.to_status == "placed"
    assert event.note == "“Cake” instead of “Tiramisu”"


def test_the_same_answer_again_changes_nothing(order, ada, cake):
    change = propose(order, item_pk=cake.pk)
    answer(change, ada)

    answer(change, ada)

    assert order.events.filter(reason="line_changed").count() == 1


def test_another_answer_than_the_first_is_refused(order, ada, cake):
    change = propose(order, item_pk=cake.pk)
    answer(change, ada)

    with pytest.raises(AlreadyMovedError, match="agreed to this change already"):
        answer(change, ada, "declined")


def test_a_stranger_cannot_answer(order, cake):
    change = propose(order, item_pk=cake.pk)

    with pytest.raises(LineChange.DoesNotExist):
        answer(change, UserFactory())


def test_a_total_that_was_not_seen_is_not_agreed_to(order, ada, cake):
    change = propose(order, item_pk=cake.pk)

    with pytest.raises(PriceChangedError):
        answer(change, ada, seen_total=Decimal(1))
    change.refresh_from_db()
    assert change.status == "proposed"


def test_an_answer_brings_the_other_questions_up_to_date(order, ada, cake):
    first = propose(order, "Margherita", item_pk=cake.pk)
    second = propose(order, "Tiramisu", item_pk=cake.pk)

    answer(first, ada)

    order.refresh_from_db()
    second.refresh_from_db()
    assert second.total_before == order.total
    answer(second, ada, seen_total=second.total_after)
    order.refresh_from_db()
    assert order.total == second.total_after == totals_of(order).total


def test_two_removals_cannot_empty_an_order(order, ada):
    first, second = propose(order, "Margherita"), propose(order, "Tiramisu")

    answer(first, ada)

    second.refresh_from_db()
    assert second.status == "withdrawn"
    with pytest.raises(AlreadyMovedError):
        answer(second, ada)
    assert order.lines.count() == 1


def test_the_only_line_cannot_be_left_out(ada, margherita):
    order = submit(fill_cart(ada, margherita), ada)

    with pytest.raises(LineChangeError, match="cancel the order"):
        propose(order, "Margherita")


def test_a_line_is_asked_about_once_at_a_time(order, cake):
    propose(order, item_pk=cake.pk)

    with pytest.raises(LineChangeError, match="already"):
        propose(order)


def test_a_line_of_another_order_is_refused(order, cake):
    ben = UserFactory()
    other = submit(fill_cart(ben, cake, 2), ben)

    with pytest.raises(LineChangeError):
        propose_line_change(
            order_pk=order.pk, line_pk=other.lines.get().pk, actor=KITCHEN
        )
    assert not LineChange.objects.exists()


@pytest.mark.parametrize(
    "state",
    [
        {"is_active": False},
        {"portions_left": 2},
        {"sold_out_until": timezone.now() + timedelta(days=1)},
    ],
)
def test_what_cannot_be_had_is_not_offered_instead(order, cake, state):
    type(cake).objects.filter(pk=cake.pk).update(**state)

    with pytest.raises(LineChangeError, match="can be had now"):
        propose(order, item_pk=cake.pk)


def test_another_restaurants_item_is_not_offered(order):
    with pytest.raises(LineChangeError, match="can be had now"):
        propose(order, item_pk=ItemFactory(name="Taco").pk)


def test_an_item_that_asks_for_a_choice_is_not_offered(order, cake):
    group = ModifierGroupFactory(restaurant=order.restaurant)
    ModifierFactory(group=group)
    offer(cake, group)

    with pytest.raises(LineChangeError, match="can be had now"):
        propose(order, item_pk=cake.pk)


@pytest.mark.parametrize("price", ["6.11", "-1", "5.005"])
def test_the_price_is_the_menus_or_lower(order, cake, price):
    with pytest.raises(LineChangeError) as refusal:
        propose(order, item_pk=cake.pk, unit_price=Decimal(price))
    assert refusal.value.code.startswith("price")


def test_a_lower_price_is_kept(order, ada, cake):
    change = propose(order, item_pk=cake.pk, unit_price=Decimal("2.00"))

    answer(change, ada)

    assert line_of(order, "Cake").amount == Decimal("6.00")


def test_an_accepted_replacement_takes_its_portions(order, ada, cake):
    type(cake).objects.filter(pk=cake.pk).update(portions_left=4)
    change = propose(order, item_pk=cake.pk)

    answer(change, ada)

    cake.refresh_from_db()
    assert cake.portions_left == 1


@pytest.mark.parametrize("state", [{"portions_left": 2}, {"portions_left": 0}])
def test_a_replacement_sold_out_meanwhile_ends_the_question(order, ada, cake, state):
    change = propose(order, item_pk=cake.pk)
    type(cake).objects.filter(pk=cake.pk).update(**state)

    with pytest.raises(ItemRefusedError, match="sold out meanwhile"):
        answer(change, ada)
    change.refresh_from_db()
    order.refresh_from_db()
    assert change.status == "withdrawn"
    assert line_of(order, "Tiramisu").quantity == 3
    assert order.total == totals_of(order).total


def test_a_restaurant_takes_its_question_back(order, ada, cake):
    change = propose(order, item_pk=cake.pk)

    withdraw_line_change(change_pk=change.pk)

    with pytest.raises(AlreadyMovedError, match="taken this question back"):
        answer(change, ada)


def test_an_answered_question_cannot_be_taken_back(order, ada, cake):
    change = propose(order, item_pk=cake.pk)
    answer(change, ada, "declined")

    with pytest.raises(AlreadyMovedError, match="answered already"):
        withdraw_line_change(change_pk=change.pk)


def test_what_is_ready_is_asked_about_no_longer(order, ada, cake):
    accept_order(order_pk=order.pk, actor=KITCHEN)
    change = propose(order, item_pk=cake.pk)

    mark_order_ready(order_pk=order.pk, actor=KITCHEN)

    change.refresh_from_db()
    assert change.status == "withdrawn"
    with pytest.raises(AlreadyMovedError, match="It is too late: the order is ready"):
        answer(change, ada)
    with pytest.raises(LineChangeError, match="not ready yet"):
        propose(order, item_pk=cake.pk)


def test_a_cancelled_order_is_asked_about_no_longer(order, ada, cake):
    change = propose(order, item_pk=cake.pk)

    cancel_order(
        order_pk=order.pk,
        actor=Actor(OrderEvent.Actor.CUSTOMER, ada),
        reason="mistake",
    )

    change.refresh_from_db()
    assert change.status == "withdrawn"


def test_an_order_that_is_being_ended_is_not_asked_about(order):
    hold_end(order_pk=order.pk, actor=KITCHEN, to_status="rejected", reason="sold_out")

    with pytest.raises(LineChangeError, match="being ended"):
        propose(order)


def test_a_pickup_can_be_changed_as_well(ada, margherita, cake):
    fill_cart(ada, margherita)
    order = submit(fill_cart(ada, cake), ada, fulfilment=Fulfilment.PICKUP)

    answer(propose(order, "Cake"), ada)

    order = Order.objects.get(pk=order.pk)
    assert order.total == totals_of(order).total
