"""Figures against numbers worked out by hand, and against the orders themselves."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.tests.factories import UserFactory
from menus.tests.factories import ItemFactory
from orders import figures
from orders.figures.periods import (
    Grouping,
    Period,
    custom_period,
    named_period,
    split,
    usual_grouping,
)
from orders.models import Order, OrderLine, Review
from orders.pricing import tax_in_refund
from orders.tests.factories import OrderFactory
from restaurants.estimating import Suggestion
from restaurants.tests.factories import RestaurantFactory

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
FRIDAY = date(2026, 11, 20)
WEEK = Period(date(2026, 11, 14), FRIDAY)
PLACE = {"fulfilment": "delivery", "latitude": 0, "longitude": 0}
MINUTE = timedelta(minutes=1)
_numbers = iter(range(1, 1_000_000))


@pytest.fixture
def trattoria(db):
    return RestaurantFactory()


def at(hour, minute=0, day=FRIDAY):
    """Return a moment by San Francisco's clock."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=LOS_ANGELES)


def sell(restaurant, placed_at, **changes):
    """Return a collected order: accepted after 2 minutes, ready after 20."""
    placed_at = placed_at.astimezone(UTC)
    zone = ZoneInfo(restaurant.time_zone)
    return OrderFactory(
        **{
            "restaurant": restaurant,
            "number": next(_numbers),
            "status": Order.Status.COLLECTED,
            "placed_at": placed_at,
            "service_day": placed_at.astimezone(zone).date(),
            "accepted_at": placed_at + 2 * MINUTE,
            "ready_at": placed_at + 22 * MINUTE,
            "ended_at": placed_at + 25 * MINUTE,
            **changes,
        }
    )


def turn_down(restaurant, placed_at, status="rejected", **changes):
    ended = {"accepted_at": None, "ready_at": None, "status": status}
    return sell(restaurant, placed_at, **{**ended, **changes})


def sums_of(restaurant, period):
    days = figures.list_figures_by_day(restaurants=[restaurant], periods=[period])
    return figures.figures_in(days, restaurant.currency)


@pytest.mark.parametrize(
    ("period", "before"),
    [
        (named_period("today", FRIDAY), Period(date(2026, 11, 19), date(2026, 11, 19))),
        (named_period("7", FRIDAY), Period(date(2026, 11, 7), date(2026, 11, 13))),
        (named_period("28", FRIDAY), Period(date(2026, 9, 26), date(2026, 10, 23))),
        (
            named_period("month", FRIDAY),
            Period(date(2026, 10, 1), date(2026, 10, 20), 1),
        ),
        # All of February, beside all of January.
        (
            named_period("last_month", date(2026, 3, 31)),
            Period(date(2026, 1, 1), date(2026, 1, 31), 1),
        ),
        # The 31st has no like in the month before.
        (
            named_period("month", date(2026, 3, 30)),
            Period(date(2026, 2, 1), date(2026, 2, 28), 1),
        ),
        (
            named_period("year", FRIDAY),
            Period(date(2024, 12, 1), date(2025, 11, 20), 12),
        ),
        (
            custom_period(date(2026, 1, 1), date(2026, 3, 31)),
            Period(date(2025, 10, 1), date(2025, 12, 31), 3),
        ),
        (
            custom_period(date(2026, 3, 5), date(2026, 3, 6)),
            Period(date(2026, 3, 3), date(2026, 3, 4)),
        ),
    ],
)
def test_a_period_is_compared_with_the_one_before(period, before):
    assert period.before() == before


@given(
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.integers(0, 400),
    st.sampled_from([Grouping.DAY, Grouping.WEEK, Grouping.MONTH]),
)
def test_the_parts_of_a_period_are_all_its_days_once(since, days, grouping):
    period = Period(since, since + timedelta(days=days))

    parts = split(period, grouping)

    assert parts[0].since == period.since
    assert parts[-1].until == period.until
    assert sum(part.days for part in parts) == period.days
    if grouping is Grouping.WEEK:
        assert all(part.since.weekday() == 0 for part in parts[1:])
    assert usual_grouping(period) in Grouping


