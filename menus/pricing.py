"""What a choice of modifiers costs, whether it keeps the rules, and reading prices."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from babel.numbers import get_currency_precision
from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from menus.exceptions import (
    ModifierRuleError,
    ModifierSoldOutError,
    PriceFormatError,
)
from menus.models import Allergen, Diet, Item, Modifier, ModifierGroup

# Amounts are stored with eight digits before the point and two after it.
WHOLE_DIGITS = 8
STORED_PLACES = 2
HIGHEST_PRICE = Decimal("99999999.99")
LOWEST_PERCENT, HIGHEST_PERCENT = Decimal(-50), Decimal(100)
_PRICE = re.compile(r"(?P<whole>[0-9]+)(?:[.,](?P<cents>[0-9]*))?", re.ASCII)


@dataclass(frozen=True)
class Choice:
    """A chosen modifier by its public id, and the choices it asks for further."""

    modifier_public_id: UUID
    children: Sequence["Choice"] = field(default=())


@dataclass(frozen=True)
class ChosenModifier:
    modifier: Modifier
    children: tuple["ChosenModifier", ...] = ()

    def flatten(self) -> "list[Modifier]":
        return [
            self.modifier,
            *(child.modifier for child in self.children),
        ]


def validate_choices(
    item: Item, choices: Sequence[Choice], *, moment: datetime
) -> list[ChosenModifier]:
    """Return the modifiers chosen for an item, or raise what is wrong with them.

    The item must come from a selector of this app, groups and modifiers loaded.
    ModifierRuleError: too few, too many, twice the same, or not offered here.
    ModifierSoldOutError: one of them is sold out at the moment.
    """
    return _resolve(list(item.modifier_groups.all()), choices, moment=moment, depth=0)


def _resolve(
    groups: Iterable[ModifierGroup],
    choices: Sequence[Choice],
    *,
    moment: datetime,
    depth: int,
) -> list[ChosenModifier]:
    wanted = {choice.modifier_public_id: choice for choice in choices}
    if len(wanted) != len(choices):
        raise ModifierRuleError(_("The same choice was made twice."))
    resolved = []
    for group in groups:
        chosen = [
            (modifier, wanted.pop(modifier.public_id))
            for modifier in group.modifiers.all()
            if modifier.public_id in wanted
        ]
        _check_count(group, len(chosen))
        for modifier, choice in chosen:
            if modifier.is_sold_out_at(moment):
                raise ModifierSoldOutError(
                    _("“%(name)s” is sold out.") % {"name": modifier.name}
                )
            nested = list(modifier.nested_groups.all()) if depth == 0 else []
            children = _resolve(nested, choice.children, moment=moment, depth=1)
            resolved.append(ChosenModifier(modifier, tuple(children)))
    if wanted:
        raise ModifierRuleError(_("A choice is not offered for this item."))
    return resolved


def _check_count(group: ModifierGroup, count: int) -> None:
    if count < group.min_choices:
        raise ModifierRuleError(
            ngettext(
                "Choose at least %(count)d of “%(group)s”.",
                "Choose at least %(count)d of “%(group)s”.",
                group.min_choices,
            )
            % {"count": group.min_choices, "group": group.name}
        )
    if count > group.max_choices:
        raise ModifierRuleError(
            ngettext(
                "Choose at most %(count)d of “%(group)s”.",
                "Choose at most %(count)d of “%(group)s”.",
                group.max_choices,
            )
            % {"count": group.max_choices, "group": group.name}
        )


def unit_price(item: Item, modifiers: Iterable[ChosenModifier]) -> Decimal:
    """Return the price of one of an item with its modifiers, never below zero."""
    differences = (
        modifier.price_difference
        for chosen in modifiers
        for modifier in chosen.flatten()
    )
    return max(Decimal(0), item.price + sum(differences, Decimal(0)))


def allergens_of(item: Item, modifiers: Iterable[ChosenModifier]) -> list[str]:
    """Return the allergens of an item and its chosen modifiers, each once, sorted."""
    found = set(item.allergens)
    for chosen in modifiers:
        for modifier in chosen.flatten():
            found.update(modifier.allergens)
    return sorted(found)


def lowest_price(item: Item) -> tuple[Decimal, bool]:
    """Return the least one of an item can cost, and whether it may cost more.

    Only what must be chosen counts. Groups and modifiers must be loaded.
    """
    return least_price(
        item.price,
        (
            (group.min_choices, [one.price_difference for one in group.modifiers.all()])
            for group in item.modifier_groups.all()
        ),
    )


def least_price(
    price: Decimal, groups: Iterable[tuple[int, Iterable[Decimal]]]
) -> tuple[Decimal, bool]:
    """Return the same for plain numbers: each group's least choices and differences."""
    may_cost_more = False
    for min_choices, offered in groups:
        if not min_choices:
            continue
        differences = sorted(offered)
        price += sum(differences[:min_choices], Decimal(0))
        may_cost_more |= len(set(differences)) > 1
    return max(Decimal(0), price), may_cost_more


