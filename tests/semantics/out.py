"""The services that the snippets call."""

import threading
from types import SimpleNamespace
from typing import Any


class Out:
    """The service that receives values, with methods whose results the snippets use."""

    def __init__(self) -> None:
        self.values: dict[str, list[Any]] = {}
        self.errors: dict[str, str] = {}
        self.lock = threading.Lock()

    def value(self, row: str, value: Any) -> None:
        """Keep a value of a row."""
        with self.lock:
            self.values.setdefault(row, []).append(value)

    def failed(self, row: str, message: str) -> None:
        """Keep the message of a row's error."""
        self.errors[row] = message

    def echo(self, value: Any) -> Any:
        """The value that was given."""
        return value

    def named(self, **values: Any) -> dict[str, Any]:
        """The named arguments that were given."""
        return values

    def fail(self, message: str) -> Any:
        """Raise an error."""
        raise ValueError(message)

    def never(self, *_given: Any) -> Any:
        """Fail: nothing may call this method."""
        raise AssertionError("a call that must not be made was made")

    def hash(self) -> dict[str, Any]:
        """A result with keys."""
        return {"name": "Ada", "age": 36, "tags": ["x"], "nested": {"deep": 1}, "nothing": None}

    def object(self) -> SimpleNamespace:
        """A result with attributes."""
        return SimpleNamespace(name="Bob", age=7, nested=SimpleNamespace(deep=2), nothing=None)

    def nothing(self) -> None:
        """No result."""


class Services:
    """The services of the package."""

    def __init__(self) -> None:
        self.out = Out()


class Witness:
    """Any service with any method: keeps which name or text arrived in which position."""

    def __init__(self) -> None:
        self.seen: list[tuple[Any, ...]] = []

    def __getattr__(self, method: str) -> Any:
        return self.__see

    def __see(self, position: str, word: str, /, *value: Any, **named: Any) -> None:
        self.seen.append((position, word, *value, *named.values()))


class Tool(Witness):
    """The service whose methods do something."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[tuple[str, Any]] = []

    def record(self, position: str, record: Any) -> None:
        """Keep a record."""
        self.records.append((position, record))

    def echo(self, value: Any) -> Any:
        """The value that was given."""
        return value

    def fail(self, message: str) -> Any:
        """Raise an error."""
        raise ValueError(message)
