"""What a choice of modifiers costs, and whether it keeps the rules."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from menus.exceptions import ModifierRuleError, ModifierSoldOutError
from menus.models import Item, Modifier, ModifierGroup


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
