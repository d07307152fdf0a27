"""What a segment is, and the registry that apps declare theirs in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django_stubs_ext import StrOrPromise

Choices = list[tuple[str, str]]


def _no_choices() -> Choices:
    return []


@dataclass(frozen=True, kw_only=True)
class Segment:
    """People that an operator can address together."""

    name: str
    label: StrOrPromise
    # What more must be said to know who they are; empty when nothing.
    parameter: StrOrPromise = ""
    # The values that it can have, if they are few enough to choose from.
    choices: Callable[[], Choices] = _no_choices
    # Returns active users, each once; nobody for a value that means nothing.
    select: Callable[[str], QuerySet[Any]]


_segments: dict[str, Segment] = {}


def register_segment(segment: Segment) -> Segment:
    """Declare a segment; the name must be new."""
    if _segments.setdefault(segment.name, segment) is not segment:
        raise ValueError(f"There is already a segment named {segment.name}.")
    return segment


def get_segment(name: str) -> Segment:
    """Return the segment of that name; KeyError if no app declares it."""
    return _segments[name]


def has_segment(name: str) -> bool:
    """Tell whether an app declares a segment of that name."""
    return name in _segments


def list_segments() -> list[Segment]:
    """Return the segments in the order of their declaration."""
    return list(_segments.values())
