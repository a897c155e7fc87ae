"""The rows that a function has loaded, which it need not load again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ...names import local_name
from .naming import Naming


@dataclass
class LoadedRows:
    """Variables of rows, by the operation that loads each."""

    names: Naming
    _now: dict[str, str] = field(default_factory=dict, init=False)
    _variables: dict[str, str] = field(default_factory=dict, init=False)
    _forgets: int = field(default=0, init=False)

    def find(self, operation: str) -> str | None:
        """The variable that holds a row loaded before, where that is certain."""
        return self._now.get(operation)

    def add(self, operation: str, hint: str, longer: str) -> str:
        """A variable for a row that is loaded now; `longer` is its name when `hint` is taken."""
        if operation not in self._variables:
            name = longer if self.names.is_taken(local_name(hint)) else hint
            self._variables[operation] = self.names.fresh(name)
        self._now[operation] = self._variables[operation]
        return self._now[operation]

    def forget(self) -> None:
        """A key may have changed: load again, also after a branch in which that happened."""
        self._now.clear()
        self._forgets += 1

    @contextmanager
    def branch(self) -> Iterator[None]:
        """Code that may not run, so that what it loads is not there afterwards."""
        before, forgets = dict(self._now), self._forgets
        try:
            yield
        finally:
            self._now = before if self._forgets == forgets else {}

    @contextmanager
    def anew(self) -> Iterator[None]:
        """A function inside, whose rows have variables of its own."""
        before = self._now, self._variables
        self._now, self._variables = {}, {}
        try:
            yield
        finally:
            self._now, self._variables = before
