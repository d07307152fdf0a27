"""Lanes: a queue and workers for each priority, and for regions with their own."""

from django.conf import settings

from notifications.models import Priority


def lane_of(priority: str, region: str = "") -> str:
    """Return the lane of a priority; a region's own where it has lanes."""
    if region and region in settings.NOTIFICATION_REGIONS:
        return f"{priority}.{region}"
    return str(priority)


def list_lanes() -> list[str]:
    """Return every lane that workers must serve."""
    return [
        lane_of(priority, region)
        for region in ("", *settings.NOTIFICATION_REGIONS)
        for priority in Priority.values
    ]
