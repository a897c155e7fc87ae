"""How the columns of a `NewJob` are written: their names, casts and arrays in SQL."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, get_args
from uuid import UUID

import msgspec

from ..model.new_job import COLUMNS, PLAIN, JsonText, NewJob
from ..postgres.arrays import array, floats, texts, times, uuids, whole_numbers

Writer = Callable[[Iterable[Any]], str | bytes]

# The type in Postgres, and how an array is written without and with NULLs. An array with NULLs goes
# in binary: with array_nulls off, the server would read NULL as a text.
_KINDS: Mapping[Any, tuple[str, Writer, Writer]] = {
    UUID: ("pg_catalog.uuid", uuids, uuids),
    str: ("pg_catalog.text", array, texts),
    int: ("integer", array, whole_numbers),
    float: ("double precision", array, floats),
    datetime: ("timestamp with time zone", times, times),
}


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: its type as a parameter, and `cast` to that in the table; `default` of a row."""

    name: str
    type: str
    cast: str
    write: Writer
    default: Any


def _column(field: msgspec.structs.FieldInfo) -> _Column:
    annotation = field.type
    is_json = JsonText in (annotation, *get_args(annotation))
    while arguments := get_args(annotation):
        annotation = arguments[0]
    type_, write, write_nulls = _KINDS[annotation]
    is_nullable = field.default is None
    return _Column(
        name=field.name,
        type=type_,
        cast="::pg_catalog.jsonb" if is_json else "",
        write=write_nulls if is_json or is_nullable else write,
        default=field.default,
    )


_FIELDS = {
    field.name: _column(field)
    for field in msgspec.structs.fields(NewJob)
    if field.name != "dependencies"
}
_START = ("run_at", "delay")
"""The columns that together say when the job is due."""
_SOMETIMES = [name for name in PLAIN if _FIELDS[name].default is None and name not in _START]
_ALWAYS = [name for name in PLAIN if name not in (*_SOMETIMES, *_START)]


def inserted(rows: Sequence[NewJob]) -> tuple[dict[str, Any], Mapping[str, str]]:
    """The parameters and the fragments of a statement that inserts pending jobs.

    Columns that no row sets are left out.
    """
    parameters, used = _arrays(rows, (*_ALWAYS, *_START)), []
    for name in _SOMETIMES:
        values = [getattr(row, name) for row in rows]
        if values.count(None) < len(values):
            parameters[name] = _FIELDS[name].write(values)
            used.append(name)
    return parameters, _inserting(tuple(used))


def inserted_alone(row: NewJob) -> tuple[dict[str, Any], Mapping[str, str]]:
    """`inserted` for a statement of one row, whose parameters are no arrays."""
    used = [name for name in _SOMETIMES if getattr(row, name) is not None]
    return msgspec.structs.asdict(row), _inserting_alone(tuple(used))


def enqueue_parameters(
    rows: Sequence[NewJob], parents: Sequence[UUID] | None = None
) -> dict[str, Any]:
    """The parameters of a call that stores jobs, some of which are unique or in flows.

    `parents` has one entry for each row: the job that enqueues it.
    """
    dependencies = [link for row in rows for link in row.dependencies]
    found: dict[str, Any] = _arrays(rows, _FIELDS)
    if parents is not None:
        found["parent"] = uuids(parents)
    found["before"] = uuids([before for before, _ in dependencies])
    found["after"] = uuids([after for _, after in dependencies])
    return found


def _arrays(rows: Sequence[NewJob], names: Iterable[str]) -> dict[str, str | bytes]:
    return {name: _FIELDS[name].write([getattr(row, name) for row in rows]) for name in names}


@lru_cache(maxsize=64)
def _inserting(sometimes: tuple[str, ...]) -> Mapping[str, str]:
    columns = [_FIELDS[name] for name in (*_ALWAYS, *sometimes)]
    return {
        "columns": ", ".join(each.name for each in columns),
        "values": ", ".join(f"new.{each.name}{each.cast}" for each in columns),
        **_from_arrays([*columns, *(_FIELDS[name] for name in _START)]),
    }


@lru_cache(maxsize=64)
def _inserting_alone(sometimes: tuple[str, ...]) -> Mapping[str, str]:
    columns = [_FIELDS[name] for name in (*_ALWAYS, *sometimes)]
    return {
        "columns": ", ".join(each.name for each in columns),
        "values": ", ".join(f"%({each.name})s::{each.type}{each.cast}" for each in columns),
    }


def _from_arrays(columns: Sequence[_Column]) -> dict[str, str]:
    return {
        "names": ", ".join(each.name for each in columns),
        "arrays": ", ".join(f"%({each.name})s::{each.type}[]" for each in columns),
    }


_STORED = [_FIELDS[name] for name in COLUMNS]
ENQUEUING: Mapping[str, str] = {
    "new_job": ", ".join(f"{each.name}{each.cast}" for each in _STORED),
    **_from_arrays(_STORED),
}
"""The fragments of `enqueue/enqueue`."""
