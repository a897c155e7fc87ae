"""How long ended jobs are kept."""

from dataclasses import dataclass
from datetime import timedelta

from ..arguments import describe_argument


@dataclass(frozen=True, slots=True)
class Retention:
    """How long ended jobs are kept; None is for ever. Cancelled jobs count as completed ones."""

    keep_completed: timedelta | None = None
    keep_failed: timedelta | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no jobs are deleted."""
        return self.keep_completed is None and self.keep_failed is None


def in_seconds(age: timedelta | None) -> float | None:
    """The age in seconds, for SQL."""
    return None if age is None else age.total_seconds()


def check_age(age: object, what: str) -> None:
    """Raise ValueError for a value that is no time to keep jobs."""
    if age is not None and (not isinstance(age, timedelta) or age < timedelta(0)):
        raise ValueError(describe_argument(what, age, "a timedelta of 0 or more, or None"))
