"""What an import would do, row by row: the same for a table and for JSON."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise


class Action(Enum):
    """In the order of a preview: what asks for attention comes first."""

    ERROR = "error"
    HIDE = "hide"
    CREATE = "create"
    UPDATE = "update"
    SAME = "same"

    @property
    def label(self) -> StrPromise:
        return _LABELS[self]


_LABELS = {
    Action.ERROR: _("Error"),
    Action.HIDE: _("Hide"),
    Action.CREATE: _("Create"),
    Action.UPDATE: _("Update"),
    Action.SAME: _("Unchanged"),
}


@dataclass(frozen=True)
class Change:
    column: str
    old: str
    new: str


@dataclass(frozen=True)
class RowError:
    column: str  # "" when it is about the row
    message: str


@dataclass
class Outcome:
    """What becomes of one row; `row` is its number in the file, if it has one."""

    action: Action
    kind: str
    name: str
    row: int | None = None
    changes: list[Change] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)


@dataclass
class ImportReport:
    """All outcomes, and notices about the file as a whole."""

    outcomes: list[Outcome] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[Action, int]:
        counted = Counter(outcome.action for outcome in self.outcomes)
        return {action: counted[action] for action in Action}

    @property
    def has_errors(self) -> bool:
        return any(outcome.action is Action.ERROR for outcome in self.outcomes)

    @property
    def changes_nothing(self) -> bool:
        return all(outcome.action is Action.SAME for outcome in self.outcomes)

    @property
    def digest(self) -> str:
        """Tell this result from any other one."""
        said = [
            [
                one.action.value,
                one.kind,
                one.name,
                one.row,
                [[change.column, change.old, change.new] for change in one.changes],
                [[error.column, error.message] for error in one.errors],
            ]
            for one in self.outcomes
        ]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()
