"""The pages of figures: who sees them, what they answer, what they let download."""

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from customers.tests.factories import UserFactory
from menus.tests.factories import ItemFactory
from orders.models import Order, OrderLine
from orders.tests.factories import OrderFactory
from restaurants.models import Membership
from restaurants.tests.factories import MembershipFactory, RestaurantFactory

NOW = datetime(2026, 11, 21, 4, tzinfo=UTC)  # Friday, 20:00 in San Francisco
PARTS = ("sales", "service", "items", "guests")
PAGES = ("figures", "figures-csv", "orders-csv")


@pytest.fixture(autouse=True)
def _friday_evening():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def trattoria(db):
    return RestaurantFactory(name="Trattoria")


@pytest.fixture
def owner(client, trattoria):
    member = MembershipFactory(restaurant=trattoria)
    client.force_login(member.user)
    return member.user


def sell(restaurant, number=1, **changes):
    """Return an order that was collected an hour ago."""
    placed = changes.pop("placed_at", NOW - timedelta(hours=1))
    return OrderFactory(
        **{
            "restaurant": restaurant,
            "number": number,
            "status": Order.Status.COLLECTED,
            "placed_at": placed,
            "service_day": (placed - timedelta(hours=8)).date(),
            "accepted_at": placed + timedelta(minutes=2),
            "ready_at": placed + timedelta(minutes=20),
            "ended_at": placed + timedelta(minutes=25),
            **changes,
        }
    )


def address(restaurant, page="figures", query=""):
    return reverse(f"owner:{page}", args=[restaurant.pk]) + query


def read_csv(response):
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.parametrize("part", PARTS)
def test_the_owner_of_a_restaurant_without_orders_sees_friendly_pages(
    client, owner, trattoria, part
):
    for query in ("", "&period=today", "&period=year", "&by=hour", "&by=week"):
        page = client.get(address(trattoria, query=f"?part={part}{query}"))
        assert page.status_code == 200
        table = client.get(address(trattoria, "figures-csv", f"?part={part}{query}"))
        assert table.status_code == 200
        assert b"".join(table.streaming_content).startswith(b"\xef\xbb\xbf")


def test_the_page_shows_the_figures_and_the_table_under_the_charts(
    client, owner, trattoria
):
    sell(trattoria, subtotal=Decimal("40.00"), tax=Decimal("3.20"))

    page = client.get(address(trattoria, query="?period=7"))

    assert "$40.00" in page.text
    assert "$43.20" in page.text
    assert 'role="img"' in page.text
    assert [row.figures.orders for row in page.context["rows"]] == [0] * 6 + [1]


@pytest.mark.parametrize("name", PAGES)
def test_nobody_else_gets_at_a_restaurants_figures(client, trattoria, name):
    url = address(trattoria, name)

    assert client.get(url).status_code == 302
    for role in (Membership.Role.STAFF, Membership.Role.MANAGER):
        member = MembershipFactory(restaurant=trattoria, role=role)
        client.force_login(member.user)
        assert client.get(url).status_code == 404
    client.force_login(MembershipFactory().user)
    assert client.get(url).status_code == 404
    client.force_login(UserFactory())
    assert client.get(url).status_code == 302


@pytest.mark.parametrize(
    "query",
    [
        "?since=yesterday&until=2026-11-01",
        "?since=0001-01-01&until=0001-01-02",
        "?since=2026-11-02&until=2026-11-01",
        "?since=2001-01-01&until=2026-11-01",
        "?since=2026-11-02&until=9999-12-31",
        "?since=&until=",
        "?since=2026-11-01",
    ],
)
def test_days_that_make_no_sense_are_named_beside_the_field(
    client, owner, trattoria, query
):
    page = client.get(address(trattoria, query=query))

    assert page.status_code == 200
    assert page.context["asked"].form.errors
    assert page.context["asked"].period.days == 28
    assert client.get(address(trattoria, "figures-csv", query)).status_code == 200


@pytest.mark.parametrize("query", ["?period=eon", "?by=fortnight", "?part=secrets"])
def test_unknown_choices_give_the_usual_page(client, owner, trattoria, query):
    page = client.get(address(trattoria, query=query))

    assert page.status_code == 200
    assert page.context["asked"].part == "sales"