# Where a session keeps what a visitor cannot eat.
WISHES_KEY = "cannot_eat"
# The diets that rule dishes out; spicy is a taste.
ASKED_DIETS = (
    *(Diet.VEGETARIAN, Diet.VEGAN, Diet.GLUTEN_FREE, Diet.HALAL, Diet.KOSHER),
)
_SEAFOOD = {Allergen.CRUSTACEANS, Allergen.FISH, Allergen.MOLLUSCS}
# Allergens that do not go with a diet whatever a label says.
_RULED_OUT = {
    Diet.VEGETARIAN: _SEAFOOD,
    Diet.VEGAN: _SEAFOOD | {Allergen.EGGS, Allergen.MILK},
    Diet.GLUTEN_FREE: {Allergen.GLUTEN},
    Diet.KOSHER: {Allergen.CRUSTACEANS, Allergen.MOLLUSCS},
}


@dataclass(frozen=True)
class Wishes:
    """What somebody cannot eat: allergens, and diets that a dish must be meant for."""

    allergens: frozenset[str] = frozenset()
    diets: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.allergens or self.diets)

    def reasons_against(self, item: Item) -> list[str]:
        """Say why an item is nothing for them; nothing of its modifiers counts."""
        found = [code for code in item.allergens if code in self.allergens]
        return [*_say_contains(found), *self._say_unlabelled(item.diets)]

    def warnings_about(self, modifier: Modifier) -> list[str]:
        """Say what a modifier brings in that they cannot eat."""
        words = self._say_avoided(modifier.allergens)
        # Most modifiers carry no labels at all, as a size: that says nothing.
        return words + (self._say_unlabelled(modifier.diets) if modifier.diets else [])

    def warnings_about_choice(
        self, item: Item, modifiers: Iterable[ChosenModifier]
    ) -> list[str]:
        """Say what speaks against an item with the modifiers chosen."""
        chosen = list(modifiers)
        words = [
            *self._say_avoided(allergens_of(item, chosen)),
            *self._say_unlabelled(item.diets),
        ]
        for modifier in (one for each in chosen for one in each.flatten()):
            if modifier.diets:
                words += self._say_unlabelled(modifier.diets)
        return list(dict.fromkeys(words))

    def _say_avoided(self, allergens: Collection[str]) -> list[str]:
        avoided = set(self.allergens)
        for diet in self.diets:
            avoided |= _RULED_OUT.get(Diet(diet), set())
        return _say_contains([code for code in allergens if code in avoided])

    def _say_unlabelled(self, diets: Collection[str]) -> list[str]:
        return [
            _("Not labelled “%(diet)s”.") % {"diet": diet.label}
            for diet in ASKED_DIETS
            if diet in self.diets and diet not in diets
        ]


def _say_contains(codes: Collection[str]) -> list[str]:
    if not codes:
        return []
    names = ", ".join(str(Allergen(code).label) for code in codes)
    return [_("Contains what you avoid: %(names)s.") % {"names": names}]


def read_wishes(kept: object) -> Wishes:
    """Return the wishes that a session or a form holds; what is none is left out."""
    if not isinstance(kept, dict):
        return Wishes()
    allergens, diets = (
        {str(one) for one in found} if isinstance(found, list) else set()
        for found in (kept.get("allergens"), kept.get("diets"))
    )
    return Wishes(
        frozenset(code for code in Allergen.values if code in allergens),
        frozenset(code.value for code in ASKED_DIETS if code in diets),
    )


