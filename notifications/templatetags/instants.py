from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils import formats

register = template.Library()


@register.filter
def clock(instant: str | datetime, time_zone: str) -> str:
    """Show the time of day of an instant (ISO text or aware) in a named zone."""
    moment = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    return formats.time_format(moment.astimezone(ZoneInfo(time_zone)), "H:i")