def test_an_order_late_at_night_counts_on_the_restaurants_own_day(trattoria):
    sell(trattoria, at(23, 30))
    sell(trattoria, at(0, 30, day=FRIDAY + timedelta(days=1)))

    assert sums_of(trattoria, Period(FRIDAY, FRIDAY)).orders == 1


def test_hours_are_those_of_the_clock_on_the_day_it_is_set_back(trattoria):
    # 1:30 comes twice on the first of November: an hour apart, and the same hour.
    first = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
    for moment in (first, first + timedelta(hours=1), first + timedelta(hours=2)):
        sell(trattoria, moment)

    hours = figures.list_figures_by_hour_of_week(
        restaurant=trattoria, period=Period(date(2026, 11, 1), date(2026, 11, 1))
    )

    sunday = 6 * 24
    assert [(hour.key, hour.orders) for hour in hours] == [
        (sunday + 1, 2),
        (sunday + 2, 1),
    ]


def test_half_hour_zones_have_their_own_hours(db):
    dhaba = RestaurantFactory(time_zone="Asia/Kolkata", currency="INR")
    # Monday 00:10 in India is still Sunday in Greenwich.
    sell(dhaba, datetime(2026, 11, 15, 18, 40, tzinfo=UTC), currency="INR")

    [hour] = figures.list_figures_by_hour_of_week(restaurant=dhaba, period=WEEK)

    assert hour.key == 0


def test_revenue_average_and_delivery_sales_by_hand(trattoria):
    sell(trattoria, at(12), subtotal=Decimal("10.00"), tax=Decimal("0.80"))
    sell(
        trattoria,
        at(13),
        subtotal=Decimal("21.70"),
        tax=Decimal("1.70"),
        prices_include_tax=True,
        status="delivered",
        delivery_fee=Decimal("3.99"),
        tip=Decimal(2),
        **PLACE,
    )
    sell(trattoria, at(14), subtotal=Decimal("0.01"))
    turn_down(trattoria, at(15), subtotal=Decimal(99))
    sell(trattoria, at(16), subtotal=Decimal(99), is_test=True)
    sell(trattoria, at(17), subtotal=Decimal(99), status="pending_payment")

    sums = sums_of(trattoria, WEEK)

    assert (sums.orders, sums.delivery_orders) == (3, 1)
    assert sums.revenue == Decimal("30.01")
    assert sums.delivery_sales == Decimal("20.00")
    assert sums.tax == Decimal("2.50")
    assert sums.total == Decimal("38.50")
    assert sums.average == Decimal("10.00")


def test_refunds_leave_revenue_and_tax_on_the_orders_own_day(trattoria):
    # A third of it given back, and with it a third of the tax: 0.27 of 0.80.
    sell(
        trattoria,
        at(12),
        subtotal=Decimal("10.00"),
        tax=Decimal("0.80"),
        tip=Decimal(2),
        refunded=Decimal("3.60"),
        status="delivered",
        **PLACE,
    )

    sums = sums_of(trattoria, WEEK)
    today, _then = figures.get_glances(restaurant=trattoria, now=at(20))

    assert sums.refunds == Decimal("3.60")
    assert (sums.revenue, sums.tax) == (Decimal("6.67"), Decimal("0.53"))
    assert sums.delivery_sales == sums.revenue == today.figures.revenue
    assert sums.total == Decimal("9.20")


def test_an_order_given_back_in_full_earns_nothing(trattoria):
    money = {"subtotal": Decimal("10.00"), "tax": Decimal("0.83")}
    sell(trattoria, at(12), **money, refunded=Decimal("10.83"))
    sell(trattoria, at(13), **money, prices_include_tax=True, refunded=Decimal("10.00"))

    sums = sums_of(trattoria, WEEK)

    assert (sums.revenue, sums.tax, sums.total) == (0, 0, 0)


def test_the_average_is_rounded_half_up_to_the_currencys_own_unit(db):
    sushi = RestaurantFactory(currency="JPY")
    for yen in (1000, 1001):
        sell(sushi, at(12), currency="JPY", subtotal=Decimal(yen))

    assert sums_of(sushi, WEEK).average == Decimal(1001)
    assert figures.FiguresTotal(currency="JPY").average is None


