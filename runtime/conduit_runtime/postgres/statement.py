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
_TABLES = (
    *("jobs", "conduit_workers", "conduit_migrations", "conduit_schedules"),
    *("conduit_unique_keys", "conduit_key_is_held", "conduit_enqueue"),
    *("conduit_blocked_jobs", "conduit_dependencies", "conduit_results"),
    *("conduit_advance", "conduit_cancel", "conduit_reclaim"),
    *("conduit_metrics", "conduit_add_histograms", "conduit_sum_histograms"),
    *("conduit_queues", "conduit_rate_limits", "conduit_rate_usage", "conduit_failure_notices"),
)


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
    """The query in `sql/<query>.sql`, with the names of our tables filled in.

    Without a schema, the connection's search path finds the tables. A placeholder that is neither
    a table nor among the `fragments` is the file of that name in `sql/fragments`.
    """
    prefix = f"{quote(schema)}." if schema is not None else ""
    names = {table: f"{prefix}{table}".replace("%", "%%") for table in _TABLES}
    texts = {"queue": "queue"} | names | fragments

    def filled(path: str) -> str:
        text = (_FOLDER / f"{path}.sql").read_text(encoding="utf-8")
        # In one pass: the schema's name, or a fragment, may hold what reads like a placeholder.
        return re.sub(r"'\{(\w+)\}'|\{(\w+)\}", fill, text)

    def fill(found: re.Match[str]) -> str:
        literal, placeholder = found.groups()
        if literal is not None:
            return "'" + names[literal].replace("'", "''") + "'"
        if placeholder in texts:
            return texts[placeholder]
        return filled(f"fragments/{placeholder}").strip()

    return filled(query)


def nothing(rows: Rows, count: int) -> None:
    """Decode for statements whose result does not matter."""


def counted(rows: Rows, count: int) -> int:
    """Decode for statements of which only the number of touched rows matters."""
    return count


def touched(rows: Rows, count: int) -> bool:
    """Decode for statements that touch one row or none."""
    return count > 0
