"""What is emitted of one source."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..package.rows import RowHead


@dataclass(frozen=True)
class EmittedModule:
    """The module of a resource.

    `lines` leads from its lines to those of the source; `rows` are the names that it imports from
    `records.py`, `job_services` the services that its jobs call.
    """

    name: str
    text: str
    lines: dict[int, int]
    jobs: tuple[str, ...]
    rows: frozenset[str]
    job_services: frozenset[str]


@dataclass(frozen=True)
class EmittedRow:
    """A class or an alias that `records.py` may have."""

    head: RowHead
    text: str


@dataclass(frozen=True)
class EmittedSource:
    """The modules of a source and the rows of its resources."""

    modules: tuple[EmittedModule, ...] = ()
    rows: tuple[EmittedRow, ...] = ()


def row_heads(emitted: Mapping[str, EmittedSource]) -> list[RowHead]:
    """What is to be known of all their rows."""
    return [row.head for each in emitted.values() for row in each.rows]
