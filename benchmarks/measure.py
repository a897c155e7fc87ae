"""Figures, their runs, and the limits that they are compared with."""

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any


@dataclass(slots=True)
class Figure:
    """One measured figure. `limit` is what the same run reached without the product.

    `target` is what `ratio` should reach, or `value` if there is no limit. A figure for which less
    is better says so.
    """

    name: str
    unit: str
    runs: Sequence[float]
    limit: float | None = None
    limit_name: str = ""
    target: float | None = None
    less_is_better: bool = False
    note: str = ""

    @property
    def value(self) -> float:
        """The median of the runs."""
        return median(self.runs)

    @property
    def ratio(self) -> float | None:
        """The value as a part of the limit."""
        return self.value / self.limit if self.limit else None

    @property
    def is_met(self) -> bool | None:
        """Whether the target is reached; None without one, or when its limit was not measured."""
        if self.target is None or (self.limit_name and self.limit is None):
            return None
        reached = self.value if self.ratio is None else self.ratio
        return reached <= self.target if self.less_is_better else reached >= self.target

    def as_json(self) -> dict[str, Any]:
        """The figure as plain data, with the values derived from it."""
        derived = {"value": self.value, "ratio": self.ratio, "is_met": self.is_met}
        return asdict(self) | derived


@dataclass(slots=True)
class Options:
    """How thorough to be: `runs` of each figure, `scale` of the number of jobs (1 is whole)."""

    runs: int = 3
    scale: float = 1.0
    seconds: float = 120.0

    def jobs(self, count: int) -> int:
        """The number of jobs for a measurement that has `count` at full scale."""
        return max(1_000, int(count * self.scale))


@dataclass(slots=True)
class Results:
    """The figures so far; some are the limits of later ones."""

    figures: list[Figure] = field(default_factory=list)
    on_figure: Callable[[Figure], None] = lambda figure: None

    def add(self, figure: Figure) -> Figure:
        """Note a figure and show it."""
        self.figures.append(figure)
        self.on_figure(figure)
        return figure

    def value(self, name: str) -> float | None:
        """The value of an earlier figure; None when it was not measured."""
        return next((figure.value for figure in self.figures if figure.name == name), None)


def repeat(options: Options, measure: Callable[[], float]) -> list[float]:
    """Repeat the measurement as often as the options say."""
    return [measure() for _ in range(options.runs)]


def alternate(
    options: Options, *measures: Callable[[], float], rounds: int = 1
) -> list[list[float]]:
    """Make the measurements by turns, so that a slow minute of the machine affects all of them.

    The order differs each time, because a measurement's unwritten pages are written in the next.
    Each is made as often as the options say, or `rounds` times as often if it is short.
    """
    runs: list[list[float]] = [[] for _ in measures]
    for _ in range(options.runs * rounds):
        for each in random.sample(range(len(measures)), len(measures)):
            runs[each].append(measures[each]())
    return runs


def number(value: float) -> str:
    """A value as tables show it."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