@pytest.mark.parametrize("part", PARTS)
def test_fifty_orders_take_as_many_queries_as_one(client, owner, trattoria, part):
    item = ItemFactory(section__menu__restaurant=trattoria)
    url = address(trattoria, query=f"?part={part}")

    def sell_and_count(numbers):
        for number in numbers:
            order = sell(trattoria, number, customer=UserFactory())
            OrderLine.objects.create(
                order=order,
                item=item,
                name=item.name,
                quantity=1,
                unit_price=order.subtotal,
                amount=order.subtotal,
                tax_rate=0,
            )
        client.get(url)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(url)
        return len(queries)

    one = sell_and_count([1])

    assert sell_and_count(range(2, 51)) == one
    assert one <= 20


def test_the_orders_one_by_one_add_up_to_the_figures(client, owner, trattoria):
    for number in range(1, 30):
        sell(
            trattoria,
            number,
            status="delivered" if number % 3 else "rejected",
            fulfilment="delivery",
            latitude=0,
            longitude=0,
            subtotal=Decimal(number * 137) / 100,
            tax=Decimal(number * 11) / 100,
            tip=Decimal(number) / 100,
            delivery_fee=Decimal("3.99"),
            prices_include_tax=number % 2 == 0,
            refunded=Decimal(number * 41) / 100,
            placed_at=NOW - timedelta(days=number),
        )

    page = client.get(address(trattoria, query="?period=28"))
    rows = read_csv(client.get(address(trattoria, "orders-csv", "?period=28")))
    table = read_csv(client.get(address(trattoria, "figures-csv", "?period=28")))

    [total] = page.context["sums"]
    assert total.orders == len(rows) == 18
    for name, amount in (
        ("Revenue", total.revenue),
        ("Tax", total.tax),
        ("Total", total.total),
    ):
        assert sum(Decimal(row[name]) for row in rows) == amount
        assert sum(Decimal(row[name]) for row in table) == amount
    assert sum(Decimal(row["Refunded"]) for row in rows) == total.refunds > 0
    assert total.total == total.revenue + total.tax + total.delivery_fees + total.tips


def test_amounts_in_a_file_have_the_currencys_own_places(client, owner, trattoria):
    trattoria.currency = "JPY"
    trattoria.save()
    sell(trattoria, currency="JPY", subtotal=Decimal(1200))

    [row] = read_csv(client.get(address(trattoria, "orders-csv")))

    assert (row["Revenue"], row["Currency"]) == ("1200", "JPY")
    assert row["Placed at"] == "2026-11-20T19:00:00-08:00"


def test_a_spreadsheet_runs_nothing_that_stands_in_a_file(client, owner, trattoria):
    ItemFactory(section__menu__restaurant=trattoria, name="=HYPERLINK(1)")

    [row] = read_csv(client.get(address(trattoria, "figures-csv", "?part=items")))

    assert row["Item"] == "'=HYPERLINK(1)"


def test_an_owner_of_two_sees_both_beside_each_other_and_no_third(
    client, owner, trattoria
):
    second = MembershipFactory(user=owner, restaurant__name="Osteria").restaurant
    third = RestaurantFactory(name="Taverna")
    for restaurant in (trattoria, second, third):
        sell(restaurant)

    page = client.get(reverse("owner:figures-all"))

    assert {row.name for row in page.context["rows"]} == {"Trattoria", "Osteria"}
    assert "Taverna" not in page.text
    assert len(read_csv(client.get(reverse("owner:figures-all") + "?csv=1"))) == 2
    assert "Osteria" in client.get(address(trattoria)).text


def test_operators_see_the_whole_marketplace_by_currency(client, trattoria):
    sell(trattoria, subtotal=Decimal(40))
    sell(RestaurantFactory(currency="EUR"), currency="EUR", subtotal=Decimal(30))
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    url = reverse("admin:orders_order_figures")

    page = client.get(url)

    assert [
        (total.currency, total.revenue)
        for total in sorted(page.context["sums"], key=lambda total: total.currency)
    ] == [("EUR", 30), ("USD", 40)]
    assert len(page.context["restaurants"]) == 2
    assert client.get(f"{url}?by=hour&period=year").status_code == 200
    assert len(read_csv(client.get(f"{url}?csv=1"))) == 2


def test_who_may_not_see_orders_does_not_see_the_marketplaces_figures(client, db):
    client.force_login(UserFactory(is_staff=True))

    assert client.get(reverse("admin:orders_order_figures")).status_code == 403
