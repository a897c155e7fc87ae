"""The rows of a package: enums, structs, records and snapshots."""

import builtins
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True)
class RowHead:
    """What is to be known of a row to put `records.py` together.

    A package has it when a module imports it, or when it has one of those that it is `within`.
    Enums of no column have rank 0 and come first, structs of no column have rank 2. `hidden` are
    the fields that hide a type from those below, or that an alias of a type might be called.
    """

    name: str
    rank: int
    within: tuple[str, ...]
    imports: tuple[tuple[str, str], ...]
    hidden: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One class or alias of `records.py`; an alias has its text in `value`."""

    kind: Literal["enum", "struct", "record", "snapshot"]
    name: str
    decorators: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    doc: str | None = None
    value: str = ""
    of: str = ""


Rows: TypeAlias = Mapping[str, tuple[tuple[RowHead, Row], ...]]
"""By the path of a source: all that `records.py` may have of it, inner ones first."""


def reserved_names(heads: Collection[RowHead]) -> frozenset[str]:
    """The names that imports of `records.py` give way to, and that no alias may take."""
    imported = {name for head in heads for _, name in head.imports} | set(dir(builtins))
    own = {head.name for head in heads}.union(*(head.hidden for head in heads))
    return frozenset(name for name in own if name.rstrip("_") in imported)
