from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.pricing import PricedLine, compute_totals, minor_unit, round_amount

cents = st.decimals(0, 500, places=2)
rates = st.sampled_from([Decimal(0), Decimal(7), Decimal("8.625"), Decimal(19)])
lines = st.lists(st.builds(PricedLine, cents, st.integers(1, 99), rates), max_size=20)


@given(lines, cents, cents, st.booleans())
def test_what_is_printed_adds_up_to_the_total(lines, fee, tip, included):
    totals = compute_totals(
        lines,
        delivery_fee=fee,
        tip=tip,
        currency="USD",
        prices_include_tax=included,
    )

    assert totals.subtotal == sum((line.amount for line in lines), Decimal(0))
    added = Decimal(0) if included else totals.tax
    assert totals.total == totals.subtotal + fee + added + tip
    assert totals.total == totals.total.quantize(Decimal("0.01"))


@given(lines)
def test_tax_is_rounded_once_and_so_within_half_a_cent(lines):
    totals = compute_totals(
        lines,
        delivery_fee=Decimal(0),
        tip=Decimal(0),
        currency="USD",
        prices_include_tax=False,
    )

    exact = sum(
        (Fraction(line.amount) * Fraction(line.tax_rate) / 100 for line in lines),
        Fraction(0),
    )
    assert abs(Fraction(totals.tax) - exact) <= Fraction(1, 200)


@pytest.mark.parametrize(
    ("currency", "unit"),
    [("USD", Decimal("0.01")), ("JPY", Decimal(1)), ("KWD", Decimal("0.01"))],
)
def test_the_minor_unit_is_the_currencys_own_as_far_as_stored(currency, unit):
    assert minor_unit(currency) == unit


def test_half_a_cent_is_rounded_up():
    assert round_amount(Decimal("0.125"), "USD") == Decimal("0.13")
    assert round_amount(Decimal("100.5"), "JPY") == Decimal(101)


def test_included_tax_is_taken_out_of_the_price():
    totals = compute_totals(
        [PricedLine(Decimal("11.90"), 1, Decimal(19))],
        delivery_fee=Decimal(0),
        tip=Decimal(0),
        currency="EUR",
        prices_include_tax=True,
    )

    assert (totals.tax, totals.total) == (Decimal("1.90"), Decimal("11.90"))
