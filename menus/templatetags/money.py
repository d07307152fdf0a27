from decimal import Decimal

from babel.numbers import format_currency
from django import template
from django.utils.translation import get_language, to_locale

register = template.Library()


@register.filter
def money(amount: Decimal | None, currency: str) -> str:
    """Show an amount with its currency, as the reader's language writes it."""
    if amount is None:
        return ""
    locale = to_locale(get_language() or "en")
    return format_currency(
        amount, currency, locale="en_US" if locale == "en" else locale
    )


@register.filter
def signed_money(amount: Decimal, currency: str) -> str:
    """Show a price difference: with a plus when it adds."""
    return f"{'+' if amount > 0 else ''}{money(amount, currency)}"
