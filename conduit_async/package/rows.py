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
    the types that its fields hide from those below.
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
    """The names that imports of `records.py` give way to."""
    imported = {name for head in heads for _, name in head.imports} | set(dir(builtins))
    # A row that has given way already imports the builtin, and hides it no more.
    given = {name for head in heads for module, name in head.imports if module == "builtins"}
    hidden = given.union(*(head.hidden for head in heads))
    return frozenset(imported & (hidden | {head.name for head in heads}))