def price_places(currency: str) -> int:
    """Return how many decimals a price in a currency (ISO 4217) may have."""
    return min(int(get_currency_precision(currency)), STORED_PLACES)


def refuse_small_change(amount: Decimal, currency: str) -> None:
    """Raise PriceFormatError for an amount with less in it than the smallest coin."""
    if amount != round(amount, price_places(currency)):
        raise _too_many_places(currency)


def _too_many_places(currency: str) -> PriceFormatError:
    places = price_places(currency)
    return PriceFormatError(
        ngettext(
            "A price in %(currency)s has at most %(count)d decimal.",
            "A price in %(currency)s has at most %(count)d decimals.",
            places,
        )
        % {"currency": currency, "count": places}
    )


def parse_price(text: str, currency: str) -> Decimal:
    """Read a price as people type it, 9.99 or 9,99, with two decimal places.

    PriceFormatError says what is wrong with it.
    """
    text = text.strip()
    if not text:
        raise PriceFormatError(_("Type a price."))
    if text.startswith(("-", "−")):
        raise PriceFormatError(_("A price cannot be below zero."))
    found = _PRICE.fullmatch(text)
    if found is None:
        raise PriceFormatError(
            _("Type a price like 9.99, without other signs or spaces.")
        )
    whole, cents = found["whole"], found["cents"] or ""
    if len(cents) > price_places(currency):
        raise _too_many_places(currency)
    if len(whole.lstrip("0")) > WHOLE_DIGITS:
        raise PriceFormatError(_("This price is too high."))
    return Decimal(f"{whole}.{cents or 0}").quantize(Decimal(1).scaleb(-STORED_PLACES))


class Rounding(TextChoices):
    """How prices end that were changed by per cent."""

    NONE = "none", gettext_lazy("to the smallest coin")
    FIVE = "five", gettext_lazy("to 0.05")
    TEN = "ten", gettext_lazy("to 0.10")
    ENDS_90 = "ends_90", gettext_lazy("so that it ends in .90")
    ENDS_99 = "ends_99", gettext_lazy("so that it ends in .99")


_STEPS = {Rounding.FIVE: Decimal("0.05"), Rounding.TEN: Decimal("0.10")}
_ENDINGS = {Rounding.ENDS_90: Decimal("0.90"), Rounding.ENDS_99: Decimal("0.99")}


def parse_percent(text: str) -> Decimal:
    """Read a change in per cent, -50 to +100, with at most two decimals.

    PriceFormatError says what is wrong with it.
    """
    text = text.strip().rstrip("%").rstrip().replace("−", "-").replace(",", ".")
    if not re.fullmatch(r"[+-]?[0-9]{1,3}(\.[0-9]{1,2})?", text, re.ASCII):
        raise PriceFormatError(_("Type a number of per cent like 5 or -2.5."))
    percent = Decimal(text)
    if not LOWEST_PERCENT <= percent <= HIGHEST_PERCENT:
        raise PriceFormatError(_("Choose between -50 and +100 per cent."))
    return percent


def change_price(
    price: Decimal, percent: Decimal, *, rounding: Rounding, currency: str
) -> Decimal:
    """Return an item's price changed by per cent; what is free stays free.

    PriceFormatError when it would get too high to be stored.
    """
    exact = price * (100 + percent) / 100
    ending = _ENDINGS.get(rounding)
    if price and ending is not None and price_places(currency) == STORED_PLACES:
        whole = max(_round_to(exact - ending, Decimal(1)), Decimal(0))
        return _storable(whole + ending)
    return change_difference(price, percent, rounding=rounding, currency=currency)


def change_difference(
    difference: Decimal, percent: Decimal, *, rounding: Rounding, currency: str
) -> Decimal:
    """Return a modifier's difference changed by per cent; it takes no ending."""
    exact = difference * (100 + percent) / 100
    coin = Decimal(1).scaleb(-price_places(currency))
    return _storable(_round_to(exact, max(coin, _STEPS.get(rounding, coin))))


def _round_to(amount: Decimal, step: Decimal) -> Decimal:
    return (amount / step).quantize(Decimal(1), ROUND_HALF_UP) * step


def _storable(price: Decimal) -> Decimal:
    if abs(price) > HIGHEST_PRICE:
        raise PriceFormatError(_("This price is too high."))
    return price.quantize(Decimal(1).scaleb(-STORED_PLACES))