ORDERS = st.lists(
    st.tuples(
        st.integers(0, 99_999),
        st.integers(0, 999),
        st.integers(0, 500),
        st.booleans(),
        st.booleans(),
        st.integers(0, 24 * 9),
        st.integers(0, 100),
    ),
    max_size=8,
)


def refunded_tax(order):
    return tax_in_refund(
        order.refunded,
        subtotal=order.subtotal,
        tax=order.tax,
        prices_include_tax=order.prices_include_tax,
        currency=order.currency,
    )


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(orders=ORDERS, currency=st.sampled_from(["USD", "JPY"]))
def test_every_figure_reconciles_with_the_orders(db, orders, currency):
    unit = Decimal("0.01") if currency == "USD" else Decimal(1)
    trattoria = RestaurantFactory(currency=currency)
    sold = [
        sell(
            trattoria,
            at(12) - timedelta(hours=hours),
            currency=currency,
            subtotal=subtotal * unit,
            tax=min(tax, subtotal) * unit,
            tip=tip * unit,
            prices_include_tax=included,
            status="delivered" if delivered else "collected",
            refunded=subtotal * part // 100 * unit,
            **(PLACE if delivered else {}),
        )
        for subtotal, tax, tip, included, delivered, hours, part in orders
    ]
    sold = [order for order in sold if order.service_day >= WEEK.since]

    by_day = sums_of(trattoria, WEEK)
    by_hour = figures.figures_in(
        figures.list_figures_by_hour_of_week(restaurant=trattoria, period=WEEK),
        currency,
    )

    assert by_day == by_hour
    assert by_day.orders == len(sold)
    assert by_day.total == sum(order.total - order.refunded for order in sold)
    assert by_day.refunds == sum(order.refunded for order in sold)
    assert by_day.total == (
        by_day.revenue + by_day.tax + by_day.delivery_fees + by_day.tips
    )
    assert by_day.tax == sum(order.tax - refunded_tax(order) for order in sold)
    assert by_day.revenue == sum(
        order.subtotal
        - (order.tax if order.prices_include_tax else 0)
        - order.refunded
        + refunded_tax(order)
        for order in sold
    )


def test_today_stands_beside_the_same_weekday_up_to_the_same_hour(trattoria):
    last_week = FRIDAY - timedelta(days=7)
    sell(trattoria, at(18), subtotal=Decimal(30))
    turn_down(trattoria, at(18, 30))
    sell(trattoria, at(19, 50), status="accepted", ended_at=None)
    sell(trattoria, at(18, day=last_week), subtotal=Decimal(20))
    sell(trattoria, at(19, 50, day=last_week), subtotal=Decimal(40))
    turn_down(trattoria, at(21, day=last_week))

    today, then = figures.get_glances(restaurant=trattoria, now=at(20))

    assert (today.figures.orders, today.figures.revenue) == (1, 30)
    assert today.acceptance == pytest.approx(2 / 3)
    assert (then.day, then.figures.orders) == (last_week, 1)
    assert then.figures.revenue == 20
    # The one accepted at 19:52 was not finished by 20:00, but it was accepted.
    assert (then.accepted, then.asked) == (2, 2)
    assert figures.count_orders_in_hand(restaurant=trattoria) == 1


def service_of(restaurant, period=WEEK, before=None):
    return figures.get_service(
        restaurants=[restaurant],
        period=period,
        before=before or period.before(),
        minutes_to_answer=restaurant.answer_minutes,
    )


def test_what_customers_took_back_does_not_count_against_acceptance(trattoria):
    for hour in range(10, 16):
        sell(trattoria, at(hour))
    turn_down(trattoria, at(16), end_reason="too_busy", end_actor="restaurant")
    cancelled = {"status": "cancelled", "accepted_at": None}
    turn_down(trattoria, at(17), **cancelled, end_reason="no_response")
    turn_down(trattoria, at(18), **cancelled, end_actor="customer")
    turn_down(trattoria, at(18), **cancelled, end_actor="restaurant")
    # Cancelled after it was accepted: it was accepted.
    sell(trattoria, at(19), status="cancelled", end_actor="restaurant")

    service, before = service_of(trattoria)

    assert (service.accepted, service.refused, service.missed) == (7, 2, 1)
    assert service.acceptance == pytest.approx(0.7)
    assert before.acceptance is None


