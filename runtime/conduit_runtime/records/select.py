"""A query that is built while the code runs."""

from dataclasses import dataclass, replace
from typing import Any, Generic, TypeAlias, TypeVar

from .tables import quote, table_of

R = TypeVar("R")

Statement: TypeAlias = tuple[str, tuple[Any, ...]]
"""SQL and the values of its placeholders."""


@dataclass(frozen=True, slots=True)
class Select(Generic[R]):
    """A query of the rows of a record; each step returns a new query.

    The texts are SQL of the compiled source; all data is among the values.
    """

    record: type[R]
    join: str = ""
    conditions: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()
    order: str = ""
    count: int | None = None
    start: int | None = None

    def where(self, condition: str, *values: Any) -> "Select[R]":
        """Keep only the rows for which this condition holds, too."""
        conditions, given = (*self.conditions, condition), (*self.values, *values)
        return replace(self, conditions=conditions, values=given)

    def order_by(self, order: str) -> "Select[R]":
        """Order the rows."""
        return replace(self, order=order)

    def limit(self, count: int) -> "Select[R]":
        """Keep at most `count` rows."""
        return replace(self, count=count)

    def offset(self, start: int) -> "Select[R]":
        """Skip the first `start` rows."""
        return replace(self, start=start)

    def rows(self) -> Statement:
        """Every column of the rows."""
        return self.columns(*table_of(self.record).by_name)

    def first(self) -> Statement:
        """Every column of the first row."""
        return (self if self.count is not None else self.limit(1)).rows()

    def columns(self, *names: str) -> Statement:
        """Some columns of the rows."""
        return self._statement(", ".join(f"{self._table}.{quote(name)}" for name in names))

    def exists(self) -> Statement:
        """Whether there are rows."""
        sql, values = self._statement("1", ordered=False)
        return f"SELECT EXISTS ({sql})", values

    def value(self, what: str) -> Statement:
        """A value over all rows, such as `count(*)`."""
        if not self.join and self.count is None and self.start is None:
            return self._statement(what, ordered=False)
        sql, values = self._statement(f"{self._table}.*")
        return f"SELECT {what} FROM ({sql}) AS part", values  # noqa: S608 - compiled texts

    @property
    def _table(self) -> str:
        return table_of(self.record).quoted

    def _statement(self, what: str, *, ordered: bool = True) -> Statement:
        parts = [f"SELECT {what} FROM {self._table}"]  # noqa: S608 - compiled texts
        values = list(self.values)
        parts += [self.join] if self.join else []
        parts += [f"WHERE {' AND '.join(self.conditions)}"] if self.conditions else []
        parts += [f"ORDER BY {self.order}"] if ordered and self.order else []
        for word, bound in (("LIMIT", self.count), ("OFFSET", self.start)):
            if bound is not None:
                parts.append(f"{word} %s")
                values.append(bound)
        return " ".join(parts), tuple(values)
