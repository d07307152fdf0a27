from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from menus.exceptions import ModifierRuleError, ModifierSoldOutError
from menus.pricing import Choice, allergens_of, unit_price, validate_choices
from menus.selectors import get_item_for_customer
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    offer,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 20, tzinfo=UTC)


@pytest.fixture
def pizza():
    pizza = ItemFactory(allergens=["gluten"])
    size = ModifierGroupFactory(restaurant=pizza.restaurant)
    offer(pizza, size)
    large = ModifierFactory(group=size)
    dip = ModifierGroupFactory(
        restaurant=pizza.restaurant, name="Dip", min_choices=0, max_choices=2
    )
    pesto = ModifierFactory(
        group=dip, name="Pesto", price_difference=Decimal("0.75"), allergens=["nuts"]
    )
    large.nested_groups.add(dip)
    return pizza, large, pesto


def load(item):
    return get_item_for_customer(public_id=item.public_id)


def test_modifiers_and_nested_ones_add_to_the_price_and_the_allergens(pizza):
    item, large, pesto = pizza
    choice = Choice(large.public_id, (Choice(pesto.public_id),))

    chosen = validate_choices(load(item), [choice], moment=NOW)

    assert unit_price(item, chosen) == Decimal("16.25")
    assert allergens_of(item, chosen) == ["gluten", "nuts"]


def test_a_required_group_must_be_answered(pizza):
    with pytest.raises(ModifierRuleError, match="at least 1"):
        validate_choices(load(pizza[0]), [], moment=NOW)


def test_no_more_than_the_group_allows(pizza):
    item, large, _pesto = pizza
    small = ModifierFactory(group=large.group, name="Small")
    choices = [Choice(large.public_id), Choice(small.public_id)]

    with pytest.raises(ModifierRuleError, match="at most 1"):
        validate_choices(load(item), choices, moment=NOW)


def test_a_modifier_of_another_item_is_refused(pizza):
    item, large, _pesto = pizza
    foreign = ModifierFactory()

    with pytest.raises(ModifierRuleError, match="not offered"):
        validate_choices(
            load(item),
            [Choice(large.public_id), Choice(foreign.public_id)],
            moment=NOW,
        )


def test_the_same_modifier_twice_is_refused(pizza):
    item, large, _pesto = pizza

    with pytest.raises(ModifierRuleError, match="twice"):
        validate_choices(
            load(item), [Choice(large.public_id), Choice(large.public_id)], moment=NOW
        )


def test_a_sold_out_modifier_is_refused_until_it_returns(pizza):
    item, large, _pesto = pizza
    large.sold_out_until = NOW + timedelta(hours=1)
    large.save()

    with pytest.raises(ModifierSoldOutError):
        validate_choices(load(item), [Choice(large.public_id)], moment=NOW)
    assert validate_choices(
        load(item), [Choice(large.public_id)], moment=NOW + timedelta(hours=1)
    )
