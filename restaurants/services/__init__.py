"""Every write about restaurants."""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from restaurants.availability import is_paused
from restaurants.geo import to_plane
from restaurants.live import ring_board
from restaurants.models import UNTIL_FURTHER_NOTICE, Restaurant
from restaurants.notifications import PAUSED_AFTER_MISSES, tell_people
from restaurants.services.derived import (
    refresh_open_spans,
    refresh_search_document,
    refresh_search_documents,
    refresh_search_words,
    refresh_stale_open_spans,
)

__all__ = [
    "count_missed_order",
    "end_busy",
    "forget_missed_orders",
    "pause_restaurant",
    "record_rating",
    "refresh_open_spans",
    "refresh_restaurant",
    "refresh_search_document",
    "refresh_search_documents",
    "refresh_search_words",
    "refresh_stale_open_spans",
    "resume_restaurant",
    "start_busy",
]

MOST_MISSED = 3


@transaction.atomic
def pause_restaurant(*, restaurant_pk: int, until: datetime) -> bool:
    """Take no orders for moments before `until`; it ends by itself.

    Return whether orders were taken until now.
    """
    restaurant = _lock(restaurant_pk)
    was_paused = is_paused(restaurant, timezone.now())
    restaurant.paused_until = until
    restaurant.pause_reason = Restaurant.PauseReason.OWNER
    restaurant.save(update_fields=["paused_until", "pause_reason"])
    ring_board(restaurant_pk)
    return not was_paused


def resume_restaurant(*, restaurant_pk: int) -> None:
    """Take orders again; what was missed before is forgotten."""
    Restaurant.objects.filter(pk=restaurant_pk).update(
        paused_until=None, pause_reason="", missed_in_a_row=0
    )
    ring_board(restaurant_pk)


@transaction.atomic
def start_busy(*, restaurant_pk: int, minutes: int, until: datetime) -> bool:
    """Promise `minutes` more for what is ordered before `until`.

    Return whether customers wait longer than they did until now.
    """
    restaurant = _lock(restaurant_pk)
    before = restaurant.busy_minutes_at(timezone.now())
    restaurant.busy_minutes, restaurant.busy_until = minutes, until
    restaurant.save(update_fields=["busy_minutes", "busy_until"])
    ring_board(restaurant_pk)
    return minutes > before


def end_busy(*, restaurant_pk: int) -> None:
    Restaurant.objects.filter(pk=restaurant_pk).update(busy_minutes=0, busy_until=None)
    ring_board(restaurant_pk)


def _lock(restaurant_pk: int) -> Restaurant:
    rows = Restaurant.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("region").get(pk=restaurant_pk)


@transaction.atomic
def count_missed_order(*, restaurant_pk: int) -> None:
    """Count an order that nobody answered; the third in a row pauses the restaurant."""
    restaurant = _lock(restaurant_pk)
    restaurant.missed_in_a_row += 1
    fields = ["missed_in_a_row"]
    now = timezone.now()
    if restaurant.missed_in_a_row >= MOST_MISSED and not is_paused(restaurant, now):
        restaurant.paused_until = UNTIL_FURTHER_NOTICE
        restaurant.pause_reason = Restaurant.PauseReason.MISSED
        fields += ["paused_until", "pause_reason"]
        tell_people(PAUSED_AFTER_MISSES, restaurant, key=now.isoformat())
        ring_board(restaurant_pk)
    restaurant.save(update_fields=fields)


def forget_missed_orders(*, restaurant_pk: int) -> None:
    """Start counting anew, since somebody answered."""
    Restaurant.objects.filter(pk=restaurant_pk, missed_in_a_row__gt=0).update(
        missed_in_a_row=0
    )


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
