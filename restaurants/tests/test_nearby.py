import random
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest

from restaurants.exceptions import InvalidCursorError
from restaurants.geo import great_circle_distance, to_plane
from restaurants.models import TEN_MILES, Cuisine, Restaurant
from restaurants.selectors import (
    NearbyFilters,
    Sort,
    list_restaurants_near,
    ranking,
)
from restaurants.services import refresh_open_spans, refresh_search_document
from restaurants.tests.factories import RegionFactory, RestaurantFactory

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 20, tzinfo=UTC)
MISSION = {"latitude": 37.7599, "longitude": -122.4148}


def scatter(centre, *, count, degrees, seed=7, **fields):
    """Write restaurants around a centre; a third open, some with a small radius."""
    chance = random.Random(seed)
    region = RegionFactory()
    restaurants = []
    for number in range(count):
        latitude = max(-90, min(90, centre[0] + chance.uniform(-degrees, degrees)))
        spread = 180 if abs(centre[0]) > 89 else degrees
        longitude = centre[1] + chance.uniform(-spread, spread)
        longitude = (longitude + 180) % 360 - 180
        restaurants.append(
            Restaurant(
                region=region,
                name=f"Place {number}",
                slug=f"place-{seed}-{number}",
                status=Restaurant.Status.LIVE,
                latitude=latitude,
                longitude=longitude,
                location=to_plane(latitude, longitude),
                time_zone="UTC",
                delivery_radius=chance.choice([TEN_MILES, 5_000, 30_000]),
                preparation_minutes=chance.choice([10, 20, 30]),
                delivery_fee=Decimal(chance.choice([0, 2, 4])),
                rating_total=chance.choice([0, 45]),
                rating_count=10,
                **fields,
            )
        )
    Restaurant.objects.bulk_create(restaurants)
    for number, restaurant in enumerate(restaurants):
        if number % 3 == 0:
            restaurant.opening_hours.create(
                weekday=4, opens_at=time(0), closes_at=time(0)
            )
    refresh_open_spans(restaurant_pks=[r.pk for r in restaurants], now=NOON)
    return restaurants


def all_pages(*, limit=7, **kwargs):
    cursor, found = "", []
    while True:
        page = list_restaurants_near(moment=NOON, cursor=cursor, limit=limit, **kwargs)
        found += page.results
        cursor = page.next_cursor
        if not cursor:
            return found


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        (52.52, 13.405),
        (0.0, 0.0),
        (-16.8, 179.98),
        (-16.8, -179.99),
        (70.0, 180.0),
        (89.93, 20.0),
        (-89.95, -120.0),
    ],
)
def test_pages_show_open_ones_first_then_by_great_circle_distance(latitude, longitude):
    restaurants = scatter((latitude, longitude), count=160, degrees=0.25)

    found = all_pages(latitude=latitude, longitude=longitude)

    expected = []
    for number, restaurant in enumerate(restaurants):
        distance = great_circle_distance(
            latitude, longitude, restaurant.latitude, restaurant.longitude
        )
        if distance <= restaurant.delivery_radius:
            expected.append((number % 3 != 0, distance, restaurant.pk))
    assert len(expected) > 10
    assert [near.restaurant.pk for near in found] == [pk for *_, pk in sorted(expected)]
    assert [near.distance for near in found] == pytest.approx(
        [distance for _, distance, _ in sorted(expected)]
    )


@pytest.mark.parametrize("sort", Sort.values)
def test_every_sort_pages_through_all_of_them_once_in_order(sort):
    scatter((MISSION["latitude"], MISSION["longitude"]), count=60, degrees=0.05)

    found = all_pages(sort=Sort(sort), limit=9, **MISSION)

    whole = list_restaurants_near(moment=NOON, sort=Sort(sort), limit=99, **MISSION)
    pks = [near.restaurant.pk for near in found]
    assert len(pks) == len(set(pks)) > 40
    assert pks == [near.restaurant.pk for near in whole.results]


