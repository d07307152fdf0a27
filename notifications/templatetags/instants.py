from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils import formats

register = template.Library()


@register.filter
def calendar_day(instant: str | datetime, time_zone: str) -> str:
    """Show the date of an instant (ISO text or aware) in a named zone."""
    moment = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    return formats.date_format(moment.astimezone(ZoneInfo(time_zone)), "DATE_FORMAT")


@register.filter
def clock(instant: str | datetime, time_zone: str) -> str:
    """Show the time of day of an instant (ISO text or aware) in a named zone."""
    moment = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    return formats.time_format(moment.astimezone(ZoneInfo(time_zone)), "TIME_FORMAT")


@register.filter
def day(instant: str | datetime, time_zone: str) -> str:
    """Show the day of an instant (ISO text or aware) in a named zone: 21 November."""
    moment = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    return formats.date_format(
        moment.astimezone(ZoneInfo(time_zone)), "MONTH_DAY_FORMAT"
    )
