"""Paths of values that change only by assignment, and what conditions say about them."""

from dataclasses import dataclass
from typing import TypeAlias

Path: TypeAlias = tuple[object, ...]
"""`self` or a local, and the names below it; it keeps its value until it is assigned."""

SELF = "self"


@dataclass(frozen=True, slots=True)
class Excluded:
    """The last part of the path of an enum's value that is known not to be `value`."""

    value: str


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What is known when a condition holds, and when it does not.

    A path is that of a value that is not nil, or ends in what its value is not.
    """

    when_true: frozenset[Path] = frozenset()
    when_false: frozenset[Path] = frozenset()

    @property
    def negated(self) -> "Narrowing":
        """The narrowing of the opposite condition."""
        return Narrowing(self.when_false, self.when_true)

    def __or__(self, other: "Narrowing") -> "Narrowing":
        """What two narrowings by the same condition say."""
        return Narrowing(self.when_true | other.when_true, self.when_false | other.when_false)
