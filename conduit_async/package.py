"""The data that `plan`, `lower` and `emit` pass on about a generated package."""

import builtins
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .lock.model import LockedJob
from .program import JobInfo, Program, ResourceInfo
from .program.locked import locked_job
from .python.code import Line
from .source import Span


@dataclass(frozen=True)
class RowHead:
    """The facts about a row that `link` needs to put `records.py` together.

    `records.py` has a row if a module imports it, or if it has a row that is in `within`. Enums
    of no column have rank 0 and come first, structs of no column have rank 2. `hidden` are names
    of fields that hide a type from the fields below, or that an alias of a type might have.
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
"""The rows that `records.py` may have, inner rows first, by the path of their source."""


JobCalls: TypeAlias = Mapping[str, tuple[str, int]]
"""The ways in which jobs call services, as `email.send(_, body=)`, each with its first place.

A place is the path of a source and a line.
"""


def reserved_names(heads: Collection[RowHead]) -> frozenset[str]:
    """Return names that no import and no alias in `records.py` may take."""
    imported = {name for head in heads for _, name in head.imports} | set(dir(builtins))
    own = {head.name for head in heads}.union(*(head.hidden for head in heads))
    return frozenset(name for name in own if name.rstrip("_") in imported)


@dataclass(frozen=True)
class ModulePlan:
    """The module of a resource that has hooks.

    `jobs` are in the order of the source, outer before nested. `defined` are the names that the
    module defines. `taken` are all names, except those of `records.py`, that its imports may not
    take.
    """

    resource: ResourceInfo
    jobs: tuple[JobInfo, ...]
    defined: frozenset[str]
    taken: frozenset[str]


@dataclass(frozen=True)
class Plan:
    """The modules and rows to lower and emit.

    `records` are the names that `records.py` may define, `rows` are the rows that it may have of
    each source, `reserved` are the names that its imports may not take.
    """

    program: Program
    awaits: bool
    modules: tuple[ModulePlan, ...]
    records: frozenset[str]
    rows: Rows
    reserved: frozenset[str]


@dataclass(frozen=True)
class PythonFunction:
    """A Python function, ready to be written."""

    name: str
    parameters: tuple[str, ...]
    result: str
    body: tuple[Line, ...]
    doc: str | None = None
    decorator: str | None = None
    is_async: bool = False
    span: Span | None = None


@dataclass(frozen=True)
class PayloadClass:
    """A class of payloads: its fields as name and annotation; `named` is the decorator's text.

    `dataclass` is the name of `dataclasses.dataclass` in its module.
    """

    name: str
    dataclass: str
    fields: tuple[tuple[str, str], ...]
    named: str | None = None
    doc: str | None = None


@dataclass(frozen=True)
class ModuleFacts:
    """The facts about a resource's module that the shared files of the package need.

    `jobs` are the Python names of its job types. `types` are the job types and `hooks` the
    functions that the application calls, by their names in the lock. `rows` are the names that
    the module imports from `records.py`. `job_services` are the services that its jobs use,
    `job_calls` how they call them.
    """

    name: str
    jobs: tuple[str, ...]
    rows: frozenset[str]
    job_services: frozenset[str]
    job_calls: JobCalls
    types: tuple[str, ...]
    hooks: tuple[str, ...]
    older: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class ModuleCode:
    """The module of a resource: its items in the order in which they are written.

    `record` is the class of its rows.
    """

    facts: ModuleFacts
    source: str
    doc: str | None
    record: str
    imports: tuple[tuple[str, ...], ...]
    exports: tuple[str, ...]
    items: tuple[PayloadClass | PythonFunction, ...]


@dataclass(frozen=True)
class EmittedModule:
    """The module of a resource; `lines` maps its lines to those of the source.

    A line in a function of another source maps to a text, such as "user.conduit:7".
    """

    facts: ModuleFacts
    text: str
    lines: dict[int, int | str]


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
    """Return the heads of all rows."""
    return [row.head for each in emitted.values() for row in each.rows]


def locked_jobs(plan: Plan) -> dict[str, LockedJob]:
    """The job types of what was planned, by name."""
    return {job.name: locked_job(job) for module in plan.modules for job in module.jobs}
