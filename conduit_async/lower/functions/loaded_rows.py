"""The rows that a function has loaded and need not load again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ...names import local_name
from .naming import Naming


@dataclass
class LoadedRows:
    """The variables of rows, by the operation that loads each row."""

    names: Naming
    _now: dict[str, str] = field(default_factory=dict, init=False)
    _variables: dict[str, str] = field(default_factory=dict, init=False)
    _forgets: int = field(default=0, init=False)

    def find(self, operation: str) -> str | None:
        """Return the variable of a row that was certainly loaded before."""
        return self._now.get(operation)

    def add(self, operation: str, hint: str, longer: str) -> str:
        """Return a variable for a row that is loaded now, called `longer` if `hint` is taken."""
        if operation not in self._variables:
            name = longer if self.names.is_taken(local_name(hint)) else hint
            self._variables[operation] = self.names.fresh(name)
        self._now[operation] = self._variables[operation]
        return self._now[operation]

    def forget(self) -> None:
        """Load all rows again, even after the present branch, since a key may have changed."""
        self._now.clear()
        self._forgets += 1

    @contextmanager
    def branch(self) -> Iterator[None]:
        """Forget the rows that the block loads once it ends; all rows, if it calls `forget`."""
        before, forgets = dict(self._now), self._forgets
        try:
            yield
        finally:
            self._now = before if self._forgets == forgets else {}

    @contextmanager
    def nested_function(self) -> Iterator[None]:
        """Enter a nested function with its own variables for rows."""
        before = self._now, self._variables
        self._now, self._variables = {}, {}
        try:
            yield
        finally:
            self._now, self._variables = before
