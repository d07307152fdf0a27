"""What an order costs (pure): Decimal in, Decimal out, rounded once."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache

from babel.numbers import get_currency_precision

# Amounts are stored with two decimal places.
STORED_PLACES = 2


@dataclass(frozen=True)
class PricedLine:
    unit_price: Decimal
    quantity: int
    tax_rate: Decimal  # per cent

    @property
    def amount(self) -> Decimal:
        return self.unit_price * self.quantity


@dataclass(frozen=True)
class Totals:
    subtotal: Decimal
    delivery_fee: Decimal
    tax: Decimal
    tip: Decimal
    total: Decimal


@cache
def minor_unit(currency: str) -> Decimal:
    """Return the smallest amount of a currency (ISO 4217): 0.01 for USD, 1 for JPY."""
    places = min(get_currency_precision(currency), STORED_PLACES)
    return Decimal(1).scaleb(-places)


def round_amount(amount: Decimal | Fraction, currency: str) -> Decimal:
    """Round half up to the currency's minor unit."""
    unit = minor_unit(currency)
    exact = Fraction(amount) / Fraction(unit)
    # Half up for the non-negative; prices are never below zero.
    return Decimal((2 * exact + 1).__floor__() // 2) * unit


def is_whole_amount(amount: Decimal, currency: str) -> bool:
    """Tell whether an amount has no part smaller than the minor unit."""
    return amount == amount.quantize(minor_unit(currency), ROUND_HALF_UP)


def compute_tax(lines: Iterable[PricedLine], *, prices_include_tax: bool) -> Fraction:
    """Return the exact tax, summed per rate.

    In prices that include it the tax is rate / (100 + rate) of the amount.
    """
    by_rate: dict[Decimal, Decimal] = {}
    for line in lines:
        by_rate[line.tax_rate] = by_rate.get(line.tax_rate, Decimal(0)) + line.amount
    tax = Fraction(0)
    for rate, amount in by_rate.items():
        base = 100 + Fraction(rate) if prices_include_tax else Fraction(100)
        tax += Fraction(amount) * Fraction(rate) / base
    return tax


def compute_totals(
    lines: Iterable[PricedLine],
    *,
    delivery_fee: Decimal,
    tip: Decimal,
    currency: str,
    prices_include_tax: bool,
) -> Totals:
    """Return every amount of an order; the total is the sum of what is printed."""
    lines = list(lines)
    subtotal = sum((line.amount for line in lines), Decimal(0))
    exact_tax = compute_tax(lines, prices_include_tax=prices_include_tax)
    tax = round_amount(exact_tax, currency)
    added_tax = Decimal(0) if prices_include_tax else tax
    return Totals(
        subtotal=subtotal,
        delivery_fee=delivery_fee,
        tax=tax,
        tip=tip,
        total=subtotal + delivery_fee + added_tax + tip,
    )


def propose_refund(
    lines: Iterable[PricedLine],
    *,
    currency: str,
    prices_include_tax: bool,
    most: Decimal,
) -> Decimal:
    """Return what lines cost with the tax added on top of them, at most `most`.

    Summed exactly and rounded once.
    """
    lines = list(lines)
    exact = Fraction(sum((line.amount for line in lines), Decimal(0)))
    if not prices_include_tax:
        exact += compute_tax(lines, prices_include_tax=False)
    return min(round_amount(exact, currency), most)


def tax_in_refund(
    refunded: Decimal,
    *,
    subtotal: Decimal,
    tax: Decimal,
    prices_include_tax: bool,
    currency: str,
) -> Decimal:
    """Return the tax in what was given back of an order: its share of the items.

    Never more than the order's tax. The figures say the same in SQL.
    """
    gross = subtotal if prices_include_tax else subtotal + tax
    if not (refunded and gross):
        return Decimal(0)
    share = Fraction(refunded) * Fraction(tax) / Fraction(gross)
    return min(round_amount(share, currency), tax)
