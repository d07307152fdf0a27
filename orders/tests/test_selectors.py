import base64
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from customers.tests.factories import UserFactory
from orders.exceptions import InvalidCursorError, NotReviewableError
from orders.figures import add_up_figures, get_daily_figures
from orders.models import Order
from orders.selectors import (
    get_order_for_visitor,
    list_open_orders_for_restaurants,
    list_orders_for_customer,
)
from orders.services import write_review
from orders.tests.factories import OrderFactory
from restaurants.tests.factories import RestaurantFactory

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_the_history_is_paged_newest_first_without_gaps(ada):
    restaurant = RestaurantFactory()
    # Pairs share an instant, so that the key decides.
    orders = [
        OrderFactory(
            customer=ada,
            restaurant=restaurant,
            placed_at=NOON + timedelta(minutes=number // 2),
        )
        for number in range(7)
    ]
    OrderFactory(restaurant=restaurant)

    seen, cursor = [], None
    while True:
        page = list_orders_for_customer(customer=ada, cursor=cursor, limit=3)
        seen += page.results
        cursor = page.next_cursor
        if cursor is None:
            break

    assert seen == orders[::-1]


def test_a_history_takes_the_same_queries_however_long(ada, django_assert_num_queries):
    restaurant = RestaurantFactory()
    for order in OrderFactory.create_batch(10, customer=ada, restaurant=restaurant):
        order.lines.create(
            name="Pizza",
            quantity=1,
            unit_price=Decimal(1),
            amount=Decimal(1),
            tax_rate=Decimal(0),
        )

    with django_assert_num_queries(2):
        list_orders_for_customer(customer=ada)


def cursor_of(text):
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        *("", "x", "WzEsMl0=", "bm90IGpzb24="),
        cursor_of("[" * 3000),
        cursor_of('["0001-01-01T00:00:00+23:59",1]'),
        cursor_of('["9999-12-31T23:59:59-23:59",1]'),
        cursor_of('["2026-11-20T20:00:00+00:00",' + "9" * 400 + "]"),
    ],
)
def test_a_cursor_of_somebodys_making_is_refused(ada, cursor):
    if cursor:
        with pytest.raises(InvalidCursorError):
            list_orders_for_customer(customer=ada, cursor=cursor)
    else:
        assert list_orders_for_customer(customer=ada, cursor=cursor).results == []


def test_another_customers_order_does_not_exist(ada):
    order = OrderFactory()

    with pytest.raises(Order.DoesNotExist):
        get_order_for_visitor(user=ada, guest_orders=[], public_id=order.public_id)


def test_a_restaurant_never_sees_an_order_waiting_for_payment(db):
    order = OrderFactory(status=Order.Status.PENDING_PAYMENT)

    restaurant = order.restaurant

    assert list_open_orders_for_restaurants(restaurants=[restaurant]) == []


def test_the_figures_reconcile_with_the_orders_to_the_cent(db):
    dice = random.Random(7)
    restaurants = RestaurantFactory.create_batch(3)
    by_day: dict[tuple[date, int], list[Order]] = defaultdict(list)
    for number in range(150):
        order = OrderFactory(
            restaurant=dice.choice(restaurants),
            number=number + 1,
            status=dice.choice(["delivered", "collected", "cancelled", "placed"]),
            fulfilment=dice.choice(["delivery", "pickup"]),
            latitude=0,
            longitude=0,
            subtotal=Decimal(dice.randrange(100, 9999)) / 100,
            tax=Decimal(dice.randrange(0, 99)) / 100,
            tip=Decimal(dice.randrange(0, 999)) / 100,
            delivery_fee=Decimal(dice.randrange(0, 500)) / 100,
            prices_include_tax=dice.random() < 0.5,
            placed_at=NOON - timedelta(days=dice.randrange(4)),
        )
        if order.status in Order.COMPLETED:
            by_day[order.service_day, order.restaurant_id].append(order)

    days = get_daily_figures(
        restaurants=None, since=date(2026, 11, 1), until=date(2026, 11, 30)
    )

    assert {(day.day, day.restaurant_pk) for day in days} == set(by_day)
    for day in days:
        orders = by_day[day.day, day.restaurant_pk]
        assert day.orders == len(orders)
        assert day.total == sum(order.total for order in orders)
        assert day.total == day.revenue + day.tax + day.delivery_fees + day.tips
        assert day.delivery_sales == sum(
            order.subtotal - (order.tax if order.prices_include_tax else 0)
            for order in orders
            if order.fulfilment == "delivery"
        )
    [marketplace] = add_up_figures(days)
    assert marketplace.orders == sum(map(len, by_day.values()))
    assert marketplace.total == sum(
        order.total for orders in by_day.values() for order in orders
    )


def test_the_figures_of_one_restaurant_hold_only_its_own(db):
    mine = OrderFactory(status="collected")
    OrderFactory(status="collected")
    day = mine.service_day

    [figures] = get_daily_figures(restaurants=[mine.restaurant], since=day, until=day)

    assert (figures.orders, figures.revenue) == (1, Decimal("12.50"))


def test_a_completed_order_is_rated_once(ada):
    order = OrderFactory(customer=ada, status="collected")

    write_review(order_pk=order.pk, customer=ada, food_rating=4)

    order.restaurant.refresh_from_db()
    assert order.restaurant.rating == Decimal(4)
    with pytest.raises(NotReviewableError):
        write_review(order_pk=order.pk, customer=ada, food_rating=1)


def test_only_ones_own_completed_orders_are_rated(ada):
    order = OrderFactory(customer=ada)

    with pytest.raises(NotReviewableError):
        write_review(order_pk=order.pk, customer=ada, food_rating=4)
    with pytest.raises(Order.DoesNotExist):
        write_review(order_pk=order.pk, customer=UserFactory(), food_rating=4)
