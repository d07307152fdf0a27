"""A region may have queues and workers of its own."""

from notifications.lanes import lane_of, list_lanes
from notifications.models import Chunk, Event
from notifications.services.claiming import find_lanes_with_work
from notifications.services.publishing import publish
from notifications.tests.factories import RecipientFactory
from notifications.tests.topics import TEST_NEWS


def test_without_regions_there_is_a_lane_for_each_priority(settings):
    assert list_lanes() == ["critical", "standard", "bulk"]
    assert lane_of("bulk", "europe") == "bulk"


def test_region_with_lanes_of_its_own_is_worked_by_itself(db, settings):
    settings.NOTIFICATION_REGIONS = ["europe"]
    publish(
        TEST_NEWS,
        recipients=[RecipientFactory.create().pk],
        region="europe",
        key="k",
        context={"name": "Luigi", "what": "here"},
    )

    assert Event.objects.get().lane == Chunk.objects.get().lane == "standard.europe"
    assert find_lanes_with_work() == ["standard.europe"]
    assert "bulk.europe" in list_lanes()
