"""A statement: SQL, its parameters, and how to decode its result."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Rows = Sequence[tuple[Any, ...]]

_FOLDER = Path(__file__).parents[1] / "sql"


@dataclass(frozen=True, slots=True)
class Statement(Generic[T]):
    """One operation on the database, without any IO and for tables in any schema.

    `query` and `fragments` are those of `render`. `decode` takes the rows and the number of rows
    that were touched.
    """

    query: str
    parameters: Mapping[str, Any]
    decode: Callable[[Rows, int], T]
    fragments: Mapping[str, str] = field(default_factory=dict)

    def sql(self, schema: str | None = None) -> str:
        """The SQL for tables in this schema; without it, for those that the search path finds."""
        return render(self.query, schema, **self.fragments)


def quote(identifier: str) -> str:
    """The identifier in double quotes, for SQL."""
    return '"' + identifier.replace('"', '""') + '"'


@lru_cache(maxsize=256)
def render(query: str, schema: str | None = None, **fragments: str) -> str:
    """The SQL of a query: of the file `sql/<query>.sql`, or of `query` itself if it has spaces.

    A placeholder is the name of one of our tables or functions, one of the `fragments`, or a file:
    in `sql/fragments` unless it names its folder. Fragments may hold placeholders too.
    """
    prefix = f"{quote(schema)}.".replace("%", "%%") if schema is not None else ""

    def fill(found: re.Match[str]) -> str:
        quoted, name = found.groups()
        if name == "jobs" or name.startswith("conduit_"):
            qualified = prefix + name
            return "'" + qualified.replace("'", "''") + "'" if quoted else qualified
        if name in fragments:
            return expand(fragments[name])
        if name == "queue":
            return name
        return expand(_read(name if "/" in name else f"fragments/{name}"))

    def expand(text: str) -> str:
        return re.sub(r"(')?\{([\w/]+)\}(?(1)')", fill, text)

    return expand(query if " " in query else _read(query))


def _read(path: str) -> str:
    return (_FOLDER / f"{path}.sql").read_text(encoding="utf-8").strip()


def nothing(rows: Rows, count: int) -> None:
    """Decode the result of a statement that returns nothing."""


def counted(rows: Rows, count: int) -> int:
    """Decode the number of rows that a statement touched."""
    return count


def touched(rows: Rows, count: int) -> bool:
    """Decode whether a statement that touches one row or none has touched one."""
    return count > 0
