"""What the processes of an application use; they start without the compiler."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

VALUES: Mapping[str, Any] = {
    "id": UUID(int=1),
    "other": UUID(int=2),
    "title": "Broken",
    "headline": "Broken",
    "body": "Long",
    "note": None,
    "remark": None,
    "size": 3,
    "sizes": [1, 2],
    "limits": {"a": 1},
    "state": "open",
    "day": date(2026, 1, 2),
}
"""The columns of a row, unless a pair gives other values."""


class Recorder:
    """Every service: it accepts any call and keeps the arguments."""

    def __init__(self, calls: list[tuple[Any, ...]] | None = None) -> None:
        self.calls: list[tuple[Any, ...]] = [] if calls is None else calls

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Recorder(self.calls)

    def __call__(self, *given: Any, **named: Any) -> None:
        self.calls.append((*given, *named.values()))
