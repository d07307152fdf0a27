from datetime import time

import pytest

from restaurants.validators import DayHours, find_overlap

LUNCH = (0, time(11), time(15))
DINNER = (0, time(17), time(22))
SUNDAY_NIGHT = (6, time(20), time(2))


@pytest.mark.parametrize(
    ("hours", "overlap"),
    [
        ([], None),
        ([LUNCH, DINNER], None),
        ([LUNCH, (0, time(15), time(17)), DINNER], None),
        ([LUNCH, (0, time(14), time(18))], (LUNCH, (0, time(14), time(18)))),
        ([SUNDAY_NIGHT, LUNCH], None),
        (
            [SUNDAY_NIGHT, (0, time(1), time(3))],
            (SUNDAY_NIGHT, (0, time(1), time(3))),
        ),
        ([(day, time(0), time(0)) for day in range(7)], None),
    ],
)
def test_spans_that_overlap_are_found(
    hours: list[DayHours], overlap: tuple[DayHours, DayHours] | None
) -> None:
    assert find_overlap(hours) == overlap
