from collections.abc import Mapping
from decimal import Decimal

from django import template

register = template.Library()


@register.filter
def typed_price(price: Decimal, places: int) -> str:
    """Write a price as it is typed into a field: without its currency."""
    return f"{price:.{places}f}"


@register.filter
def of_row(texts: Mapping[int, str], pk: int) -> str:
    """Return what was said about one row, or typed for it."""
    return texts.get(pk, "")
