"""A statement: SQL, its parameters, and how to decode its result."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Rows = Sequence[tuple[Any, ...]]

_FOLDER = Path(__file__).parents[1] / "sql"


@dataclass(frozen=True, slots=True)
class Statement(Generic[T]):
    """One operation on the database, without any IO.

    `decode` takes the rows and the count of rows that were touched.
    """

    sql: str
    parameters: Mapping[str, Any]
    decode: Callable[[Rows, int], T]


def quote(identifier: str) -> str:
    """The identifier in double quotes, for SQL."""
    return '"' + identifier.replace('"', '""') + '"'


@lru_cache(maxsize=256)
def sql(query: str, schema: str | None, **fragments: str) -> str:
    """The query in `sql/<query>.sql`, with the names of our tables and functions filled in.

    Without a schema, the connection's search path finds them. Any other placeholder that is not
    among the `fragments` is the file of that name in `sql/fragments`.
    """
    prefix = f"{quote(schema)}.".replace("%", "%%") if schema is not None else ""

    def filled(path: str) -> str:
        text = (_FOLDER / f"{path}.sql").read_text(encoding="utf-8")
        # In one pass: the schema's name, or a fragment, may hold what reads like a placeholder.
        return re.sub(r"(')?\{(\w+)\}(?(1)')", fill, text)

    def fill(found: re.Match[str]) -> str:
        quoted, name = found.groups()
        if name == "jobs" or name.startswith("conduit_"):
            qualified = prefix + name
            return "'" + qualified.replace("'", "''") + "'" if quoted else qualified
        if name in fragments:
            return fragments[name]
        return name if name == "queue" else filled(f"fragments/{name}").strip()

    return filled(query)


def nothing(rows: Rows, count: int) -> None:
    """Decode for statements whose result does not matter."""


def counted(rows: Rows, count: int) -> int:
    """Decode for statements of which only the number of touched rows matters."""
    return count


def touched(rows: Rows, count: int) -> bool:
    """Decode for statements that touch one row or none."""
    return count > 0
