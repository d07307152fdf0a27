"""Every write about restaurants."""

from datetime import datetime

from django.db.models import F

from restaurants.models import Restaurant
from restaurants.services.derived import (
    refresh_open_spans,
    refresh_search_document,
    refresh_stale_open_spans,
)

__all__ = [
    "pause_restaurant",
    "record_rating",
    "refresh_open_spans",
    "refresh_search_document",
    "refresh_stale_open_spans",
    "resume_restaurant",
]


def pause_restaurant(*, restaurant_pk: int, until: datetime) -> None:
    """Take no orders for moments before `until`; it ends by itself."""
    Restaurant.objects.filter(pk=restaurant_pk).update(paused_until=until)


def resume_restaurant(*, restaurant_pk: int) -> None:
    Restaurant.objects.filter(pk=restaurant_pk).update(paused_until=None)


def record_rating(
    *, restaurant_pk: int, rating: int, previous: int | None = None
) -> None:
    """Count a food rating of 1 to 5; `previous` is the one it replaces."""
    Restaurant.objects.filter(pk=restaurant_pk).update(
        rating_total=F("rating_total") + rating - (previous or 0),
        rating_count=F("rating_count") + (0 if previous else 1),
    )
