"""Bars as an inline SVG draws them: no script, nobody else's server (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

HEIGHT = 100.0
STEP = 10.0
GAP = 2.0


@dataclass(frozen=True, slots=True)
class Part:
    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    title: str
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars one on another; `top` is what the full height stands for."""

    bars: list[Bar]
    top: int
    step: float = STEP
    bar_width: float = STEP - GAP
    height: float = HEIGHT

    @property
    def width(self) -> float:
        return len(self.bars) * self.step


def stack(columns: Sequence[tuple[str, Mapping[str, int]]]) -> Chart:
    """Return a chart of columns: each a title and how much of each kind it has."""
    top = max((sum(kinds.values()) for _title, kinds in columns), default=0)
    bars = [
        Bar(number * STEP, title, _stack_parts(kinds, top))
        for number, (title, kinds) in enumerate(columns)
    ]
    return Chart(bars, top)


def _stack_parts(kinds: Mapping[str, int], top: int) -> list[Part]:
    parts, y = [], HEIGHT
    for kind, count in kinds.items():
        if count:
            height = HEIGHT * count / top
            y -= height
            parts.append(Part(kind, round(y, 2), round(height, 2)))
    return parts
