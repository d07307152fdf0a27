from typing import Any

from django import template

from menus import photos

register = template.Library()


@register.filter
def photo_srcset(photo: Any) -> str:
    """List a photo's sizes for a browser to choose from; nothing if it has none."""
    return photos.photo_srcset(photo)


@register.filter
def photo_url(photo: Any, width: int) -> str:
    """Return where a photo is, at least this wide if it can."""
    return photos.photo_url(photo, width)
