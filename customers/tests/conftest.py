from typing import Any

import pytest
from django.core.cache import cache


@pytest.fixture
def limits(settings: Any) -> None:
    """Count attempts, by counts of this test's own."""
    settings.LIMIT_ATTEMPTS = True
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    }
    cache.clear()
