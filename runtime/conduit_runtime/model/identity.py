"""When two records are the same one; without Postgres, so that operators can use it."""

import functools
from typing import Any, get_args

from .text.names import source_names

TABLE = "__conduit_table__"
"""The attribute of a class that holds its table: `(name, key, auto_update)`."""


def identity(value: object) -> tuple[str, Any] | None:
    """The table and key of a record or snapshot; equal for the same row. None for anything else."""
    kind: Any = type(value)
    found = _identifying(kind)
    return found and (found[0], getattr(value, found[1]))


@functools.cache
def _identifying(kind: Any) -> tuple[str, str] | None:
    """The table of a class of records or snapshots, and the attribute of its key."""
    bases = kind.__dict__.get("__orig_bases__", ())
    for record in (kind, *(each for base in bases for each in get_args(base))):
        if isinstance(record, type) and TABLE in record.__dict__:
            name, key, _ = record.__dict__[TABLE]
            attributes = {column: each for each, column in source_names(record).items()}
            return name, attributes.get(key, key)
    return None
