"""What operators set for queues and types, as far as it concerns a worker."""

from collections.abc import Iterable
from dataclasses import dataclass

NOTICE = "control"
"""What a notification says when operators changed something."""


@dataclass(frozen=True, slots=True)
class Controls:
    """The queues that are paused, those with a limit, and the types with a rate."""

    paused: frozenset[str] = frozenset()
    limited: frozenset[str] = frozenset()
    rated: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, paused: Iterable[str] = (), limited: Iterable[str] = (), rated: Iterable[str] = ()
    ) -> "Controls":
        return cls(frozenset(paused), frozenset(limited), frozenset(rated))

    @property
    def has_limits(self) -> bool:
        """Whether some claims have to count."""
        return bool(self.limited or self.rated)
