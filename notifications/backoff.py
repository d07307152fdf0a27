"""How long to wait before the next attempt (pure)."""

import random
from datetime import timedelta

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=10)


def retry_after(
    attempt_count: int,
    *,
    longest: timedelta = LONGEST_WAIT,
    chance: float | None = None,
) -> timedelta:
    """Return a wait between zero and the doubled bound: exponential, full jitter.

    `chance` is in [0, 1]; random when not given. After Brooker, "Exponential Backoff
    And Jitter", AWS Architecture Blog, 2015.
    """
    # The exponent is bounded so that a corrupt count cannot overflow.
    doublings: int = 2 ** min(attempt_count - 1, 20)
    bound = min(longest, FIRST_WAIT * doublings)
    if chance is None:
        chance = random.random()  # noqa: S311 - spreads load, guards nothing
    return bound * chance
