"""The app's surface: import services from here."""

from menus.services.selling import (
    bring_item_back,
    mark_item_sold_out,
    mark_modifier_sold_out,
    refresh_dishes,
    return_portions,
    take_portions,
)

__all__ = [
    "bring_item_back",
    "mark_item_sold_out",
    "mark_modifier_sold_out",
    "refresh_dishes",
    "return_portions",
    "take_portions",
]
