from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.utils import timezone


@pytest.fixture
def limits(settings: Any) -> Iterator[None]:
    """Count attempts, by counts of this test's own, within one window of each."""
    settings.LIMIT_ATTEMPTS = True
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    }
    cache.clear()
    # Windows begin by the clock: one that ends meanwhile would forget its count.
    with time_machine.travel(timezone.now().replace(minute=1)):
        yield
