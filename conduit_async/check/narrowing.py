"""Names of values that stay the same until they are assigned, and what is known of them."""

from dataclasses import dataclass
from typing import TypeAlias

Path: TypeAlias = tuple[object, ...]
"""A value that keeps its value until it is assigned: `self` or a local, and names below it."""

SELF = "self"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The values that are not nil when a condition holds, and when it does not."""

    when_true: frozenset[Path] = frozenset()
    when_false: frozenset[Path] = frozenset()

    @property
    def negated(self) -> "Narrowing":
        """What the opposite of the condition says."""
        return Narrowing(self.when_false, self.when_true)
