"""Amounts as programs are told them: in the smallest unit by ISO 4217."""

from decimal import Decimal

import pytest

from notifications.fields import major_units, minor_units, present_money


@pytest.mark.parametrize(
    ("currency", "units"),
    [
        ("USD", 1200),
        ("JPY", 12),
        # Their coins are out of use, which makes the CLDR show them without decimals.
        ("RSD", 1200),
        ("IQD", 12000),
        ("KWD", 12000),
        ("CLF", 120000),
    ],
)
def test_an_amount_is_told_in_the_smallest_unit_of_its_currency(currency, units):
    assert minor_units(Decimal("12.00"), currency) == units
    assert major_units(units, currency) == 12
    assert present_money(Decimal(12), currency) == {
        "amount": units,
        "currency": currency,
    }
