"""What can be wrong with a wish; `code` is for machines, the text for people."""

from django_stubs_ext import StrOrPromise


class MenuError(Exception):
    code = "menu_error"

    def __init__(self, message: StrOrPromise) -> None:
        super().__init__(message)
        self.message = message


class ItemSoldOutError(MenuError):
    code = "item_sold_out"


class ModifierRuleError(MenuError):
    """The chosen modifiers break a group's rules."""

    code = "modifier_rule"


class ModifierSoldOutError(MenuError):
    code = "modifier_sold_out"
