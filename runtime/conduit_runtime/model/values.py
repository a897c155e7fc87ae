"""The values of the language that have no type of their own in Python."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


class ConduitError(Exception):
    """An error that the source causes: `error("…")`, a nil unwrapped, a row that is gone."""


@dataclass(frozen=True, slots=True)
class ErrorValue:
    """What `rescue |err|` binds: a message and the kind of error. It reads as its message."""

    message: str
    type: str

    @classmethod
    def of(cls, error: BaseException) -> "ErrorValue":
        """The value of an exception, even of one whose `str()` raises."""
        kind = type(error).__name__
        return cls(error_message(error) or kind, kind)

    def __str__(self) -> str:
        return self.message


def error_message(error: BaseException, unreadable: str = "") -> str:
    """An exception's text, without the details that Postgres adds: those hold whole rows.

    Never raises; if `str()` of the exception raises, the text is `unreadable`.
    """
    try:
        primary = getattr(getattr(error, "diag", None), "message_primary", None)
        if primary is None and hasattr(error, "sqlstate"):  # asyncpg's text holds the detail
            primary = getattr(error, "message", None)
        return primary if isinstance(primary, str) else str(error)
    except BaseException:
        return unreadable


@dataclass(frozen=True, slots=True)
class Range:
    """`first..last`, or `first...last` when it is exclusive."""

    first: Any
    last: Any
    exclusive: bool = False

    def __contains__(self, value: Any) -> bool:
        try:
            below = value < self.last if self.exclusive else value <= self.last
            return bool(below and value >= self.first)
        except TypeError:
            return False

    def __iter__(self) -> Iterator[int]:
        if type(self.first) is not int or type(self.last) is not int:
            raise ConduitError("only a range of ints can be iterated over")
        return iter(range(self.first, self.last if self.exclusive else self.last + 1))
