from datetime import UTC, datetime, time, timedelta

import pytest

from restaurants.availability import check_orderability, list_order_slots
from restaurants.models import Fulfilment
from restaurants.services import refresh_open_spans
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db

HERE = (37.7599, -122.4148)
# Saturday 01:59 in San Francisco.
LAST_MINUTE = datetime(2026, 11, 21, 9, 59, tzinfo=UTC)


@pytest.fixture
def late_bar():
    bar = RestaurantFactory(hours=[(4, time(20), time(2))])
    refresh_open_spans(restaurant_pks=[bar.pk], now=LAST_MINUTE)
    bar.refresh_from_db()
    return bar


def ask(restaurant, moment, *, place=HERE, fulfilment=Fulfilment.DELIVERY):
    return check_orderability(
        restaurant, moment=moment, place=place, fulfilment=fulfilment
    )


def test_friday_until_two_takes_an_order_at_saturday_0159(late_bar):
    assert ask(late_bar, LAST_MINUTE).can_order


def test_friday_until_two_takes_none_at_saturday_0200(late_bar):
    answer = ask(late_bar, LAST_MINUTE + timedelta(minutes=1))

    assert answer.code == "restaurant_closed"
    assert answer.next_opening == datetime(2026, 11, 28, 4, tzinfo=UTC)


def test_out_of_range_is_told_with_the_distance(late_bar):
    answer = ask(late_bar, LAST_MINUTE, place=(38.2, -122.4148))

    assert answer.code == "out_of_range"
    assert answer.distance == pytest.approx(48_940, abs=50)


def test_pickup_needs_no_address(late_bar):
    assert ask(late_bar, LAST_MINUTE, place=None, fulfilment="pickup").can_order


def test_delivery_needs_an_address(late_bar):
    assert ask(late_bar, LAST_MINUTE, place=None).code == "place_unknown"


def test_what_is_not_offered_is_refused(late_bar):
    late_bar.offers_delivery = False
    late_bar.offers_pickup = False

    assert ask(late_bar, LAST_MINUTE).code == "fulfilment_not_offered"
    assert ask(late_bar, LAST_MINUTE, fulfilment="pickup").code == (
        "fulfilment_not_offered"
    )


def test_a_pause_is_told_with_its_end(late_bar):
    late_bar.paused_until = LAST_MINUTE + timedelta(seconds=30)

    answer = ask(late_bar, LAST_MINUTE)

    assert answer.code == "restaurant_paused"
    assert answer.next_opening == late_bar.paused_until


def test_a_restaurant_that_is_only_listed_takes_no_orders(late_bar):
    late_bar.takes_orders = False

    assert ask(late_bar, LAST_MINUTE).code == "restaurant_not_live"


def test_slots_lie_within_opening_hours(late_bar):
    thursday_noon = datetime(2026, 11, 19, 20, tzinfo=UTC)

    slots = list_order_slots(late_bar, now=thursday_noon)

    assert slots[0] == datetime(2026, 11, 21, 4, tzinfo=UTC)
    assert slots[-1] == datetime(2026, 11, 21, 9, 45, tzinfo=UTC)
    assert all(ask(late_bar, slot).can_order for slot in slots)
