"""Every write about restaurants."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from restaurants.geo import to_plane
from restaurants.models import Restaurant
from restaurants.services.derived import (
    refresh_open_spans,
    refresh_search_document,
    refresh_stale_open_spans,
)

__all__ = [
    "approve_restaurant",
    "pause_restaurant",
    "record_rating",
    "refresh_open_spans",
    "refresh_restaurant",
    "refresh_search_document",
    "refresh_stale_open_spans",
    "resume_restaurant",
    "suspend_restaurant",
]


def pause_restaurant(*, restaurant_pk: int, until: datetime) -> None:
    """Take no orders for moments before `until`; it ends by itself."""
    Restaurant.objects.filter(pk=restaurant_pk).update(paused_until=until)


def resume_restaurant(*, restaurant_pk: int) -> None:
    Restaurant.objects.filter(pk=restaurant_pk).update(paused_until=None)


@transaction.atomic
def approve_restaurant(*, restaurant_pk: int) -> None:
    """List a restaurant that waits for it, or one that was suspended."""
    _set_status(restaurant_pk, Restaurant.Status.LIVE)


@transaction.atomic
def suspend_restaurant(*, restaurant_pk: int) -> None:
    """Take a restaurant off every list; orders under way go on."""
    _set_status(restaurant_pk, Restaurant.Status.SUSPENDED)


def _set_status(restaurant_pk: int, status: Restaurant.Status) -> None:
    restaurant = Restaurant.objects.select_for_update().get(pk=restaurant_pk)
    restaurant.status = status
    restaurant.save(update_fields=["status"])


@transaction.atomic
def refresh_restaurant(*, restaurant_pk: int) -> None:
    """Bring what the row derives in line; call it after any edit by hand."""
    restaurant = Restaurant.objects.select_for_update().get(pk=restaurant_pk)
    restaurant.location = to_plane(restaurant.latitude, restaurant.longitude)
    restaurant.save(update_fields=["location"])
    refresh_open_spans(restaurant_pks=[restaurant_pk])
    refresh_search_document(restaurant_pk=restaurant_pk)


def record_rating(
    *, restaurant_pk: int, rating: int, previous: int | None = None
) -> None:
    """Count a food rating of 1 to 5; `previous` is the one it replaces."""
    Restaurant.objects.filter(pk=restaurant_pk).update(
        rating_total=F("rating_total") + rating - (previous or 0),
        rating_count=F("rating_count") + (0 if previous else 1),
    )
