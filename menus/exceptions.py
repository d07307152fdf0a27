"""What can be wrong with a wish; `code` is for machines, the text for people."""

from collections.abc import Sequence

from django_stubs_ext import StrOrPromise


class MenuError(Exception):
    code = "menu_error"

    def __init__(self, message: StrOrPromise) -> None:
        super().__init__(message)
        self.message = message


class ItemSoldOutError(MenuError):
    """The item cannot be had at the moment."""

    code = "item_sold_out"


class ModifierRuleError(MenuError):
    """The chosen modifiers break a group's rules."""

    code = "modifier_rule"


class ModifierSoldOutError(MenuError):
    """A chosen modifier cannot be had at the moment."""

    code = "modifier_sold_out"


class PriceFormatError(MenuError):
    """A typed price cannot be read."""

    code = "price_format"


class EditConflictError(MenuError):
    """The menu is no longer what the change was made for."""

    code = "edit_conflict"


class PhotoError(MenuError):
    """A file is no photo that can be shown."""

    code = "photo"


class NoTableError(MenuError):
    """A file could not be read as a menu at all."""

    code = "no_table"


class CannotTakeBackError(MenuError):
    """A change cannot be undone; `obstacles` say what stands in the way."""

    code = "cannot_take_back"

    def __init__(self, message: StrOrPromise, obstacles: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.obstacles = list(obstacles)


class DraftConflictError(EditConflictError):
    """What a draft changes was changed on the live menu, too."""

    code = "draft_conflict"
