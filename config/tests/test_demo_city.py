"""The city that a newcomer finds: whole, believable to the code, and loaded once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Count, F, Sum
from django.utils import timezone

from customers.models import User
from menus.models import Item
from orders.figures import get_daily_figures
from orders.models import Order, OrderEvent, Review
from restaurants.availability import is_open
from restaurants.models import Restaurant


@pytest.fixture(scope="module")
def loaded_city(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load_demo_city", verbosity=0)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def city(loaded_city, db):
    """Give every test the city as it was loaded."""


def test_the_city_has_restaurants_of_many_kinds_that_all_have_an_owner(city):
    assert Restaurant.objects.live().count() == 61
    assert Restaurant.objects.get(status="pending").application
    assert Restaurant.objects.live().values("cuisines").distinct().count() == 15
    assert not Restaurant.objects.filter(memberships=None).exists()
    few = Restaurant.objects.live().annotate(dishes=Count("items")).filter(dishes__lt=6)
    assert not few.exists()


def test_the_city_is_not_loaded_over_anything(city):
    before = Restaurant.objects.count(), User.objects.count(), Order.objects.count()

    call_command("load_demo_city", if_empty=True, verbosity=0)
    with pytest.raises(CommandError):
        call_command("load_demo_city")

    after = Restaurant.objects.count(), User.objects.count(), Order.objects.count()
    assert after == before


def test_something_is_open_at_every_hour_of_the_week(city):
    restaurants = list(Restaurant.objects.all())
    now = timezone.now()

    for hour in range(7 * 24):
        moment = now + timedelta(hours=hour)
        assert sum(is_open(it, moment) for it in restaurants) >= 12


def test_what_a_dish_asks_for_can_be_chosen(city):
    items = Item.objects.prefetch_related("modifier_groups__modifiers__nested_groups")

    for item in items:
        for group in item.modifier_groups.all():
            assert len(group.modifiers.all()) >= max(group.max_choices, 1), item
            for modifier in group.modifiers.all():
                for nested in modifier.nested_groups.all():
                    assert nested.modifiers.count() >= nested.min_choices


def test_past_orders_look_as_the_services_would_have_left_them(city):
    assert Order.objects.count() == 427
    assert not Order.objects.filter(ended_at=None).exists()
    assert not Order.objects.exclude(status__in=Order.ENDED).exists()
    assert Order.objects.filter(placed_at__gt=timezone.now()).count() == 0
    wrong = Order.objects.annotate(sum=Sum("lines__amount")).exclude(sum=F("subtotal"))
    assert not wrong.exists()
    last = OrderEvent.objects.filter(to_status=F("order__status"))
    assert last.count() == 427


def test_ratings_are_those_of_the_reviews(city):
    for restaurant in Restaurant.objects.annotate(
        reviewed=Count("reviews"), stars=Sum("reviews__food_rating")
    ):
        assert restaurant.rating_count == restaurant.reviewed
        assert restaurant.rating_total == (restaurant.stars or 0)
    assert Review.objects.count() > 200


def test_figures_reconcile_with_the_orders(city):
    days = get_daily_figures(
        restaurants=None,
        since=datetime(2000, 1, 1, tzinfo=UTC).date(),
        until=timezone.localdate() + timedelta(days=1),
    )

    completed = Order.objects.filter(status__in=Order.COMPLETED)
    assert sum(day.orders for day in days) == completed.count()
    assert sum(day.revenue for day in days) == sum(it.subtotal for it in completed)
