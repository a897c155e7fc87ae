"""The kinds of single values in payloads, each declared once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID, uuid4


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value, with the name that sources have for it.

    `sample` makes a value for tests. `parse` reads what a person types to search for a value, as
    `typed` describes it; it raises ValueError, KeyError or ArithmeticError. `is_text` is whether
    JSON has the value as a string, though it is not one.
    """

    name: str
    type: type[Any]
    sample: Callable[[], Any]
    parse: Callable[[str], Any]
    typed: str
    is_text: bool = False

    @property
    def words(self) -> str:
        """The kind in a message: "an int"."""
        return f"an {self.name}" if self.name[0] in "aeio" else f"a {self.name}"


def _timestamp(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _decimal(text: str) -> Decimal:
    found = Decimal(text)
    if not found.is_finite():
        raise InvalidOperation
    return found


KINDS: Mapping[Any, Kind] = {
    kind.type: kind
    for kind in (
        Kind("string", str, lambda: "text", str, "a string"),
        Kind(
            "bool",
            bool,
            lambda: False,
            {"true": True, "false": False}.__getitem__,
            "true or false",
        ),
        Kind("int", int, lambda: 1, int, "a whole number"),
        Kind("float", float, lambda: 1.0, float, "a number"),
        Kind(
            "decimal",
            Decimal,
            lambda: Decimal(1),
            _decimal,
            "a number with the digits that the payload has, such as 12.50",
            is_text=True,
        ),
        Kind(  # before `date`, of which it is a subclass in Python
            "timestamp",
            datetime,
            lambda: datetime.now(UTC),
            _timestamp,
            "a time such as 2026-01-31T10:30:00Z",
            is_text=True,
        ),
        Kind(
            "date",
            date,
            lambda: datetime.now(UTC).date(),
            date.fromisoformat,
            "a date such as 2026-01-31",
            is_text=True,
        ),
        Kind(
            "time",
            time,
            lambda: time(12, 0),
            str,
            "a time as the payload has it, such as 10:30:00",
            is_text=True,
        ),
        Kind(
            "duration",
            timedelta,
            lambda: timedelta(minutes=1),
            str,
            "a duration as the payload has it",
            is_text=True,
        ),
        Kind("uuid", UUID, uuid4, UUID, "a UUID", is_text=True),
    )
}
"""The kinds by their types in Python."""

BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS.values()}
"""The kinds by their names in sources."""

WORDS: Mapping[Any, str] = {kind.type: kind.words for kind in KINDS.values()}
"""The words for a type in messages."""