def test_times_are_medians_and_those_for_later_do_not_distort_them(trattoria):
    for minutes in (1, 3, 8):
        order = sell(trattoria, at(12))
        order.accepted_at = order.placed_at + minutes * MINUTE
        order.ready_at = order.accepted_at + 10 * minutes * MINUTE
        order.save()
    # Placed the evening before, to be answered from opening at 11:00.
    sell(
        trattoria,
        at(22, day=FRIDAY - timedelta(days=1)),
        service_day=FRIDAY,
        scheduled_for=at(18),
        answer_by=at(11, 10),
        accepted_at=at(11, 3),
        ready_at=at(17, 50),
        ended_at=at(18),
    )

    service, _before = service_of(trattoria)

    assert service.answering.median == 3 * MINUTE
    assert service.answering.ninety == 8 * MINUTE
    assert service.preparing.median == 30 * MINUTE
    assert service.delivering.median is None


def test_a_promise_is_kept_up_to_the_end_of_the_window(trattoria):
    for late in (-5, 0, 4, 10):
        order = sell(trattoria, at(12), status="delivered", **PLACE)
        order.out_at = order.promised_until - 12 * MINUTE
        order.ended_at = order.promised_until + late * MINUTE
        order.save()

    service, _before = service_of(trattoria)

    assert service.promise == pytest.approx(0.5)
    assert service.late.median == 4 * MINUTE
    assert service.delivering.median == 12 * MINUTE


def test_ends_are_counted_by_reason_and_by_whom(trattoria):
    for _ in range(2):
        turn_down(trattoria, at(12), end_reason="sold_out", end_actor="restaurant")
    turn_down(
        trattoria, at(12), "cancelled", end_reason="mistake", end_actor="customer"
    )
    turn_down(
        trattoria,
        at(12, day=WEEK.before().since),
        end_reason="sold_out",
        end_actor="restaurant",
    )

    reasons = figures.list_end_reasons(
        restaurants=[trattoria], period=WEEK, before=WEEK.before()
    )

    assert [(row.reason, row.actor, row.orders, row.orders_before) for row in reasons]
    assert (reasons[0].reason, reasons[0].orders) == ("sold_out", 2)
    assert reasons[0].orders_before == 1
    assert (reasons[1].reason, reasons[1].actor) == ("mistake", "customer")


def test_a_suggestion_is_what_three_quarters_were_ready_in(trattoria):
    for minutes in (10, 12, 21, 50):
        order = sell(trattoria, at(18, 10))
        order.ready_at = order.accepted_at + minutes * MINUTE
        order.save()
    for hour in (12, 13):
        sell(trattoria, at(hour))
    for _ in range(3):
        sell(trattoria, at(19), scheduled_for=at(20))
        sell(trattoria, at(18, day=FRIDAY - timedelta(days=35)))

    suggested = figures.suggest_preparation(trattoria, at(21))

    assert suggested == {4 * 24 + 18: Suggestion(minutes=25, orders=4)}


def add_line(order, item, quantity=1, price=Decimal("12.50"), **changes):
    OrderLine.objects.create(
        **{
            "order": order,
            "item": item,
            "name": item.name if item else "Gone",
            "quantity": quantity,
            "unit_price": price,
            "amount": price * quantity,
            "tax_rate": 0,
            **changes,
        }
    )


