"""Jobs column by column, as arrays for a statement that unnests them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from ..postgres.arrays import array, floats, texts, times, uuids

Row = Mapping[str, Any]

# Columns with NULLs in binary: a host's array_nulls would turn the word into a text.
_WRITERS: dict[str, Callable[[Iterable[Any]], str | bytes]] = {
    "id": uuids,
    "queue": array,
    "type": array,
    "fingerprint": array,
    "payload": texts,
    "priority": array,
    "max_attempts": array,
    "timeout": floats,
    "run_at": times,
    "delay": array,
}
_FURTHER: dict[str, Callable[[Iterable[Any]], str | bytes]] = {
    "trace": texts,
    "key": texts,
    "unique_for": floats,
    "flow": uuids,
    "on_failure": texts,
}


def columns(rows: Sequence[Row]) -> dict[str, str | bytes]:
    """Rows of `insert_parameters` by column, the trace only if one of them has any."""
    found = {name: write([row[name] for row in rows]) for name, write in _WRITERS.items()}
    if any("trace" in row for row in rows):
        found["trace"] = texts([row.get("trace") for row in rows])
    return found


def enqueue_parameters(
    rows: Sequence[Row], parents: Sequence[UUID] | None = None
) -> dict[str, Any]:
    """The parameters of a call that stores jobs, of which some are unique or in flows.

    `rows` are those of `insert_parameters` or `flow_rows`; `parents`, one for each, are the jobs
    that enqueue them.
    """
    dependencies = [link for row in rows for link in row.get("dependencies", ())]
    found: dict[str, Any] = columns(rows)
    found |= {name: write([row.get(name) for row in rows]) for name, write in _FURTHER.items()}
    found["parent"] = uuids(parents or [])
    found["before"] = uuids([before for before, _ in dependencies])
    found["after"] = uuids([after for _, after in dependencies])
    return {f"new_{name}": value for name, value in found.items()}
