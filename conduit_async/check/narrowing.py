"""Paths of values that change only by assignment, and what conditions say about them."""

from dataclasses import dataclass
from typing import TypeAlias

Path: TypeAlias = tuple[object, ...]
"""`self` or a local, and the names below it; it keeps its value until it is assigned."""

SELF = "self"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The values that are not nil when a condition holds, and when it does not."""

    when_true: frozenset[Path] = frozenset()
    when_false: frozenset[Path] = frozenset()

    @property
    def negated(self) -> "Narrowing":
        """The narrowing of the opposite condition."""
        return Narrowing(self.when_false, self.when_true)
