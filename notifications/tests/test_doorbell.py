from collections.abc import Callable

import pytest
from celery import Celery

from notifications import doorbell
from notifications.doorbell import STILL_SECONDS, lane_queue, ring
from notifications.tasks import LINGER_SECONDS


@pytest.fixture
def count_rings(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Ring at a broker of the test's own; the function counts what a lane has heard."""
    app = Celery("bells", broker="memory://", set_as_current=False)
    monkeypatch.setattr(doorbell, "current_app", app)
    monkeypatch.setattr(doorbell, "_rung_at", {})

    def count(lane: str) -> int:
        with app.connection_for_read() as connection:
            bells = connection.SimpleQueue(lane_queue(lane))
            return int(bells.qsize())

    return count


def test_rings_of_one_moment_are_one_for_each_lane(
    count_rings: Callable[[str], int],
) -> None:
    for lane in ("bells-a", "bells-a", "bells-b"):
        ring(lane)

    assert (count_rings("bells-a"), count_rings("bells-b")) == (1, 1)


def test_a_later_ring_is_heard_again(
    count_rings: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ring("bells-c")
    monkeypatch.setattr(doorbell, "STILL_SECONDS", 0)
    ring("bells-c")

    assert count_rings("bells-c") == 2


def test_who_was_rung_for_is_awake_for_longer_than_rings_are_spared() -> None:
    assert STILL_SECONDS < LINGER_SECONDS