def test_items_add_up_to_the_subtotals_and_the_unsold_are_named(trattoria):
    margherita = ItemFactory(section__menu__restaurant=trattoria)
    unsold = ItemFactory(section=margherita.section, name="Anchovy")
    ItemFactory(section=margherita.section, name="Hidden", is_active=False)
    order = sell(trattoria, at(12), subtotal=Decimal("45.50"))
    add_line(order, margherita, quantity=3)
    add_line(order, None, price=Decimal(8))
    add_line(turn_down(trattoria, at(12)), margherita)
    add_line(sell(trattoria, at(12, day=WEEK.before().since)), margherita)

    items = figures.list_item_sales(
        restaurant=trattoria, period=WEEK, before=WEEK.before()
    )

    assert [(item.name, item.quantity, item.quantity_before) for item in items] == [
        ("Margherita", 3, 1),
        ("Gone", 1, 0),
        (unsold.name, 0, 0),
    ]
    assert sum(item.amount for item in items) == order.subtotal
    assert [item.is_on_menu for item in items] == [True, False, True]


def test_guests_are_new_when_their_first_order_here_is_in_the_period(trattoria):
    regular, newcomer, lost = (UserFactory() for _ in range(3))
    earlier = at(12, day=WEEK.before().since)
    for customer, moment in (
        (regular, earlier),
        (regular, at(12)),
        (regular, at(13)),
        (newcomer, at(12)),
        (lost, earlier),
    ):
        sell(trattoria, moment, customer=customer)
    # Elsewhere, and an order that was not completed, make nobody a regular.
    sell(RestaurantFactory(), earlier, customer=newcomer)
    turn_down(trattoria, earlier, customer=newcomer)
    sell(trattoria, at(12), customer=None)

    now, before = figures.count_guests(
        restaurant=trattoria, period=WEEK, before=WEEK.before()
    )

    assert (now.new, now.returning) == (1, 1)
    assert (before.new, before.returning) == (2, 0)


def test_who_orders_as_a_guest_is_known_by_their_email(trattoria):
    earlier = at(12, day=WEEK.before().since)

    def guest(email):
        return UserFactory(is_guest=True, email=email)

    sell(trattoria, earlier, customer=guest("gus@example.com"))
    sell(trattoria, at(12), customer=guest("Gus@example.com"))
    sell(trattoria, at(13), customer=guest("gus@example.com"))
    sell(trattoria, at(12), customer=guest("eve@example.com"))
    sell(trattoria, at(13), customer=guest("eve@example.com"))
    # Nothing is known of two who were forgotten.
    sell(trattoria, at(12), customer=guest(""))
    sell(trattoria, at(12), customer=guest(""))

    now, before = figures.count_guests(
        restaurant=trattoria, period=WEEK, before=WEEK.before()
    )

    assert (now.new, now.returning) == (3, 1)
    assert (before.new, before.returning) == (1, 0)


def test_ratings_are_those_written_on_the_restaurants_own_days(trattoria):
    for food, delivery, moment in (
        (5, 4, at(23, 30)),
        (4, None, at(12)),
        (1, 1, at(0, 30, day=FRIDAY + timedelta(days=1))),
    ):
        Review.objects.create(
            order=sell(trattoria, at(12)),
            restaurant=trattoria,
            food_rating=food,
            delivery_rating=delivery,
            created_at=moment,
        )

    ratings = figures.get_ratings(restaurant=trattoria, period=WEEK)

    assert figures.average_stars(ratings.food) == Decimal("4.5")
    assert (ratings.food[5], ratings.food[4], ratings.food[1]) == (1, 1, 0)
    assert dict(ratings.delivery) == {4: 1}
    assert figures.average_stars(type(ratings.food)()) is None


def test_a_restaurants_figures_hold_nothing_of_anothers(trattoria):
    other = RestaurantFactory()
    order = sell(other, at(12))
    add_line(order, ItemFactory(section__menu__restaurant=other))
    turn_down(other, at(13))

    assert sums_of(trattoria, WEEK).orders == 0
    assert service_of(trattoria)[0] == figures.Service()
    assert not figures.list_end_reasons(
        restaurants=[trattoria], period=WEEK, before=WEEK.before()
    )
    assert not figures.list_item_sales(
        restaurant=trattoria, period=WEEK, before=WEEK.before()
    )
    assert not figures.suggest_preparation(trattoria, at(20))
    guests, _before = figures.count_guests(
        restaurant=trattoria, period=WEEK, before=WEEK.before()
    )
    assert guests.all == 0
