from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency
from django import template
from django.utils.translation import get_language, to_locale

register = template.Library()
# What Unicode has for directions: a mark, an isolate, and the isolate's end.
FROM_THE_RIGHT, FROM_THE_LEFT, END = "\u200f", "\u2066", "\u2069"


@register.filter
def money(amount: Decimal | None, currency: str) -> str:
    """Show an amount with its currency, as the reader's language writes it."""
    if amount is None:
        return ""
    return _written(amount, currency, to_locale(get_language() or "en"))


# Lists show the same few fees and minimums again and again.
@lru_cache(maxsize=4096)
def _written(amount: Decimal, currency: str, locale: str) -> str:
    locale = "en_US" if locale == "en" else locale
    # One kind of digits on a page: times and counts have these in every language.
    text = format_currency(amount, currency, locale=locale, numbering_system="latn")
    if not text.startswith(FROM_THE_RIGHT):
        return text
    # Among letters from right to left a sign such as "US$" comes apart.
    return f"{FROM_THE_LEFT}{text.removeprefix(FROM_THE_RIGHT)}{END}"


@register.filter
def signed_money(amount: Decimal, currency: str) -> str:
    """Show a price difference: with a plus when it adds."""
    text = money(amount, currency)
    if amount <= 0:
        return text
    start = FROM_THE_LEFT if text.startswith(FROM_THE_LEFT) else ""
    return f"{start}+{text.removeprefix(FROM_THE_LEFT)}"
