"""Reads about one restaurant."""

from restaurants.models import Restaurant
from restaurants.opening import WeeklySpan


def get_restaurant(*, slug: str) -> Restaurant:
    """Return a live restaurant with cuisines and hours loaded; DoesNotExist if none."""
    return (
        Restaurant.objects.live()
        .prefetch_related("cuisines", "opening_hours", "special_hours")
        .get(slug=slug)
    )


def list_week(restaurant: Restaurant) -> list[WeeklySpan]:
    """Return the weekly opening hours as they are in the database now, in order."""
    rows = restaurant.opening_hours.order_by("weekday", "opens_at")
    return [WeeklySpan(row.weekday, row.opens_at, row.closes_at) for row in rows]
