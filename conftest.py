"""Fixtures that all apps share."""

import gc
from collections.abc import Iterator

import pytest
from django.utils import translation


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no worker is left with it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """Look for garbage among what tests make only: all that is imported stays."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _speak_the_usual_language() -> Iterator[None]:
    """Forget the language of the last visitor, who may have been Arab."""
    yield
    translation.deactivate()