@pytest.mark.parametrize("latitude", [0.0, 52.52, -70.0])
@pytest.mark.parametrize("sort", Sort.values)
def test_where_the_nearest_do_not_settle_it_the_order_is_as_exact(
    latitude, sort, monkeypatch
):
    monkeypatch.setattr(ranking, "LOOK", 9)
    scattered = scatter((latitude, 10.0), count=90, degrees=0.1)
    scattered[0].preparation_week = [5] * 168
    scattered[1].fee_step_metres, scattered[1].fee_step_fees = [100.0], [Decimal(0)]
    Restaurant.objects.bulk_update(
        scattered[:2], ["preparation_week", "fee_step_metres", "fee_step_fees"]
    )
    values = {
        Sort.DISTANCE: lambda _one, _distance: 0,
        Sort.ARRIVAL: lambda one, distance: (
            one.preparation_minutes_at(NOON) + distance * ranking.MINUTES_PER_METRE
        ),
        Sort.RATING: lambda one, _distance: -one.rating_total / one.rating_count,
        Sort.FEE: lambda one, distance: one.delivery_fee_at(distance),
    }
    expected = []
    for number, one in enumerate(scattered):
        distance = great_circle_distance(latitude, 10.0, one.latitude, one.longitude)
        if distance <= one.delivery_radius:
            value = float(values[Sort(sort)](one, distance))
            expected.append((number % 3 != 0, value, distance, one.pk))

    found = all_pages(limit=3, latitude=latitude, longitude=10.0, sort=Sort(sort))

    assert len(expected) > 30
    assert [near.restaurant.pk for near in found] == [pk for *_, pk in sorted(expected)]


def test_restaurants_at_one_spot_are_all_shown_once():
    for _ in range(5):
        RestaurantFactory(**MISSION)

    found = all_pages(limit=2, **MISSION)

    pks = [near.restaurant.pk for near in found]
    assert pks == sorted(pks)
    assert len(pks) == 5


def test_none_is_lost_where_more_share_the_customers_spot_than_one_look_takes():
    pks = [RestaurantFactory(**MISSION).pk for _ in range(12)]

    found = all_pages(limit=2, **MISSION)

    assert [near.restaurant.pk for near in found] == pks


def test_a_desert_has_none():
    RestaurantFactory(**MISSION)

    assert (
        list_restaurants_near(latitude=23.4, longitude=25.7, moment=NOON).results == []
    )


def test_only_live_restaurants_that_reach_the_address_are_shown():
    RestaurantFactory(**MISSION, status=Restaurant.Status.PENDING)
    RestaurantFactory(latitude=37.80, longitude=-122.4148, delivery_radius=1000)
    reaches = RestaurantFactory(latitude=37.80, longitude=-122.4148)

    found = list_restaurants_near(moment=NOON, **MISSION).results

    assert [near.restaurant for near in found] == [reaches]


def test_a_paused_restaurant_is_listed_after_the_open_ones():
    paused = RestaurantFactory(**MISSION, paused_until=NOON + timedelta(hours=1))
    farther = RestaurantFactory(latitude=37.77, longitude=-122.4148)
    refresh_open_spans(restaurant_pks=[paused.pk, farther.pk], now=NOON)

    found = list_restaurants_near(moment=NOON, **MISSION).results

    assert [near.restaurant for near in found] == [farther, paused]
    assert found[1].orderability.code == "restaurant_paused"


def test_filters_narrow_the_list():
    thai = Cuisine.objects.create(slug="thai", name="Thai")
    match = RestaurantFactory(**MISSION, name="Café Señor")
    match.cuisines.add(thai)
    RestaurantFactory(**MISSION)
    refresh_search_document(restaurant_pk=match.pk, dish_names=["Pad Thai", "Larb"])

    for filters in (
        NearbyFilters(cuisine="thai"),
        NearbyFilters(text="cafe sen"),
        NearbyFilters(text="pad"),
        NearbyFilters(text="LARB"),
    ):
        found = list_restaurants_near(moment=NOON, filters=filters, **MISSION).results
        assert [near.restaurant for near in found] == [match]


def test_text_that_means_something_to_the_search_engine_is_harmless():
    for text in ("a & | !b", "'; --", ":* ()", "<->", "\\"):
        list_restaurants_near(moment=NOON, filters=NearbyFilters(text=text), **MISSION)


@pytest.mark.parametrize("cursor", ["x", "W10=", "WzEsMiwzLDQsNV0=", "é", "bnVsbA=="])
def test_a_cursor_nobody_gave_out_is_refused(cursor):
    with pytest.raises(InvalidCursorError):
        list_restaurants_near(moment=NOON, cursor=cursor, **MISSION)


@pytest.mark.parametrize("sort", Sort.values)
def test_the_query_count_does_not_grow_with_the_rows(
    sort, django_assert_max_num_queries
):
    scatter((MISSION["latitude"], MISSION["longitude"]), count=60, degrees=0.05)

    with django_assert_max_num_queries(5):
        list_restaurants_near(moment=NOON, sort=Sort(sort), limit=50, **MISSION)
